"""Which chord sounds in each beat: 12 roots x 11 qualities, or none.

The vocabulary is that of the Compound Word Transformer's data (arXiv 2101.02402: 133 values
with "none"). A beat is described by how long each pitch class sounds in it and how low; a
table scores the 132 chords and "none" on that; the best path through all beats, where a change
of chord costs something and costs least on a downbeat, is the answer.

The table and the costs were fitted on the training songs of POP909 and, for the chords that
pop hardly uses, to the textbook (``runs/fit_chords.py``).
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
    [25, -21,  -4, -24,  26,  -6, -12,  39, -18,  -4, -15,  -8],
    [30, -18,  -9,  36, -47,  -9, -26,  38, -20, -25,  -3, -21],
    [54, -13, -17,  40, -11, -15,  57, -19, -32, -41, -25, -16],
    [33, -10, -12, -14,  40, -15, -11, -18,  53, -14, -12, -12],
    [49, -18,  -9, -16,  44,  -5, -11,  38, -19, -12,  60, -14],
    [52, -12, -10, -16,  31, -11, -14,  34, -17, -15, -16,  57],
    [50, -17, -11,  44, -23,  -5, -19,  34, -15, -22,  52, -13],
    [31, -10, -12,  41, -10, -14,  47, -12, -14,  47, -12,  -9],
    [39, -11, -13,  34, -11, -10,  51, -15, -16, -16,  52, -11],
    [13, -13,  36, -11,  -5,  -8, -17,  39, -17,  -7, -10, -10],
    [21, -11,  -6, -18, -17,  37, -14,  32, -19, -14,   7, -18],
])
LOW = np.array([
    [33, -10, -20, -10,   2, -20, -13,   8, -12, -25, -18, -28],
    [32,  -7, -18,  -1,  -7, -20,  -9,   9, -20, -17, -31, -11],
    [21,  -8,  -7,   5,  -6,  -8,  10,  -8, -13, -18, -14,  -7],
    [58,  -6,  -6,  -5,   7,  -6,  -5,  -8, -12,  -6,  -6,  -6],
    [18,  -9,  -5,  -9,   7,  -6,  -5,   3,  -7,  -6,  14,  -6],
    [19,  -6,  -7,  -5,   9,  -6,  -6,   4,  -6,  -6,  -6,  10],
    [25,  -2,  -3,   2,  -7, -13,  -8,   5,  -7,  -5,  11,  -5],
    [59,  -5,  -5,  11,  -5,  -5,   3,  -6,  -6, -21,  -6,  -5],
    [53,  -6,  -6,   4,  -5,  -6,   4,  -6,  -6,  -8,  -1,  -6],
    [55,  -6,   4,  -8, -13, -12,  -6,   4,  -6, -12,  -8,  -7],
    [54,  -7, -12, -10, -10,  -2,  -6,   7,  -8, -11,  -6,  -7],
])
# fmt: on
# What the quality adds by being common.
QUALITY = np.array([43, 35, -6, -23, -28, -15, -22, -50, -45, 14, 11])
NONE, NONE_SOUNDING = 84, -6  # no chord's score, and what each sounding pitch class adds to it
# What a change of chord costs on a downbeat, an even number of beats after it, and an odd one;
# the last is for when the bars are not known.
CHANGE_DOWNBEAT, CHANGE_EVEN, CHANGE_ODD, CHANGE = 5, 20, 40, 15

FULL = 4096  # the feature of a pitch class that sounds for ever; a quarter of a beat gives half
BLOCK = 4096  # beats scored at a time, to bound the memory
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
    (its octaves add up), saturated: x / (x + 1/4). The second is the same with notes
    counted from 1 at the beat's lowest down to 0 an octave above; the lowest note is the
    lowest that sounds for an eighth of the beat.
    """
    count = len(beats)
    if not count:
        return np.zeros((0, 2, 12))
    edges = np.append(beats, beats[-1] + (beats[-1] - beats[-2] if count > 1 else score.end))
    pitch, beat, ticks = _overlaps(score, edges)
    length = np.diff(edges)
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
    """Every stretch of a pitch inside a beat: the pitch, the beat and its ticks."""
    pitch, onset, end = _keys(score)
    first = np.maximum(np.searchsorted(edges, onset, side="right") - 1, 0)
    last = np.minimum(np.searchsorted(edges, end, side="left"), len(edges) - 1)
    spans = np.maximum(last - first, 0)
    row = np.repeat(np.arange(len(pitch)), spans)
    beat = np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans - first, spans)
    ticks = np.minimum(end[row], edges[beat + 1]) - np.maximum(onset[row], edges[beat])
    kept = ticks > 0
    return pitch[row[kept]], beat[kept], ticks[kept]


def _keys(score: Score) -> tuple[Int, Int, Int]:
    """Pitch, onset and end of all that sounds, drums apart; a note of no length does not sound.

    A pitch that several notes hold counts once, so that no file has more than 128 stretches
    to a beat.
    """
    notes = np.flatnonzero(~score.is_drum)
    notes = notes[np.lexsort((score.onset[notes], score.pitch[notes]))]
    pitch = score.pitch[notes].astype(np.int64)
    onset = score.onset[notes].astype(np.int64)
    end = onset + score.duration[notes]
    shift = pitch * (int(end.max(initial=0)) + 1)  # one line of time, a pitch after the other
    held_until = np.maximum.accumulate(np.append(0, end + shift))[:-1] - shift
    onset = np.maximum(onset, held_until)
    kept = onset < end
    return pitch[kept], onset[kept], end[kept]


def _scores(profile: Float) -> Float:
    """The score of every chord (root * 11 + quality) and, last, of none: [k, 133]."""
    turned = (np.arange(12)[:, None] + np.arange(12)) % 12
    table = np.concatenate([SOUNDING, LOW], axis=1).T
    scores = np.empty((len(profile), 12 * len(QUALITIES) + 1))
    for start in range(0, len(profile), BLOCK):
        part = slice(start, start + BLOCK)
        seen = profile[part][:, :, turned].transpose(0, 2, 1, 3).reshape(-1, 24)
        scores[part, :-1] = (seen @ table + FULL * QUALITY).reshape(-1, 12 * len(QUALITIES))
    scores[:, -1] = FULL * NONE + NONE_SOUNDING * profile[:, 0].sum(axis=1)
    return scores


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
    either the state itself or the best of all: linear in the number of states. ``score`` is
    overwritten with the running totals.
    """
    total = score
    for before, here, price in zip(total, total[1:], cost[1:].tolist(), strict=False):
        here += np.maximum(before, before.max() - price)
    best = total.argmax(axis=1)
    path = best.copy()
    for beat in range(len(path) - 2, -1, -1):
        state, other = path[beat + 1], best[beat]
        changed = total[beat, state] < total[beat, other] - cost[beat + 1]
        path[beat] = other if changed else state
    return path
