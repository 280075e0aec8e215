"""What is compared: arms, members and cells, fixed before any of them is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ostinato.rl.token_rule import TokenRule

ARMS: dict[str, TokenRule] = {
    "grpo": TokenRule.grpo(0.2),
    "dapo": TokenRule.dapo(0.2, 0.28),
    "cispo": TokenRule.cispo(5.0),
    "unified": TokenRule.unified(5.0, mask_low=0.2),
    "reinforce": TokenRule.reinforce(),
}
RATES = (3e-5, 1e-4, 3e-4)
COMMON = 1e-4
WARM = (0, 1, 2)
SEEDS = (1, 2)
TUNING = ((0, 101), (1, 102))  # warm start and seed
UPDATES = (16, 64)
TASKS = ("fork", "chain")
PROMPTS, GROUP = 64, 16
BATCHES = {1: 10, 16: 30, 64: 18}


@dataclass(frozen=True)
class Member:
    """One run."""

    arm: str
    warm: int
    seed: int
    rate: float


@dataclass(frozen=True)
class Cell:
    """Runs that are stacked in one process. ``kind``: tune, main, tuned, twin or control."""

    kind: str
    task: str
    updates: int
    members: tuple[Member, ...]
    batches: int
    attention: str = "hybrid"

    @property
    def name(self) -> str:
        """Also of its file."""
        return f"{self.kind}-{self.task}-u{self.updates}"

    @property
    def shape(self) -> str:
        """What its time depends on: not the task, since both have rows of one length."""
        return f"{self.attention}-u{self.updates}-m{len(self.members)}"

    @property
    def warm(self) -> str:
        """The name of its warm starts."""
        return warm_name(self.task, self.attention)


def warm_name(task: str, attention: str) -> str:
    """Of the files of warm starts, without their number."""
    return f"warm-{task}-{attention}"


def members(rates: dict[str, float], arms: Sequence[str] = tuple(ARMS)) -> tuple[Member, ...]:
    """Each arm at its rate, over all warm starts and the seeds nested in them."""
    return tuple(
        Member(arm, warm, 10 * warm + seed, rates[arm])
        for arm in arms
        for warm in WARM
        for seed in SEEDS
    )


def tuning(task: str, updates: int) -> Cell:
    """All rates, on seeds of their own."""
    chosen = tuple(
        Member(arm, warm, seed, rate) for arm in ARMS for rate in RATES for warm, seed in TUNING
    )
    return Cell("tune", task, updates, chosen, BATCHES[updates])


def main(task: str, updates: int) -> Cell:
    """All arms at one rate."""
    return Cell("main", task, updates, members(dict.fromkeys(ARMS, COMMON)), BATCHES[updates])


def tuned(task: str, updates: int, rates: dict[str, float]) -> Cell:
    """Arms whose own rate is not the common one; those of ``main`` count for the others."""
    arms = [arm for arm in ARMS if rates[arm] != COMMON]
    return Cell("tuned", task, updates, members(rates, arms), BATCHES[updates])


def twin() -> Cell:
    """Softmax layers only."""
    arms = ("cispo", "dapo")
    chosen = members(dict.fromkeys(arms, COMMON), arms)
    return Cell("twin", "fork", 16, chosen, BATCHES[16], "softmax")


def control() -> Cell:
    """One update per batch: every ratio is 1, and so all arms are one."""
    chosen = tuple(Member(arm, warm, 10 * warm + 1, COMMON) for arm in ARMS for warm in WARM)
    return Cell("control", "fork", 1, chosen, BATCHES[1])


def order() -> tuple[str, ...]:
    """Names of cells as they are run; what is most telling comes first."""
    first = ["control-fork-u1", "tune-fork-u16", "main-fork-u16", "main-fork-u64"]
    then = ["twin-fork-u16", "tune-fork-u64", "tuned-fork-u16", "tuned-fork-u64"]
    last = [f"{k}-chain-u{u}" for k in ("main", "tune", "tuned") for u in UPDATES]
    return tuple(first + then + last)


def named(name: str, rates: dict[str, float] | None = None) -> Cell:
    """The cell of a name; ``rates`` of the arms, for ``tuned`` (all of them if None)."""
    kind, task, updates = name.split("-")
    match kind:
        case "tune":
            return tuning(task, int(updates[1:]))
        case "main":
            return main(task, int(updates[1:]))
        case "tuned":
            return tuned(task, int(updates[1:]), rates or dict.fromkeys(ARMS, 0.0))
        case "twin":
            return twin()
        case _:
            return control()
