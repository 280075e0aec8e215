"""Simple statistics of cp4 words: histograms and densities that no model has to learn.

Words hold bar, position, pitch and duration, as a model gets them; velocity is not among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ostinato.music.compound_words import EMPTY_PITCH, NEW
from ostinato.music.grid import POSITIONS
from ostinato.music.score import Int

DURATIONS = 7  # classes of duration, by halves: from half a step to four quarters and more
PITCH_BINS, BEATS, SIZES, LEAP, GAPS = 22, 32, 8, 12, 6
NUM_STATISTICS = PITCH_BINS + 12 + DURATIONS + BEATS + SIZES + 2 * LEAP + 1 + GAPS + 4


def notes_of(words: Int, no_pitch: int = EMPTY_PITCH) -> Int:
    """The words that are notes, int64 [n, 4]: those of another pitch than ``no_pitch``."""
    return words[words[:, 2] != no_pitch].astype(np.int64)


def duration_class(words: Int) -> Int:
    """The class of each duration: the binary logarithm of its bin."""
    return np.minimum(np.log2(words[:, 3] + 1).astype(np.int64), DURATIONS - 1)


def word_statistics(notes: Int) -> NDArray[np.float64]:
    """Of words that are notes (``notes_of``), float [NUM_STATISTICS]: shares of pitches, key-free
    pitch classes, durations, positions, sizes of chords, steps of the top line and gaps between
    onsets; how dense the bars are, and how far pitches and the top line spread.
    """
    bar = np.cumsum(notes[:, 0] == NEW)
    onset = bar * POSITIONS + notes[:, 1]
    heads = np.flatnonzero(np.diff(onset, prepend=-1))
    size = np.diff(np.append(heads, len(notes)))
    top = np.maximum.reduceat(notes[:, 2], heads) if len(notes) else notes[:, 2]
    classes = _share(notes[:, 2] % 12, 12)
    steps = np.diff(top)
    bars = max(1, int((notes[:, 0] == NEW).sum()))
    gap = np.diff(onset[heads])
    return np.concatenate(
        [
            _share(notes[:, 2] // 6, PITCH_BINS),
            np.roll(classes, -int(classes.argmax())),
            _share(duration_class(notes), DURATIONS),
            _share(notes[:, 1], BEATS),
            _share(size - 1, SIZES),
            _share(np.clip(steps, -LEAP, LEAP) + LEAP, 2 * LEAP + 1),
            _share(np.log2(np.maximum(gap, 1)).astype(np.int64), GAPS),
            [np.log2(1 + len(notes) / bars), np.log2(1 + len(heads) / bars)],
            [notes[:, 2].std() if len(notes) else 0.0, top.std() if len(top) else 0.0],
        ]
    )


def _share(values: Int, most: int) -> NDArray[np.float64]:
    """The share of each value, float [most]; larger ones share the last."""
    counts = np.bincount(np.minimum(values, most - 1), minlength=most)
    return counts / max(1, len(values))
