"""The suite ``pop909-melody``: melody, bridge or accompaniment, for every note of POP909.

The 86 test songs are those of MidiBERT's split (arXiv 2107.05223, by song; 865 songs whose
metre is 4/4 by the beat files), bars from the beat files. Where we differ: a labeller gets the
piece itself, so its simultaneous notes are in the clean order (pitch, duration, velocity), while
the published arrays list melody, bridge and piano in turn, which alone gives away 83.5 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.eval.baselines import Notes, learn_order, skyline
from ostinato.eval.metrics import Scores, confusion, score
from ostinato.music import splits
from ostinato.music.compound_words import NEW, encode
from ostinato.music.corpora import CORPORA, Document, read_document
from ostinato.music.grid import POSITIONS, Bars
from ostinato.music.score import Int, Score

NAME = "pop909-melody"
SPLIT = "pop909_midibert"
CLASSES = ("melody", "bridge", "accompaniment")
MELODY, BRIDGE, ACCOMPANIMENT = range(3)
SCORED = ("model", "own metre")

Labeller = Callable[[Score, Bars | None], Int]
"""A piece and its bars (None: by its own time signatures) to a class for every note of it."""


@dataclass(frozen=True, eq=False)
class Song:
    """One song with its truth: int64 [n], a class of ``CLASSES``, -1 where there is none."""

    name: str
    score: Score
    bars: Bars
    label: Int

    def clean(self) -> Notes:
        """Its notes in the clean order."""
        words = encode(self.score, bars=self.bars)
        row = words.note_index >= 0
        bar = np.cumsum(words.values[:, 0] == NEW, dtype=np.int64)
        note = words.note_index[row]
        return Notes(
            group=bar[row] * POSITIONS + words.values[row, 1],
            onset=self.score.onset[note],
            duration=self.score.duration[note],
            pitch=self.score.pitch[note],
            label=self.label[note],
        )


@dataclass(frozen=True)
class Result:
    """The model's scores on the test songs, and the baselines', by name."""

    model: Scores
    own_metre: Scores  # the model's again, bars by the files' own time signatures, mostly wrong
    baselines: dict[str, Scores]
    skyline: dict[str, float]  # accuracy in two classes, by what the bridge counts as

    def as_json(self) -> dict[str, object]:
        """The same as plain numbers."""
        return {
            "suite": NAME,
            "split": f"{SPLIT}, test",
            "order": "clean",
            "model": self.model.as_json(),
            "own_metre": self.own_metre.as_json(),
            "baselines": {name: scores.as_json() for name, scores in self.baselines.items()},
            "skyline_two_classes": self.skyline,
        }


def evaluate(labeller: Labeller, folder: Path) -> Result:
    """Score a labeller on the test songs of the POP909 in ``folder``, baselines beside it.

    The baselines learn from the split's training songs in the same folder. Users have no beat
    files: what they get is ``own_metre``, the same songs with the metre that the files claim.
    """
    documents = _documents(folder)
    train, test = documents["train"], documents["test"]
    with progress(len(train) + len(test), "POP909") as advance:
        learnt = learn_order([s.clean() for s in _read(train, advance)], len(CLASSES))
        labellers = {
            "majority": lambda notes: np.full(len(notes.label), learnt.majority),
            "order only": learnt.predict,
            "skyline": lambda notes: skyline(notes, top=MELODY, rest=ACCOMPANIMENT),
        }
        found: dict[str, list[NDArray[np.int64]]] = {name: [] for name in SCORED + tuple(labellers)}
        for song in _read(test, advance):
            for name, bars in zip(SCORED, (song.bars, None), strict=True):
                answer = labeller(song.score, bars)
                found[name].append(confusion(song.label, answer, len(CLASSES)))
            notes = song.clean()
            for name, predict in labellers.items():
                found[name].append(confusion(notes.label, predict(notes), len(CLASSES)))
    scores = {name: score(confusions, CLASSES) for name, confusions in found.items()}
    model, own_metre = (scores.pop(name) for name in SCORED)
    return Result(model, own_metre, scores, two_classes(scores["skyline"].confusion))


def two_classes(counts: Int) -> dict[str, float]:
    """Accuracy of melody against the rest, by the side that the true bridge is counted on."""
    total, rest = counts.sum(), counts[:, 1:].sum(1)
    sure = counts[MELODY, MELODY] + rest[ACCOMPANIMENT]
    return {
        "bridge as accompaniment": float((sure + rest[BRIDGE]) / total),
        "bridge as melody": float((sure + counts[BRIDGE, MELODY]) / total),
    }


def _documents(folder: Path) -> dict[str, list[Document]]:
    """The songs of each side of the split; all of them must be there."""
    side = splits.load(SPLIT)
    found: dict[str, list[Document]] = {"train": [], "valid": [], "test": []}
    for document in CORPORA["pop909"].documents(folder):
        if document.name in side:
            found[side[document.name]].append(document)
    count = sum(map(len, found.values()))
    if count != len(side):
        raise UserError(
            f"{folder}: expected POP909 with the {len(side)} songs of the split as NNN/NNN.mid; "
            f"{count} of them are there"
        )
    return found


def _read(documents: list[Document], advance: Callable[[], None]) -> Iterator[Song]:
    for document in documents:
        piece, bars, label = read_document(document)
        assert bars is not None, "POP909 has a beat file for every song"
        assert label is not None, "POP909 has labels"
        yield Song(document.name, piece, bars, label.astype(np.int64) - 1)
        advance()
