"""A picture of ``bench m1-length``: a decoded token's time and the cache's bytes by length."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ostinato.base.files import atomic_write

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart, and a mark for who sees none.
_TWINS = {
    "lightning": ("lightning only", "#D55E00", "o"),
    "hybrid": ("hybrid, 1 softmax layer in 8", "#009E73", "s"),
    "softmax": ("softmax only", "#0072B2", "^"),
}
_INK, _QUIET, _LINE = "#24292F", "#6B7580", "#E6E9EC"
_TICKS = {10**n: name for n, name in enumerate(("1", "10", "100", "1K", "10K", "100K", "1M"))}
_BYTES = {
    10 ** (3 * power + digit): f"{10**digit} {unit}"
    for power, unit in ((1, "KB"), (2, "MB"), (3, "GB"))
    for digit in range(3)
}
_GAP = 1.25  # between a curve's last point and the panel's edge, as a factor


def figure(results: Mapping[str, Any], path: Path) -> None:
    """Write a PNG of what ``ostinato bench m1-length --json`` printed."""
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(11, 4.9), dpi=130)
    drawing.set_facecolor("white")
    left, right = drawing.subplots(1, 2)
    drawing.subplots_adjust(0.06, 0.12, 0.985, 0.77, wspace=0.2)
    for twin in _TWINS:
        rows = [row for row in results["rows"] if row["twin"] == twin]
        tokens = [row["tokens"] for row in rows]
        _line(left, twin, tokens, [1e3 * row["decode"] for row in rows])
        _line(right, twin, tokens, [row["cache_bytes"] for row in rows])
    left.set_ylim(bottom=0)
    left.set_title("time of one decoded token (ms)", loc="left", size=10.5, color=_INK)
    right.set_yscale("log")
    right.set_title("cache of one sequence", loc="left", size=10.5, color=_INK)
    lowest, highest = right.get_ylim()
    shown = {size: name for size, name in _BYTES.items() if lowest <= size <= highest}
    right.set_yticks(list(shown), list(shown.values()))
    every = [row["tokens"] for row in results["rows"]]
    for axes in (left, right):
        _frame(axes, min(every) / _GAP, max(every) * _GAP)
    drawing.text(0.06, 0.93, "Decoding after n tokens", size=14, weight="bold", color=_INK)
    drawing.text(0.06, 0.883, _told(results), size=9, color=_QUIET, parse_math=False)
    legend = left.legend(loc="upper left", frameon=False, fontsize=9.5, labelcolor=_INK)
    legend.set_zorder(5)
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")


def _told(results: Mapping[str, Any]) -> str:
    sizes = sorted(results["parameters"].values())
    words = (
        f"three twins of {sizes[0] / 1e6:.1f} to {sizes[-1] / 1e6:.1f} million parameters",
        "fresh weights",
        "float32",
        "one thread, CPU time",
        str(results["machine"]),
        str(results.get("date", "")),
    )
    return ", ".join(word for word in words if word)


def _line(axes: Axes, twin: str, tokens: list[int], values: list[float]) -> None:
    label, colour, mark = _TWINS[twin]
    axes.plot(tokens, values, color=colour, marker=mark, ms=4.5, linewidth=1.8, label=label)


def _frame(axes: Axes, shortest: float, longest: float) -> None:
    axes.set_xscale("log")
    axes.set_xlim(shortest, longest)
    shown = {n: name for n, name in _TICKS.items() if shortest <= n <= longest}
    axes.set_xticks(list(shown), list(shown.values()))
    axes.set_xlabel("tokens in the cache", size=9.5, color=_INK)
    axes.grid(visible=True, which="major", color=_LINE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.minorticks_off()
    axes.tick_params(length=0, labelsize=9, labelcolor=_INK)
    for side in axes.spines.values():
        side.set_visible(False)
