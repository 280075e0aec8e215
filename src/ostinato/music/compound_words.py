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
from ostinato.music import cp7, midibert
from ostinato.music.grid import (
    POSITIONS,
    Bars,
    bars_from_signatures,
    from_grid,
    join_parts,
    split_long,
    to_grid,
)
from ostinato.music.score import Int, Score, Track

Scheme = Literal["cp4", "cp7", "midibert"]

STEPS_PER_QUARTER = (4, 12, 24)
NEW, CONTINUE = 0, 1

# cp4. A bar without notes is one row, (NEW, EMPTY, EMPTY, EMPTY).
CP4_COLUMNS = ("bar", "position", "pitch", "duration")
EMPTY_POSITION, EMPTY_PITCH = POSITIONS, 128


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
    return cp7.COLUMNS if scheme == "cp7" else CP4_COLUMNS


def vocabulary(scheme: Scheme, steps_per_quarter: int = 4) -> tuple[int, ...]:
    """The size of each column of a scheme, for ``Words.vocab``."""
    if scheme == "cp4":
        return (2, POSITIONS + 1, 129, 16 * steps_per_quarter + 1)
    if scheme == "cp7":
        return cp7.vocabulary(steps_per_quarter)
    if scheme == "midibert":
        return midibert.VOCAB
    raise UserError(f"a scheme is cp4, cp7 or midibert; got {scheme!r}")


def empty_values(scheme: Scheme, steps_per_quarter: int = 4) -> tuple[int, ...]:
    """The value of each column that says nothing; -1 where every value says something."""
    if scheme == "cp4":
        return (-1, EMPTY_POSITION, EMPTY_PITCH, 16 * steps_per_quarter)
    return cp7.EMPTY if scheme == "cp7" else (-1, -1, -1, -1)


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
        # As far as the next bar, where the last onset is so near that it is rounded there.
        reach = -(-score.ticks_per_quarter // (2 * steps_per_quarter))
        last = int(score.onset.max()) if len(score) else 0
        bars = bars_from_signatures(score, end=last + reach)
    bars = split_long(bars, steps_per_quarter, POSITIONS)
    bar, step = to_grid(bars, score.onset, steps_per_quarter)
    bars = _trim(bars, int(bar.max()) + 1 if len(bar) else 0)
    bin_, clipped = _durations(score, scheme, bars, bar, steps_per_quarter)
    place = (bar * POSITIONS + step) * 128 + score.pitch
    encoder = _encode_cp4 if scheme == "cp4" else cp7.encode_cp7
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
        bar, step, tempos = cp7.metrical(words.values, words.bars, per_quarter)
        bar, step = bar[rows], step[rows]
        pitch, steps = values[:, 4] - 1, (values[:, 5] - 1).astype(np.float64)
        velocity = cp7.VELOCITIES[values[:, 6] - 1]
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


def _signature_events(bars: Bars) -> Int:
    """Time signatures from which ``bars_from_signatures`` makes these bars again."""
    whole = join_parts(bars)
    start, end = whole.start.tolist(), (whole.start + whole.length).tolist()
    metre = list(zip(whole.numerator.tolist(), whole.denominator.tolist(), strict=True))
    full = (whole.numerator * 4 * whole.quarter).tolist()

    def said(first: int, bar: int) -> int:
        """The end of a bar by a signature at the start of ``first``: a bar may last a fraction of
        a tick more than its integer start says.
        """
        return start[first] + (bar + 1 - first) * full[bar] // metre[bar][1]

    def begins(after: int, bar: int) -> int | None:
        """The first bar later than ``after`` from which a signature says all ends through
        ``bar``'s.
        """
        for first in range(after + 1, bar + 1):
            if all(said(first, one) == end[one] for one in range(first, bar + 1)):
                return first
        return None

    firsts: list[int] = []  # bars at whose start a signature stands
    for bar in range(len(start)):
        if not firsts or metre[bar] != metre[bar - 1] or start[bar] != said(firsts[-1], bar - 1):
            firsts.append(bar)
        # A bar that is cut short needs nothing: the next one begins with a signature.
        if said(firsts[-1], bar) != end[bar] and full[bar] % metre[bar][1]:
            later = begins(firsts[-1], bar)
            firsts += [] if later is None else [later]
    events = [(start[bar], *metre[bar]) for bar in firsts]
    return np.array(events, dtype=np.int32).reshape(-1, 3)


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
