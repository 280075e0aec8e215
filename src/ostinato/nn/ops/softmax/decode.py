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
    span: int | None,
) -> Float[Tensor, "b g r d"]:
    """The attended values.

    ``span`` None, where ``reads_own_past`` holds: each row reads as many keys as it has, by a
    kernel on a GPU and one by one on a CPU. Else every row reads the first ``span``, above which
    no ``last`` may lie, without a shape that depends on ``last``.
    """
    if span is not None:
        seen = torch.arange(span, device=last.device) <= last[:, None]
        return scaled_dot_product_attention(
            query, keys[:, :, :span], values[:, :, :span], attn_mask=seen[:, None, None]
        )
    if query.is_cuda:
        from ostinato.nn.ops.softmax.decode_triton import decode_triton

        return decode_triton(query, keys, values, last)
    rows = [
        scaled_dot_product_attention(
            query[row, None], keys[row, None, :, : end + 1], values[row, None, :, : end + 1]
        )
        for row, end in enumerate(last.tolist())
    ]
    return torch.cat(rows)


def reads_own_past(query: Tensor, keys: Tensor) -> bool:
    """Whether rows may be of any lengths at no cost: on a CPU, and on a GPU with Triton for float32
    and sizes that are powers of two.
    """
    sizes = query.shape[2], query.shape[3]
    return query.device.type == "cpu" or (
        query.is_cuda
        and query.dtype is keys.dtype is torch.float32
        and all(size & (size - 1) == 0 for size in sizes)
        and sizes[1] >= 16
        and _has_triton()
    )


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None
