"""Dynamic sampling (DAPO, section 3.2): groups without a signal are dropped, and others asked.

A group has no signal where all its rewards are equal, exactly: its advantages would all be 0.
Rewards are those that are trained on, penalties included; a mean or a standard deviation that is
rounded is not asked. So a group whose answers are all wrong is kept if some of them lack the form.

The cost is bounded twice: by rounds, and by groups in all. How many a round asks follows the share
that was kept lately. Where a bound is hit, the step trains on fewer groups, and says so.

What is kept beyond the number wanted is dropped by the order of asking. To take those that were
answered first would prefer short answers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ostinato.base.errors import UserError


@dataclass(frozen=True, kw_only=True)
class FilterRule:
    """How long to look for groups with a signal."""

    enabled: bool = True
    """Off: every group is trained on, and none is asked in place of another."""
    max_rounds: int = 3
    """Of refill, after the first round of a step."""
    max_asked: float = 3.0
    """Groups of a step in all, the first round too, as a multiple of those wanted."""
    over: int = 8
    """Steps from which the share of groups with a signal is estimated."""

    def __post_init__(self) -> None:
        if self.max_rounds < 0 or not 1 <= self.max_asked < math.inf or self.over < 1:
            raise UserError(
                "filter: expected max_rounds of at least 0, max_asked of at least 1 and over of at "
                f"least 1, got {self.max_rounds}, {self.max_asked} and {self.over}"
            )


def has_signal(rewards: Sequence[float]) -> bool:
    """Whether a group's rewards differ at all; one reward alone does not."""
    assert rewards and all(map(math.isfinite, rewards)), "a group has rewards, and they are numbers"
    return any(reward != rewards[0] for reward in rewards)


@dataclass(frozen=True)
class Sifting:
    """One step's search for groups, round by round."""

    wanted: int
    """Groups to train on."""
    rounds: int = 0
    """So far, the first one included."""
    asked: int = 0
    """Groups that were asked."""
    kept: int = 0
    """Those of them with a signal, beyond ``wanted`` too."""

    @property
    def same(self) -> int:
        """Groups without a signal."""
        return self.asked - self.kept

    @property
    def refills(self) -> int:
        """Rounds after the first."""
        return max(0, self.rounds - 1)

    def after(self, groups: Sequence[Sequence[float]]) -> Sifting:
        """The search after a round; ``groups``: the rewards of each group that was asked in it."""
        kept = sum(map(has_signal, groups))
        return replace(
            self, rounds=self.rounds + 1, asked=self.asked + len(groups), kept=self.kept + kept
        )

    def trained(self, rule: FilterRule) -> int:
        """Groups that the step trains on."""
        return min(self.wanted, self.kept if rule.enabled else self.asked)

    def metrics(self) -> dict[str, float]:
        """What a run logs of it."""
        return {
            "groups": self.asked,
            "groups_kept": self.kept,
            "groups_same": self.same,
            "asked_again": self.refills,
        }

    def told(self, rule: FilterRule) -> tuple[str, ...]:
        """A sentence if fewer groups than wanted are trained on."""
        trained = self.trained(rule)
        if trained == self.wanted:
            return ()
        lack = "had a signal" if rule.enabled else "could be asked"
        return (
            f"{trained or 'none'} of {self.wanted} groups {lack} ({self.asked} were asked, "
            f"refills: {self.refills}): the step trains on {'fewer' if trained else 'nothing'}",
        )


@dataclass(frozen=True)
class FilterState:
    """What is remembered from step to step; ``to_dict`` and ``from_dict`` carry it."""

    recent: tuple[tuple[int, int], ...] = ()
    """Groups asked and kept, in each of the last steps."""

    def ask(self, rule: FilterRule, sifting: Sifting) -> int:
        """How many groups the next round asks; 0: the step has what it wants, or may ask no more.

        A new run supposes that every group has a signal.
        """
        if not rule.enabled:
            return 0 if sifting.rounds else sifting.wanted
        missing = sifting.wanted - sifting.kept
        left = math.floor(rule.max_asked * sifting.wanted) - sifting.asked
        if missing <= 0 or sifting.rounds > rule.max_rounds:
            return 0
        return max(0, min(left, math.ceil(missing / self.rate(sifting))))

    def rate(self, sifting: Sifting) -> float:
        """The share of groups with a signal, lately and in this step; never 0."""
        asked = sum(asked for asked, _ in self.recent) + sifting.asked
        kept = sum(kept for _, kept in self.recent) + sifting.kept
        return (kept + 1) / (asked + 1)

    def after(self, rule: FilterRule, sifting: Sifting) -> FilterState:
        """The state after a step."""
        return FilterState((*self.recent, (sifting.asked, sifting.kept))[-rule.over :])
