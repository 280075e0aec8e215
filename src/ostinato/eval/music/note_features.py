"""Simple features of notes and of pieces, from the words alone: what a regression gets to see.

Words hold bar, position, pitch and duration, as a model gets them; velocity is not among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.baselines import Notes
from ostinato.eval.music.types import Document
from ostinato.music.score import Int

NEAR = 16  # rows before and after a note that its neighbourhood holds
FAR = 12  # semitones or steps beyond which distances are held


def note_features(document: Document) -> NDArray[np.float32]:
    """float32 [n, f], in the order of the rows that are notes."""
    rows, onset = document.place()
    words = document.words[rows].astype(np.int64)
    pitch, duration = words[:, 2], words[:, 3]
    if not len(rows):
        return np.zeros((0, _COUNT), dtype=np.float32)
    index, size = Notes(onset, onset, onset, pitch, onset).place()
    first = np.arange(len(onset)) - index
    group = np.cumsum(index == 0) - 1
    heads = np.flatnonzero(index == 0)
    top, low = np.maximum.reduceat(pitch, heads)[group], np.minimum.reduceat(pitch, heads)[group]
    gap = np.diff(onset[heads], prepend=onset[0], append=onset[-1])
    mean = _running_mean(pitch)
    numbers = [
        pitch / 12,
        (pitch / 12) ** 2,
        np.log2(duration + 1.0),
        pitch == top,
        pitch == low,
        np.minimum(top - pitch, 2 * FAR) / FAR,
        np.minimum(pitch - low, 2 * FAR) / FAR,
        (pitch - mean) / FAR,
        np.abs(pitch - mean) / FAR,
        _to_neighbour(pitch, -1),
        _to_neighbour(pitch, 1),
        np.log2(1.0 + np.minimum(gap[group], 64)),
        np.log2(1.0 + np.minimum(gap[group + 1], 64)),
        top != np.maximum.reduceat(pitch, heads)[np.maximum(group - 1, 0)],
        pitch[first] == pitch,
    ]
    parts = [
        np.stack([np.asarray(number, dtype=np.float64) for number in numbers], axis=1),
        _one_of(size - 1, 8),
        _one_of(index, 8),
        _one_of(size - 1 - index, 8),
        _one_of(words[:, 1], 16),
        _one_of(pitch // 6, 22),
        _one_of(np.log2(duration + 1.0).astype(np.int64), 7),
    ]
    found = np.concatenate(parts, axis=1).astype(np.float32)
    assert found.shape[1] == _COUNT
    return found


_COUNT = 15 + 8 + 8 + 8 + 16 + 22 + 7


def _one_of(value: Int, most: int) -> NDArray[np.float32]:
    """One-hot float32 [n, most]; larger values share the last column."""
    return np.eye(most, dtype=np.float32)[np.minimum(value, most - 1)]


def _running_mean(values: Int) -> NDArray[np.float64]:
    """The mean of each value and its ``NEAR`` neighbours on both sides."""
    total = np.append(0, np.cumsum(values))
    at = np.arange(len(values))
    low, high = np.maximum(at - NEAR, 0), np.minimum(at + NEAR + 1, len(values))
    return (total[high] - total[low]) / (high - low)


def _to_neighbour(pitch: Int, side: int) -> NDArray[np.float64]:
    """Semitones to the row before (-1) or after (1), in octaves and held to one; 0 at the end."""
    other = np.roll(pitch, -side)
    other[-1 if side > 0 else 0] = pitch[-1 if side > 0 else 0]
    return np.clip(other - pitch, -FAR, FAR) / FAR
