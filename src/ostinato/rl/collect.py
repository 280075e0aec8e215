"""One step's experience: prompts drawn, groups played, those without a signal replaced.

What a step collects depends on the policy's weights, the run's seed, the step and the state of
the controllers, and on nothing else: a run that is resumed collects the same.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress

from ostinato.rl.curriculum import CurriculumState, Moment, Outcome, Prompt
from ostinato.rl.curriculum_plan import CurriculumPlan
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.registry import Environment
from ostinato.rl.filtering import FilterRule, FilterState, Sifting, has_signal
from ostinato.rl.rollout import Ask, Episode, Player
from ostinato.rl.shaping import OverlongRule, ShapedReward, shaped
from ostinato.rl.split import training_task
from ostinato.rl.types import Task


@dataclass(frozen=True, kw_only=True)
class CollectConfig:
    """How much a step collects, and what of it is trained on."""

    prompts: int = 64
    """Groups with a signal, to be trained on."""
    group: int = 16
    """Episodes of each."""
    filter: FilterRule = field(default_factory=FilterRule)
    overlong: OverlongRule = field(default_factory=OverlongRule)


@dataclass(frozen=True, eq=False)
class Played:
    """A group that was played."""

    prompt: Prompt
    episodes: tuple[Episode, ...]
    rewards: tuple[ShapedReward, ...]

    @property
    def totals(self) -> list[float]:
        """What is trained on, of each episode."""
        return [reward.total for reward in self.rewards]

    @property
    def outcome(self) -> Outcome:
        """What the curriculum hears of it."""
        return Outcome(
            self.prompt,
            sum(one.trajectory.grade.correct for one in self.episodes),
            len(self.episodes),
        )


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step collected."""

    step: int
    window: int
    groups: tuple[Played, ...]
    """All that were asked."""
    kept: tuple[Played, ...]
    """Those of them that are trained on."""
    sifting: Sifting
    seconds: float
    """The environments' included."""
    seconds_grade: float
    too_long: int = 0
    """Tasks that were drawn and not asked, since their prompts fill the context."""

    @property
    def outcomes(self) -> list[Outcome]:
        """Of all groups."""
        return [group.outcome for group in self.groups]


@dataclass(frozen=True)
class Controllers:
    """The state that decides what is asked."""

    curriculum: CurriculumState
    filter: FilterState


class Collector:
    """Collects the batches of a run."""

    def __init__(
        self,
        player: Player,
        environments: Mapping[str, Environment],
        plan: CurriculumPlan,
        config: CollectConfig,
        *,
        seed: int,
        makers: Executor | None = None,
        here: Collection[str] = (),
    ) -> None:
        """``makers``: processes that make the tasks, of environments that `find` knows; None:
        they are made here, and so are those of environments in ``here``.
        """
        self._player, self._environments = player, environments
        self._plan, self._config, self._seed = plan, config, seed
        self._makers, self._here = makers, here

    def collect(self, state: Controllers, step: int, progress: float) -> Batch:
        """The batch of a step; ``progress`` (0..1) is the part of the run that is over."""
        began, graded = time.monotonic(), self._player.seconds_grade
        config, window = self._config, self._player.limits.window
        sifting = Sifting(config.prompts)
        groups: list[Played] = []
        too_long = 0
        while count := state.filter.ask(config.filter, sifting):
            moment = Moment(self._seed, step, progress, window, sifting.rounds)
            avoid = [group.prompt for group in groups]
            prompts = state.curriculum.draw(self._plan, moment, count, avoid)
            if not prompts:
                break  # no task is left that may be asked
            found = self._play(prompts, step)
            too_long += len(prompts) - len(found)
            groups += found
            if not found:
                break
            sifting = sifting.after([group.totals for group in found])
        signal = [g for g in groups if has_signal(g.totals) or not config.filter.enabled]
        return Batch(
            step,
            window,
            tuple(groups),
            tuple(signal[: config.prompts]),
            sifting,
            time.monotonic() - began,
            self._player.seconds_grade - graded,
            too_long,
        )

    def _play(self, prompts: Sequence[Prompt], step: int) -> list[Played]:
        tasks = self._tasks(prompts)
        asks = [
            Ask(one.environment, one.level, one.seed, task)
            for one, task in zip(prompts, tasks, strict=True)
        ]
        fitting = [self._player.fits(ask) for ask in asks]
        asks, prompts = list(compress(asks, fitting)), list(compress(prompts, fitting))
        # The step is part of the seed: a task that is asked again is answered anew.
        played = self._player.play(asks, self._config.group, self._seed * 1_000_003 + step)
        return [
            Played(prompt, tuple(episodes), tuple(map(self._shaped, episodes)))
            for prompt, episodes in zip(prompts, played, strict=True)
        ]

    def _tasks(self, prompts: Sequence[Prompt]) -> list[Task]:
        made: dict[Prompt, Task] = {}
        if self._makers is not None:
            theirs = [one for one in prompts if one.environment not in self._here]
            made = dict(zip(theirs, self._makers.map(make_task, theirs, chunksize=4), strict=True))
        return [
            made[one] if one in made else _make(self._environments[one.environment], one)
            for one in prompts
        ]

    def _shaped(self, episode: Episode) -> ShapedReward:
        window = self._player.limits.window
        return shaped(episode.trajectory, episode.length, window, self._config.overlong)


def make_task(prompt: Prompt) -> Task:
    """The task of a prompt, in whatever process."""
    return _make(_found(prompt.environment), prompt)


_found = lru_cache(find)
"""A user's file is read once in each process."""


def _make(environment: Environment, prompt: Prompt) -> Task:
    """None that is kept for evaluation: the next one that is for training in its place."""
    return training_task(environment, prompt.level, prompt.seed)[1]
