"""Some rows of logits at a time; the backward pass makes them again."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

LOGITS = 2**25  # that exist at a time


def cross_entropy_chunked(hidden: Tensor, head: Tensor, targets: Tensor, chunk: int) -> Tensor:
    """As ``linear_cross_entropy``; rows without a target cost nothing."""
    seen = (targets >= 0).nonzero()[:, 0]
    exact = torch.promote_types(hidden.dtype, torch.float32)
    with torch.autocast(hidden.device.type, enabled=False):
        found: Any = _Losses.apply(hidden[seen].to(exact), head.to(exact), targets[seen], chunk)
    return torch.zeros(len(targets), dtype=exact, device=hidden.device).index_put((seen,), found)


class _Losses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, head: Tensor, targets: Tensor, chunk: int) -> Tensor:
        losses = hidden.new_empty(len(targets))
        norms = hidden.new_empty(len(targets))
        for first in range(0, len(targets), chunk):
            part = slice(first, first + chunk)
            logits = hidden[part] @ head.T
            norms[part] = logits.logsumexp(1)
            losses[part] = norms[part] - logits.gather(1, targets[part, None])[:, 0]
        ctx.save_for_backward(hidden, head, targets, norms)
        ctx.chunk = chunk
        return losses

    @staticmethod
    @once_differentiable
    def backward(  # pyright: ignore[reportIncompatibleMethodOverride]  what the decorator makes
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        hidden, head, targets, norms = ctx.saved_tensors
        to_hidden, to_head = torch.empty_like(hidden), torch.zeros_like(head)
        with torch.autocast(hidden.device.type, enabled=False):
            for first in range(0, len(targets), ctx.chunk):
                part = slice(first, first + ctx.chunk)
                share = torch.exp(hidden[part] @ head.T - norms[part, None])
                share.scatter_add_(1, targets[part, None], -torch.ones_like(norms[part, None]))
                share.mul_(gradients[0][part, None])
                to_hidden[part] = share @ head
                to_head.addmm_(share.T, hidden[part])
        return to_hidden, to_head, None, None
