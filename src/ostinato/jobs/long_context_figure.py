"""A picture of ``long-context`` results: exact matches by length, one line for each model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write
from ostinato.eval.long_context import ALL, Result
from ostinato.jobs.show import printable, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart, and a mark for who sees none.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKS = ("o", "s", "^", "D", "v", "P")
_CHANCE = "#6E7781"
_COLUMNS = 4


def figure(results: Mapping[str, Result], path: Path) -> None:
    """Write a PNG: all tasks together, then each; a band is a 95 % interval, dashes are chance."""
    from matplotlib.figure import Figure

    if not results:
        raise UserError("expected at least one result to draw")
    first, *others = results.values()
    if any((r.suite, r.prompts) != (first.suite, first.prompts) for r in others):
        raise UserError("these results are of different examples: evaluate all with one suite")
    panels = (ALL, *first.suite.tasks)
    rows = -(-(len(panels) + 1) // _COLUMNS)
    drawing = Figure(figsize=(12, 3.1 * rows), dpi=120, layout="constrained")
    axes: list[Axes] = drawing.subplots(rows, _COLUMNS, squeeze=False).ravel().tolist()
    for axis, task in zip(axes, panels, strict=False):
        _panel(axis, results, task)
    handles, labels = axes[0].get_legend_handles_labels()
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    legend = axes[len(panels)].legend(handles, labels, loc="center", frameon=False)
    for text in legend.get_texts():
        text.set_parse_math(False)
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")


def _panel(axis: Axes, results: Mapping[str, Result], task: str) -> None:
    suite = next(iter(results.values())).suite
    for number, (name, result) in enumerate(results.items()):
        cells = result.by_length(task)
        low, high = zip(*(cell.interval for cell in cells), strict=True)
        colour = _COLOURS[number % len(_COLOURS)]
        mark = _MARKS[number % len(_MARKS)]
        axis.fill_between(suite.lengths, low, high, color=colour, alpha=0.18, linewidth=0)
        axis.plot(
            suite.lengths,
            [cell.exact for cell in cells],
            color=colour,
            marker=mark,
            markersize=4,
            label=shortened(printable(name)),
        )
    chance = [cell.chance for cell in next(iter(results.values())).by_length(task)]
    axis.plot(suite.lengths, chance, color=_CHANCE, linestyle="--", linewidth=1, label="chance")
    axis.set_xscale("log", base=2)
    axis.set_xticks(suite.lengths, [f"{multiple}×" for multiple in suite.multiples])
    axis.minorticks_off()
    axis.set_ylim(-0.03, 1.03)
    axis.set_title("all tasks" if task == ALL else task, fontsize=10)
    axis.set_xlabel(f"× {suite.training_length:,} bytes", fontsize=9)
    axis.set_ylabel("exact match", fontsize=9)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.tick_params(labelsize=8)
