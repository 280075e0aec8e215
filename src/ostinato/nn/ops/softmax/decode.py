"""Softmax attention of one query token a row to the keys of its own past, in caches of one length.

Shapes: B rows, G heads of keys, R = H / G query heads that share one, C places of a cache, D
channels of a head. Row b sees the places 0 .. last[b]. Scale 1/sqrt(D).
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention


def decode_attention(
    query: Float[Tensor, "b g r d"],
    keys: Float[Tensor, "b g c d"],
    values: Float[Tensor, "b g c d"],
    last: Int[Tensor, " b"],
    *,
    span: int,
) -> Float[Tensor, "b g r d"]:
    """The attended values.

    Where ``reads_own_past`` holds, each row reads as many keys as it has; elsewhere every row
    reads the first ``span``, above which no ``last`` may lie.
    """
    if reads_own_past(query, keys):
        from ostinato.nn.ops.softmax.decode_triton import decode_triton

        return decode_triton(query, keys, values, last)
    seen = torch.arange(span, device=last.device) <= last[:, None]
    return scaled_dot_product_attention(
        query, keys[:, :, :span], values[:, :, :span], attn_mask=seen[:, None, None]
    )


def reads_own_past(query: Tensor, keys: Tensor) -> bool:
    """Whether the kernel serves these: float32 on a GPU, sizes that are powers of two."""
    sizes = query.shape[2], query.shape[3]
    return (
        query.is_cuda
        and query.dtype is keys.dtype is torch.float32
        and all(size & (size - 1) == 0 for size in sizes)
        and sizes[1] >= 16
        and _has_triton()
    )


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None
