"""Compound words: a note, or a point of the metrical grid, as one row of small numbers.

``cp4`` is MidiBERT's scheme (arXiv 2107.05223) and ``cp7`` the Compound Word Transformer's
(arXiv 2101.02402), both for any metre, resolution and pitch; ``midibert`` reproduces the
arrays that MidiBERT published, their defects included (see ``midibert.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music import chords, midibert
from ostinato.music.grid import (
    Bars,
    Float,
    bars_from_signatures,
    from_grid,
    join_parts,
    split_long,
    to_grid,
)
from ostinato.music.score import Int, Score, Track

Scheme = Literal["cp4", "cp7", "midibert"]

POSITIONS = 192  # steps of the longest bar: 12 whole notes in 16ths, 8 quarters in 24ths
STEPS_PER_QUARTER = (4, 12, 24)
NEW, CONTINUE = 0, 1

# cp4. A bar without notes is one row, (NEW, EMPTY, EMPTY, EMPTY).
CP4_COLUMNS = ("bar", "position", "pitch", "duration")
EMPTY_POSITION, EMPTY_PITCH = POSITIONS, 128

# cp7. Index 0 of every column but ``type`` says that the row does not use it.
CP7_COLUMNS = ("tempo", "chord", "bar-beat", "type", "pitch", "duration", "velocity")
EOS, METRICAL, NOTE = 0, 1, 2
CONTI = 1
TEMPOS = np.arange(32, 225, 3)  # quarters per minute
VELOCITIES = np.arange(40, 127, 2)
NO_CHORD = 2
CHORDS = 12 * len(chords.QUALITIES)


@dataclass(frozen=True, eq=False)
class Words:
    """A piece as compound words, every note in exactly one row."""

    values: Int  # int16 [n, F], columns in the scheme's published order
    note_index: Int  # int32 [n], the note that a row stands for, -1 where it stands for none
    scheme: Scheme
    vocab: tuple[int, ...]  # size of each column
    bars: Bars  # through the last note
    steps_per_quarter: int
    ticks_per_quarter: int
    clipped: int = 0  # notes longer than the last duration bin
    duplicates: int = 0  # notes beyond the first of each (onset, duration, pitch, velocity)

    def __len__(self) -> int:
        return len(self.values)


def columns(scheme: Scheme) -> tuple[str, ...]:
    """The names of a scheme's columns."""
    return CP7_COLUMNS if scheme == "cp7" else CP4_COLUMNS


def vocabulary(scheme: Scheme, steps_per_quarter: int = 4) -> tuple[int, ...]:
    """The size of each column of a scheme, for ``Words.vocab``."""
    if scheme == "cp4":
        return (2, POSITIONS + 1, 129, 16 * steps_per_quarter + 1)
    if scheme == "cp7":
        beats, durations = POSITIONS + 2, 4 * steps_per_quarter + 2
        return (len(TEMPOS) + 2, CHORDS + 3, beats, 3, 129, durations, len(VELOCITIES) + 1)
    if scheme == "midibert":
        return midibert.VOCAB
    raise UserError(f"a scheme is cp4, cp7 or midibert; got {scheme!r}")


def empty_values(scheme: Scheme, steps_per_quarter: int = 4) -> tuple[int, ...]:
    """The value of each column that says nothing; -1 where every value says something."""
    if scheme == "cp4":
        return (-1, EMPTY_POSITION, EMPTY_PITCH, 16 * steps_per_quarter)
    return (0, 0, 0, -1, 0, 0, 0) if scheme == "cp7" else (-1, -1, -1, -1)


def encode(
    score: Score,
    scheme: Scheme = "cp4",
    *,
    steps_per_quarter: int = 4,
    bars: Bars | None = None,
) -> Words:
    """Every note of a score as compound words; drums too, so select before if unwanted.

    ``bars`` defaults to the score's own metre; bars of more than ``POSITIONS`` steps are cut
    there. Simultaneous notes are ordered by pitch (rising in ``cp4``, falling in ``cp7``, as
    published), then duration, then velocity: never by track. Raises ``UserError`` for an
    unknown scheme or resolution, or a piece of too many bars.
    """
    if scheme == "midibert":
        return _encode_midibert(score)
    vocab = vocabulary(scheme, steps_per_quarter)
    if steps_per_quarter not in STEPS_PER_QUARTER:
        raise UserError(
            f"steps per quarter are one of {STEPS_PER_QUARTER}; got {steps_per_quarter}"
        )
    if bars is None:
        bars = bars_from_signatures(score)
    bars = split_long(bars, steps_per_quarter, POSITIONS)
    bar, step = to_grid(bars, score.onset, steps_per_quarter)
    bars = _trim(bars, int(bar.max()) + 1 if len(bar) else 0)
    bin_, clipped = _durations(score, scheme, bars, bar, steps_per_quarter)
    place = (bar * POSITIONS + step) * 128 + score.pitch
    encoder = _encode_cp4 if scheme == "cp4" else _encode_cp7
    values, note_index, order = encoder(score, bars, (bar, step, bin_), steps_per_quarter)
    return Words(
        values=values,
        note_index=note_index,
        scheme=scheme,
        vocab=vocab,
        bars=bars,
        steps_per_quarter=steps_per_quarter,
        ticks_per_quarter=score.ticks_per_quarter,
        clipped=clipped,
        duplicates=_duplicates(score, place[order]),
    )


