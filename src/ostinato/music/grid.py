"""Bars and the metrical grid: which bar a tick lies in, and at which step of it."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.music.score import Bool, Int, Score

Float = NDArray[np.float64]

POSITIONS = 192  # steps of the longest bar: 12 whole notes in 16ths, 8 quarters in 24ths
MAX_BARS = 1 << 17  # three days at 120 quarters per minute in 4/4


@dataclass(frozen=True, eq=False)
class Bars:
    """Where each bar of a piece begins, in ticks, and how it is counted. All arrays are [m]."""

    start: Int  # int64, ticks
    length: Int  # int64, ticks; less than the metre says where the metre changes inside a bar
    quarter: Float  # ticks to a quarter note in this bar (varies only with a beat file)
    numerator: Int
    denominator: Int
    part: Int  # 0, or 1, 2, ... for the later pieces of a bar that was too long for the grid
    assumed: bool = False  # no metre was given: 4/4 was taken

    def __len__(self) -> int:
        return len(self.start)

    def steps(self, steps_per_quarter: int) -> Int:
        """Grid positions in each bar, int64 [m], at least 1."""
        steps = np.ceil(self.length * steps_per_quarter / self.quarter)
        return np.maximum(steps, 1).astype(np.int64)

    def take(self, bars: slice | Int) -> Bars:
        """Some of the bars, in the order asked for."""
        arrays = {f.name: getattr(self, f.name)[bars] for f in fields(self) if f.name != "assumed"}
        return Bars(**arrays, assumed=self.assumed)


def bars_from_signatures(score: Score, *, end: int | None = None) -> Bars:
    """Bars by the file's time signatures, from tick 0 through the bar that holds ``end``.

    ``end`` defaults to the last onset. A signature inside a bar cuts that bar short; before
    the first signature, and without any, the metre is 4/4 (``assumed`` when there is none).
    Signatures that mean nothing (0/4, or a bar under a tick) are passed over.
    """
    if end is None:
        end = int(score.onset.max()) if len(score) else 0
    tpq = score.ticks_per_quarter
    changes = [change for change in _signatures(score) if change[0] <= end]
    stops = [tick for tick, _, _ in changes[1:]] + [end + 1]
    # A bar may last a fraction of a tick more than its integer start says.
    counts = [
        -(-(stop - tick) * d // (n * 4 * tpq))
        for (tick, n, d), stop in zip(changes, stops, strict=True)
    ]
    if sum(counts) > MAX_BARS:
        raise UserError(
            f"the piece spans {sum(counts):,} bars, at most {MAX_BARS:,} are read; "
            f"check its ticks per quarter ({tpq}) and its last note (tick {end:,})"
        )
    edges = [
        tick + np.arange(count + (stop > end)) * (n * 4 * tpq) // d
        for (tick, n, d), stop, count in zip(changes, stops, counts, strict=True)
    ]
    edge = np.concatenate(edges)
    return Bars(
        start=edge[:-1],
        length=np.diff(edge),
        quarter=np.full(len(edge) - 1, float(tpq)),
        numerator=np.repeat([n for _, n, _ in changes], counts),
        denominator=np.repeat([d for _, _, d in changes], counts),
        part=np.zeros(len(edge) - 1, dtype=np.int64),
        assumed=not len(score.time_signatures),
    )


def _signatures(score: Score) -> list[tuple[int, int, int]]:
    """(tick, numerator, denominator), ticks rising, the first at 0, the last of a tick valid."""
    found: dict[int, tuple[int, int, int]] = {}
    for tick, n, d in score.time_signatures.tolist():
        if n > 0 and d > 0 and n * 4 * score.ticks_per_quarter >= d and tick >= 0:
            found[tick] = (tick, n, d)
    found.setdefault(0, (0, 4, 4))
    return [found[tick] for tick in sorted(found)]


def bars_from_beats(score: Score, beat_ticks: Float, downbeat: Bool) -> Bars:
    """Bars by an annotation of beats (each a quarter note), through the last onset.

    ``beat_ticks`` [k] rises; a bar runs from one beat marked ``downbeat`` [k] to the next.
    Before the first mark and after the last the nearest bar is repeated as often as notes
    need it, so that the first bar of a piece with a pick-up may begin before tick 0.
    """
    marks = np.flatnonzero(downbeat)
    if len(marks) < 2 or len(beat_ticks) != len(downbeat) or (np.diff(beat_ticks) <= 0).any():
        raise UserError(
            f"a beat annotation needs rising times and two downbeats; got {len(beat_ticks)} "
            f"beats and {len(marks)} downbeats"
        )
    edges = np.rint(beat_ticks[marks]).astype(np.int64)
    beats = np.diff(marks)
    first, last = (int(score.onset.min()), int(score.onset.max())) if len(score) else (0, 0)
    pickup = int(edges[1] - edges[0])
    bars_before = max(0, -(-(int(edges[0]) - first) // pickup))
    before = edges[0] - pickup * np.arange(bars_before, 0, -1)
    step = int(edges[-1] - edges[-2])
    after = np.arange(edges[-1] + step, last + step + 1, step)
    start = np.concatenate([before, edges, after])
    metre = np.concatenate(
        [np.full(len(before), beats[0]), beats, np.full(len(after) + 1, beats[-1])]
    )
    quarter = np.concatenate(
        [
            np.full(len(before), pickup / beats[0]),
            np.diff(edges) / beats,
            np.full(len(after) + 1, step / beats[-1]),
        ]
    )
    keep = slice(0, max(1, int(np.searchsorted(start, last, side="right"))))
    length = np.append(np.diff(start), step)
    return Bars(
        start=start[keep],
        length=length[keep],
        quarter=quarter[keep],
        numerator=metre[keep],
        denominator=np.full(len(start), 4)[keep],
        part=np.zeros(len(start), dtype=np.int64)[keep],
    )


def split_long(bars: Bars, steps_per_quarter: int, most: int) -> Bars:
    """Bars of more than ``most`` steps cut after every ``most``; ``part`` counts the cuts."""
    pieces = -(-bars.steps(steps_per_quarter) // most)
    if (pieces == 1).all():
        return bars
    if pieces.sum() > MAX_BARS:
        raise UserError(f"a bar is cut every {most} steps; this piece would need {pieces.sum():,}")
    cut = bars.take(np.repeat(np.arange(len(bars)), pieces))
    part = np.arange(len(cut)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    start = cut.start + np.rint(part * most * cut.quarter / steps_per_quarter).astype(np.int64)
    end = np.append(start[1:], cut.start[-1] + cut.length[-1])
    last = np.append(part[1:] == 0, True)
    end[last] = (cut.start + cut.length)[last]
    return Bars(start, end - start, cut.quarter, cut.numerator, cut.denominator, part, cut.assumed)


def join_parts(bars: Bars) -> Bars:
    """The bars as they were before ``split_long``."""
    first = np.flatnonzero(bars.part == 0)
    whole = bars.take(first)
    length = np.add.reduceat(bars.length, first) if len(first) else whole.length
    return Bars(
        whole.start,
        length,
        whole.quarter,
        whole.numerator,
        whole.denominator,
        whole.part,
        bars.assumed,
    )


def to_grid(bars: Bars, ticks: Int, steps_per_quarter: int) -> tuple[Int, Int]:
    """Bar and step of each tick, int64 [n] each: the nearest step, halves to the even one.

    A tick nearer to the next bar's beginning than to this bar's last step goes there, so
    bar ``len(bars)``, one past the last, can come out.
    """
    bar = np.maximum(np.searchsorted(bars.start, ticks, side="right") - 1, 0)
    step = np.rint((ticks - bars.start[bar]) * steps_per_quarter / bars.quarter[bar])
    step = np.maximum(step, 0).astype(np.int64)
    over = step >= bars.steps(steps_per_quarter)[bar]
    return bar + over, np.where(over, 0, step)


def from_grid(bars: Bars, bar: Int, step: Int, steps_per_quarter: int) -> Int:
    """The tick of a step, int64 [n]: the nearest whole tick inside the bar."""
    offset = np.rint(step * bars.quarter[bar] / steps_per_quarter).astype(np.int64)
    return bars.start[bar] + np.minimum(offset, np.maximum(bars.length[bar] - 1, 0))
