"""What no labeller of notes should fail to beat: majority, order, skyline, a logistic regression.

They see the notes as a protocol orders them. Answers are one-hot but for the regression's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.baselines import Notes, skyline
from ostinato.eval.music import logistic
from ostinato.eval.music.note_features import note_features
from ostinato.eval.music.types import Document, Float, Model
from ostinato.music.score import Int

MOST = 16  # notes of one onset, and falls of pitch among them; larger ones share its entries
EIGHTH, MIDDLE_C, VALLEY = 240, 60, 9  # of ``PublishedSkyline``
FITTED = 40_000  # notes at most that the regression learns from, evenly spaced


def learn(train: Sequence[Document], valid: Sequence[Document], classes: int) -> dict[str, Model]:
    """The baselines by name, learnt on ``train``; ``valid`` chooses the regression's penalty.

    In the published order there is one more: what the order tells once notes are sorted by pitch.
    """
    found: dict[str, Model] = {
        "majority": majority(train, classes),
        "order only": OrderTable(train, classes),
        "logistic": _regression(train, valid, classes),
    }
    if _published(train):
        found["order only, by pitch"] = OrderTable(train, classes, by_pitch=True)
    return found


def learn_melody(train: Sequence[Document], classes: Sequence[str]) -> dict[str, Model]:
    """The skyline, by name: in the published protocol the one that MidiBERT compares with."""
    top, rest = classes.index("melody"), classes.index("accompaniment")
    kind = PublishedSkyline if _published(train) else Skyline
    return {"skyline": kind(top=top, rest=rest, classes=len(classes))}


def majority(train: Sequence[Document], classes: int) -> Model:
    """The commonest class of the training units, for every unit."""
    truth = np.concatenate([document.truth for document in train])
    commonest = int(np.bincount(truth[truth >= 0], minlength=classes).argmax())
    return lambda document: one_hot(np.full(len(document.truth), commonest), classes)


def one_hot(chosen: Int, classes: int) -> NDArray[np.float32]:
    """Classes int [u] as float32 [u, classes]; -1 becomes a row of zeros."""
    return np.eye(classes + 1, classes, dtype=np.float32)[chosen]


class OrderTable:
    """The commonest class by the place of a note among the simultaneous ones, and no pitch value.

    The place is (notes of the onset, index among them, falls of pitch up to it, falls of pitch
    in all). In a clean order pitch never falls, and this is ``baselines.OrderTable``. In the
    published order a fall tells where the next track begins: 83.5 % of melody. ``by_pitch``
    sorts simultaneous notes by pitch first.
    """

    def __init__(self, train: Sequence[Document], classes: int, *, by_pitch: bool = False) -> None:
        self._by_pitch = by_pitch
        counts = np.zeros((MOST**4, classes), dtype=np.int64)
        for document in train:
            truth = _in_row_order(document)
            known = truth >= 0
            np.add.at(counts, (self._cell(document)[known], truth[known]), 1)
        commonest = int(counts.sum(0).argmax())
        self._answer = np.where(counts.any(1), counts.argmax(1), commonest)
        self._classes = classes

    def __call__(self, document: Document) -> Float:
        """A class for every note."""
        return _to_score(document, one_hot(self._answer[self._cell(document)], self._classes))

    def _cell(self, document: Document) -> Int:
        rows, onset = document.place()
        pitch = document.words[rows, 2]
        if not self._by_pitch:
            return _place(onset, pitch)
        upward = np.lexsort((pitch, onset))
        cell = np.empty(len(rows), dtype=np.int64)
        cell[upward] = _place(onset[upward], pitch[upward])
        return cell


class Skyline:
    """``top`` for the notes that nothing higher outsounds when they begin, else ``rest``."""

    def __init__(self, *, top: int, rest: int, classes: int) -> None:
        self._top, self._rest, self._classes = top, rest, classes

    def __call__(self, document: Document) -> Float:
        """A class for every note, whatever the order."""
        rows, onset = document.place()
        note = document.note[rows]
        upward = np.lexsort((document.score.duration[note], document.score.pitch[note], onset))
        note = note[upward]
        seen = Notes(
            group=onset[upward],
            onset=document.score.onset[note],
            duration=document.score.duration[note],
            pitch=document.score.pitch[note],
            label=document.truth[note],
        )
        chosen = np.empty(len(note), dtype=np.int64)
        chosen[note] = skyline(seen, top=self._top, rest=self._rest)
        return one_hot(chosen, self._classes)


class PublishedSkyline:
    """The skyline of MidiBERT's repository, which says 78.54 % and 79.51 % in two classes.

    Onsets and ends go to the nearest eighth, halves to the even one; a note of more than four
    quarters is held to two. Of the notes from middle C up that share an eighth, the highest is
    melody, unless it begins and ends on the same eighth or lies nine semitones or more under
    both of its neighbours.
    """

    def __init__(self, *, top: int, rest: int, classes: int) -> None:
        self._top, self._rest, self._classes = top, rest, classes

    def __call__(self, document: Document) -> Float:
        """A class for every note of a score of 480 ticks to a quarter."""
        score = document.score
        pitch = score.pitch.astype(np.int64)
        duration = np.where(score.duration > 8 * EIGHTH, 4 * EIGHTH, score.duration)
        begin = np.rint(score.onset / EIGHTH).astype(np.int64)
        end = np.rint((score.onset + duration) / EIGHTH).astype(np.int64)
        note = np.lexsort((-pitch, begin))
        note = note[pitch[note] >= MIDDLE_C]
        note = note[np.diff(begin[note], prepend=-1) > 0]
        note = note[end[note] > begin[note]]
        step = np.diff(pitch[note])
        valley = np.zeros(len(note), dtype=bool)
        valley[1:-1] = (step[:-1] <= -VALLEY) & (step[1:] >= VALLEY)
        chosen = np.full(len(pitch), self._rest)
        chosen[note[~valley]] = self._top
        return one_hot(chosen, self._classes)


def _published(documents: Sequence[Document]) -> bool:
    return documents[0].segments is not None


def _regression(train: Sequence[Document], valid: Sequence[Document], classes: int) -> Model:
    model, _ = logistic.choose(_sample(train), _sample(valid), classes)
    return lambda document: _to_score(document, model(note_features(document)))


def _sample(documents: Sequence[Document]) -> tuple[Float, Int]:
    """Features and classes of ``FITTED`` notes or fewer, every k-th of all."""
    every = max(1, -(-sum(len(document.truth) for document in documents) // FITTED))
    features = np.concatenate([note_features(document)[::every] for document in documents])
    label = np.concatenate([_in_row_order(document)[::every] for document in documents])
    return features[label >= 0], label[label >= 0]


def _place(onset: Int, pitch: Int) -> Int:
    """The place of each note, as one number below ``MOST`` ** 4, in the order given."""
    index, size = Notes(onset, onset, onset, pitch, onset).place()
    falls = np.cumsum(np.append(False, (pitch[1:] < pitch[:-1]) & (onset[1:] == onset[:-1])))
    falls = falls[: len(onset)]
    first = np.arange(len(onset)) - index
    so_far, in_all = falls - falls[first], falls[first + size - 1] - falls[first]
    parts = (size - 1, index, so_far, in_all)
    return np.ravel_multi_index(tuple(np.minimum(p, MOST - 1) for p in parts), (MOST,) * 4)


def _in_row_order(document: Document) -> Int:
    return document.truth[document.note[document.note >= 0]]


def _to_score(document: Document, answer: Float) -> Float:
    """Answers in the order of the rows to the order of the score's notes."""
    found = np.zeros_like(answer)
    found[document.note[document.note >= 0]] = answer
    return found
