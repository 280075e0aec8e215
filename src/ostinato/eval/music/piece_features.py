"""Simple features of pieces and segments, from the words alone.

Words hold bar, position, pitch and duration, as a model gets them; velocity is not among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.music.types import Document
from ostinato.music import midibert
from ostinato.music.compound_words import EMPTY_PITCH, NEW
from ostinato.music.grid import POSITIONS
from ostinato.music.score import Int

DURATIONS = 7  # classes of duration, by halves: from half a step to four quarters and more
PITCH_BINS, BEATS, SIZES, LEAP = 22, 32, 8, 12


def units(document: Document) -> list[Int]:
    """The words of each unit, int64 [r, 4], padding and empty bars taken out."""
    if document.segments is None:
        return [notes_of(document.words)]
    return [notes_of(segment, midibert.PAD[2]) for segment in document.segments]


def notes_of(words: Int, no_pitch: int = EMPTY_PITCH) -> Int:
    """The words that are notes, int64 [n, 4]: those of another pitch than ``no_pitch``."""
    return words[words[:, 2] != no_pitch].astype(np.int64)


def histogram(words: Int) -> NDArray[np.float64]:
    """How often each (pitch class, class of duration) occurs: square roots, float [12, 7].

    The squares sum to 1, so that the dot product of two is their Bhattacharyya coefficient.
    """
    cell = words[:, 2] % 12 * DURATIONS + _duration(words)
    counts = np.bincount(cell, minlength=12 * DURATIONS).reshape(12, DURATIONS)
    return np.sqrt(counts / max(1, len(words)))


def piece_features(words: Int) -> NDArray[np.float64]:
    """Histograms of pitch, key-free pitch class, duration, position, chord size and steps of the
    top line, and how dense the bars are: float [f].
    """
    bar = np.cumsum(words[:, 0] == NEW)
    onset = bar * POSITIONS + words[:, 1]
    heads = np.flatnonzero(np.diff(onset, prepend=-1))
    size = np.diff(np.append(heads, len(words)))
    top = np.maximum.reduceat(words[:, 2], heads) if len(words) else words[:, 2]
    classes = _share(words[:, 2] % 12, 12)
    steps = np.diff(top)
    bars = max(1, int((words[:, 0] == NEW).sum()))
    gap = np.diff(onset[heads])
    return np.concatenate(
        [
            _share(words[:, 2] // 6, PITCH_BINS),
            np.roll(classes, -int(classes.argmax())),
            _share(_duration(words), DURATIONS),
            _share(words[:, 1], BEATS),
            _share(size - 1, SIZES),
            _share(np.clip(steps, -LEAP, LEAP) + LEAP, 2 * LEAP + 1),
            _share(np.log2(np.maximum(gap, 1)).astype(np.int64), 6),
            [np.log2(1 + len(words) / bars), np.log2(1 + len(heads) / bars)],
            [words[:, 2].std() if len(words) else 0.0, top.std() if len(top) else 0.0],
        ]
    )


def _duration(words: Int) -> Int:
    """The class of each duration: the binary logarithm of its bin."""
    return np.minimum(np.log2(words[:, 3] + 1).astype(np.int64), DURATIONS - 1)


def _share(values: Int, most: int) -> NDArray[np.float64]:
    """The share of each value, float [most]; larger ones share the last."""
    counts = np.bincount(np.minimum(values, most - 1), minlength=most)
    return counts / max(1, len(values))
