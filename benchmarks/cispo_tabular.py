"""The claim: where progress hangs on a rare token and a batch is used for many updates, CISPO
needs fewer batches than DAPO, and DAPO than GRPO; with one update per batch there is no
difference; and at a high learning rate CISPO is no longer the safest.

Run as ``python benchmarks/cispo_tabular.py``: three minutes on one thread. The task is that of
``src/ostinato/rl/tabular.py``; all arms see the same random numbers. It prints a table and keeps
the numbers, dated, in ``benchmarks/results``.
"""

from __future__ import annotations

from typing import Any

import torch
from keep import keep
from rich.console import Console
from rich.table import Table
from torch import Tensor

from ostinato.base.log import progress
from ostinato.rl.tabular import Chain, Outcome, Schedule, run
from ostinato.rl.token_rule import TokenRule

ARMS = {
    "CISPO 5": TokenRule.cispo(),
    "CISPO 1.28": TokenRule.cispo(1.28),
    "CISPO 5, negative mask": TokenRule.unified(5.0, mask_low=0.2),
    "DAPO": TokenRule.dapo(),
    "GRPO": TokenRule.grpo(),
    "REINFORCE": TokenRule.reinforce(),
}
SEEDS = 32
LEVEL = 0.9
SCHEDULES = [
    Schedule(mini_batches=1, learning_rate=0.3, batches=60),
    *(
        Schedule(mini_batches=updates, learning_rate=rate, batches=batches)
        for updates in (16, 64)
        for rate, batches in ((0.03, 60), (0.1, 40), (0.3, 40))
    ),
    *(
        Schedule(mini_batches=1, epochs=16, learning_rate=rate, batches=40)
        for rate in (0.03, 0.1, 0.3)
    ),
]


def measure() -> list[dict[str, Any]]:
    """One row for each schedule and arm."""
    found: list[dict[str, Any]] = []
    with progress(len(SCHEDULES), "schedules") as advance:
        for schedule in SCHEDULES:
            found += rows(schedule, run(list(ARMS.values()), schedule, range(SEEDS)))
            advance()
    return found


def rows(schedule: Schedule, outcome: Outcome) -> list[dict[str, Any]]:
    """What became of each arm."""
    batches, masked = outcome.batches_to(LEVEL), outcome.masked_share()
    apart = (outcome.reflect - outcome.reflect[:, :1]).abs().amax((0, 2))
    return [
        {
            "arm": arm,
            "mini_batches": schedule.mini_batches,
            "epochs": schedule.epochs,
            "learning_rate": schedule.learning_rate,
            "batches": schedule.batches,
            "batches_to_0.9": mean(batches[number]),
            "standard_error": error(batches[number]),
            "succeeded": float((~batches[number].isnan()).double().mean()),
            "stayed": float((outcome.reflect[-1, number] >= LEVEL).double().mean()),
            "area": float(outcome.reflect[:, number].mean()),
            "masked_share": float(masked[number]),
            "apart_from_first_arm": float(apart[number]),
        }
        for number, arm in enumerate(ARMS)
    ]


def mean(batches: Tensor) -> float | None:
    """Over the seeds that got there; None where none did."""
    reached = batches[~batches.isnan()]
    return float(reached.mean()) if len(reached) else None


def error(batches: Tensor) -> float | None:
    """Of that mean."""
    reached = batches[~batches.isnan()]
    return float(reached.std() / len(reached) ** 0.5) if len(reached) > 1 else None


def show(found: list[dict[str, Any]]) -> None:
    """A table on standard error; standard output is for the numbers."""
    table = Table("updates", "rate", *ARMS, title=f"batches to {LEVEL} (seeds that got there)")
    for first in range(0, len(found), len(ARMS)):
        line = found[first : first + len(ARMS)]
        updates = f"{line[0]['mini_batches']} x {line[0]['epochs']}"
        table.add_row(updates, str(line[0]["learning_rate"]), *(cell(row) for row in line))
    Console(stderr=True, width=120).print(table)


def cell(row: dict[str, Any]) -> str:
    """One arm under one schedule."""
    batches = row["batches_to_0.9"]
    return "never" if batches is None else f"{batches:.1f} ({row['succeeded']:.0%})"


def main() -> None:
    """Measure, show, keep."""
    torch.set_num_threads(1)
    found = measure()
    show(found)
    chain = Chain()
    task = {"success": chain.success, "start": chain.start, "samples": 512, "group": 16}
    keep("cispo-tabular", {"task": task, "seeds": SEEDS, "rows": found})


if __name__ == "__main__":
    main()
