"""Which tasks a step asks: environments by weights that change over the run, levels that follow
what the policy can do, and no task again that it has mastered.

The report (section 3) begins with tasks that rules verify and mixes general ones in with dynamic
weights: an `Entry` has a weight at its beginning, one at the end of the run, and the part of the
run and the window after which it begins. Within an environment the level goes up and down by
`LevelRule`. A task that was passed in at least ``mastered`` of its answers so far is not asked
again (ScaleRL: no positive resampling, 0.9).

Tasks are drawn by seed. Seeds of training are `FIRST_SEED` and above; those below are for
validation and tests. Environments that go round a fixed list of tasks by the remainder of the seed
(a user's file, repairs) have the same tasks on both sides: what is held out there must be an
environment of its own.

A draw depends on the run's seed, the step, the round of refill and the state, on nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from ostinato.base.errors import UserError
from ostinato.rl.curriculum_plan import FIRST_SEED, LAST_SEED, CurriculumPlan, Entry

_TRIES = 32  # draws of a seed before the free ones are listed


@dataclass(frozen=True)
class Prompt:
    """A task, by the words that make it."""

    environment: str
    level: int
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What became of a group."""

    prompt: Prompt
    passed: float
    """Answers that are right, or the sum of their scores."""
    answers: int
    """The size of the group."""


@dataclass(frozen=True)
class EnvironmentState:
    """Where an environment stands."""

    environment: str
    level: int
    top: int
    recent: tuple[float, ...] = ()
    """Accuracies of the last groups at this level, since it was entered."""
    history: tuple[tuple[int, int, float, int], ...] = ()
    """Of the last tasks (level, seed, passed, answers), summed over all times that it was asked."""

    def mastered(self, rate: float) -> frozenset[tuple[int, int]]:
        """Tasks, by level and seed, whose pass rate is at least ``rate``."""
        return frozenset(
            (level, seed)
            for level, seed, passed, answers in self.history
            if passed / answers >= rate
        )

    def after(
        self, plan: CurriculumPlan, outcomes: Sequence[Outcome]
    ) -> tuple[EnvironmentState, tuple[str, ...]]:
        """The state after groups of this environment, and a sentence if its level changes."""
        rule = plan.levels
        news = [o.passed / o.answers for o in outcomes if o.prompt.level == self.level]
        recent = (*self.recent, *news)[-rule.groups :]
        state = replace(self, recent=recent, history=self._remember(plan.memory, outcomes))
        if not news or len(recent) < rule.groups:
            return state, ()
        accuracy = sum(recent) / len(recent)
        wanted = self.level + (accuracy >= rule.up) - (accuracy < rule.down)
        level = min(max(wanted, 1), self.top)
        if level == self.level:
            return state, ()
        way = "up" if level > self.level else "down"
        text = (
            f"{self.environment} goes {way} from level {self.level} to {level}: accuracy "
            f"{accuracy:.2f} over its last {len(recent)} groups"
        )
        return replace(state, level=level, recent=()), (text,)

    def _remember(
        self, memory: int, outcomes: Sequence[Outcome]
    ) -> tuple[tuple[int, int, float, int], ...]:
        known = {(level, seed): (passed, n) for level, seed, passed, n in self.history}
        for outcome in outcomes:
            task = (outcome.prompt.level, outcome.prompt.seed)
            passed, answers = known.pop(task, (0.0, 0))
            known[task] = (passed + outcome.passed, answers + outcome.answers)
        items = list(known.items())
        return tuple((*task, *sums) for task, sums in items[max(0, len(items) - memory) :])


@dataclass(frozen=True)
class Moment:
    """When something is drawn."""

    seed: int
    """Of the run."""
    step: int
    progress: float
    """The part of the run that is over, 0..1."""
    window: int
    """Tokens that an episode may write."""
    round: int = 0
    """0, then 1, 2, ... for the refills of a step."""


