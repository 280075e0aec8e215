"""A head of pieces that no step trains: a regression on what the frozen encoder says of them.

Each piece of the train side is read once, and a multinomial logistic regression is fitted to the
mean states of its windows after every second layer and, where the recipe says so, to statistics of
their words: the windows of a piece count as much as one of another. Its penalty is that with the
least loss of whole pieces over folds of the train side's songs; the valid side has no say in it.
What has been read is kept in the run: the same command goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ostinato.base.files import atomic_write
from ostinato.base.log import progress
from ostinato.eval.music import logistic
from ostinato.jobs.finetune_evaluation import PieceEvaluation
from ostinato.jobs.finetuning import FineTuning
from ostinato.train.loop import interruptible
from ostinato.train.pieces import Parts, Pieces

PENALTIES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0, 3.0, 10.0, 30.0)
FOLDS = 5
LEAST = 0.02  # what a feature is divided by at least: a rare one must not shout in strange music
PARTS = 8  # of a piece that the regression is fitted to, at most
EXAMPLES = 4096  # parts of all pieces, about: of many pieces each has fewer
BLOCK = 8  # pieces that are read between two looks at the clock and at who interrupts
SAVE_SECONDS = 30.0
STATE = "state.safetensors"

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Read:
    """What the encoder says of the first so many pieces."""

    parts: Parts  # what the head reads
    states: Float  # [d, D], by which strange music is told

    def __len__(self) -> int:
        return len(self.states)

    def joined(self, other: Read) -> Read:
        """Both, one after the other."""
        states = np.concatenate([self.states, other.states])
        return Read(self.parts.joined(other.parts, len(self)), states)


def regress(
    fine: FineTuning, *, resume: bool, began: float
) -> tuple[dict[str, object], Float | None]:
    """Read the train side and set the head; what to report, and the pieces' mean states.

    No states: it was interrupted, or the recipe's time was up. ``began`` by ``time.monotonic``.
    """
    recipe, pieces = fine.recipe, fine.labelled.pieces["train"]
    fine.reader.model.encoder.requires_grad_(requires_grad=False)
    path = recipe.run / STATE
    found = _load(path) if resume else None
    last, most = time.monotonic(), max(1, min(PARTS, EXAMPLES // len(pieces)))
    with interruptible() as interrupted, progress(len(pieces), "reading") as advance:
        advance(0 if found is None else len(found))
        for part in _blocks(pieces, 0 if found is None else len(found)):
            told = PieceEvaluation(recipe, fine.reader, fine.vocabulary, part).read()
            new = Read(told.parts.fewer(most), told.states)
            found = new if found is None else found.joined(new)
            advance(len(part))
            spent = time.monotonic() - began
            stop = interrupted() or (recipe.train.max_seconds and spent > recipe.train.max_seconds)
            done = len(found) == len(pieces)
            if stop or done or time.monotonic() - last > SAVE_SECONDS:
                _save(path, found)
                last = time.monotonic()
            if stop and not done:
                reason = "interrupted" if interrupted() else "out of time"
                return _told(fine, reason, began, read=len(found)), None
    assert found is not None
    songs = np.array([entry.song for entry in pieces.documents.entries])
    classes = len(fine.labelled.labels)
    parts, truth = found.parts, pieces.truth
    penalty, crossed = choose_penalty(parts, truth, songs, classes)
    (model,) = _fits(parts, truth, classes, (penalty,))
    set_head(fine, model)
    told = {"penalty": penalty, "cross-validation": crossed}
    return _told(fine, "finished", began, read=len(pieces)) | told, found.states


def choose_penalty(
    parts: Parts, truth: NDArray[np.int64], songs: NDArray[np.str_], classes: int
) -> tuple[float, dict[str, float]]:
    """The penalty with the least loss over folds that cut no song, and how well it did there.

    A piece is told by all its parts, as the head does: their mean log-probabilities, normalised.

    The loss is asked with a doubt, as if one more piece of each class had been seen in vain: of n
    pieces a share of classes / (n + classes) of the truth is spread over all classes (Platt 1999
    does so for two). Or else few pieces, all told right, would be told with certainty. Of a single
    song nothing can be held out: the middle penalty is taken.
    """
    names, song = np.unique(songs, return_inverse=True)
    folds = min(FOLDS, len(names))
    if folds < 2:
        return PENALTIES[len(PENALTIES) // 2], {}
    fold = np.random.default_rng(0).permutation(len(names))[song] % folds
    right, loss, doubted = np.zeros((3, len(PENALTIES)))
    doubt = classes / (len(truth) + classes)
    with progress(folds, "fitting") as advance:
        for held in (fold == number for number in range(folds)):
            models = _fits(parts.of(~held), truth[~held], classes, PENALTIES)
            asked = parts.of(held)
            for number, model in enumerate(models):
                told = _told_pieces(model, asked)
                right[number] += np.sum(told.argmax(1) == truth[held])
                surprise = -np.log(told.clip(1e-9))
                of_truth = surprise[np.arange(len(told)), truth[held]]
                loss[number] += of_truth.sum()
                doubted[number] += ((1 - doubt) * of_truth + doubt * surprise.mean(1)).sum()
            advance()
    best = int(doubted.argmin())
    score = {"accuracy": right[best] / len(truth), "loss": loss[best] / len(truth)}
    return PENALTIES[best], {name: round(float(value), 4) for name, value in score.items()}


def _fits(
    parts: Parts, truth: NDArray[np.int64], classes: int, penalties: Sequence[float]
) -> list[logistic.Logistic]:
    label = truth[parts.piece]
    return logistic.fits(parts.pooled, label, classes, penalties, least=LEAST, share=parts.share)


def _told_pieces(model: logistic.Logistic, parts: Parts) -> NDArray[np.float64]:
    """Probabilities of pieces [d, classes]."""
    merged = parts.means(np.log(model(parts.pooled).clip(1e-30)))
    raised = np.exp(merged - merged.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


@torch.no_grad()
def set_head(fine: FineTuning, model: logistic.Logistic) -> None:
    """The linear layer that does what the regression does, its standardisation folded in."""
    linear = fine.reader.model.sequence_head(fine.recipe.head).classify
    weight, bias = model.weight[:-1], model.weight[-1]
    scaled = weight * model.scale[:, None]
    linear.weight.copy_(torch.from_numpy(scaled.T))
    linear.bias.copy_(torch.from_numpy(bias - model.mean @ scaled))


def _blocks(pieces: Pieces, first: int) -> Iterator[Pieces]:
    for begin in range(first, len(pieces), BLOCK):
        yield pieces.part(begin, begin + BLOCK)


def _told(fine: FineTuning, reason: str, began: float, *, read: int) -> dict[str, object]:
    documents = {side: len(held) for side, held in fine.labelled.documents.items()}
    told: dict[str, object] = {
        "reason": reason,
        "read": read,
        "seconds": round(time.monotonic() - began, 1),
        "documents": documents,
    }
    if fine.labelled.unlabelled:
        told["unlabelled"] = fine.labelled.unlabelled
    return told


def _load(path: Path) -> Read:
    held = load_file(path)
    return Read(Parts(held["pooled"], held["piece"], held["share"]), held["states"])


def _save(path: Path, found: Read) -> None:
    with atomic_write(path) as temporary:
        save_file({**vars(found.parts), "states": found.states}, temporary)
