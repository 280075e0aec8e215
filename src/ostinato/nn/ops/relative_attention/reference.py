"""The definition: every distance written out, in float64."""

from __future__ import annotations

import math

from jaxtyping import Bool, Float, Int
from torch import Tensor

from ostinato.nn.ops.relative_attention.sinusoids import sinusoids


def relative_attention_reference(
    query: Float[Tensor, "b t h d"],
    key: Float[Tensor, "b t h d"],
    value: Float[Tensor, "b t h e"],
    *,
    content_bias: Float[Tensor, "h d"],
    position_bias: Float[Tensor, "h d"],
    positions: Int[Tensor, "#b t"],
    key_mask: Bool[Tensor, "#b t"] | None = None,
) -> Float[Tensor, "b t h e"]:
    """Attend with the scores of the package docstring; cast back to ``value``'s dtype.

    ``key_mask`` is true for keys that may be seen; a row without any returns zeros.
    """
    q_BTHD, k_BTHD, v_BTHE = query.double(), key.double(), value.double()
    distance_BTT = positions[:, :, None] - positions[:, None, :]
    r_BTTD = sinusoids(distance_BTT, query.shape[-1], dtype=q_BTHD.dtype)
    content_BHTT = (q_BTHD + content_bias.double()).transpose(1, 2) @ k_BTHD.permute(0, 2, 3, 1)
    turned_BTHT = (q_BTHD + position_bias.double()) @ r_BTTD.transpose(-1, -2)
    scores_BHTT = (content_BHTT + turned_BTHT.transpose(1, 2)) / math.sqrt(query.shape[-1])
    if key_mask is None:
        weights_BHTT = scores_BHTT.softmax(-1)
    else:
        seen_B11T = key_mask[:, None, None, :]
        scores_BHTT = scores_BHTT.masked_fill(~seen_B11T, -1e30)
        weights_BHTT = scores_BHTT.softmax(-1) * seen_B11T
    out_BHTE = weights_BHTT @ v_BTHE.transpose(1, 2)
    return out_BHTE.transpose(1, 2).to(value.dtype)
