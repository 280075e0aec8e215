"""What a loss tells beside its value: sums over tokens, to be added up over micro-batches."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ostinato.rl.token_rule import Weighed


@dataclass(frozen=True)
class LossStats:
    """Sums over the tokens of a batch, 0-d, or one for each row, [N]; without gradient."""

    tokens: Tensor
    """Of the mask."""
    impossible: Tensor
    """Of these, the ones that took no part: a log-probability of -inf."""
    positive: Tensor
    """Tokens with A > 0 that took part."""
    negative: Tensor
    """Tokens with A < 0 that took part; those with A = 0 are in neither."""
    masked_positive: Tensor
    """Dropped by the mask of eq. 7, with A > 0."""
    masked_negative: Tensor
    """Dropped by the mask of eq. 7, with A < 0."""
    capped_positive: Tensor
    """Kept, but the weight was cut to the cap, with A > 0."""
    capped_negative: Tensor
    """Kept, but the weight was cut to the cap, with A < 0."""
    ratio_sum: Tensor
    """Of policy to sampler, before cap and mask."""
    ratio_max: Tensor
    """The largest ratio: the one field that is no sum. 0 where there is no token."""
    kl_sum: Tensor
    """Of r - 1 - log r, whose mean over the sampler's tokens estimates KL(sampler || policy)
    without bias and is never negative (k3).
    """

    @classmethod
    def of(cls, weighed: Weighed, advantages: Tensor, mask: Tensor) -> LossStats:
        """One number for each row."""
        with torch.no_grad():
            counted, ratio = weighed.counted, torch.where(weighed.counted, weighed.ratio, 0.0)
            kl = weighed.log_ratio.expm1() - weighed.log_ratio
            positive, negative = counted & (advantages > 0), counted & (advantages < 0)
            return cls(
                tokens=mask.sum(1),
                impossible=(mask & ~counted).sum(1),
                positive=positive.sum(1),
                negative=negative.sum(1),
                masked_positive=(weighed.masked & positive).sum(1),
                masked_negative=(weighed.masked & negative).sum(1),
                capped_positive=(weighed.capped & positive).sum(1),
                capped_negative=(weighed.capped & negative).sum(1),
                ratio_sum=ratio.sum(1),
                ratio_max=ratio.amax(1),
                kl_sum=kl.sum(1),
            )

    def total(self) -> LossStats:
        """All rows together."""
        sums = {f.name: getattr(self, f.name).sum() for f in fields(self)}
        return LossStats(**sums | {"ratio_max": self.ratio_max.amax()})

    def __add__(self, other: LossStats) -> LossStats:
        """Both micro-batches together."""
        sums = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)}
        return LossStats(**sums | {"ratio_max": torch.maximum(self.ratio_max, other.ratio_max)})

    def metrics(self) -> dict[str, float]:
        """Shares and means, by the names of a run's metrics file. A share of nothing is 0."""
        counted = self.tokens - self.impossible
        return {
            "masked_positive": _share(self.masked_positive, self.positive),
            "masked_negative": _share(self.masked_negative, self.negative),
            "capped_positive": _share(self.capped_positive, self.positive),
            "capped_negative": _share(self.capped_negative, self.negative),
            "impossible": _share(self.impossible, self.tokens),
            "ratio_mean": _share(self.ratio_sum, counted),
            "ratio_max": float(self.ratio_max),
            "kl": _share(self.kl_sum, counted),
        }


def _share(part: Tensor, whole: Tensor) -> float:
    return float(part) / max(1.0, float(whole))
