"""The table: means over seeds with their intervals, and differences to ``full`` seed by seed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from music_ablations.arms import ARMS, TASKS
from ostinato.base.errors import UserError

STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)  # 1.. degrees of freedom

Cells = Mapping[str, Mapping[int, Mapping[str, Any]]]
"""The cells by arm and seed."""


@dataclass(frozen=True)
class Mean:
    """The mean over seeds and half of its 95 % interval, None of one seed."""

    mean: float
    half: float | None
    seeds: int

    def as_json(self) -> dict[str, float | int | None]:
        """The same as plain numbers."""
        return {"mean": self.mean, "half": self.half, "seeds": self.seeds}


def mean_of(values: Sequence[float]) -> Mean:
    """Student's interval; beyond ten seeds that of ten, which is a little wider."""
    count = len(values)
    mean = sum(values) / count
    if count < 2:
        return Mean(mean, None, count)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / (count - 1))
    return Mean(mean, STUDENT[min(count - 2, 8)] * deviation / math.sqrt(count), count)


def read_cells(out: Path) -> Cells:
    """Every cell of a folder, arms in their order."""
    found: dict[str, dict[int, Any]] = {name: {} for name in ARMS}
    for path in sorted((out / "cells").glob("*.json")):
        cell = json.loads(path.read_text(encoding="utf-8"))
        found[cell["arm"]][cell["seed"]] = cell
    kept = {name: seeds for name, seeds in found.items() if seeds}
    if not kept:
        raise UserError(f"{out}: there is no cell in its folder `cells`; make some with `run`.")
    return kept


def read_settings(out: Path) -> dict[str, Any]:
    """What all cells of a folder have in common."""
    path = out / "settings.json"
    if not path.exists():
        raise UserError(f"{path} is missing: `run` writes it beside the cells; copy it too.")
    return json.loads(path.read_text(encoding="utf-8"))


def accuracies(cells: Cells, arm: str, task: str, side: str) -> dict[int, float]:
    """The accuracy of each seed of an arm that has done a task."""
    return {
        seed: cell["tasks"][task][side]["accuracy"]
        for seed, cell in cells.get(arm, {}).items()
        if task in cell["tasks"]
    }


def summary(cells: Cells) -> dict[str, Any]:
    """Everything that the table says, as plain numbers: shares of 1."""
    told: dict[str, Any] = {}
    for arm, seeds in cells.items():
        trained = [cell["pretrain"] for cell in seeds.values() if "pretrain" in cell]
        row: dict[str, Any] = {"seeds": sorted(seeds), "tasks": {}}
        if trained:
            row["parameters"] = trained[0]["parameters"]
            row["steps"] = [one["step"] for one in trained]
        for task in TASKS:
            if accuracies(cells, arm, task, "test"):
                row["tasks"][task] = _task(cells, arm, task)
        told[arm] = row
    return told


def _task(cells: Cells, arm: str, task: str) -> dict[str, Any]:
    """Both sides, and the difference to ``full`` on the seeds that both have done."""
    told: dict[str, Any] = {}
    for side in ("valid", "test"):
        own, full = (accuracies(cells, name, task, side) for name in (arm, "full"))
        told[side] = {**mean_of(list(own.values())).as_json(), "by_seed": own}
        paired = [own[seed] - full[seed] for seed in sorted(own) if seed in full]
        if paired and arm != "full":
            told[f"{side}_to_full"] = mean_of(paired).as_json()
    return told


def lines(told: Mapping[str, Any]) -> Iterator[str]:
    """The table of test accuracies in per cent, in Markdown."""
    tasks = [task for task in TASKS if any(task in row["tasks"] for row in told.values())]
    head = " | ".join(f"{task} | to full" for task in tasks)
    yield f"| arm | seeds | parameters | steps | {head} |"
    yield "|" + "---|" * (4 + 2 * len(tasks))
    for arm, row in told.items():
        steps = row.get("steps")
        size = f"{row['parameters'] / 1e6:.2f} M" if steps else ""
        mean_steps = f"{sum(steps) / len(steps):,.0f}" if steps else ""
        fields = [arm, str(len(row["seeds"])), size, mean_steps]
        for task in tasks:
            found = row["tasks"].get(task)
            fields.append(_text(found["test"]) if found else "")
            fields.append(_text(found.get("test_to_full"), "+") if found else "")
        yield f"| {' | '.join(fields)} |"
    yield from warnings(told)


def warnings(told: Mapping[str, Any]) -> Iterator[str]:
    """Arms that are not as large as ``full``, or that lack seeds which others have."""
    wanted = told.get("full", {}).get("parameters")
    seeds = {seed for row in told.values() for seed in row["seeds"]}
    for arm, row in told.items():
        size = row.get("parameters")
        if wanted and size and abs(size / wanted - 1) > 0.05:
            yield f"! {arm} has {size / wanted - 1:+.1%} of the parameters of full"
        if missing := sorted(seeds - {*row["seeds"]}):
            yield f"! {arm} lacks the seeds {', '.join(map(str, missing))}"


def _text(found: Mapping[str, Any] | None, sign: str = "") -> str:
    if found is None:
        return ""
    reach = "" if found["half"] is None else f" ± {100 * found['half']:.1f}"
    return f"{100 * found['mean']:{sign}.1f}{reach}"
