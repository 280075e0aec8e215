"""Each token's chosen experts gathered: no shape depends on what the router says."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import silu


def experts_gathered(
    tokens: Tensor, gate_up: Tensor, down: Tensor, chosen: Tensor, weights: Tensor
) -> Tensor:
    """As ``mix_experts``; it reads k experts' weights for each token, so N should be small."""
    gate_NKF, up_NKF = (gate_up[chosen] @ tokens[:, None, :, None])[..., 0].chunk(2, -1)
    y_NKD = (down[chosen] @ (silu(gate_NKF) * up_NKF)[..., None])[..., 0]
    return (y_NKD * weights[..., None].to(tokens.dtype)).sum(1)