def decode(words: Words) -> Score:
    """The score that the words say, on the grid, as one track named piano.

    ``cp4`` knows no velocity and no tempo: 64, and none. With bars from a beat annotation the
    ticks are right, but only ``encode(..., bars=words.bars)`` gives the same words again; and
    durations round once more where half a step is less than a tick.
    """
    rows = np.flatnonzero(words.note_index >= 0)
    values = words.values[rows].astype(np.int64)
    tempos = np.zeros((0, 2), dtype=np.int32)
    velocity = np.full(len(rows), 64)
    per_quarter = words.steps_per_quarter
    if words.scheme == "cp7":
        bar, step, tempos = _metrical(words)
        bar, step = bar[rows], step[rows]
        pitch, steps = values[:, 4] - 1, (values[:, 5] - 1).astype(np.float64)
        velocity = VELOCITIES[values[:, 6] - 1]
    else:
        bar = (np.cumsum(words.values[:, 0] == NEW) - 1)[rows]
        step, pitch, steps = values[:, 1], values[:, 2], (values[:, 3] + 1) / 2
        if words.scheme == "midibert":
            pitch = pitch + midibert.LOWEST
    ticks = np.rint(steps * words.bars.quarter[bar] / per_quarter)
    return Score(
        ticks_per_quarter=words.ticks_per_quarter,
        onset=from_grid(words.bars, bar, step, per_quarter).astype(np.int32),
        duration=ticks.astype(np.int32),
        pitch=pitch.astype(np.int16),
        velocity=velocity.astype(np.int16),
        track=np.zeros(len(rows), dtype=np.int16),
        tracks=(Track("piano"),),
        tempos=tempos,
        time_signatures=_signature_events(words.bars),
    )


def _trim(bars: Bars, count: int) -> Bars:
    """The first ``count`` bars; the last bar repeated where a note was rounded past it."""
    if count <= len(bars):
        return bars.take(slice(0, count))
    grown = bars.take(np.append(np.arange(len(bars)), len(bars) - 1))
    grown.start[-1] = bars.start[-1] + bars.length[-1]
    grown.part[-1] = 0
    full = grown.numerator[-1] * 4 / grown.denominator[-1] * grown.quarter[-1]
    grown.length[-1] = max(1, round(full))
    return grown


def _durations(
    score: Score, scheme: Scheme, bars: Bars, bar: Int, steps_per_quarter: int
) -> tuple[Int, int]:
    """Duration bin of each note, and how many notes were longer than the last bin."""
    steps = score.duration * steps_per_quarter / bars.quarter[bar]
    if scheme == "cp4":  # half steps, counted from one; ties to the lower
        bins, most = np.ceil(2 * steps - 0.5) - 1, 16 * steps_per_quarter - 1
    else:  # whole steps, zero allowed; ties to the even
        bins, most = np.rint(steps), 4 * steps_per_quarter
    clipped = int(np.count_nonzero(bins > most))
    return np.clip(bins, 0, most).astype(np.int64), clipped


def _encode_cp4(
    score: Score, bars: Bars, grid: tuple[Int, Int, Int], steps_per_quarter: int
) -> tuple[Int, Int, Int]:
    bar, step, bin_ = grid
    notes = len(score)
    # One integer that sorts as (bar, step, pitch, duration, velocity) does: much the fastest.
    place = (bar * POSITIONS + step) * 128 + score.pitch
    order = np.argsort((place * 512 + bin_) * 128 + score.velocity, kind="stable")
    empty = (
        np.flatnonzero(np.bincount(bar, minlength=len(bars)) == 0) if notes else np.zeros(0, int)
    )
    where = bar[order]
    values = np.empty((notes, 4), dtype=np.int16)
    values[:, 0] = CONTINUE
    values[:1, 0] = NEW
    values[1:, 0][where[1:] != where[:-1]] = NEW
    values[:, 1] = step[order]
    values[:, 2] = score.pitch[order]
    values[:, 3] = bin_[order]
    index = order.astype(np.int32)
    if len(empty):
        at = np.searchsorted(where, empty)
        nothing = (NEW, EMPTY_POSITION, EMPTY_PITCH, 16 * steps_per_quarter)
        values = np.insert(values, at, np.array(nothing, dtype=np.int16), axis=0)
        index = np.insert(index, at, -1)
    return values, index, order


