"""A picture of the work that a length takes: M1 beside its peers, and the report's own curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ostinato.base.files import atomic_write
from ostinato.jobs.plan_numbers import is_published
from ostinato.jobs.show import printable, shortened
from ostinato.models.m1.config import M1Config
from ostinato.models.m1.cost import generation_flops, softmax_twin
from ostinato.models.m1.peers import (
    CLAIMS,
    KILO,
    PLOTTED,
    PLOTTED_LENGTHS,
    QWEN3,
    R1_ABSORBED,
    R1_EXPANDED,
    plotted_ratio,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart.
_M1, _R1, _QWEN3 = "#D55E00", "#0072B2", "#009E73"
_INK, _QUIET, _LINE = "#24292F", "#6B7580", "#E6E9EC"
_SHORTEST = 1000  # tokens at the left edge
_TICKS = {10**3: "1K", 10**4: "10K", 10**5: "100K", 10**6: "1M", 10**7: "10M"}
_NAME_GAP = 13  # points between the names of two curves
_POINTS = {"r1": _R1, "qwen3": _QWEN3}


@dataclass(frozen=True)
class _Curve:
    label: str
    short: str
    colour: str
    flops: Sequence[int]
    dashed: bool = False


def draw(path: Path, config: M1Config, name: str, longest: int, *, peers: bool) -> None:
    """Write a PNG: FLOPs of generating up to ``longest`` tokens, and shares of others' FLOPs.

    Without ``peers`` the other is the same model with softmax attention in every layer.
    """
    from matplotlib.figure import Figure

    longest = max(longest, 10 * _SHORTEST)
    lengths = [int(n) for n in np.geomspace(_SHORTEST, longest, 120)]
    others = _peers(lengths) if peers else [_twin(config, lengths)]
    label = "MiniMax-M1" if is_published(config) else shortened(printable(name), 24)
    own = _Curve(label, label, _M1, [generation_flops(config, n) for n in lengths])

    figure = Figure(figsize=(9.6, 8.0), dpi=130)
    figure.set_facecolor("white")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    figure.subplots_adjust(0.085, 0.075, 0.775, 0.9, hspace=0.1)
    below.set_xscale("log")
    below.set_xlim(lengths[0], lengths[-1])
    _work(above, lengths, [own, *others])
    _shares(below, lengths, own, others)
    if is_published(config):
        _report(above, below)
    _frame(above, below, lengths)
    title = f"The work of thinking longer: {label}"
    figure.text(0.02, 0.955, title, size=15, weight="bold", color=_INK, parse_math=False)
    told = "FLOPs of generating n tokens from nothing; 2 to a multiplication with addition; causal"
    figure.text(0.02, 0.928, told, size=9.5, color=_QUIET)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, format="png")


def _peers(lengths: Sequence[int]) -> list[_Curve]:
    return [
        _Curve(label, short, colour, [peer.generation_flops(n) for n in lengths], dashed)
        for peer, label, short, colour, dashed in (
            (R1_ABSORBED, "DeepSeek-R1, MLA absorbed", "R1, absorbed", _R1, True),
            (R1_EXPANDED, "DeepSeek-R1, MLA expanded", "R1, expanded", _R1, False),
            (QWEN3, "Qwen3-235B-A22B", "Qwen3-235B", _QWEN3, False),
        )
    ]


def _twin(config: M1Config, lengths: Sequence[int]) -> _Curve:
    twin = softmax_twin(config)
    flops = [generation_flops(twin, n) for n in lengths]
    return _Curve("softmax in every layer", "softmax only", _R1, flops)


def _work(axes: Axes, lengths: Sequence[int], curves: Sequence[_Curve]) -> None:
    axes.set_yscale("log")
    for curve in curves:
        _line(axes, lengths, curve.flops, curve)
    axes.set_ylabel("FLOPs", color=_INK, size=9.5)
    _names(axes, [(curve.flops[-1], curve.label, curve.colour) for curve in curves])


def _shares(axes: Axes, lengths: Sequence[int], own: _Curve, others: Sequence[_Curve]) -> None:
    """``own`` in percent of each other, cut above twice as much."""
    axes.axhline(100, color=_QUIET, linewidth=0.8, zorder=1)
    ends: list[tuple[float, str, str]] = []
    for other in others:
        share = [100 * a / b for a, b in zip(own.flops, other.flops, strict=True)]
        _line(axes, lengths, share, other)
        ends.append((share[-1], f"{share[-1]:.0f} % of {other.short}", other.colour))
    axes.set_ylim(-4, 200 if len(others) > 1 else 110)
    axes.set_yticks(range(0, 201 if len(others) > 1 else 101, 25))
    axes.set_ylabel(f"{own.label}'s share (%)", color=_INK, size=9.5, parse_math=False)
    _names(axes, ends)


def _line(axes: Axes, lengths: Sequence[int], values: Sequence[float], curve: _Curve) -> None:
    style = (0, (4, 2)) if curve.dashed else "solid"
    width = 2.6 if curve.colour == _M1 else 1.7
    axes.plot(lengths, values, color=curve.colour, linewidth=width, linestyle=style, zorder=3)


def _names(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names beside the right ends of curves, as near as they can be without touching."""
    place = axes.transData + axes.transAxes.inverted()
    figure = axes.get_figure()
    assert figure is not None
    gap = _NAME_GAP / 72 * figure.dpi / axes.bbox.height
    lowest = -1.0
    for value, label, colour in sorted(ends):
        at = float(place.transform((axes.get_xlim()[1], value))[1])
        lowest = max(at, lowest + gap)
        axes.text(
            1.008,
            lowest,
            label,
            transform=axes.transAxes,
            color=colour,
            size=9.5,
            weight="bold" if colour == _M1 else "normal",
            va="center",
            parse_math=False,
        )


