"""What length costs: the soft overlong penalty, and the exception for repetition.

DAPO, equation 13: an answer of ``length`` tokens in a window of ``longest``, the last ``cache`` of
which are a warning zone, is rewarded with

    0                                  up to longest - cache
    (longest - cache - length) / cache up to longest
    -1                                 beyond

times a factor. Here the zone is a share of the window, so that it grows with it (DAPO's own: 4,096
of 20,480 tokens, a fifth).

An answer that was stopped because it went round in circles is truncated, so it is not right
whatever it had said; but it was preempted, and the report (section 3.2) wants that not to be
penalised: it gets 0, without the penalty of length and without that of form.
"""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.base.errors import UserError
from ostinato.rl.types import Reward, StopReason, Trajectory


@dataclass(frozen=True, kw_only=True)
class OverlongRule:
    """The soft overlong penalty."""

    share: float = 0.2
    """Of the window, in which the penalty grows; 0: only what is beyond the window is penalised."""
    factor: float = 1.0
    """Times DAPO's penalty; 0: none."""

    def __post_init__(self) -> None:
        if not (0 <= self.share <= 1 and 0 <= self.factor < float("inf")):
            raise UserError(
                "overlong: expected a share in 0..1 and a factor of at least 0, got "
                f"{self.share} and {self.factor}"
            )

    def penalty(self, length: int, window: int) -> float:
        """0 or less. ``length``: tokens that the policy wrote in the episode."""
        assert length >= 0 and window > 0, "lengths"
        cache = self.share * window
        beyond = length - (window - cache)
        if beyond <= 0:
            return 0.0
        return -self.factor * (1.0 if length >= window else beyond / cache)


@dataclass(frozen=True)
class ShapedReward:
    """What a trajectory is trained on, in its parts."""

    reward: Reward
    """Of the task; 0 where the answer was preempted."""
    overlong: float
    """0 or less."""

    @property
    def total(self) -> float:
        """The sum."""
        return self.reward.total + self.overlong


def shaped(trajectory: Trajectory, length: int, window: int, rule: OverlongRule) -> ShapedReward:
    """A trajectory's reward with what its length costs.

    ``length``: tokens that the policy wrote in all its turns; ``window``: how many it might.
    """
    if trajectory.stop is StopReason.CONFIDENT:
        return ShapedReward(Reward(0.0, 0.0, trajectory.reward.trusted), 0.0)
    return ShapedReward(trajectory.reward, rule.penalty(length, window))
