"""The confusion matrix of a fitted model as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ostinato.base.files import atomic_write
from ostinato.jobs.show import printable, shortened
from ostinato.music.score import Int

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NUMBERED = 24  # classes up to which each cell says its count
_DARK = 0.55  # share of a row from which a cell is dark


def draw_confusion(path: Path, names: Sequence[str], counts: Int, *, title: str) -> None:
    """Write a PNG of ``counts`` [classes, classes]: rows the truth, shades the share of a row."""
    from matplotlib.figure import Figure

    size = len(names)
    side = min(14.0, 3.5 + 0.42 * size)
    drawing = Figure(figsize=(side + 0.8, side), dpi=120, layout="constrained")
    axes: Axes = drawing.subplots()
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    image = axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    told = [shortened(printable(name), 24) for name in names]
    axes.set_xticks(range(size), told, rotation=60, ha="right")
    axes.set_yticks(range(size), told)
    for text in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        text.set_parse_math(False)
        text.set_fontsize(8)
    axes.set_xlabel("told")
    axes.set_ylabel("true")
    axes.set_title(shortened(printable(title), 50), fontsize=10, parse_math=False)
    if size <= MOST_NUMBERED:
        _write_counts(axes, counts, share)
    drawing.colorbar(image, ax=axes, shrink=0.8, label="share of the true class")
    with atomic_write(path) as temporary:
        drawing.savefig(temporary, format="png")


def _write_counts(
    axes: Axes, counts: Int, share: np.ndarray[tuple[int, int], np.dtype[np.floating]]
) -> None:
    for row, column in np.argwhere(counts > 0).tolist():
        colour = "white" if share[row, column] > _DARK else "black"
        axes.text(
            column,
            row,
            f"{counts[row, column]:,}",
            ha="center",
            va="center",
            color=colour,
            fontsize=7,
        )
