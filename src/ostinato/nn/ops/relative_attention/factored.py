"""The fast path: relative attention as ordinary fused attention of twice the width."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


def _turn(
    query: Float[Tensor, "b t h d"], table: Float[Tensor, "#b t 1 d"]
) -> Float[Tensor, "b t h d"]:
    """Turn each query by its own position, so that its product with E(p_j) sees p_i - p_j."""
    a, b = query.chunk(2, dim=-1)
    sin, cos = table.chunk(2, dim=-1)
    return torch.cat([b * sin - a * cos, a * sin + b * cos], dim=-1)


def relative_attention(
    query: Float[Tensor, "b t h d"],
    key: Float[Tensor, "b t h d"],
    value: Float[Tensor, "b t h d"],
    *,
    content_bias: Float[Tensor, "h d"],
    position_bias: Float[Tensor, "h d"],
    table: Float[Tensor, "#b t d"],
    key_mask: Bool[Tensor, "#b t"] | None = None,
    dropout: float = 0.0,
) -> Float[Tensor, "b t h d"]:
    """Attend with the scores of the package docstring, in ``query``'s dtype.

    ``table`` is ``sinusoids(positions, d)``, made once for all layers: positions are any
    integers, equal ones too. It should be float32 or wider: the turn happens in its dtype
    and only its result is rounded to ``query``'s, so that the error in bfloat16 does not
    grow with the position. ``key_mask`` is true for keys that may be seen; a row without
    any returns zeros. ``dropout`` is the probability that an attention weight is dropped.
    """
    dtype, head_dim = query.dtype, query.shape[-1]
    e_BT1D = table[:, :, None, :]
    turned = _turn(query + position_bias, e_BT1D)
    wide_query = torch.cat([query + content_bias, turned], dim=-1).to(dtype)
    wide_key = torch.cat([key, e_BT1D.to(dtype).expand_as(key)], dim=-1)
    # The flash kernel of the CPU wants values as wide as keys; CUDA's masked kernel does not.
    wide_value = nn.functional.pad(value, (0, head_dim)) if value.device.type == "cpu" else value
    mask, any_key = None, None
    if key_mask is not None:
        any_key = key_mask.any(-1)[:, None, None, None]
        mask = key_mask[:, None, None, :] | ~any_key
    out = nn.functional.scaled_dot_product_attention(
        wide_query.transpose(1, 2),
        wide_key.transpose(1, 2),
        wide_value.transpose(1, 2),
        attn_mask=mask,
        dropout_p=dropout,
        scale=1 / math.sqrt(head_dim),
    )
    out = out.transpose(1, 2)[..., :head_dim]
    return out if any_key is None else out * any_key
