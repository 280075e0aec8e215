"""Random batches in float64, and the objectives as papers write them, for the tests of losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

VOCABULARY = 5


@dataclass(frozen=True)
class Case:
    """Rows of different lengths; ratios on both sides of every bound."""

    logits: Tensor
    """[N, T, V], the leaf that gradients are taken of."""
    tokens: Tensor
    sampled_logprobs: Tensor
    advantages: Tensor
    mask: Tensor
    groups: Tensor

    @property
    def logprobs(self) -> Tensor:
        chosen = self.logits.log_softmax(-1).gather(-1, self.tokens[..., None])
        return chosen[..., 0]

    @property
    def ratio(self) -> Tensor:
        return (self.logprobs - self.sampled_logprobs).detach().exp()

    def gradient(self, loss: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        """Of the loss, with respect to the logits."""
        value = loss(self.logprobs, self.sampled_logprobs, self.advantages, self.mask)
        return torch.autograd.grad(value, self.logits)[0]


def case(seed: int = 0, rows: int = 12, width: int = 9, spread: float = 1.0) -> Case:
    """Rows in groups of three. ``spread`` 0: the sampler is the policy."""
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=random, dtype=torch.float64)

    logits = normal(rows, width, VOCABULARY)
    tokens = torch.randint(VOCABULARY, (rows, width), generator=random)
    sampler = logits + spread * normal(rows, width, VOCABULARY)
    lengths = torch.randint(1, width + 1, (rows,), generator=random)
    return Case(
        logits=logits.requires_grad_(),
        tokens=tokens,
        sampled_logprobs=sampler.detach().log_softmax(-1).gather(-1, tokens[..., None])[..., 0],
        advantages=normal(rows)[:, None].expand(rows, width),
        mask=torch.arange(width) < lengths[:, None],
        groups=torch.arange(rows) // 3 + 40,
    )


def token_mean(per_token: Tensor, mask: Tensor) -> Tensor:
    return per_token[mask].mean()


def surrogate(ratio: Tensor, advantages: Tensor, low: float, high: float) -> Tensor:
    """What PPO, GRPO and DAPO maximise at a token."""
    return torch.minimum(ratio * advantages, ratio.clamp(1 - low, 1 + high) * advantages)
