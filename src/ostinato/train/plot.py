"""The loss of a run as a picture."""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

from ostinato.base.files import atomic_write
from ostinato.base.log import read_metrics


def plot_metrics(run: Path) -> Path | None:
    """Draw ``loss.png`` from a run's metrics; without matplotlib say so in the log: None."""
    if importlib.util.find_spec("matplotlib") is None:
        logging.getLogger(__name__).warning("no loss.png: matplotlib is not installed here")
        return None
    from matplotlib.figure import Figure

    path = run / "metrics.jsonl"
    rows = read_metrics(path) if path.exists() else []
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for key, name in (("loss", "training"), ("valid_loss", "validation")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), label=name)
    axes.set_xlabel("step")
    axes.set_ylabel("loss (nats)")
    axes.legend()
    path = run / "loss.png"
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=120)
    return path
