"""What a run warns of while it goes on: sentences for ``events.jsonl``, and nothing is stopped.

Each watch warns once, and again only after the trouble was over for ``CALM`` steps in a row.
Whatever the numbers are, NaN included, nothing is raised: a monitor that ends a run is none.

- The *correlation* of the sampler's and the trainer's probabilities of the same tokens (report,
  section 3.2: 0.987 with a rounded head, 0.997 with one in fp32).
- *Collapse*: the reward of the last steps is far below the best that was.
- *Truncation*: ScaleRL found runs unstable where 10 to 15 % of the outputs are truncated.
- *Weights of exactly 1*: with one update per batch and the ratio anchored on the trainer's own
  probabilities, neither cap nor mask can act.
- *Length bias* of a judge, for each environment that is judged: see ``grading.length_bias``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ostinato.base.errors import UserError
from ostinato.grading.length_bias import LengthBiasAlarm, LengthBiasRule

CALM = 10
"""Steps without the trouble, after which it is warned of anew."""


@dataclass(frozen=True, kw_only=True)
class MonitorRules:
    """When to warn."""

    correlation: float = 0.99
    """The least that is fine."""
    correlation_drop: float = 0.005
    """Below its mean over the last ``over`` steps, that is fine."""
    collapse: float = 0.2
    """Below the best mean reward of ``last`` steps, that is fine."""
    truncated: float = 0.1
    """The greatest share of truncated episodes that is fine, as a mean of ``last`` steps."""
    last: int = 5
    """Steps."""
    over: int = 32
    """Steps of the running mean of the correlation; a drop is looked for once there are 8."""
    length_bias: LengthBiasRule = field(default_factory=LengthBiasRule)

    def __post_init__(self) -> None:
        bounds = (self.correlation_drop, self.collapse, self.truncated)
        if not (-1 <= self.correlation <= 1 and all(bound >= 0 for bound in bounds)):
            raise UserError(
                "monitors: expected a correlation of -1..1, and the other bounds at least 0, got "
                f"{self.correlation} and {bounds}"
            )
        if self.over < 8 or self.last < 1:
            raise UserError(
                "monitors: expected over of at least 8 and last of at least 1, got "
                f"{self.over} and {self.last}"
            )


@dataclass(frozen=True)
class Judged:
    """What a judge said of a step's answers in one environment."""

    environment: str
    lengths: tuple[float, ...]
    """Of the answers that it read, in one unit of your choice."""
    rewards: tuple[float, ...]
    """The judge's."""
    successes: tuple[float | None, ...]
    """What a rule says of the same answers, 0..1; None where nothing was checked."""


@dataclass(frozen=True, kw_only=True)
class StepReading:
    """What a step measured; None: not measured."""

    reward: float | None = None
    """The mean."""
    truncated: float | None = None
    """The share of episodes, those stopped for repetition included."""
    correlation: float | None = None
    ratio_mean: float | None = None
    """Of the importance ratios of all updates of the step."""
    ratio_max: float | None = None
    harder: bool = False
    """The tasks changed: a level or the window did. The best reward so far is forgotten."""
    judged: tuple[Judged, ...] = ()


@dataclass(frozen=True)
class Latch:
    """A trouble that is told once."""

    raised: bool = False
    calm: int = 0
    """Steps without it since it was told."""

    def after(self, trouble: bool) -> tuple[Latch, bool]:
        """The latch after a step, and whether to tell."""
        if trouble:
            return Latch(True), not self.raised
        calm = self.calm + 1
        return (Latch(True, calm) if self.raised and calm < CALM else Latch()), False


@dataclass(frozen=True)
class LengthBiasState:
    """A ``LengthBiasAlarm``, in plain values."""

    environment: str
    raised: bool = False
    streak: int = 0
    batches: tuple[tuple[float, float, float | None], ...] = ()

    def after(
        self, rule: LengthBiasRule, judged: Judged
    ) -> tuple[LengthBiasState, tuple[str, ...]]:
        """The state after a step's answers, and a sentence if the alarm is raised or cleared.

        Answers with a number that is none are left out.
        """
        rows = zip(judged.lengths, judged.rewards, judged.successes, strict=False)
        fine = [row for row in rows if all(one is None or _is_number(one) for one in row)]
        if not fine:
            return self, ()
        alarm = LengthBiasAlarm(rule)
        alarm.restore({"raised": self.raised, "streak": self.streak, "batches": self.batches})
        lengths, rewards, successes = zip(*fine, strict=True)
        reading = alarm.feed(lengths, rewards, successes)
        state = alarm.state()
        batches = tuple((length, reward, success) for length, reward, success in state["batches"])
        after = LengthBiasState(self.environment, alarm.raised, state["streak"], batches)
        if not reading.changed:
            return after, ()
        text = reading.action or "the judge's reward no longer grows with length alone"
        return after, (f"{self.environment}: {text}",)


