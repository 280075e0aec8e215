"""What no labeller of pieces should fail to beat: majority, nearest song, copy, a regression."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.music import logistic
from ostinato.eval.music.note_baselines import majority, one_hot
from ostinato.eval.music.piece_features import histogram, units
from ostinato.eval.music.types import Document, Float, Model
from ostinato.music.score import Int
from ostinato.music.statistics import word_statistics


def learn(train: Sequence[Document], valid: Sequence[Document], classes: int) -> dict[str, Model]:
    """The baselines by name, learnt on ``train``; ``valid`` chooses the regression's penalty."""
    known = [words for document in train for words in units(document)]
    label = np.concatenate([document.truth for document in train])
    return {
        "majority": majority(train, classes),
        "nearest song": NearestSong(known, label, classes),
        "logistic": _regression(train, valid, classes),
    }


class NearestSong:
    """The class of the nearest training unit by ``histogram``, whatever its key.

    Near is a large Bhattacharyya coefficient in the best of the twelve transpositions. Among
    equally near ones the first counts.
    """

    def __init__(self, known: Sequence[Int], label: Int, classes: int) -> None:
        """``known`` are the words of the training units (``units``), ``label`` their classes."""
        self._known = np.stack([histogram(words).ravel() for words in known])
        self._label, self._classes = label, classes

    def __call__(self, document: Document) -> Float:
        """A class for every unit."""
        nearest = [self._nearest(histogram(words)) for words in units(document)]
        return one_hot(self._label[nearest], self._classes)

    def _nearest(self, one: NDArray[np.float64]) -> int:
        turned = np.stack([np.roll(one, turn, axis=0).ravel() for turn in range(12)])
        return int((self._known @ turned.T).max(1).argmax())


class CopySong:
    """The commonest class of the same song's training documents; no answer for unseen songs.

    It listens to nothing: what it reaches is what a split that cuts songs gives away.
    """

    def __init__(self, train: Sequence[Document], classes: int) -> None:
        counts: defaultdict[str, NDArray[np.int64]] = defaultdict(
            lambda: np.zeros(classes, dtype=np.int64)
        )
        for document in train:
            counts[document.song][document.truth[0]] += 1
        self._answer = {song: int(count.argmax()) for song, count in counts.items()}
        self._classes = classes

    def __call__(self, document: Document) -> Float:
        """A class for every unit, or rows of zeros."""
        answer = self._answer.get(document.song, -1)
        return one_hot(np.full(len(document.truth), answer), self._classes)


class Merged:
    """The true class, but of those in ``among`` always the commonest of the training documents.

    A ceiling: nothing that tells the merged classes apart is in the notes.
    """

    def __init__(self, train: Sequence[Document], classes: int, among: Sequence[int]) -> None:
        label = np.array([document.truth[0] for document in train])
        count = np.bincount(label, minlength=classes)
        self._among = np.array(among)
        self._commonest = int(self._among[count[self._among].argmax()])
        self._classes = classes

    def __call__(self, document: Document) -> Float:
        """A class for every unit."""
        inside = np.isin(document.truth, self._among)
        return one_hot(np.where(inside, self._commonest, document.truth), self._classes)


def _regression(train: Sequence[Document], valid: Sequence[Document], classes: int) -> Model:
    model, _ = logistic.choose(_features(train), _features(valid), classes)
    return lambda document: model(_of(document))


def _of(document: Document) -> NDArray[np.float64]:
    return np.stack([word_statistics(words) for words in units(document)])


def _features(documents: Sequence[Document]) -> tuple[Float, Int]:
    features = np.concatenate([_of(document) for document in documents])
    return features, np.concatenate([document.truth for document in documents])
