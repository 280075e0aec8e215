"""Cells as small files, and how long each takes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ostinato.base.files import atomic_write, write_json

from .cells import ARMS, COMMON, Cell, Member
from .play import METRICS, Played

TIMES = "seconds.json"


@dataclass(frozen=True, eq=False)
class Kept:
    """A cell as it was saved; ``metrics`` are float32 [batches done, members]."""

    told: dict[str, Any]
    members: tuple[Member, ...]
    metrics: dict[str, NDArray[np.float32]]

    @property
    def complete(self) -> bool:
        """Whether all batches were done."""
        return self.told["done"] == self.told["batches"]


def save(folder: Path, cell: Cell, played: Played, told: dict[str, Any]) -> Path:
    """``told`` is kept with it: the machine and the like."""
    about = told | {
        "name": cell.name,
        "shape": cell.shape,
        "kind": cell.kind,
        "task": cell.task,
        "updates": cell.updates,
        "attention": cell.attention,
        "batches": cell.batches,
        "done": played.batches,
        "seconds": [round(x, 3) for x in played.seconds],
        "held_out": played.held_out,
        "members": [asdict(member) for member in cell.members],
    }
    arrays = {name: np.stack(played.metrics[name]) for name in METRICS}
    path = folder / f"{cell.name}.npz"
    with atomic_write(path) as temporary:
        np.savez_compressed(temporary, told=np.array(json.dumps(about)), **arrays)
    return path


def load(path: Path) -> Kept:
    """What ``save`` wrote."""
    with np.load(path) as held:
        told = json.loads(str(held["told"]))
        metrics = {name: held[name] for name in METRICS}
    return Kept(told, tuple(Member(**member) for member in told["members"]), metrics)


def found(folder: Path, name: str) -> Kept | None:
    """None where there is no such file."""
    path = folder / f"{name}.npz"
    return load(path) if path.exists() else None


def tuned_rates(kept: Kept) -> dict[str, float]:
    """The rate of each arm with the best AUC, the mean over the tuning seeds."""
    area = kept.metrics["accuracy"].mean(0)
    rates: dict[str, float] = {}
    for arm in ARMS:
        means = {
            rate: float(
                np.mean([a for a, m in _with(kept, area) if (m.arm, m.rate) == (arm, rate)])
            )
            for rate in sorted({m.rate for m in kept.members if m.arm == arm})
        }
        rates[arm] = max(means, key=lambda rate: means[rate]) if means else COMMON
    return rates


def _with(kept: Kept, values: NDArray[np.float32]) -> Iterable[tuple[float, Member]]:
    return zip(values.tolist(), kept.members, strict=True)


class Times:
    """Seconds by the shape of a cell: measured where there is a file, else guessed."""

    SETUP = 20.0  # to capture, to load, for the held-out score
    WARM = 95.0

    def __init__(self, folder: Path) -> None:
        self._path = folder / TIMES
        self.known: dict[str, float] = {}
        if self._path.exists():
            self.known = json.loads(self._path.read_text(encoding="utf-8"))

    def batch(self, cell: Cell) -> float:
        """Of one batch of a cell."""
        if cell.shape in self.known:
            return self.known[cell.shape]
        base, _, members = cell.shape.rpartition("-m")
        alike = {
            int(shape.rpartition("-m")[2]): seconds
            for shape, seconds in self.known.items()
            if shape.rpartition("-m")[0] == base
        }
        if alike:  # fewer members cost less, though not in proportion
            nearest = min(alike, key=lambda count: abs(count - int(members)))
            return alike[nearest] * (0.3 + 0.7 * int(members) / nearest)
        return _guess(cell)

    def cell(self, cell: Cell) -> float:
        """Of a whole cell."""
        return self.SETUP + cell.batches * self.batch(cell)

    def learn(self, shape: str, seconds: float) -> None:
        """Keep what was measured."""
        self.known[shape] = round(seconds, 3)
        write_json(self._path, self.known)


def _guess(cell: Cell) -> float:
    """An H200 before anything was measured: work by tokens, and the launches of the updates."""
    tokens = 1024 * 51 * len(cell.members)
    return tokens / 0.8e6 + 0.02 * cell.updates
