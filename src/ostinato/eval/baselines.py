"""What no model should fail to beat: the commonest class, the order of notes, the skyline.

All of them see a song as ``Notes``: its notes in the clean order (grid onset, then pitch,
duration and velocity, never the track), in groups of one grid onset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer]

LARGEST_GROUP = 16  # larger groups share the entries of this size


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of one song in the clean order; times in ticks, not on the grid."""

    group: Int  # [n], never falling; equal for the notes of one grid onset
    onset: Int  # [n]
    duration: Int  # [n]
    pitch: Int  # [n]
    label: Int  # [n], 0.. the class, -1 where there is none

    def place(self) -> tuple[Int, Int]:
        """Index of each note within its group, and the size of its group."""
        if not len(self.group):
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty
        first = np.flatnonzero(np.append(True, self.group[1:] != self.group[:-1]))
        size = np.diff(np.append(first, len(self.group)))
        index = np.arange(len(self.group)) - np.repeat(first, size)
        return index, np.repeat(size, size)


@dataclass(frozen=True, eq=False)
class OrderTable:
    """The commonest class by (group size, index in the group): no pitch, no rhythm, no model.

    What it reaches is what the order of the notes alone gives away.
    """

    answer: NDArray[np.int64]  # [LARGEST_GROUP + 1, LARGEST_GROUP]
    majority: int

    def predict(self, notes: Notes) -> Int:
        """A class for every note."""
        return self.answer[_cell(notes)]


def learn_order(songs: Sequence[Notes], classes: int) -> OrderTable:
    """Count the classes of the training songs by group size and index in the group."""
    counts = np.zeros((LARGEST_GROUP + 1, LARGEST_GROUP, classes), dtype=np.int64)
    for notes in songs:
        known = notes.label >= 0
        size, index = _cell(notes)
        np.add.at(counts, (size[known], index[known], notes.label[known]), 1)
    majority = int(counts.sum((0, 1)).argmax())
    seen = counts.sum(-1) > 0
    return OrderTable(np.where(seen, counts.argmax(-1), majority), majority)


def _cell(notes: Notes) -> tuple[Int, Int]:
    index, size = notes.place()
    return np.minimum(size, LARGEST_GROUP), np.minimum(index, LARGEST_GROUP - 1)


def skyline(notes: Notes, *, top: int, rest: int) -> Int:
    """``top`` for notes that nothing outsounds when they begin, else ``rest``.

    That is the highest note of each onset, unless a higher one that began before still sounds
    (after Uitdenbogerd and Zobel 1999; without the second half far fewer are right).
    """
    index, size = notes.place()
    highest = index == size - 1
    until = np.zeros(128, dtype=np.int64)  # the tick to which each pitch has sounded so far
    end = notes.onset.astype(np.int64) + notes.duration
    for i, (onset, pitch) in enumerate(
        zip(notes.onset.tolist(), notes.pitch.tolist(), strict=True)
    ):
        highest[i] &= until[pitch + 1 :].max(initial=0) <= onset
        until[pitch] = max(until[pitch], end[i])
    return np.where(highest, top, rest)
