"""What a token's policy gradient is multiplied with: the one concept behind every loss.

Each loss of ``losses.py`` has the gradient ``weight * A * grad log pi`` at each token. A rule
says what the weight is: the ratio of the policy to the sampler, bounded (CISPO; MiniMax-M1,
arXiv 2506.13585, eq. 5), or dropped (PPO's implicit mask, eq. 7), or both (eq. 6). The bounds
of the weight and those of the mask are four different numbers; all are told here as they act,
not as an epsilon whose sign and offset each framework chooses anew (`conventions`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ostinato.base.errors import UserError

Bound = float | Tensor
"""One number, or a tensor [N, 1] with one for each row."""

Level = Literal["token", "sequence"]

LOG_RATIO = 20.0
"""Log-ratios are cut off at +-20: a weight without a cap stays finite (5e8)."""

TRIED = (1.2, 8.0)
"""Caps between these have been reported to work."""


@dataclass(frozen=True)
class Weighed:
    """What a rule makes of a batch; all [N, T], without gradient. ``masked`` and ``capped``
    exclude each other.
    """

    counted: Tensor
    """Tokens of the mask that can have been sampled: neither log-probability is -inf."""
    ratio: Tensor
    """Policy to sampler; of the whole row at level ``sequence``. 1 where not counted."""
    log_ratio: Tensor
    """Of each token, whatever the level. 0 where not counted."""
    weight: Tensor
    """0 where the mask of eq. 7 holds, and where not counted."""
    masked: Tensor
    """Counted, but dropped by the mask of eq. 7."""
    capped: Tensor
    """Counted and kept; the ratio was above ``max_weight``. Never where both bounds are one."""


@dataclass(frozen=True)
class TokenRule:
    """Cap and mask, independent of each other. ``inf`` switches off each but ``min_weight``,
    which 0 does.

    A rule whose mask is that of a clipped surrogate and whose cap is off has exactly the
    surrogate's gradient. With a finite cap it has not: GRPO lets the weight of a token with
    A < 0 and a large ratio grow without bound.
    """

    max_weight: Bound = math.inf
    """Absolute: no weight is above it."""
    min_weight: Bound = 0.0
    """Absolute: no weight is below it, but for those masked."""
    mask_low: Bound = math.inf
    """eps_low of eq. 7: tokens with A < 0 and a ratio below 1 - mask_low are dropped."""
    mask_high: Bound = math.inf
    """eps_high of eq. 7: tokens with A > 0 and a ratio above 1 + mask_high are dropped."""
    level: Level = "token"
    """``sequence``: the ratio is the geometric mean of the row's (GSPO, arXiv 2507.18071)."""

    def __post_init__(self) -> None:
        lowest, highest = _least(self.min_weight), _least(self.max_weight)
        if not highest > 0:
            raise UserError(f"max_weight is above 0, such as 5; got {highest}.")
        if not lowest >= 0:
            raise UserError(f"min_weight is 0 (no floor) or more; got {lowest}.")
        if bool(torch.any(torch.as_tensor(self.min_weight) > torch.as_tensor(self.max_weight))):
            raise UserError("min_weight is at most max_weight; got the contrary.")
        for name, bound in (("mask_low", self.mask_low), ("mask_high", self.mask_high)):
            if not _least(bound) >= 0:
                raise UserError(f"{name} is 0 or more, or inf for none; got {_least(bound)}.")

    @classmethod
    def cispo(cls, max_weight: Bound = 5.0, min_weight: Bound = 0.0) -> TokenRule:
        """A capped weight and no mask. 5 is ScaleRL's (arXiv 2510.13786); the report has none."""
        return cls(max_weight=max_weight, min_weight=min_weight)

    @classmethod
    def unified(
        cls,
        max_weight: float = 5.0,
        min_weight: float = 0.0,
        mask_low: float | None = None,
        mask_high: float | None = None,
    ) -> TokenRule:
        """Cap and mask (eq. 6-7); None for no mask on that side."""
        return cls(max_weight, min_weight, _or_off(mask_low), _or_off(mask_high))

    @classmethod
    def grpo(cls, clip: float = 0.2) -> TokenRule:
        """The clipped surrogate of PPO (arXiv 1707.06347) and GRPO, min(r A, clip(r) A)."""
        return cls(mask_low=clip, mask_high=clip)

    @classmethod
    def dapo(cls, clip_low: float = 0.2, clip_high: float = 0.28) -> TokenRule:
        """The same, clipped higher above than below (arXiv 2503.14476, eq. 10)."""
        return cls(mask_low=clip_low, mask_high=clip_high)

    @classmethod
    def gspo(cls, clip_low: float = 3e-4, clip_high: float = 4e-4) -> TokenRule:
        """The same with the ratio of the sequence; GSPO itself if aggregated by sample."""
        return cls(mask_low=clip_low, mask_high=clip_high, level="sequence")

    @classmethod
    def reinforce(cls) -> TokenRule:
        """Every weight is 1, whoever sampled."""
        return cls(max_weight=1.0, min_weight=1.0)

    @classmethod
    def by_row(cls, rules: Sequence[TokenRule], of_row: Tensor) -> TokenRule:
        """Several rules in one batch: row n has rule ``of_row[n]`` (int64 [N]). All must have
        the same level.
        """
        if len({rule.level for rule in rules}) != 1:
            raise UserError("rules of one batch have one level; got tokens' and sequences'.")

        def column(bounds: Sequence[Bound]) -> Tensor:
            numbers = [float(bound) for bound in bounds]
            return torch.tensor(numbers, dtype=torch.float64, device=of_row.device)[of_row][:, None]

        return cls(
            column([rule.max_weight for rule in rules]),
            column([rule.min_weight for rule in rules]),
            column([rule.mask_low for rule in rules]),
            column([rule.mask_high for rule in rules]),
            rules[0].level,
        )

    def rows(self, index: Tensor | slice) -> TokenRule:
        """The rule of some of the rows: a micro-batch."""
        return TokenRule(
            _rows(self.max_weight, index),
            _rows(self.min_weight, index),
            _rows(self.mask_low, index),
            _rows(self.mask_high, index),
            self.level,
        )

    def weigh(
        self, logprobs: Tensor, sampled_logprobs: Tensor, advantages: Tensor, mask: Tensor
    ) -> Weighed:
        """Apply it; everything is [N, T].

        A token with a log-probability of -inf on either side cannot have been sampled, or has
        no gradient: it is not counted. NaN at a token of the mask stays NaN, so that it shows.
        """
        with torch.no_grad():
            counted = mask & ~torch.isneginf(logprobs) & ~torch.isneginf(sampled_logprobs)
            log_ratio = torch.where(counted, logprobs - sampled_logprobs, 0.0)
            log_ratio = log_ratio.clamp(-LOG_RATIO, LOG_RATIO)
            ratio = self._of_sequence(log_ratio, counted).exp()
            low, high = (_like(bound, ratio) for bound in (self.mask_low, self.mask_high))
            most, least = (_like(bound, ratio) for bound in (self.max_weight, self.min_weight))
            dropped = (advantages > 0) & (ratio > 1 + high) | (advantages < 0) & (ratio < 1 - low)
            kept = counted & ~dropped
            bounded = ratio.clamp(min=least).clamp(max=most)
            return Weighed(
                counted=counted,
                ratio=ratio,
                log_ratio=log_ratio,
                weight=torch.where(kept, bounded, 0.0),
                masked=counted & dropped,
                capped=kept & (ratio > most) & (most > least),
            )

    def _of_sequence(self, log_ratio: Tensor, counted: Tensor) -> Tensor:
        if self.level == "token":
            return log_ratio
        mean = log_ratio.sum(1) / counted.sum(1).clamp(min=1)
        return torch.where(counted, mean[:, None], 0.0)


