"""A picture of a piece: its notes over bars and keys, in the colour of their labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ostinato.base.files import atomic_write
from ostinato.jobs.show import printable, shortened
from ostinato.music.grid import bars_from_signatures
from ostinato.music.score import Int, Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart; the last label, the accompaniment
# of three, is the ground on which the others stand.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_GROUND, _UNLABELLED = "#87919C", "#D3D7DC"
_INK, _LINE, _BEAT, _BLACK_KEY = "#24292F", "#C3C9D0", "#E6E9EC", "#F2F4F6"
_BLACK = (1, 3, 6, 8, 10)

_BARS_PER_ROW = 16  # in a piece that fits on one page
_MOST_ROWS = 10
_MOST_LINES = 400  # bars in a row beyond which lines would be a grey field


@dataclass(frozen=True)
class _Page:
    """What all rows of a picture share. Rows are stretches of bars, pitches the keys shown."""

    starts: Int  # ticks at which bars begin, and the end of the last
    beat: Int  # ticks of a beat in each bar
    rows: list[tuple[int, int]]  # first bar and the one after the last
    lowest: int
    highest: int


def draw(
    path: Path,
    score: Score,
    labels: Int,
    names: Sequence[str],
    *,
    title: str = "",
    confidence: NDArray[np.floating[Any]] | None = None,
) -> None:
    """Write a PNG in which every note is a bar from its onset to its end.

    ``labels`` holds an index into ``names`` for each note, -1 for those without a label
    (drums). ``confidence``, 0..1 for each note, makes the doubtful ones pale.
    """
    from matplotlib.figure import Figure

    page = _layout(score)
    height = max(1.5, 0.058 * (page.highest - page.lowest + 1))
    figure = Figure(figsize=(14, 1.1 + (height + 0.3) * len(page.rows)), dpi=120)
    figure.set_facecolor("white")
    axes: list[Axes] = figure.subplots(len(page.rows), 1, squeeze=False)[:, 0].tolist()
    top = 1 - 0.62 / figure.get_figheight()
    figure.subplots_adjust(0.045, 0.45 / figure.get_figheight(), 0.985, top, hspace=0.3 / height)
    for axis, row in zip(axes, page.rows, strict=True):
        _keys(axis, page, row)
        _bars(axis, page, row)
        _notes(axis, score, labels, len(names), confidence, edge=0.0 if _is_dense(page) else 0.35)
    metre = "bar" if len(score.time_signatures) else "bar (4/4 assumed)"
    axes[-1].set_xlabel(metre, fontsize=9, color=_INK, labelpad=3)
    heading = axes[0].set_title(shortened(printable(title)), loc="left", fontsize=13, pad=12)
    heading.set(color=_INK, weight="bold", parse_math=False)
    _legend(axes[0], labels, names)
    with atomic_write(path) as temporary, warnings.catch_warnings():
        # A character that the font lacks is drawn as a box; the notes matter more.
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(temporary, format="png")


def colours(count: int) -> list[str]:
    """One for each label; the last of several is quiet."""
    loud = [_COLOURS[number % len(_COLOURS)] for number in range(count)]
    return [*loud[:-1], _GROUND] if count > 1 else loud


def _layout(score: Score) -> _Page:
    bars = bars_from_signatures(score, end=max(0, score.end - 1))
    starts = np.append(bars.start, bars.start[-1:] + bars.length[-1:]).astype(np.int64)
    if len(starts) < 2:
        starts = np.array([0, 4 * score.ticks_per_quarter])
    count = len(starts) - 1
    beat = np.full(count, score.ticks_per_quarter, dtype=np.int64)
    if len(bars):
        beat = np.maximum(np.rint(bars.quarter * 4 / bars.denominator).astype(np.int64), 1)
    first = int(np.searchsorted(starts, score.onset.min(), side="right")) - 1 if len(score) else 0
    first = min(max(first, 0), count - 1)
    per_row = max(_BARS_PER_ROW, -(-(count - first) // _MOST_ROWS))
    rows = [(bar, min(bar + per_row, count)) for bar in range(first, count, per_row)]
    lowest = int(score.pitch.min(initial=127)) if len(score) else 60
    highest = int(score.pitch.max(initial=0)) if len(score) else 72
    return _Page(starts, beat, rows, max(0, lowest - 3), min(127, highest + 3))


def _is_dense(page: _Page) -> bool:
    """Bars so narrow that the lines of beats, and white edges around notes, would hide notes."""
    return page.rows[0][1] - page.rows[0][0] > 2 * _BARS_PER_ROW


def _keys(axis: Axes, page: _Page, row: tuple[int, int]) -> None:
    """The black keys as stripes, an octave's line and name at each C, as far as there is music."""
    axis.set_ylim(page.lowest - 0.5, page.highest + 0.5)
    keys = np.arange(page.lowest, page.highest + 1)
    left, right = (int(page.starts[bar]) for bar in row)
    black, octaves = keys[np.isin(keys % 12, _BLACK)], keys[keys % 12 == 0]
    axis.barh(black, right - left, 1, left, color=_BLACK_KEY, linewidth=0, zorder=0)
    axis.hlines(octaves - 0.5, left, right, color=_LINE, linewidth=0.6, zorder=1)
    axis.set_yticks(octaves, [f"C{key // 12 - 1}" for key in octaves])
    axis.tick_params(axis="both", length=0, labelsize=8, labelcolor=_INK, pad=3)
    for side in axis.spines.values():
        side.set_visible(False)