@dataclass(frozen=True)
class CurriculumState:
    """Where a run stands; ``to_dict`` and ``from_dict`` of ``base.config`` carry it."""

    environments: tuple[EnvironmentState, ...]
    """In the order of the plan's entries."""

    def levels(self) -> dict[str, int]:
        """The current one of each environment."""
        return {one.environment: one.level for one in self.environments}

    def draw(
        self, plan: CurriculumPlan, moment: Moment, count: int, avoid: Collection[Prompt] = ()
    ) -> tuple[Prompt, ...]:
        """Prompts to ask, all different, and none of ``avoid`` (those of the step's rounds before).

        Environments get their shares to within one prompt. Fewer than ``count`` come back only
        where the pools hold no more tasks that may be asked.
        """
        self.check(plan)
        rng = Random(f"curriculum {moment.seed} {moment.step} {moment.round}")
        weights = [entry.weight_at(moment.progress, moment.window) for entry in plan.entries]
        drawers = [
            _Drawer(plan, entry, state, avoid)
            for entry, state in zip(plan.entries, self.environments, strict=True)
        ]
        drawn: list[Prompt] = []
        while len(drawn) < count and any(weights):
            for at, wanted in enumerate(_portions(rng, weights, count - len(drawn))):
                found = drawers[at].take(rng, wanted)
                if len(found) < wanted:
                    weights[at] = 0.0  # its pool is empty: the others take its place
                drawn += found
        rng.shuffle(drawn)
        return tuple(drawn)

    def after(
        self, plan: CurriculumPlan, outcomes: Sequence[Outcome]
    ) -> tuple[CurriculumState, tuple[str, ...]]:
        """The state after a step, and a sentence for each level that changes.

        ``outcomes``: of all groups that were asked, those without a signal too: without them
        accuracies would be drawn to the middle, and no level would ever change.
        """
        self.check(plan)
        states: list[EnvironmentState] = []
        told: list[str] = []
        for one in self.environments:
            own = [o for o in outcomes if o.prompt.environment == one.environment]
            state, texts = one.after(plan, own)
            states.append(state)
            told += texts
        return CurriculumState(tuple(states)), tuple(told)

    def check(self, plan: CurriculumPlan) -> None:
        """UserError if the state is that of other environments."""
        names = [entry.environment for entry in plan.entries]
        if names != [one.environment for one in self.environments]:
            raise UserError(
                "curriculum: the saved run has other environments than the recipe "
                f"({', '.join(self.levels())}): go on with the recipe it was begun with"
            )


def begin(plan: CurriculumPlan, levels: Mapping[str, int]) -> CurriculumState:
    """The state of a new run; ``levels``: how many each environment has."""
    states: list[EnvironmentState] = []
    for entry in plan.entries:
        most = levels[entry.environment]
        top = most if entry.top is None else entry.top
        if not entry.level <= top <= most:
            raise UserError(
                f"{entry.environment} has levels 1 to {most}: got level {entry.level} and "
                f"top {entry.top}"
            )
        states.append(EnvironmentState(entry.environment, entry.level, top))
    return CurriculumState(tuple(states))


class _Drawer:
    """Draws the tasks of one environment, none of them twice."""

    def __init__(
        self,
        plan: CurriculumPlan,
        entry: Entry,
        state: EnvironmentState,
        avoid: Collection[Prompt],
    ) -> None:
        self._below = plan.levels.below
        self._name, self._level = entry.environment, state.level
        self._seeds = LAST_SEED - FIRST_SEED if entry.pool is None else entry.pool
        self._taken = set(state.mastered(plan.mastered))
        self._taken |= {(p.level, p.seed) for p in avoid if p.environment == self._name}

    def take(self, rng: Random, count: int) -> list[Prompt]:
        """Fewer if no more tasks are left at the current level and below."""
        found: list[Prompt] = []
        while len(found) < count and (prompt := self._next(rng)) is not None:
            found.append(prompt)
        return found

    def _next(self, rng: Random) -> Prompt | None:
        first = self._level
        if first > 1 and rng.random() < self._below:
            first = rng.randint(1, first - 1)
        others = [level for level in range(self._level, 0, -1) if level != first]
        for level in (first, *others):
            seed = self._free(rng, level)
            if seed is not None:
                self._taken.add((level, seed))
                return Prompt(self._name, level, seed)
        return None

    def _free(self, rng: Random, level: int) -> int | None:
        for _ in range(_TRIES):
            seed = FIRST_SEED + rng.randrange(self._seeds)
            if (level, seed) not in self._taken:
                return seed
        every = range(FIRST_SEED, FIRST_SEED + self._seeds)
        free = [seed for seed in every if (level, seed) not in self._taken]
        return rng.choice(free) if free else None


def _portions(rng: Random, weights: Sequence[float], count: int) -> list[int]:
    """``count`` in parts by weight: each is its exact share rounded up or down at random, so that
    its mean is exact.
    """
    last = max(at for at, weight in enumerate(weights) if weight)
    total, start = math.fsum(weights), rng.random()
    parts: list[int] = []
    reached = 0.0
    for at, weight in enumerate(weights):
        reached += weight
        # Marks at start, start + 1, ... on a line of length count that the weights divide.
        upto = count if at == last else math.ceil(reached / total * count - start)
        parts.append(min(count, max(0, upto)) - sum(parts) if weight else 0)
    return parts
