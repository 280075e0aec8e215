"""Policy losses: CISPO, the unified form, GRPO, DAPO, REINFORCE, GSPO.

All are one core: minus the sum over tokens of ``weight * A * log pi``, the weight by a
`TokenRule` and without gradient, the sum divided as `Aggregate` says. Their *gradients* are
those of the published objectives; their *values* are not (a clipped surrogate's is
min(r A, clip(r) A)) and mean nothing by themselves: there is no number to watch here.

Everywhere: ``logprobs`` of the policy, with gradient; ``sampled_logprobs`` of whoever sampled
(or of the policy before the first update of the batch); ``advantages``; ``mask``, true where
the policy wrote the token. All are [N, T], rows are trajectories, advantages may be [N, 1].
What stands outside the mask does not matter, be it NaN. A token of the mask whose
log-probability is -inf on either side takes no part but stays in the denominator, and is counted
(`LossStats.impossible`); NaN there makes the loss NaN.

``normaliser`` holds the denominators of the whole batch when the rows are only some of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.aggregation import Aggregate, Normaliser
from ostinato.rl.loss_stats import LossStats
from ostinato.rl.token_rule import TokenRule


def unified(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    rule: TokenRule,
    aggregate: Aggregate = "token",
    normaliser: Normaliser | None = None,
    by_row: bool = False,
) -> tuple[Tensor, LossStats]:
    """Any rule (report, eq. 6): what all others call. ``by_row``: stats for each row, [N]."""
    _check(logprobs, sampled_logprobs, advantages, mask)
    advantages = advantages.expand_as(logprobs)
    weighed = rule.weigh(logprobs, sampled_logprobs, advantages, mask)
    factor = torch.where(weighed.counted, weighed.weight * advantages, 0.0).detach()
    of_row = -(factor * torch.where(weighed.counted, logprobs, 0.0)).sum(1)
    whole = Normaliser.of(mask.sum(1)) if normaliser is None else normaliser
    loss = (of_row * whole.weights(aggregate).to(of_row)).sum()
    stats = LossStats.of(weighed, advantages, mask)
    return loss, stats if by_row else stats.total()


def cispo(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    max_weight: float | Tensor = 5.0,
    min_weight: float | Tensor = 0.0,
    aggregate: Aggregate = "token",
    normaliser: Normaliser | None = None,
) -> tuple[Tensor, LossStats]:
    """Every token keeps its gradient; the weight is capped (report, eq. 4-5).

    Eq. 4 as written is ``aggregate="prompt"``; the default is what frameworks do.
    """
    return unified(
        logprobs,
        sampled_logprobs,
        advantages,
        mask,
        rule=TokenRule.cispo(max_weight, min_weight),
        aggregate=aggregate,
        normaliser=normaliser,
    )


def grpo(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip: float = 0.2,
    aggregate: Aggregate = "sample",
    normaliser: Normaliser | None = None,
) -> tuple[Tensor, LossStats]:
    """PPO's clipped surrogate, aggregated as GRPO does (arXiv 2402.03300); no KL term."""
    return unified(
        logprobs,
        sampled_logprobs,
        advantages,
        mask,
        rule=TokenRule.grpo(clip),
        aggregate=aggregate,
        normaliser=normaliser,
    )


def dapo(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
    aggregate: Aggregate = "token",
    normaliser: Normaliser | None = None,
) -> tuple[Tensor, LossStats]:
    """The surrogate clipped higher above, over all tokens (arXiv 2503.14476); the sampling and
    the length penalty of that recipe belong to the loop.
    """
    return unified(
        logprobs,
        sampled_logprobs,
        advantages,
        mask,
        rule=TokenRule.dapo(clip_low, clip_high),
        aggregate=aggregate,
        normaliser=normaliser,
    )


def gspo(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip_low: float = 3e-4,
    clip_high: float = 4e-4,
    aggregate: Aggregate = "sample",
    normaliser: Normaliser | None = None,
) -> tuple[Tensor, LossStats]:
    """The surrogate of the sequence's ratio (arXiv 2507.18071). A row is a sequence, so rows
    must not be cut; the advantage is the same along a row.
    """
    return unified(
        logprobs,
        sampled_logprobs,
        advantages,
        mask,
        rule=TokenRule.gspo(clip_low, clip_high),
        aggregate=aggregate,
        normaliser=normaliser,
    )


def reinforce(
    logprobs: Tensor,
    sampled_logprobs: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    aggregate: Aggregate = "token",
    normaliser: Normaliser | None = None,
) -> tuple[Tensor, LossStats]:
    """Without any weight; ``sampled_logprobs`` serves the stats alone."""
    return unified(
        logprobs,
        sampled_logprobs,
        advantages,
        mask,
        rule=TokenRule.reinforce(),
        aggregate=aggregate,
        normaliser=normaliser,
    )


def _check(logprobs: Tensor, sampled_logprobs: Tensor, advantages: Tensor, mask: Tensor) -> None:
    assert logprobs.numel(), "a batch has tokens"
    shape = logprobs.shape
    wide = advantages.shape in (shape, (*shape[:1], 1))
    if logprobs.ndim != 2 or sampled_logprobs.shape != shape or mask.shape != shape or not wide:
        every = (logprobs, sampled_logprobs, advantages, mask)
        shapes = ", ".join(str(list(tensor.shape)) for tensor in every)
        raise UserError(
            "logprobs, sampled_logprobs, advantages and mask are of one shape [N, T]"
            f" (advantages may be [N, 1]); got {shapes}."
        )
    if mask.dtype != torch.bool:
        raise UserError(f"mask is of bool; got {mask.dtype}: compare it with 0.")
    for name, tensor in (("logprobs", logprobs), ("sampled_logprobs", sampled_logprobs)):
        if tensor.dtype not in (torch.float32, torch.float64):
            raise UserError(
                f"{name} is of float32 or float64; got {tensor.dtype}, whose rounding alone makes"
                " ratios that are not 1: take the log-softmax in float32."
            )