def _bars(axis: Axes, page: _Page, row: tuple[int, int]) -> None:
    """Lines at bars and, while there is room for them, at beats; numbers from 1."""
    first, end = row
    span = page.rows[0][1] - page.rows[0][0]
    starts = page.starts[first : end + 1]
    width = int(starts[-1] - starts[0])
    if end - first < span:  # the last row: at the scale of the first
        width = max(width, int(page.starts[page.rows[0][1]] - page.starts[page.rows[0][0]]))
    axis.set_xlim(int(starts[0]), int(starts[0]) + width)
    bottom, top = axis.get_ylim()
    if not _is_dense(page):
        beats = [
            np.arange(page.starts[bar], page.starts[bar + 1], page.beat[bar])[1:]
            for bar in range(first, end)
        ]
        axis.vlines(np.concatenate(beats), bottom, top, color=_BEAT, linewidth=0.5, zorder=1)
    if span <= _MOST_LINES:
        axis.vlines(starts, bottom, top, color=_LINE, linewidth=0.7, zorder=1)
    shown = np.arange(first, end, -(-span // 20))
    axis.set_xticks(page.starts[shown], [str(bar + 1) for bar in shown], ha="left")


def _notes(
    axis: Axes,
    score: Score,
    labels: Int,
    count: int,
    confidence: NDArray[np.floating[Any]] | None,
    *,
    edge: float,
) -> None:
    """The quiet labels first, so that the melody lies on top; ``edge`` is in points."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgba_array

    left, right = axis.get_xlim()
    onset = score.onset.astype(np.float64)
    shortest = (right - left) / 900
    end = onset + np.maximum(score.duration, shortest)
    seen = (end > left) & (onset < right)
    palette = [*colours(count), _UNLABELLED]
    for label in (-1, *reversed(range(count))):
        rows = np.flatnonzero(seen & (labels == label))
        low, high = score.pitch[rows] - 0.45, score.pitch[rows] + 0.45
        x = np.stack([onset[rows], onset[rows], end[rows], end[rows]], axis=1)
        y = np.stack([low, high, high, low], axis=1)
        fill = np.repeat(to_rgba_array(palette[label]), len(rows), axis=0)
        if confidence is not None and label >= 0:
            fill[:, 3] = 0.3 + 0.7 * confidence[rows]
        corners = list(np.stack([x, y], axis=2))
        notes = PolyCollection(corners, facecolors=fill, edgecolors="white")
        notes.set_linewidth(edge)
        notes.set_zorder(3 + count - label if label >= 0 else 2)
        axis.add_collection(notes)


def _legend(axis: Axes, labels: Int, names: Sequence[str]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=colour, label=f"{name.lower()}  {np.count_nonzero(labels == number):,}")
        for number, (name, colour) in enumerate(zip(names, colours(len(names)), strict=True))
    ]
    if missing := np.count_nonzero(labels < 0):
        handles.append(Patch(facecolor=_UNLABELLED, label=f"no label  {missing:,}"))
    axis.legend(
        handles=handles,
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        ncols=len(handles),
        frameon=False,
        fontsize=9.5,
        labelcolor=_INK,
        handlelength=1.4,
        handleheight=0.9,
        columnspacing=1.8,
        borderaxespad=0.2,
    )