def concerns(rule: TokenRule, *, updates: int, anchor: Literal["sampler", "old"]) -> list[str]:
    """What is likely wrong with a rule in a loop of ``updates`` optimiser steps per batch;
    one sentence each.

    ``anchor`` tells whose log-probabilities stand below the ratio: the sampler's own, or the
    policy's before the first update of the batch (``old``).
    """
    found: list[str] = []
    if anchor == "old" and updates == 1:
        found.append(
            "With one update per batch and the ratio anchored on the old policy every weight is"
            " exactly 1, so that neither cap nor mask acts: anchor it on the sampler, or make"
            " more updates."
        )
    caps, floors, highs = (
        torch.as_tensor(bound, dtype=torch.float64).flatten()
        for bound in (rule.max_weight, rule.min_weight, rule.mask_high)
    )
    chosen = caps[(caps != floors) & caps.isfinite()]
    odd = chosen[(chosen < TRIED[0]) | (chosen > TRIED[1])]
    if len(odd):
        found.append(f"max_weight {float(odd[0]):g} is outside 1.2 to 8, where it has been tried.")
    if bool((caps.isinf() & highs.isinf()).any()):
        found.append(
            "Neither max_weight nor mask_high bounds the weight of tokens with A > 0: set"
            " max_weight, such as 5."
        )
    if bool(((floors > 0) & (caps != floors)).any()):
        found.append(
            "min_weight above 0 still pushes tokens that the policy has given up; CISPO has no"
            " floor (0)."
        )
    return found


def _or_off(bound: float | None) -> float:
    return math.inf if bound is None else bound


def _least(bound: Bound) -> float:
    return float(bound.min()) if isinstance(bound, Tensor) else bound


def _rows(bound: Bound, index: Tensor | slice) -> Bound:
    return bound[index] if isinstance(bound, Tensor) else bound


def _like(bound: Bound, ratio: Tensor) -> Tensor:
    return bound.to(ratio) if isinstance(bound, Tensor) else ratio.new_full((), bound)
