"""Learning curves: a panel for each task and degree, a line for each arm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write

from .cells import ARMS, TASKS, UPDATES
from .store import Kept, found

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
TITLES = {"fork": "sum of 24 digits modulo 10", "chain": "chain_sum, twelve terms"}


def draw(folder: Path, path: Path) -> None:
    """A PNG of the main cells at the common rate; bands span all runs of an arm."""
    from matplotlib.figure import Figure

    cells = {(t, u): found(folder, f"main-{t}-u{u}") for t in TASKS for u in UPDATES}
    held = [task for task in TASKS if any(cells[task, u] for u in UPDATES)]
    if not held:
        raise UserError(f"expected a cell main-fork-u16.npz or the like in {folder}: run it first")
    drawing = Figure(figsize=(10, 3.4 * len(held) + 0.4), dpi=120, layout="constrained")
    axes = drawing.subplots(len(held), len(UPDATES), squeeze=False, sharey=True)
    for row, task in enumerate(held):
        for column, updates in enumerate(UPDATES):
            axis: Axes = axes[row, column]
            kept = cells[task, updates]
            axis.set_title(f"{TITLES[task]}, {updates} updates per batch", fontsize=10)
            if kept is None:
                axis.text(0.5, 0.5, "not run", ha="center", transform=axis.transAxes)
            else:
                _panel(axis, kept)
            if column == 0:
                axis.set_ylabel("mean reward of rollouts", fontsize=9)
            if row == len(held) - 1:
                axis.set_xlabel("batches of 64 prompts x 16 learnt from", fontsize=9)
    handles, labels = max(
        (a.get_legend_handles_labels() for a in axes.flat), key=lambda x: len(x[0])
    )
    drawing.legend(
        handles, labels, loc="outside lower center", ncols=len(ARMS), frameon=False, fontsize=9
    )
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")


def _panel(axis: Axes, kept: Kept) -> None:
    accuracy = kept.metrics["accuracy"]
    batches = np.arange(len(accuracy))
    for arm, (colour, dash) in STYLES.items():
        chosen = accuracy[:, [m.arm == arm for m in kept.members]]
        low, high = chosen.min(1), chosen.max(1)
        axis.fill_between(batches, low, high, color=colour, alpha=0.13, linewidth=0)
        axis.plot(
            batches, chosen.mean(1), color=colour, linestyle=dash, linewidth=1.6, label=NAMES[arm]
        )
    axis.set_ylim(0, 1.02)
    axis.set_xlim(0, len(accuracy) - 1)
    axis.grid(alpha=0.25, linewidth=0.5)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
