"""``cp7``: the Compound Word Transformer's words (arXiv 2101.02402), seven columns wide.

Three kinds of row: one at the head of each bar; one at each grid point where a note, a chord
or a tempo begins; one for each note. A column that a row does not use holds 0.
"""

from __future__ import annotations

import numpy as np

from ostinato.music import chords
from ostinato.music.grid import POSITIONS, Bars, Float, from_grid, to_grid
from ostinato.music.score import Bool, Int, Score

COLUMNS = ("tempo", "chord", "bar-beat", "type", "pitch", "duration", "velocity")
EMPTY = (0, 0, 0, -1, 0, 0, 0)  # what a column holds that says nothing; -1: it always does
EOS, METRICAL, NOTE = 0, 1, 2
CONTI = 1  # the tempo, or the chord, goes on
TEMPOS = np.arange(32, 225, 3)  # quarters per minute
VELOCITIES = np.arange(40, 127, 2)
NO_CHORD = 2
CHORDS = 12 * len(chords.QUALITIES)


def vocabulary(steps_per_quarter: int) -> tuple[int, ...]:
    """The size of each column."""
    beats, durations = POSITIONS + 2, 4 * steps_per_quarter + 2
    return (len(TEMPOS) + 2, CHORDS + 3, beats, 3, 129, durations, len(VELOCITIES) + 1)


def encode_cp7(
    score: Score, bars: Bars, grid: tuple[Int, Int, Int], steps_per_quarter: int
) -> tuple[Int, Int, Int]:
    """Rows [n, 7], the note of each row (-1 for none), and the notes in their order.

    ``grid`` holds bar, step and duration bin of each note.
    """
    bar, step, bin_ = grid
    velocity = _nearest(VELOCITIES, score.velocity)
    order = np.lexsort((velocity, bin_, -score.pitch, step, bar))
    tempo = _tempo_changes(score, bars, steps_per_quarter)
    chord = _chord_changes(score, bars, steps_per_quarter)
    point = bar * POSITIONS + step
    points = np.unique(np.concatenate([point, *tempo[:1], *chord[:1]]))
    metrical = np.zeros((len(points), 7), dtype=np.int16)
    metrical[:, :2] = CONTI
    metrical[np.searchsorted(points, tempo[0]), 0] = tempo[1]
    metrical[np.searchsorted(points, chord[0]), 1] = chord[1]
    metrical[:, 2] = points % POSITIONS + 2
    metrical[:, 3] = METRICAL
    notes = np.zeros((len(score), 7), dtype=np.int16)
    notes[:, 3] = NOTE
    notes[:, 4] = score.pitch[order] + 1
    notes[:, 5] = bin_[order] + 1
    notes[:, 6] = velocity[order] + 1
    # The closing bar word and EOS stand in a bar after the last.
    heads = np.zeros((len(bars) + 2, 7), dtype=np.int16)
    heads[:-1, 2], heads[:-1, 3], heads[-1, 3] = 1, METRICAL, EOS
    head_at = np.append(np.arange(len(bars) + 1), len(bars)) * POSITIONS
    at = np.concatenate([head_at, points, point[order]])
    kind = np.repeat([0, 1, 2], [len(heads), len(points), len(notes)])
    rows = np.lexsort((kind, at))
    index = np.concatenate([np.full(len(heads) + len(points), -1), order]).astype(np.int32)
    return np.concatenate([heads, metrical, notes])[rows], index[rows], order


def _nearest(grid: Int, values: Int | Float) -> Int:
    """Index of the nearest point of an even grid; ties to the lower, ends held."""
    step = grid[1] - grid[0]
    index = np.ceil((values - grid[0]) / step - 0.5)
    return np.clip(index, 0, len(grid) - 1).astype(np.int64)


def _tempo_changes(score: Score, bars: Bars, steps_per_quarter: int) -> tuple[Int, Int]:
    """Grid points (bar * POSITIONS + step) at which the tempo class changes, and its index."""
    if not len(bars):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    table = score.tempos.astype(np.int64)
    end = bars.start[-1] + bars.length[-1]
    table = table[(table[:, 1] > 0) & (table[:, 0] >= 0) & (table[:, 0] < end)]
    table = table[np.argsort(table[:, 0], kind="stable")]
    bar, step = to_grid(bars, np.maximum(table[:, 0], bars.start[0]), steps_per_quarter)
    point = np.append(0, bar * POSITIONS + step)
    index = np.append(_nearest(TEMPOS, np.array([120])), _nearest(TEMPOS, 6e7 / table[:, 1])) + 2
    last = np.append(point[1:] != point[:-1], True) & (point < len(bars) * POSITIONS)
    return _changes(point[last], index[last])


def _chord_changes(score: Score, bars: Bars, steps_per_quarter: int) -> tuple[Int, Int]:
    """Grid points at which the recognised chord changes, and its index; one chord a beat."""
    if not len(bars):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    beats = -(-bars.steps(steps_per_quarter) // steps_per_quarter)
    bar = np.repeat(np.arange(len(bars)), beats)
    beat = np.arange(len(bar)) - np.repeat(np.cumsum(beats) - beats, beats)
    ticks = from_grid(bars, bar, beat * steps_per_quarter, steps_per_quarter)
    heard = _heard(score, ticks)
    bar, beat, ticks = bar[heard], beat[heard], ticks[heard]
    found = chords.recognise(score, ticks, downbeat=beat == 0)
    root, quality = found.root.astype(np.int64), found.quality.astype(np.int64)
    index = np.where(root < 0, NO_CHORD, NO_CHORD + 1 + root * len(chords.QUALITIES) + quality)
    return _changes(bar * POSITIONS + beat * steps_per_quarter, index)


def _heard(score: Score, beats: Int) -> Bool:
    """Beats in which something sounds, and the first of each silence, bool [k].

    No chord changes in a silence: that it may last for days costs nothing.
    """
    first = np.maximum(np.searchsorted(beats, score.onset, side="right") - 1, 0)
    end = score.onset.astype(np.int64) + score.duration
    after = np.maximum(np.searchsorted(beats, end, side="left"), first)
    size = len(beats) + 1
    change = np.bincount(first, minlength=size) - np.bincount(after, minlength=size)
    sounding = np.cumsum(change)[: len(beats)] > 0
    return sounding | np.append(True, sounding[:-1])


def _changes(point: Int, index: Int) -> tuple[Int, Int]:
    new = np.append(True, index[1:] != index[:-1])[: len(index)]
    return point[new], index[new]


def metrical(values: Int, bars: Bars, steps_per_quarter: int) -> tuple[Int, Int, Int]:
    """Bar and step of every row of words [n, 7], and the tempo map (tick, µs per quarter)."""
    values = values.astype(np.int64)
    bar = np.cumsum(values[:, 2] == 1) - 1
    has_step = values[:, 2] > 1
    row = np.maximum.accumulate(np.where(has_step, np.arange(len(values)), 0))
    step = np.maximum(values[row, 2] - 2, 0)
    marks = np.flatnonzero(values[:, 0] > CONTI)
    tick = from_grid(bars, bar[marks], step[marks], steps_per_quarter)
    per_quarter = np.rint(6e7 / TEMPOS[values[marks, 0] - 2])
    return bar, step, np.stack([tick, per_quarter], axis=1).astype(np.int32)