def _encode_cp7(
    score: Score, bars: Bars, grid: tuple[Int, Int, Int], steps_per_quarter: int
) -> tuple[Int, Int, Int]:
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
    table = score.tempos[(score.tempos[:, 1] > 0) & (score.tempos[:, 0] >= 0)].astype(np.int64)
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
    found = chords.recognise(score, ticks)
    root, quality = found.root.astype(np.int64), found.quality.astype(np.int64)
    index = np.where(root < 0, NO_CHORD, NO_CHORD + 1 + root * len(chords.QUALITIES) + quality)
    return _changes(bar * POSITIONS + beat * steps_per_quarter, index)


def _changes(point: Int, index: Int) -> tuple[Int, Int]:
    new = np.append(True, index[1:] != index[:-1])[: len(index)]
    return point[new], index[new]


def _metrical(words: Words) -> tuple[Int, Int, Int]:
    """Bar and step of every row of ``cp7`` words, and the tempo map (tick, µs per quarter)."""
    values = words.values.astype(np.int64)
    bar = np.cumsum(values[:, 2] == 1) - 1
    has_step = values[:, 2] > 1
    row = np.maximum.accumulate(np.where(has_step, np.arange(len(values)), 0))
    step = np.maximum(values[row, 2] - 2, 0)
    marks = np.flatnonzero(values[:, 0] > CONTI)
    tick = from_grid(words.bars, bar[marks], step[marks], words.steps_per_quarter)
    per_quarter = np.rint(6e7 / TEMPOS[values[marks, 0] - 2])
    return bar, step, np.stack([tick, per_quarter], axis=1).astype(np.int32)


def _signature_events(bars: Bars) -> Int:
    """Time signatures from which ``bars_from_signatures`` makes these bars again."""
    whole = join_parts(bars)
    metre = np.stack([whole.numerator, whole.denominator], axis=1)
    changed = np.append(True, (metre[1:] != metre[:-1]).any(axis=1))[: len(whole)]
    if len(whole):
        full = whole.numerator * 4 * whole.quarter / whole.denominator
        changed[1:] |= (whole.length < full - 1)[:-1]
    return np.concatenate([whole.start[:, None], metre], axis=1)[changed].astype(np.int32)


def _duplicates(score: Score, place: Int) -> int:
    """Notes that repeat the (onset, duration, pitch, velocity) of an earlier one."""
    # ``place`` is sorted, and equal notes share a place: look closer only where some do.
    if not (place[1:] == place[:-1]).any():
        return 0
    rows = score.sorted_notes()
    return int((rows[1:] == rows[:-1]).all(axis=1).sum())


def snap(
    score: Score,
    scheme: Scheme = "cp4",
    *,
    steps_per_quarter: int = 4,
    bars: Bars | None = None,
) -> Score:
    """The score with each note moved to the scheme's grid: what the words can say of it.

    Notes keep their order and their tracks. ``decode(encode(score))`` has the same notes; in
    ``cp4`` velocities stay as they are here, since the words do not hold them.
    """
    words = encode(score, scheme, steps_per_quarter=steps_per_quarter, bars=bars)
    said = decode(words)
    note = words.note_index[words.note_index >= 0]
    place = np.empty(len(score), dtype=np.int64)
    place[note] = np.arange(len(note))
    velocity = said.velocity[place] if scheme == "cp7" else score.velocity
    return replace(score, onset=said.onset[place], duration=said.duration[place], velocity=velocity)


def _encode_midibert(score: Score) -> Words:
    values, note_index = midibert.encode_midibert(score)
    # The scheme forgets how far apart its bars are: they stand one after another here.
    count = int(np.count_nonzero(values[:, 0] == NEW))
    fours = np.full(count, 4)
    bars = Bars(
        start=np.arange(count) * 1920,
        length=np.full(count, 1920),
        quarter=np.full(count, 480.0),
        numerator=fours,
        denominator=fours,
        part=np.zeros(count, dtype=np.int64),
    )
    return Words(
        values=values,
        note_index=note_index,
        scheme="midibert",
        vocab=midibert.VOCAB,
        bars=bars,
        steps_per_quarter=4,
        ticks_per_quarter=480,
    )
