"""``decode_attention`` as a Triton kernel: a row reads its own keys, and no more.

One program for a row and a head of keys. The running maximum and sum are those of online softmax
(Milakov and Gimelshein, arXiv 1805.02867); everything is float32, products included.
"""

# A kernel's arguments are pointers of a language of its own; Triton is there on a GPU alone.
# pyright: basic, reportMissingImports=false, reportIndexIssue=false, reportUntypedFunctionDecorator=false

from __future__ import annotations

import triton
import triton.language as tl
from torch import Tensor

BLOCK = 64  # keys at a time


@triton.jit
def _attend(  # noqa: PLR0913  every size and stride is an argument
    query,
    keys,
    values,
    last,
    out,
    row_stride,
    head_stride,
    scale,
    SHARED: tl.constexpr,
    WIDTH: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row, head = tl.program_id(0), tl.program_id(1)
    heads = tl.num_programs(1)
    end = tl.load(last + row).to(tl.int32) + 1
    shared, channel = tl.arange(0, SHARED), tl.arange(0, WIDTH)
    own = ((row * heads + head) * SHARED + shared[:, None]) * WIDTH + channel[None, :]
    asked = tl.load(query + own) * scale
    base = row.to(tl.int64) * row_stride + head * head_stride
    most = tl.full([SHARED], float("-inf"), tl.float32)
    total = tl.zeros([SHARED], tl.float32)
    sums = tl.zeros([SHARED, WIDTH], tl.float32)
    first = tl.full([], 0, tl.int32)
    while first < end:
        place = first + tl.arange(0, BLOCK)
        there = place < end
        index = base + place[:, None] * WIDTH + channel[None, :]
        key = tl.load(keys + index, mask=there[:, None], other=0.0)
        value = tl.load(values + index, mask=there[:, None], other=0.0)
        scores = tl.sum(asked[:, None, :] * key[None, :, :], 2)
        scores = tl.where(there[None, :], scores, float("-inf"))
        higher = tl.maximum(most, tl.max(scores, 1))
        share = tl.exp(scores - higher[:, None])
        fade = tl.exp(most - higher)
        total = total * fade + tl.sum(share, 1)
        sums = sums * fade[:, None] + tl.sum(share[:, :, None] * value[None, :, :], 1)
        most = higher
        first += BLOCK
    tl.store(out + own, sums / total[:, None])


def decode_triton(query: Tensor, keys: Tensor, values: Tensor, last: Tensor) -> Tensor:
    """``query`` [B, G, R, D] to ``keys`` and ``values`` [B, G, C, D], up to ``last`` [B]."""
    rows, heads, shared, width = query.shape
    assert keys.stride() == values.stride() and keys.stride()[2:] == (width, 1)
    query = query.contiguous()
    out = query.new_empty(query.shape)
    _attend[(rows, heads)](
        query,
        keys,
        values,
        last,
        out,
        keys.stride(0),
        keys.stride(1),
        width**-0.5,
        SHARED=shared,
        WIDTH=width,
        BLOCK=BLOCK,
    )
    return out
