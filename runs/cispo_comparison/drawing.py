"""Learning curves: a panel for each task and degree, a line for each arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write

from .cells import ARMS, TASKS, UPDATES
from .store import Kept, found
from .summary import at_own_rates, band, curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, which the colour-blind tell apart, and a dash for who sees none.
STYLES = {
    "grpo": ("#0072B2", (0, (4, 1.5))),
    "dapo": ("#009E73", (0, (6, 1.5, 1, 1.5))),
    "cispo": ("#D55E00", "-"),
    "unified": ("#CC79A7", (0, (2, 1))),
    "reinforce": ("#6E7781", (0, (1, 1))),
}
NAMES = {
    "grpo": "GRPO 0.2 / 0.2",
    "dapo": "DAPO 0.2 / 0.28",
    "cispo": "CISPO, cap 5",
    "unified": "cap 5, negative mask",
    "reinforce": "REINFORCE",
}
Panel = tuple[str, dict[str, Kept], bool]
"""Its title, the cell of each arm, and whether it shows rewards from 0 to 1."""
TITLES = {"fork": "sum of 24 digits modulo 10", "chain": "chain_sum, twelve terms"}


def draw(folder: Path, pictures: Path) -> list[Path]:
    """The PNGs ``cispo_equal``, ``cispo_tuned`` and ``cispo_twin``; bands are 95 % intervals.

    The first has all arms at the common rate, the second each at its own, the third the softmax
    twin and the control with one update per batch. What has not been run stays an empty panel.
    """
    grid = [(task, updates) for task in TASKS for updates in UPDATES]
    title = "{}, {} updates per batch".format
    equal = [
        (title(TITLES[t], u), _all_arms(found(folder, f"main-{t}-u{u}")), True) for t, u in grid
    ]
    tuned = [(title(TITLES[t], u), at_own_rates(folder, t, u), True) for t, u in grid]
    twin = [
        ("softmax layers only, 16 updates per batch: fork", "twin-fork-u16", True),
        ("7:1 hybrid, one update per batch: fork", "control-fork-u1", False),
    ]
    others = [(name, _all_arms(found(folder, cell)), whole) for name, cell, whole in twin]
    if not any(sources for _, sources, _ in equal + tuned + others):
        raise UserError(f"expected a cell main-fork-u16.npz or the like in {folder}: run it first")
    drawn = {"cispo_equal": equal, "cispo_tuned": tuned, "cispo_twin": others}
    return [_draw(panels, pictures / f"{name}.png") for name, panels in drawn.items()]


def _all_arms(kept: Kept | None) -> dict[str, Kept]:
    return {} if kept is None else dict.fromkeys((m.arm for m in kept.members), kept)


def _draw(panels: list[Panel], path: Path) -> Path:
    from matplotlib.figure import Figure

    rows = len(panels) // 2
    drawing = Figure(figsize=(10, 3.4 * rows + 0.4), dpi=120, layout="constrained")
    axes = drawing.subplots(rows, 2, squeeze=False)
    for place, (title, sources, whole) in enumerate(panels):
        axis: Axes = axes[place // 2, place % 2]
        axis.set_title(title, fontsize=10)
        _panel(axis, sources, whole=whole)
        if place % 2 == 0:
            axis.set_ylabel("mean reward of rollouts", fontsize=9)
        if place // 2 == rows - 1:
            axis.set_xlabel("batches of 64 prompts x 16 learnt from", fontsize=9)
    handles, labels = max(
        (a.get_legend_handles_labels() for a in axes.flat), key=lambda x: len(x[0])
    )
    drawing.legend(
        handles, labels, loc="outside lower center", ncols=len(ARMS), frameon=False, fontsize=9
    )
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")
    return path


def _panel(axis: Axes, sources: dict[str, Kept], *, whole: bool) -> None:
    """The mean of each arm's runs, and the bootstrap interval of that mean; ``whole``: from 0 to 1.

    Where curves lie upon each other, the later are narrower.
    """
    if not sources:
        axis.text(0.5, 0.5, "not run", ha="center", transform=axis.transAxes)
    width = 1.6 if whole else 4.0
    for arm, (colour, dash) in STYLES.items():
        if arm not in sources:
            continue
        by = curves(sources[arm], arm)
        mean = np.array(list(by.values())).mean(0)
        batches = np.arange(len(mean))
        axis.fill_between(batches, *band(by), color=colour, alpha=0.15, linewidth=0)
        line = {"color": colour, "linestyle": dash, "linewidth": width, "label": NAMES[arm]}
        axis.plot(batches, mean, **line)
        axis.set_xlim(0, len(mean) - 1)
        width = width if whole else width - 0.7
    if whole:
        axis.set_ylim(0, 1.02)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
