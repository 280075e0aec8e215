"""The nouns of the suites of environments: what is asked, and in what manner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ostinato.base.errors import UserError
from ostinato.infer.requests import Request, Sampling
from ostinato.rl.curriculum_plan import FIRST_SEED
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.registry import Kind
from ostinato.rl.split import kept_task
from ostinato.rl.types import Task

MOST_EXAMPLES = FIRST_SEED // 100  # whose seeds stay below those of training


class Standing(StrEnum):
    """What a model has seen of the tasks that it is asked."""

    TRAINED = "trained on"
    """It was trained on this environment, at these levels, but not on these very tasks."""
    HELD_LEVELS = "held-out levels"
    """It was trained on this environment, at other levels."""
    HELD_KINDS = "never trained on"
    """Nothing of this environment was trained on."""
    UNKNOWN = "training unknown"
    """The model's directory does not say."""


@dataclass(frozen=True)
class Drawn:
    """A task, and where it comes from."""

    environment: str
    level: int
    seed: int
    task: Task

    @property
    def name(self) -> str:
        """No other task has it."""
        return f"{self.environment} {self.level} {self.seed}"


@dataclass(frozen=True)
class Entry:
    """Tasks of one environment: a row of the table."""

    environment: str
    levels: tuple[int, ...]  # in turn
    standing: Standing = Standing.UNKNOWN

    @property
    def kind(self) -> Kind:
        """Of the environment."""
        return find(self.environment).kind

    def tasks(self, count: int, first: int = 0) -> list[Drawn]:
        """So many tasks, their levels in turn, at each level of the seeds from ``first`` on.

        Where it was trained on, only tasks that are kept from training.
        """
        environment = find(self.environment)
        following = dict.fromkeys(self.levels, first)
        drawn: list[Drawn] = []
        for number in range(count):
            level = self.levels[number % len(self.levels)]
            seed = following[level]
            if self.standing is Standing.TRAINED:
                seed, task = kept_task(environment, level, seed)
            else:
                task = environment.task(level, seed)
            following[level] = seed + 1
            drawn.append(Drawn(self.environment, level, seed, task))
        return drawn


@dataclass(frozen=True, kw_only=True)
class Manner:
    """How a model answers. Everything is for one turn of the conversation."""

    thinking_budget: int | None = None
    max_tokens: int = 4096
    """Thinking included."""
    temperature: float = 0.0
    """0 is greedy."""
    top_p: float = 0.95
    seed: int = 0
    """Of the sampling; it has no part in which tasks there are."""

    def __post_init__(self) -> None:
        sampling = Sampling(temperature=self.temperature, top_p=self.top_p, seed=self.seed)
        Request(
            prompt=(0,),
            sampling=sampling,
            max_tokens=self.max_tokens,
            thinking_budget=self.thinking_budget,
        )


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What is asked, how often, and in which manners."""

    name: str
    entries: tuple[Entry, ...]
    examples: int = 100
    """Of each entry."""
    thinking_budgets: tuple[int | None, ...] = (None,)
    """Every task is played under each; None: no end."""
    max_tokens: int = 4096
    temperature: float = 0.0
    top_p: float = 0.95
    seed: int = 0
    baselines: bool = True
    """Whether a blind guess and constant answers are measured over the same tasks."""

    def __post_init__(self) -> None:
        if not 1 <= self.examples <= MOST_EXAMPLES:
            raise UserError(f"expected 1 to {MOST_EXAMPLES:,} examples, got {self.examples}")
        if not self.entries:
            raise UserError(f"{self.name}: expected at least one environment to ask of, got none")
        if len(set(self.thinking_budgets)) < len(self.thinking_budgets):
            raise UserError("a thinking budget is given twice: name each once")
        assert self.manners, "there is a manner to answer in"

    @property
    def manners(self) -> tuple[Manner, ...]:
        """One for each thinking budget."""
        return tuple(
            Manner(
                thinking_budget=budget,
                max_tokens=self.max_tokens,
                temperature=self.temperature,
                top_p=self.top_p,
                seed=self.seed,
            )
            for budget in self.thinking_budgets
        )
