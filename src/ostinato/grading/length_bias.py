"""The online alarm against a judge that pays for length (report, section 4.2.2).

A judge that likes long answers makes a policy write longer ones, at no gain. The alarm watches
batch means over a sliding window and goes off when length grows, the judge's reward goes with it,
and verified success does not. What it recommends then: recalibrate the judge, and go on.

The rule, exactly. Over the last ``window`` batches, a *rise* is the slope of the least-squares
line through the batch means times the batches that it spans; that of length is a share of the
mean length. A window is *biased* if

- the rise of length is at least ``growth``, and
- the rise of reward is at least ``gain``, and
- the correlation of the means of length and reward is at least ``correlation``, and
- the rise of success is at most ``share`` of the rise of reward, even with its standard error
  (by the residuals of the line) added: a few unlucky checks are no alarm.

It is *calm* if the rise of length or of reward is under half of its bound, or the rise of success
is above the mean of ``share`` and 1 times that of reward. After ``patience`` biased windows in a
row the alarm is raised, after as many calm ones it is cleared; so it does not flicker. Success may
be known of some answers only (a held-out share that is checked), and of none in some batches: with
fewer than half of the batches nothing can be said, and a window is neither.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ostinato.base.errors import UserError

ACTION = "recalibrate the judge: its reward grows with length, and verified success does not"


@dataclass(frozen=True, kw_only=True)
class LengthBiasRule:
    """When the alarm goes off; the module says how."""

    window: int = 32
    """Batches. Shorter ones notice sooner, and are wrong more often: of batches of 64 answers, a
    third of them checked, a window of 16 cried wolf in a fifth of simulated runs of 60 batches.
    """
    growth: float = 0.1
    """Of the mean length over the window, as a share of it."""
    gain: float = 0.02
    """Of the mean reward over the window."""
    correlation: float = 0.5
    share: float = 0.5
    """Of reward's rise that success has to keep up with."""
    patience: int = 3
    """Windows in a row."""

    def __post_init__(self) -> None:
        if self.window < 4 or self.patience < 1:
            raise UserError(
                "length bias: expected a window of at least 4, a patience of at least 1"
            )
        if self.growth <= 0 or self.gain <= 0:
            raise UserError("length bias: expected a growth and a gain above 0")
        if not (0 <= self.share < 1 and 0 <= self.correlation <= 1):
            raise UserError("length bias: expected a share of 0..1, not 1, a correlation of 0..1")


@dataclass(frozen=True)
class Reading:
    """What the alarm says after a batch."""

    raised: bool
    changed: bool
    """It was not so before this batch."""
    length_rise: float | None
    """None, as all of these, until the window is full."""
    reward_rise: float | None
    success_rise: float | None
    """None also where too little of it is known."""
    success_error: float | None
    """The standard error of that."""
    correlation: float | None

    @property
    def action(self) -> str | None:
        """What to do, while the alarm is raised."""
        return ACTION if self.raised else None


Batch = tuple[float, float, float | None]


@dataclass
class LengthBiasAlarm:
    """Fed with every batch; its state goes into checkpoints."""

    rule: LengthBiasRule = field(default_factory=LengthBiasRule)
    raised: bool = False
    _batches: list[Batch] = field(default_factory=list[Batch], init=False)
    _streak: int = field(default=0, init=False)

    def feed(
        self,
        lengths: Sequence[float],
        rewards: Sequence[float],
        successes: Sequence[float | None],
    ) -> Reading:
        """A batch: of every answer its length, the judge's reward, and whether it is verified to
        be right (0..1; None where that was not checked).
        """
        assert lengths and len(lengths) == len(rewards) == len(successes), "one of each per answer"
        known = [success for success in successes if success is not None]
        assert all(map(math.isfinite, [*lengths, *rewards, *known])), "numbers"
        self._batches.append((_mean(lengths), _mean(rewards), _mean(known) if known else None))
        del self._batches[: -self.rule.window]
        if len(self._batches) < self.rule.window:
            return Reading(self.raised, False, None, None, None, None, None)
        return self._read()

    def reset(self) -> None:
        """Forget all batches: the judge was recalibrated."""
        self._batches, self._streak, self.raised = [], 0, False

    def state(self) -> dict[str, Any]:
        """Plain values."""
        batches = [list(batch) for batch in self._batches]
        return {"raised": self.raised, "streak": self._streak, "batches": batches}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.raised, self._streak = bool(state["raised"]), int(state["streak"])
        self._batches = [(length, reward, known) for length, reward, known in state["batches"]]

    def _read(self) -> Reading:
        lengths, rewards, known = zip(*self._batches, strict=True)
        mean = _mean(lengths)
        length = _rise(list(enumerate(lengths)))[0] / mean if mean else 0.0
        reward, _ = _rise(list(enumerate(rewards)))
        points = [(at, success) for at, success in enumerate(known) if success is not None]
        success, error = _rise(points) if 2 * len(points) >= self.rule.window else (None, None)
        correlation = _correlation(lengths, rewards)
        biased = calm = False
        if success is not None and error is not None:
            biased = self._biased(length, reward, success + error, correlation)
            calm = self._calm(length, reward, success)
        self._streak = self._streak + 1 if (calm if self.raised else biased) else 0
        changed = self._streak >= self.rule.patience
        if changed:
            self.raised, self._streak = not self.raised, 0
        return Reading(self.raised, changed, length, reward, success, error, correlation)

    def _biased(self, length: float, reward: float, success: float, correlation: float) -> bool:
        rule = self.rule
        grows = length >= rule.growth and reward >= rule.gain and correlation >= rule.correlation
        return grows and success <= rule.share * reward

    def _calm(self, length: float, reward: float, success: float) -> bool:
        rule = self.rule
        flat = length < rule.growth / 2 or reward < rule.gain / 2
        return flat or success > (rule.share + 1) / 2 * reward


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _rise(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of the least-squares line through the points, from the first of them to the last; and its
    standard error (0 of two points).
    """
    x, y = _mean([x for x, _ in points]), _mean([y for _, y in points])
    spread = math.fsum((a - x) ** 2 for a, _ in points)
    slope = math.fsum((a - x) * (b - y) for a, b in points) / spread if spread else 0.0
    rest = math.fsum((b - y - slope * (a - x)) ** 2 for a, b in points)
    error = math.sqrt(rest / (len(points) - 2) / spread) if len(points) > 2 and spread else 0.0
    span = points[-1][0] - points[0][0]
    return slope * span, error * span


def _correlation(one: Sequence[float], two: Sequence[float]) -> float:
    """Pearson's; 0 where one of them does not vary."""
    a, b = _mean(one), _mean(two)
    covariance = math.fsum((x - a) * (y - b) for x, y in zip(one, two, strict=True))
    spread = math.fsum((x - a) ** 2 for x in one) * math.fsum((y - b) ** 2 for y in two)
    return covariance / math.sqrt(spread) if spread > 0 else 0.0
