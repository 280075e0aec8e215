"""Scores of a note classifier, all of them computed from one confusion matrix per song; and the
interval of any share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer]
Float = NDArray[np.float64]

RESAMPLES = 10_000
SEED = 0

_Z = NormalDist().inv_cdf(0.975)


def wilson(right: float, count: int) -> tuple[float, float]:
    """95 % interval of a share after Wilson (1927), without correction for continuity. ``right`` of
    ``count`` may be a fraction: of songs whose notes are told right in part, say.
    """
    share, z2 = right / count, _Z**2
    middle = share + z2 / (2 * count)
    reach = _Z * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    scale = 1 + z2 / count
    return max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)


def confusion(truth: Int, predicted: Int, classes: int) -> NDArray[np.int64]:
    """Counts int64 [classes, classes], rows the truth; notes whose truth is -1 are left out."""
    known = truth >= 0
    cell = truth[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(cell, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True, eq=False)
class Scores:
    """What one labeller reached on a set of songs. Every figure is a share in 0..1."""

    names: tuple[str, ...]
    confusion: NDArray[np.int64]  # [classes, classes], rows the truth
    songs: int
    accuracy: float  # of all notes together
    song_mean: float  # mean over songs of the song's own accuracy
    interval: tuple[float, float]  # 95 %, of ``accuracy``, songs resampled whole
    precision: Float  # [classes]; 0 for a class that was never predicted
    recall: Float  # [classes]; 0 for a class that never occurs
    f1: Float  # [classes]
    macro_f1: float

    @property
    def notes(self) -> int:
        """How many notes were scored."""
        return int(self.confusion.sum())

    def as_json(self) -> dict[str, object]:
        """The same as plain numbers."""
        return {
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "song_mean": self.song_mean,
            "macro_f1": self.macro_f1,
            "notes": self.notes,
            "songs": self.songs,
            "classes": table(self.names, self.precision, self.recall, self.f1),
            "confusion": self.confusion.tolist(),
        }


def score(confusions: Sequence[NDArray[np.int64]], names: Sequence[str]) -> Scores:
    """Scores from the confusion matrices of the songs; songs without notes count for nothing."""
    kept = [matrix for matrix in confusions if matrix.sum()]
    if not kept:
        raise ValueError("no labelled note to score")
    songs = np.stack(kept)
    right = np.trace(songs, axis1=1, axis2=2)
    size = songs.sum((1, 2))
    total = songs.sum(0)
    precision, recall, f1 = by_class(total)
    return Scores(
        names=tuple(names),
        confusion=total,
        songs=len(songs),
        accuracy=float(right.sum() / size.sum()),
        song_mean=float((right / size).mean()),
        interval=bootstrap(right, size),
        precision=precision,
        recall=recall,
        f1=f1,
        macro_f1=float(f1.mean()),
    )


def by_class(counts: NDArray[np.int64]) -> tuple[Float, Float, Float]:
    """Precision, recall and F1 [classes] of counts [classes, classes], rows the truth; there may
    be a further column of no answer.
    """
    hit, answered, real = sums(counts)
    return hit / np.maximum(answered, 1), hit / np.maximum(real, 1), f1_of(hit, answered, real)


def sums(counts: NDArray[np.int64]) -> Float:
    """Right answers, all answers and truths [3, ..., classes]: all that F1 needs."""
    hit = np.diagonal(counts, axis1=-2, axis2=-1)
    answered = counts.sum(-2)[..., : hit.shape[-1]]
    return np.stack([hit, answered, counts.sum(-1)]).astype(np.float64)


def f1_of(hit: Float, answered: Float, real: Float) -> Float:
    """F1 from what ``sums`` counts."""
    return 2 * hit / np.maximum(answered + real, 1)


def table(
    names: Sequence[str], precision: Float, recall: Float, f1: Float
) -> dict[str, dict[str, float]]:
    """The figures of each class as plain numbers."""
    return {
        name: {"precision": float(p), "recall": float(r), "f1": float(f)}
        for name, p, r, f in zip(names, precision, recall, f1, strict=True)
    }


def draws(songs: int) -> NDArray[np.int64]:
    """How often each song is drawn [RESAMPLES, songs]; the seed is fixed, so always the same."""
    generator = np.random.default_rng(SEED)
    return generator.multinomial(songs, np.full(songs, 1 / songs), RESAMPLES)


def bootstrap(right: Int, size: Int) -> tuple[float, float]:
    """95 % interval of sum(right) / sum(size), by the percentiles of resampled songs.

    Whole songs are drawn, since the notes of a song are right or wrong together.
    """
    weights = draws(len(size))
    low, high = np.percentile((weights @ right) / (weights @ size), [2.5, 97.5])
    return float(low), float(high)