@dataclass(frozen=True)
class MonitorState:
    """What the watches remember; ``to_dict`` and ``from_dict`` of ``base.config`` carry it."""

    low: Latch = Latch()
    drop: Latch = Latch()
    collapse: Latch = Latch()
    truncation: Latch = Latch()
    ones: Latch = Latch()
    correlations: tuple[float, ...] = ()
    rewards: tuple[float, ...] = ()
    """Of the last steps."""
    best: float | None = None
    """The greatest mean of so many steps."""
    truncated: tuple[float, ...] = ()
    judged: tuple[LengthBiasState, ...] = ()
    """In the order in which the environments were first seen."""

    def after(
        self, rules: MonitorRules, reading: StepReading
    ) -> tuple[MonitorState, tuple[str, ...]]:
        """The state after a step, and what there is to warn of."""
        state, told = self, list[str]()
        for watch in (_correlation, _collapse, _truncation, _ones, _length_bias):
            state, texts = watch(state, rules, reading)
            told += texts
        return state, tuple(told)


Found = tuple[MonitorState, list[str]]


def _correlation(state: MonitorState, rules: MonitorRules, reading: StepReading) -> Found:
    value = reading.correlation
    if value is None:
        return state, []
    before = state.correlations
    mean = _mean(before) if len(before) >= 8 else None
    is_low = not value >= rules.correlation  # of NaN too
    low, tell_low = state.low.after(is_low)
    fell = not is_low and mean is not None and value < mean - rules.correlation_drop
    drop, tell_drop = state.drop.after(fell)
    said = f"the sampler's and the trainer's probabilities correlate by {value:.4f}"
    told: list[str] = []
    if tell_low:
        told.append(f"{said}, less than {rules.correlation}: do both compute the head in fp32?")
    if tell_drop:
        told.append(f"{said}, and did by {mean:.4f} over the last {len(before)} steps")
    if _is_number(value):
        before = (*before, value)[-rules.over :]
    return replace(state, low=low, drop=drop, correlations=before), told


def _collapse(state: MonitorState, rules: MonitorRules, reading: StepReading) -> Found:
    if reading.harder:  # this step's reward is still of the old tasks
        return replace(state, rewards=(), best=None), []
    value = reading.reward
    if value is None:
        return state, []
    if not _is_number(value):
        latch, tell = state.collapse.after(True)
        return replace(state, collapse=latch), ["the mean reward is no number"] if tell else []
    rewards = (*state.rewards, value)[-rules.last :]
    state = replace(state, rewards=rewards)
    if len(rewards) < rules.last:
        return state, []
    mean = _mean(rewards)
    best = mean if state.best is None else max(mean, state.best)
    latch, tell = state.collapse.after(mean <= best - rules.collapse)
    text = (
        f"the run may be collapsing: the mean reward of the last {len(rewards)} steps is "
        f"{mean:.3f}, and was {best:.3f}: try a lower learning rate, or a mask for negative "
        "advantages"
    )
    return replace(state, collapse=latch, best=best), [text] if tell else []


def _truncation(state: MonitorState, rules: MonitorRules, reading: StepReading) -> Found:
    value = reading.truncated
    if value is None or not _is_number(value):
        return state, []
    values = (*state.truncated, value)[-rules.last :]
    full = len(values) == rules.last
    share = _mean(values)
    latch, tell = state.truncation.after(full and share > rules.truncated)
    text = (
        f"{share:.1%} of the episodes of the last {len(values)} steps were truncated, more than "
        f"{rules.truncated:.0%}, which makes training unstable: try a longer window, or easier "
        "tasks"
    )
    return replace(state, truncation=latch, truncated=values), [text] if tell else []


def _ones(state: MonitorState, rules: MonitorRules, reading: StepReading) -> Found:
    del rules
    mean, most = reading.ratio_mean, reading.ratio_max
    if mean is None or most is None:
        return state, []
    latch, tell = state.ones.after(most == 1.0 and abs(mean - 1.0) < 1e-6)
    text = (
        "every importance ratio of the step was exactly 1, so that neither cap nor mask acts: with "
        "one update per batch, anchor the ratio on the sampler's probabilities"
    )
    return replace(state, ones=latch), [text] if tell else []


def _length_bias(state: MonitorState, rules: MonitorRules, reading: StepReading) -> Found:
    known = {one.environment: one for one in state.judged}
    told: list[str] = []
    for judged in reading.judged:
        before = known.get(judged.environment) or LengthBiasState(judged.environment)
        known[judged.environment], texts = before.after(rules.length_bias, judged)
        told += texts
    return replace(state, judged=tuple(known.values())), told


def pearson(one: Sequence[float], two: Sequence[float]) -> float:
    """Pearson's correlation, in float64; NaN of fewer than two values, or where one side does not
    vary or is no number.

    For the correlation above: probabilities, not their logarithms, of the tokens that were
    sampled, before the first update.
    """
    assert len(one) == len(two), "one of each per token"
    x, y = np.asarray(one, np.float64), np.asarray(two, np.float64)
    if len(x) < 2 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        return math.nan
    x, y = x - x.mean(), y - y.mean()
    spread = math.sqrt(float(x @ x)) * math.sqrt(float(y @ y))
    return min(1.0, max(-1.0, float(x @ y) / spread)) if spread > 0 else math.nan


def _is_number(value: float) -> bool:
    """Whether it can be squared and summed: no NaN, and far from overflow."""
    return abs(value) < 1e100


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)
