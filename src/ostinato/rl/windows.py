"""Staged length windows: outputs may grow longer only once the policy is ready for it.

MiniMax-M1's report, section 5: from 40K to 80K tokens in steps of 8K. A run moves on to the next
window when two things hold at the same step:

- the perplexity of generated text has converged: the means over the last ``over`` steps and over
  as many before differ by at most ``tolerance``, as a share of the earlier;
- the 99th percentile of output length approaches the window: its mean over the last ``over`` steps
  is at least ``ratio`` of the window. All outputs count, truncated ones too.

The report gives no numbers for either; these are ours. Only steps within a stage are looked at, so
a stage lasts at least ``2 * over`` steps. Stages are never skipped, and there is no way back.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ostinato.base.errors import UserError

SHARE = 0.99
"""Of outputs, within the length that is held against the window."""


@dataclass(frozen=True, kw_only=True)
class WindowStage:
    """A window, and how much more careful training is from it on."""

    tokens: int
    """The most that a policy may write in an episode, all turns together."""
    clip_norm: float | None = None
    """Of the gradient, from this stage on; None: as before."""
    max_weight: float | None = None
    """The cap of CISPO's weights, from this stage on; None: as before. The report lowers both
    with every window, as the wrong answers lengthen first.
    """


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """The stages, and when to move on; the module says how."""

    stages: tuple[WindowStage, ...]
    ratio: float = 0.9
    """Of the window that the 99th percentile has to reach."""
    tolerance: float = 0.01
    """Of the relative change of perplexity."""
    over: int = 10
    """Steps whose mean is taken."""
    min_steps: int = 0
    """In each stage, where that is more than ``2 * over``."""

    def __post_init__(self) -> None:
        if not self.stages:
            raise UserError("windows: expected at least one stage, such as {tokens = 512}")
        for one in self.stages:
            _check_stage(one)
        _check_order("tokens", [one.tokens for one in self.stages], "rise")
        _check_order("clip_norm", [one.clip_norm for one in self.stages], "not rise")
        _check_order("max_weight", [one.max_weight for one in self.stages], "not rise")
        if not (0 < self.ratio <= 1 and 0 < self.tolerance < math.inf):
            raise UserError(
                "windows: expected a ratio in 0..1 (0 excluded) and a tolerance above 0, got "
                f"{self.ratio} and {self.tolerance}"
            )
        if self.over < 1 or self.min_steps < 0:
            raise UserError(
                "windows: expected over of at least 1 and min_steps of at least 0, got "
                f"{self.over} and {self.min_steps}"
            )

    def clip_norm(self, stage: int, default: float) -> float:
        """The bound of the gradient's norm in a stage; ``default`` where none was set so far."""
        return _last([one.clip_norm for one in self.stages[: stage + 1]], default)

    def max_weight(self, stage: int, default: float) -> float:
        """The cap of the weights in a stage; ``default`` where none was set so far."""
        return _last([one.max_weight for one in self.stages[: stage + 1]], default)


@dataclass(frozen=True)
class Progress:
    """Where a stage stands: what the two criteria look at, and whether they hold."""

    change: float | None
    """Of perplexity, as a share; None, as the next, while the stage is younger than 2 ``over``."""
    p99: float | None
    """The 99th percentile of length, tokens: the mean over the last steps."""
    converged: bool
    full: bool
    """The 99th percentile is near the window."""
    ready: bool
    """Both hold, and the stage has lasted long enough."""


@dataclass(frozen=True)
class WindowState:
    """Where a run stands; ``to_dict`` and ``from_dict`` of ``base.config`` carry it."""

    stage: int = 0
    """From 0."""
    steps: int = 0
    """In this stage."""
    perplexities: tuple[float, ...] = ()
    """Of the last 2 ``over`` steps of this stage."""
    p99s: tuple[float, ...] = ()
    """The 99th percentiles of the last ``over`` steps of this stage."""

    def tokens(self, plan: WindowPlan) -> int:
        """The window."""
        return plan.stages[self.stage].tokens

    def after(
        self, plan: WindowPlan, perplexity: float, lengths: Sequence[int]
    ) -> tuple[WindowState, tuple[str, ...]]:
        """The state after a step, and a sentence if the window grows.

        ``perplexity``: exp of the mean -log p of all tokens that were sampled in the step.
        ``lengths``: tokens written in each of its episodes, however they ended.
        """
        assert 0 < perplexity < math.inf, "a perplexity is finite"
        seen = WindowState(
            self.stage,
            self.steps + 1,
            (*self.perplexities, perplexity)[-2 * plan.over :],
            (*self.p99s, float(percentile(lengths)))[-plan.over :],
        )
        found = seen.progress(plan)
        if not found.ready or self.stage + 1 == len(plan.stages):
            return seen, ()
        grown = WindowState(self.stage + 1)
        text = (
            f"the window grows from {self.tokens(plan):,} to {grown.tokens(plan):,} tokens after "
            f"{seen.steps} steps: perplexity has converged (changed by {found.change:.2%}), and "
            f"the 99th percentile of length is {found.p99:,.0f} tokens"
        )
        return grown, (text,)

    def progress(self, plan: WindowPlan) -> Progress:
        """Both criteria, as they stand."""
        over = plan.over
        if len(self.perplexities) < 2 * over:
            return Progress(None, None, False, False, False)
        before, last = _mean(self.perplexities[:over]), _mean(self.perplexities[over:])
        change, p99 = abs(last - before) / before, _mean(self.p99s)
        converged = change <= plan.tolerance
        full = p99 >= plan.ratio * self.tokens(plan)
        ready = converged and full and self.steps >= plan.min_steps
        return Progress(change, p99, converged, full, ready)


def percentile(lengths: Sequence[int], share: float = SHARE) -> int:
    """The least of the lengths that at least this share of them does not exceed (nearest rank);
    of fewer than 100 lengths the 99th percentile is the greatest.
    """
    assert lengths and 0 < share <= 1, "some lengths, and a share of them"
    rank = math.ceil(round(share * len(lengths), 9))
    return sorted(lengths)[rank - 1]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _last(values: Sequence[float | None], default: float) -> float:
    return next((value for value in reversed(values) if value is not None), default)


def _check_stage(stage: WindowStage) -> None:
    values = (stage.tokens, stage.clip_norm, stage.max_weight)
    if any(value is not None and not 0 < value < math.inf for value in values):
        raise UserError(
            "windows: expected tokens, clip_norm and max_weight above 0, the last two left out "
            f"where they stay; got {stage.tokens}, {stage.clip_norm} and {stage.max_weight}"
        )


def _check_order(
    name: str, values: Sequence[float | None], order: Literal["rise", "not rise"]
) -> None:
    given = [value for value in values if value is not None]
    for one, following in itertools.pairwise(given):
        if (following <= one) if order == "rise" else (following > one):
            raise UserError(
                f"windows: expected {name} to {order} from stage to stage, got {following} "
                f"after {one}"
            )