def _report(above: Axes, below: Axes) -> None:
    """The report's curves as points, and its two sentences."""
    x = [KILO * kilo for kilo in PLOTTED_LENGTHS]
    for peer, colour in {"m1": _M1, **_POINTS}.items():
        flops = [PLOTTED[peer].flops(kilo) for kilo in PLOTTED_LENGTHS]
        above.plot(x, flops, "o", color="white", mec=colour, ms=4.5, mew=1.2, zorder=4)
    for peer, colour in _POINTS.items():
        shares = [100 * plotted_ratio(kilo, peer) for kilo in PLOTTED_LENGTHS]
        below.plot(x, shares, "o", color="white", mec=colour, ms=4.5, mew=1.2, zorder=4)
    below.plot(
        [KILO * kilo for kilo in CLAIMS],
        [claim.percent for claim in CLAIMS.values()],
        "X",
        color=_INK,
        ms=7,
        mec="white",
        mew=0.6,
        zorder=5,
    )
    for axes, marks in ((above, ["o"]), (below, ["o", "X"])):
        names = {"o": "the report's figure", "X": "its text: under 50 % of R1 at 64K, 25 % at 100K"}
        for mark in marks:
            face = "white" if mark == "o" else _INK
            axes.plot([], [], mark, color=face, mec=_QUIET, ms=5, label=names[mark])
        axes.legend(
            loc="upper left" if axes is above else "upper right",
            facecolor="white",
            edgecolor="white",
            framealpha=1,
            fontsize=9,
            labelcolor=_QUIET,
            handletextpad=0.3,
        )


def _frame(above: Axes, below: Axes, lengths: Sequence[int]) -> None:
    shown = {n: name for n, name in _TICKS.items() if lengths[0] <= n <= lengths[-1]}
    below.set_xticks(list(shown), list(shown.values()))
    below.set_xlabel("tokens generated", color=_INK, size=9.5)
    for axes in (above, below):
        axes.grid(visible=True, which="major", color=_LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.minorticks_off()
        axes.tick_params(length=0, labelsize=9, labelcolor=_INK)
        for side in axes.spines.values():
            side.set_visible(False)
