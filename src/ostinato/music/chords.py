"""Which chord sounds in each beat: 12 roots x 11 qualities, or none.

The vocabulary is that of the Compound Word Transformer's data (arXiv 2101.02402: 133 values
with "none"). A beat is described by how long each pitch class sounds in it and how low; a
table scores the 132 chords and "none" on that; the best path through all beats, where a change
of chord costs something and costs least on a downbeat, is the answer.

The table and the costs were fitted on the training songs of POP909 (``runs/fit_chords.py``),
held close to the textbook's chords, so that those which pop hardly uses are still found.
Everything is summed in whole numbers: the answer does not depend on the order of the notes,
the file's resolution, the machine, or (but for ties) on the key.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.music.score import Bool, Int, Score

Float = NDArray[np.float64]

QUALITIES = ("maj", "min", "dim", "aug", "7", "maj7", "min7", "dim7", "hdim7", "sus2", "sus4")
# The notes of each quality in semitones above the root.
INTERVALS = (
    (0, 4, 7),
    (0, 3, 7),
    (0, 3, 6),
    (0, 4, 8),
    (0, 4, 7, 10),
    (0, 4, 7, 11),
    (0, 3, 7, 10),
    (0, 3, 6, 9),
    (0, 3, 6, 10),
    (0, 2, 7),
    (0, 5, 7),
)

# Per quality: what each of the 12 semitones above the root adds by sounding, and by being low,
# in tenths of a nat.
# fmt: off
SOUNDING = np.array([
    [24, -19,  -4, -23,  28,  -6, -15,  37, -15,   0, -13,  -8],
    [27, -19,  -8,  37, -45,  -9, -24,  36, -11, -20,  -2, -20],
    [34,  -8, -13,  35,  -9, -11,  47, -15,  -8, -10,  -4, -11],
    [32,  -9, -10,  -7,  29, -10, -10, -14,  40, -11, -10, -10],
    [24, -11,  -4, -13,  36,   0, -12,  33, -13,  -4,  44, -14],
    [29, -13,   0, -16,  26, -10, -12,  27, -15,  -4, -16,  42],
    [21, -13,  -3,  40, -21,   0, -16,  25,  -6, -17,  40, -14],
    [30, -10, -10,  26, -10, -11,  33, -11, -11,  33,  -9,  -8],
    [32,  -6, -12,  29, -11,  -6,  41, -13, -11, -11,  33, -10],
    [15, -14,  32,  -7,   0,  -7, -17,  30, -16,  -4,  -8,  -8],
    [24, -11,  -2, -13, -12,  32, -15,  24, -13,  -6,  10, -18],
])
LOW = np.array([
    [34, -10, -16,  -8,   2, -19, -13,   7,  -9, -22,  -9, -20],
    [31,  -7, -16,  -3,  -7, -19,  -8,   9, -20, -12, -25,  -9],
    [44,  -6,  -6,  -8,  -6,  -7,   1,  -8,  -9,  -6,  -7,  -5],
    [39,  -6,  -6,  -5,  -5,  -6,  -5,  -6,   0,  -6,  -5,  -5],
    [26,  -7,  -6,  -8,  -5,  -8,  -5,   0,  -6,  -6,  15,  -6],
    [32,  -6,  -7,  -5,  -1,  -6,  -7,   0,  -6,  -5,  -6,  14],
    [43,  -3,  -4, -12,  -6, -14,  -6,   0,  -7,  -5,  15,  -5],
    [37,  -5,  -5,  -6,  -5,  -5,  -5,  -6,  -5,  -5,  -5,  -5],
    [40,  -5,  -5,  -8,  -5,  -6,  -3,  -6,  -6,  -5,  -6,  -5],
    [51,  -6,   6,  -9, -13, -11,  -6,  12,  -6, -13,  -7,  -5],
    [43,  -7, -12, -10, -10,  -7,  -6,   9,  -8, -11,  -4,  -7],
])
# fmt: on
# What the quality adds by being common.
QUALITY = np.array([31, 25, -19, -20, -16, -7, -11, -32, -33, 4, 6])
NONE, NONE_SOUNDING = 73, -6  # no chord's score, and what each sounding pitch class adds to it
# What a change of chord costs on a downbeat, an even number of beats after it, and an odd one;
# the last is for when the bars are not known.
CHANGE_DOWNBEAT, CHANGE_EVEN, CHANGE_ODD, CHANGE = 5, 20, 40, 20

FULL = 4096  # the feature of a pitch class that sounds for ever; a quarter of a beat gives half
OCTAVE = 12  # a note this far above the beat's lowest has no part in the bass


@dataclass(frozen=True, eq=False)
class Chords:
    """The chord of each beat; a chord lasts until the next beat."""

    tick: Int  # int32 [k], ticks, where the beats begin
    root: Int  # int8 [k], 0 (C) .. 11 (B), -1 where no chord sounds
    quality: Int  # int8 [k], index into QUALITIES; 0 where no chord sounds

    def __len__(self) -> int:
        return len(self.tick)


def recognise(score: Score, beats: Int, *, downbeat: Bool | None = None) -> Chords:
    """The chord of every beat, drums apart.

    ``beats`` [k] are the ticks at which beats begin, in rising order (equal ones allowed);
    the last beat lasts as long as the one before it. ``downbeat`` [k] says which of them begin
    a bar: on POP909 this is worth about half a point of accuracy.
    """
    beats = np.asarray(beats, dtype=np.int64)
    assert (np.diff(beats) >= 0).all(), "beats rise"
    path = _best_path(_scores(profiles(score, beats)), _change_costs(len(beats), downbeat))
    chord = path < 12 * len(QUALITIES)
    root, quality = np.divmod(path, len(QUALITIES))
    return Chords(
        tick=beats.astype(np.int32),
        root=np.where(chord, root, -1).astype(np.int8),
        quality=np.where(chord, quality, 0).astype(np.int8),
    )


def profiles(score: Score, beats: Int) -> Float:
    """How much each pitch class sounds in each beat, and how much in the bass, [k, 2, 12].

    Whole numbers 0..FULL. The first is the time x, in beats, for which a pitch class sounds
    (overlapping notes add up), saturated: x / (x + 1/4). The second is the same with notes
    counted from 1 at the beat's lowest down to 0 an octave above; the lowest note is the
    lowest that sounds for an eighth of the beat.
    """
    count = len(beats)
    if not count:
        return np.zeros((0, 2, 12))
    edges = np.append(beats, beats[-1] + (beats[-1] - beats[-2] if count > 1 else score.end))
    note, beat, ticks = _overlaps(score, edges)
    length = np.diff(edges)
    pitch = score.pitch[note].astype(np.int64)
    lowest = np.full(count, 127)
    counts = ticks * 8 >= length[beat]
    np.minimum.at(lowest, beat[counts], pitch[counts])
    height = np.clip(pitch - lowest[beat], 0, OCTAVE)
    cell = beat * 12 + pitch % 12
    sounding = np.bincount(cell, ticks, 12 * count).reshape(count, 12)
    low = np.bincount(cell, ticks * (OCTAVE - height), 12 * count).reshape(count, 12)
    quarter = np.maximum(length, 1)[:, None] / 4
    return np.rint(
        FULL * np.stack([sounding / (sounding + quarter), low / (low + OCTAVE * quarter)], axis=1)
    )


def _overlaps(score: Score, edges: Int) -> tuple[Int, Int, Int]:
    """Every (note, beat) that share time and for how many ticks; a note of no length has one."""
    notes = np.flatnonzero(~score.is_drum)
    onset = score.onset[notes].astype(np.int64)
    end = onset + np.maximum(score.duration[notes], 1)
    first = np.maximum(np.searchsorted(edges, onset, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(edges, end, side="left"), len(edges) - 1)
    spans = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(notes)), spans)
    beat = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans - first, spans)
    ticks = np.minimum(end[row], edges[beat + 1]) - np.maximum(onset[row], edges[beat])
    kept = ticks > 0
    return notes[row[kept]], beat[kept], ticks[kept]


def _scores(profile: Float) -> Float:
    """The score of every chord (root * 11 + quality) and, last, of none: [k, 133]."""
    turned = (np.arange(12)[:, None] + np.arange(12)) % 12
    seen = profile[:, :, turned].transpose(0, 2, 1, 3).reshape(-1, 24)
    chords = seen @ np.concatenate([SOUNDING, LOW], axis=1).T + FULL * QUALITY
    none = FULL * NONE + NONE_SOUNDING * profile[:, 0].sum(axis=1)
    return np.concatenate([chords.reshape(len(profile), -1), none[:, None]], axis=1)


def _change_costs(count: int, downbeat: Bool | None) -> Float:
    """What a change of chord into each beat costs, [k]."""
    if downbeat is None:
        return np.full(count, float(FULL * CHANGE))
    at = np.arange(count)
    place = at - np.maximum.accumulate(np.where(downbeat, at, 0))
    cost = np.where(place % 2 == 0, CHANGE_EVEN, CHANGE_ODD)
    return FULL * np.where(downbeat, CHANGE_DOWNBEAT, cost).astype(np.float64)


def _best_path(score: Float, cost: Float) -> Int:
    """The states whose scores less the costs of changes sum highest, int64 [k] (Viterbi).

    Every change costs the same whatever the two states, so a beat's best predecessor is
    either the state itself or the best of all: linear in the number of states.
    """
    total = score.copy()
    for before, here, price in zip(total, total[1:], cost[1:].tolist(), strict=False):
        here += np.maximum(before, before.max() - price)
    best = total.argmax(axis=1)
    path = best.copy()
    for beat in range(len(path) - 2, -1, -1):
        state, other = path[beat + 1], best[beat]
        changed = total[beat, state] < total[beat, other] - cost[beat + 1]
        path[beat] = other if changed else state
    return path
