"""What a step of reinforcement leaves to the next one, and what follows from its episodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ostinato.eval.reasoning import Levels, TaskList
from ostinato.grading.types import Audit
from ostinato.rl.collect import Batch, Controllers
from ostinato.rl.curriculum import CurriculumState
from ostinato.rl.filtering import FilterState
from ostinato.rl.monitors import Judged, MonitorState
from ostinato.rl.rollout import Episode
from ostinato.rl.windows import WindowState


@dataclass(frozen=True)
class RlState:
    """What a step leaves to the next one, beside weights and optimiser."""

    curriculum: CurriculumState
    filter: FilterState = field(default_factory=FilterState)
    window: WindowState = field(default_factory=WindowState)
    monitors: MonitorState = field(default_factory=MonitorState)
    updates: int = 0
    """Optimiser steps so far."""
    reached: tuple[tuple[str, int], ...] = ()  # a `Reached`; recipes and states spell types out
    """The highest level of each environment that was asked."""

    @property
    def controllers(self) -> Controllers:
        """Of these, what decides which tasks are asked."""
        return Controllers(self.curriculum, self.filter)


def highest_levels(
    before: tuple[tuple[str, int], ...], batch: Batch
) -> tuple[tuple[str, int], ...]:
    """``before`` with the levels that a batch asked."""
    found = dict(before)
    for group in batch.groups:
        name = group.prompt.environment
        found[name] = max(found.get(name, 0), group.prompt.level)
    return tuple(sorted(found.items()))


def with_levels(tasks: TaskList, reached: Mapping[str, int]) -> TaskList:
    """What a model was trained on, with the levels of a run; these are held out no more."""
    levels: dict[str, set[int]] = {}
    for one in tasks.trained:
        levels.setdefault(one.environment, set()).update(one.levels)
    for name, top in reached.items():
        if not name.endswith(".jsonl"):
            levels.setdefault(name, set()).update(range(1, top + 1))

    def left(held: tuple[Levels, ...]) -> tuple[Levels, ...]:
        kept = [
            Levels(one.environment, tuple(sorted(set(one.levels) - levels[one.environment])))
            if one.environment in levels
            else one
            for one in held
        ]
        return tuple(now for now, one in zip(kept, held, strict=True) if now.levels or now == one)

    trained = tuple(Levels(name, tuple(sorted(own))) for name, own in levels.items())
    return TaskList(trained, left(tasks.held_levels), left(tasks.held_kinds))


def judged(episodes: Sequence[Episode]) -> tuple[Judged, ...]:
    """What judges gave for the answers that they read, and what a program found in these."""
    by_name: dict[str, list[tuple[Audit, float]]] = {}
    for one in episodes:
        if (audit := one.trajectory.grade.audit) is not None:
            read = by_name.setdefault(one.ask.environment, [])
            read.append((audit, one.trajectory.reward.correctness))
    return tuple(
        Judged(
            name,
            tuple(float(audit.length) for audit, _ in read),
            tuple(reward for _, reward in read),
            tuple(audit.success for audit, _ in read),
        )
        for name, read in by_name.items()
    )
