"""Every expert for every token, in two matrix products: for small experts and many tokens."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu


def experts_dense(
    tokens: Tensor, gate_up: Tensor, down: Tensor, chosen: Tensor, weights: Tensor
) -> Tensor:
    """As ``mix_experts``; E / k times its arithmetic, and no shape depends on the router."""
    experts, width, _ = down.shape
    share_NE = torch.zeros(len(tokens), experts, dtype=tokens.dtype, device=tokens.device)
    share_NE = share_NE.scatter(1, chosen, weights.to(tokens.dtype))
    gate_NEF, up_NEF = (tokens @ gate_up.flatten(0, 1).T).unflatten(1, (experts, -1)).chunk(2, -1)
    mixed_NEF = silu(gate_NEF) * up_NEF * share_NE[..., None]
    return mixed_NEF.flatten(1) @ down.transpose(1, 2).reshape(-1, width)
