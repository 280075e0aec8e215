"""The words of pieces and segments, as simple features are taken of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.music.types import Document
from ostinato.music import midibert
from ostinato.music.score import Int
from ostinato.music.statistics import DURATIONS, duration_class, notes_of


def units(document: Document) -> list[Int]:
    """The words of each unit, int64 [r, 4], padding and empty bars taken out."""
    if document.segments is None:
        return [notes_of(document.words)]
    return [notes_of(segment, midibert.PAD[2]) for segment in document.segments]


def histogram(words: Int) -> NDArray[np.float64]:
    """How often each (pitch class, class of duration) occurs: square roots, float [12, 7].

    The squares sum to 1, so that the dot product of two is their Bhattacharyya coefficient.
    """
    cell = words[:, 2] % 12 * DURATIONS + duration_class(words)
    counts = np.bincount(cell, minlength=12 * DURATIONS).reshape(12, DURATIONS)
    return np.sqrt(counts / max(1, len(words)))
