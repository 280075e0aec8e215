"""The recipe of a curriculum: which environments, by what weights, when a level changes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from ostinato.base.errors import UserError

FIRST_SEED = 1_000_000
"""Of training; seeds below it are for validation and tests."""
LAST_SEED = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An environment that takes part."""

    environment: str
    """Its name in the catalogue, or a user's file."""
    weight: float = 1.0
    """Its share of the prompts, against the other weights of the same time."""
    last_weight: float | None = None
    """At the end of the run; linear in between, None: ``weight``."""
    begins: float = 0.0
    """The part of the run, 0..1, after which it takes part."""
    window: int = 0
    """The tokens of the window from which on it takes part: what thinks longer than a window is
    never right in it, and learns not to think."""
    level: int = 1
    """To begin with."""
    top: int | None = None
    """The highest level that is asked; None: the environment's."""
    pool: int | None = None
    """Draw from so many seeds of each level only; None: from two thousand million. Where an
    environment goes round a list of tasks, give the list's length, so that a task has one seed.
    A quarter of such tasks is kept for evaluation: their seeds come to others, which are asked that
    much more often.
    """

    def __post_init__(self) -> None:
        weights = (self.weight, self.weight if self.last_weight is None else self.last_weight)
        if not (min(weights) >= 0 and 0 < max(weights) < math.inf):
            raise UserError(
                f"{self.environment}: expected weights of at least 0, one above 0, got {weights}"
            )
        if not 0 <= self.begins < 1:
            raise UserError(
                f"{self.environment}: expected begins to be a part of the run, 0..1 (1 excluded), "
                f"got {self.begins}"
            )
        if self.window < 0:
            raise UserError(
                f"{self.environment}: expected a window of at least 0 tokens, got {self.window}"
            )
        if self.level < 1 or (self.top is not None and self.top < self.level):
            raise UserError(
                f"{self.environment}: expected a level of 1 to top, got level {self.level} and "
                f"top {self.top}"
            )
        if self.pool is not None and not 0 < self.pool <= LAST_SEED - FIRST_SEED:
            raise UserError(f"{self.environment}: expected a pool of at least 1, got {self.pool}")

    def weight_at(self, progress: float, window: int) -> float:
        """At this part of the run, 0..1, in a window of so many tokens; 0 before it takes part."""
        if progress < self.begins or window < self.window:
            return 0.0
        last = self.weight if self.last_weight is None else self.last_weight
        passed = min(1.0, (progress - self.begins) / (1 - self.begins))
        return self.weight + (last - self.weight) * passed


@dataclass(frozen=True, kw_only=True)
class LevelRule:
    """When the level of an environment changes."""

    up: float = 0.7
    """Go up where the mean accuracy is at least this."""
    down: float = 0.15
    """Go down where it is less than this."""
    groups: int = 16
    """At the current level, since it was entered: the last so many are looked at."""
    below: float = 0.2
    """The share of prompts from lower levels, each as often as the others."""

    def __post_init__(self) -> None:
        if not 0 <= self.down < self.up <= 1:
            raise UserError(
                f"levels: expected 0 <= down < up <= 1, got down {self.down} and up {self.up}"
            )
        if self.groups < 1 or not 0 <= self.below < 1:
            raise UserError(
                "levels: expected groups of at least 1 and below in 0..1 (1 excluded), got "
                f"{self.groups} and {self.below}"
            )


@dataclass(frozen=True, kw_only=True)
class CurriculumPlan:
    """What a run asks; the module says how."""

    entries: tuple[Entry, ...]
    levels: LevelRule = field(default_factory=LevelRule)
    mastered: float = 0.9
    """A task with this pass rate is not asked again; above 1: any may be."""
    memory: int = 2048
    """Tasks of each environment whose pass rate is remembered, the last ones. What is forgotten
    may be asked again: with a ``pool``, give at least pool times levels.
    """

    def __post_init__(self) -> None:
        names = Counter(entry.environment for entry in self.entries)
        if twice := [name for name, count in names.items() if count > 1]:
            raise UserError(f"curriculum: {twice[0]} is listed twice: give it one entry")
        if not any(one.begins == one.window == 0 and one.weight > 0 for one in self.entries):
            raise UserError(
                "curriculum: expected an entry that begins at 0, in any window, with a weight "
                "above 0"
            )
        if self.memory < 0 or self.mastered <= 0:
            raise UserError(
                "curriculum: expected memory of at least 0 and mastered above 0, got "
                f"{self.memory} and {self.mastered}"
            )
