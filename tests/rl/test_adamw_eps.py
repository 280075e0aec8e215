"""Why the report's AdamW has eps 1e-15: gradients of a policy are tiny."""

from __future__ import annotations

import torch
from loss_cases import case
from torch import Tensor

from ostinato.rl.losses import cispo


def moved(eps: float, size: float) -> Tensor:
    """How far ten steps move logits whose gradients are about ``size``."""
    found = case(0)
    start = found.logits.detach().clone()
    adam = torch.optim.AdamW([found.logits], lr=1e-3, betas=(0.9, 0.95), eps=eps, weight_decay=0)
    for _ in range(10):
        adam.zero_grad()
        loss, _ = cispo(found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
        (loss * size).backward()
        adam.step()
    return (found.logits.detach() - start).abs()[found.mask].mean()


def test_a_large_eps_stands_still_where_a_small_one_learns() -> None:
    assert moved(1e-8, 1e-11) < 1e-3 * moved(1e-15, 1e-11)
    assert moved(1e-15, 1e-11) > 0.5 * moved(1e-15, 1.0), "the size of gradients does not matter"
    assert moved(1e-8, 1.0) > 0.5 * moved(1e-15, 1.0), "it is the size that stops it"
