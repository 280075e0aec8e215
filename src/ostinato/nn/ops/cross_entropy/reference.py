"""The definition: all logits, in float64."""

from __future__ import annotations

import torch
from torch import Tensor


def cross_entropy_reference(hidden: Tensor, head: Tensor, targets: Tensor) -> Tensor:
    """As ``linear_cross_entropy``; the arithmetic is float64, the result is cast at the end."""
    logits_NV = hidden.double() @ head.double().T
    seen_N = targets >= 0
    true_N = logits_NV.gather(1, targets.clamp(min=0)[:, None])[:, 0]
    losses_N = torch.where(seen_N, logits_NV.logsumexp(1) - true_N, 0.0)
    return losses_N.to(torch.float64 if hidden.dtype == torch.float64 else torch.float32)
