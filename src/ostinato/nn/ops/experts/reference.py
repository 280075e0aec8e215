"""The definition: every expert for every token that chose it, in float64."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import silu


def experts_reference(
    tokens: Tensor, gate_up: Tensor, down: Tensor, chosen: Tensor, weights: Tensor
) -> Tensor:
    """As ``mix_experts``; the arithmetic is float64, the result is cast at the end."""
    u_ND = tokens.double()
    out = torch.zeros_like(u_ND)
    for expert in range(len(gate_up)):
        gate_NF, up_NF = (u_ND @ gate_up[expert].double().T).chunk(2, -1)
        y_ND = (silu(gate_NF) * up_NF) @ down[expert].double().T
        share_N = (weights.double() * (chosen == expert)).sum(1)
        out = out + share_N[:, None] * y_ND
    return out.to(tokens.dtype)
