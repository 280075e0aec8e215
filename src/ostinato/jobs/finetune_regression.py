"""A head of pieces that no step trains: a regression on what the frozen encoder says of them.

Each piece of the train side is read once, and a multinomial logistic regression is fitted to the
mean states of its windows after every second layer and, where the recipe says so, to statistics of
their words: the windows of a piece count as much as one of another. Its penalty is that with the
least loss of whole pieces over folds of the train side's songs; the valid side has no say in it.
What has been read is kept in the run, and so are the folds: the same command goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from ostinato.base.errors import UserError
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
BLOCK = 8  # pieces that are read between two looks at the clock and at who interrupts; or a fold
SAVE_SECONDS = 30.0
STATE = "state.safetensors"

Float = NDArray[np.float32]
Ends = Callable[[], str | None]  # why to stop, if one has to


@dataclass(frozen=True, eq=False)
class State:
    """What the encoder says of the first so many pieces, and how the first folds came out."""

    parts: Parts  # what the head reads
    states: Float  # [d, D], by which strange music is told
    folds: NDArray[np.float64]  # [k, 3, penalties], as ``fold_scores`` gives them

    def __len__(self) -> int:
        return len(self.states)

    def joined(self, parts: Parts, states: Float) -> State:
        """With further pieces."""
        joined = self.parts.joined(parts, len(self))
        return replace(self, parts=joined, states=np.concatenate([self.states, states]))


def regress(
    fine: FineTuning, *, resume: bool, began: float
) -> tuple[dict[str, object], Float | None]:
    """Read the train side and set the head; what to report, and the pieces' mean states.

    No states: it was interrupted, or the recipe's time was up. ``began`` by ``time.monotonic``.
    """
    pieces = fine.labelled.pieces["train"]
    fine.reader.model.encoder.requires_grad_(requires_grad=False)
    with interruptible() as interrupted:

        def ends() -> str | None:
            if interrupted():
                return "interrupted"
            late = 0 < fine.recipe.train.max_seconds < time.monotonic() - began
            return "out of time" if late else None

        begun = _load(fine.recipe.run / STATE) if resume else None
        songs = np.array([entry.song for entry in pieces.documents.entries])
        found, folds = _read(fine, begun, ends), song_folds(songs)
        if len(found) == len(pieces) and (found is begun or ends() is None):
            found = _fit_folds(fine, found, folds, ends)
        if len(found) < len(pieces) or len(found.folds) < len(folds):
            return _told(fine, str(ends()), began, read=len(found)), None
    penalty, crossed = best_penalty(found.folds, len(pieces))
    classes = len(fine.labelled.labels)
    (model,) = _fits(found.parts, pieces.truth, classes, (penalty,))
    set_head(fine, model)
    told = {"penalty": penalty, "cross-validation": crossed}
    return _told(fine, "finished", began, read=len(pieces)) | told, found.states


def _read(fine: FineTuning, begun: State | None, ends: Ends) -> State:
    """Go on reading the train side until all of it is read or ``ends`` gives a reason to stop."""
    recipe, pieces = fine.recipe, fine.labelled.pieces["train"]
    path, most = recipe.run / STATE, max(1, min(PARTS, EXAMPLES // len(pieces)))
    found, last = begun, time.monotonic()
    with progress(len(pieces), "reading") as advance:
        advance(0 if found is None else len(found))
        for part in _blocks(pieces, 0 if found is None else len(found)):
            told = PieceEvaluation(recipe, fine.reader, fine.vocabulary, part).read()
            parts = told.parts.fewer(most)
            if found is None:
                found = State(parts, told.states, np.zeros((0, 3, len(PENALTIES))))
            else:
                found = found.joined(parts, told.states)
            advance(len(part))
            stops = len(found) == len(pieces) or ends() is not None
            if stops or time.monotonic() - last > SAVE_SECONDS:
                _save(path, found)
                last = time.monotonic()
            if stops:
                break
    assert found is not None
    return found


def _fit_folds(
    fine: FineTuning, found: State, folds: Sequence[NDArray[np.bool_]], ends: Ends
) -> State:
    """The same for what is held out of the regression: a fold at least, so that calls that are
    ended early come to an end.
    """
    truth, classes = fine.labelled.pieces["train"].truth, len(fine.labelled.labels)
    with progress(len(folds), "fitting") as advance:
        advance(len(found.folds))
        for held in folds[len(found.folds) :]:
            scores = fold_scores(found.parts, truth, held, classes)
            found = replace(found, folds=np.concatenate([found.folds, scores[None]]))
            _save(fine.recipe.run / STATE, found)
            advance()
            if ends() is not None:
                break
    return found


def song_folds(songs: NDArray[np.str_]) -> list[NDArray[np.bool_]]:
    """Which pieces [d] each fold holds out: none cuts a song. Of a single song there are none."""
    names, song = np.unique(songs, return_inverse=True)
    folds = min(FOLDS, len(names))
    fold = np.random.default_rng(0).permutation(len(names))[song] % max(folds, 1)
    return [fold == number for number in range(folds)] if folds > 1 else []


def fold_scores(
    parts: Parts, truth: NDArray[np.int64], held: NDArray[np.bool_], classes: int
) -> NDArray[np.float64]:
    """How well regressions on the other pieces do on those held out: sums over pieces
    [3, penalties] of those told right, of the loss, and of the loss with a doubt.

    The doubt is as if one more piece of each class had been seen in vain: of n pieces a share of
    classes / (n + classes) of the truth is spread over all classes (Platt 1999 does so for two).
    Or else few pieces, all told right, would be told with certainty.

    A piece is told by the mean of its parts. (A head is linear, so that the mean of their
    log-probabilities, normalised, says the same.)
    """
    models = _fits(parts.of(~held), truth[~held], classes, PENALTIES)
    asked, of, doubt = parts.of(held), truth[held], classes / (len(truth) + classes)
    features, scores = asked.means(asked.pooled), np.zeros((3, len(PENALTIES)))
    for number, model in enumerate(models):
        told = model(features)
        surprise = -np.log(told.clip(1e-9))
        loss = surprise[np.arange(len(told)), of]
        doubted = (1 - doubt) * loss + doubt * surprise.mean(1)
        scores[:, number] = np.sum(told.argmax(1) == of), loss.sum(), doubted.sum()
    return scores


def best_penalty(folds: NDArray[np.float64], pieces: int) -> tuple[float, dict[str, float]]:
    """The penalty with the least loss, asked with a doubt, over all folds, and how well it did
    there, a piece; without folds the middle one.
    """
    if not len(folds):
        return PENALTIES[len(PENALTIES) // 2], {}
    right, loss, doubted = folds.sum(0)
    best = int(doubted.argmin())
    score = {"accuracy": right[best] / pieces, "loss": loss[best] / pieces}
    return PENALTIES[best], {name: round(float(value), 4) for name, value in score.items()}


def _fits(
    parts: Parts, truth: NDArray[np.int64], classes: int, penalties: Sequence[float]
) -> list[logistic.Logistic]:
    label = truth[parts.piece]
    return logistic.fits(parts.pooled, label, classes, penalties, least=LEAST, share=parts.share)


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


def _load(path: Path) -> State:
    held = load_file(path)
    if set(held) != {"pooled", "piece", "share", "states", "folds"}:
        raise UserError(
            f"{path}: what was read lies there as another version wrote it: say fresh = true, and "
            "it is read anew."
        )
    parts = Parts(held["pooled"], held["piece"], held["share"])
    return State(parts, held["states"], held["folds"])


def _save(path: Path, found: State) -> None:
    with atomic_write(path) as temporary:
        tensors = {**vars(found.parts), "states": found.states, "folds": found.folds}
        save_file(tensors, temporary)
