"""Scores of a model on the units of a protocol, with intervals that resample whole songs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.base.log import progress
from ostinato.eval.metrics import bootstrap, by_class, confusion, draws, f1_of, sums, table
from ostinato.eval.music.types import Document, Float, Model
from ostinato.music.score import Int

BINS = 15  # of confidence


@dataclass(frozen=True, eq=False)
class TaskScores:
    """What one model reached. Every figure is a share in 0..1, of the units unless it says else."""

    names: tuple[str, ...]
    confusion: NDArray[np.int64]  # [classes, classes + 1], rows the truth, last column no answer
    right: NDArray[np.int64]  # [songs], units of each song that were told right
    size: NDArray[np.int64]  # [songs], all of them
    documents: int
    accuracy: float
    interval: tuple[float, float]  # 95 %, of ``accuracy``
    precision: NDArray[np.float64]  # [classes]; 0 for a class that was never answered
    recall: NDArray[np.float64]  # [classes]; 0 for a class that never occurs
    f1: NDArray[np.float64]  # [classes]
    macro_f1: float  # mean over the classes that occur or were answered
    macro_f1_interval: tuple[float, float]  # 95 %
    by_document: float | None  # accuracy when the units of a document are merged; None: of notes
    calibration: float | None  # expected calibration error; None: only 0 and 1 were answered

    @property
    def songs(self) -> int:
        """How many songs have a unit that was scored."""
        return len(self.size)

    @property
    def units(self) -> int:
        """How many units were scored."""
        return int(self.confusion.sum())

    def as_json(self) -> dict[str, object]:
        """The same as plain numbers."""
        return {
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "macro_f1": self.macro_f1,
            "macro_f1_interval": list(self.macro_f1_interval),
            "by_document": self.by_document,
            "expected_calibration_error": self.calibration,
            "units": self.units,
            "documents": self.documents,
            "songs": self.songs,
            "classes": table(self.names, self.precision, self.recall, self.f1),
            "confusion": self.confusion.tolist(),
        }


def ask(model: Model, documents: Sequence[Document], classes: int) -> list[Float]:
    """A model's answers to each document, float [u, classes], checked for their shape."""
    answers: list[Float] = []
    with progress(len(documents), "scoring") as advance:
        for document in documents:
            answer = model(document)
            expected = (len(document.truth), classes)
            assert answer.shape == expected, f"{document.name}: {answer.shape} is not {expected}"
            answers.append(answer)
            advance()
    return answers


def score(
    documents: Sequence[Document],
    answers: Sequence[Float],
    names: tuple[str, ...],
    *,
    of_notes: bool,
) -> TaskScores:
    """Scores from the answers to each document."""
    classes = len(names)
    cells = np.stack(
        [_confusion(d.truth, _chosen(a), classes) for d, a in zip(documents, answers, strict=True)]
    )
    song, index = np.unique([document.song for document in documents], return_inverse=True)
    of_song = np.zeros((len(song), *cells.shape[1:]), dtype=np.int64)
    np.add.at(of_song, index, cells)
    total = of_song.sum(0)
    if not total.sum():
        raise ValueError("no unit with a known truth to score")
    of_song = of_song[of_song.sum((1, 2)) > 0]
    right, size = np.trace(of_song[:, :, :classes], axis1=1, axis2=2), of_song.sum((1, 2))
    precision, recall, f1 = by_class(total)
    seen = sums(total)[1:].sum(0) > 0
    return TaskScores(
        names=names,
        confusion=total,
        right=right,
        size=size,
        documents=len(documents),
        accuracy=float(right.sum() / total.sum()),
        interval=bootstrap(right, size),
        precision=precision,
        recall=recall,
        f1=f1,
        macro_f1=float(f1[seen].mean()),
        macro_f1_interval=_macro_f1_interval(of_song, seen),
        by_document=None if of_notes else _by_document(documents, answers),
        calibration=_calibration(documents, answers),
    )


def gain(one: TaskScores, other: TaskScores) -> tuple[float, tuple[float, float]]:
    """How much larger one accuracy is than another's of the same units, and its 95 % interval.

    Paired: both are of the same draws of whole songs, so that what makes a song hard for either
    does not widen it.
    """
    if not np.array_equal(one.size, other.size):
        raise ValueError("the scores are of other units")
    return one.accuracy - other.accuracy, bootstrap(one.right - other.right, one.size)


def _chosen(answer: Float) -> Int:
    """The likeliest class of each unit, -1 for no answer."""
    return np.where(answer.any(1), answer.argmax(1), -1)


def _confusion(truth: Int, chosen: Int, classes: int) -> NDArray[np.int64]:
    return confusion(truth, np.where(chosen < 0, classes, chosen), classes + 1)[:classes]


def _macro_f1_interval(of_song: NDArray[np.int64], seen: NDArray[np.bool_]) -> tuple[float, float]:
    """95 %, by the same draws of whole songs as the accuracy's."""
    # In float64, which holds the counts exactly: a product of integers is a hundred times slower.
    hit, answered, real = draws(len(of_song)).astype(np.float64) @ sums(of_song)
    low, high = np.percentile(f1_of(hit, answered, real)[..., seen].mean(-1), [2.5, 97.5])
    return float(low), float(high)


def _by_document(documents: Sequence[Document], answers: Sequence[Float]) -> float:
    """Accuracy of the class that is likeliest on the mean of a document's units."""
    merged = [int(_chosen(answer.mean(0, keepdims=True))[0]) for answer in answers]
    truth = [int(document.truth[0]) for document in documents]
    answered = np.array(merged) >= 0  # no answer is wrong, of a class that nobody knows too
    return float(np.mean(answered & np.equal(merged, truth)))


def _calibration(documents: Sequence[Document], answers: Sequence[Float]) -> float | None:
    """Expected calibration error (Guo et al. 2017, equation 3) in 15 bins of equal width, of the
    units whose truth is known.
    """
    answer = np.concatenate(answers)
    if np.isin(answer, (0.0, 1.0)).all():
        return None
    truth = np.concatenate([document.truth for document in documents])
    return calibration_error(answer[truth >= 0], truth[truth >= 0])


def calibration_error(probabilities: Float, truth: Int) -> float:
    """Mean distance of confidence and accuracy over bins of confidence, weighted by their size.

    ``probabilities`` are float [u, classes] and ``truth`` int [u]; a bin holds its upper edge.
    """
    confidence = probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == truth
    place = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    gap = np.bincount(place, weights=right - confidence, minlength=BINS)
    return float(np.abs(gap).sum() / len(truth))
