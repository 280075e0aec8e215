"""A product with a matrix of weights, y = x W^T, by the library call that is fastest here.

PyTorch multiplies float32 on a CPU with MKL, which leaves the wider vector units of processors
that are not Intel's unused. Where no gradient is asked for, two other calls of PyTorch's do
better (``benchmarks/products.py``): oneDNN for many rows, and for few a batched product, which
reads the weights at the memory's speed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from ostinato.nn.ops.plain import is_plain

FEW = 4  # rows up to which reading the weights is all there is to do
LARGE = 1 << 17  # weights from which on a batched product pays for few rows
WORTH = 1 << 20  # rows times weights from which on oneDNN pays for many
STEP = 16  # rows are filled up to a multiple: oneDNN keeps a plan for each number, about 1 MB


def linear(x: Float[Tensor, "*batch i"], weight: Float[Tensor, "o i"]) -> Float[Tensor, "*batch o"]:
    """The product in the dtype of both; the rounding may differ from ``functional.linear``'s."""
    rows = x.numel() // x.shape[-1]
    if not rows or not is_plain(x, weight):
        return functional.linear(x, weight)
    if rows <= FEW:
        halves = weight.numel() >= LARGE and len(weight) % 2 == 0 and weight.is_contiguous()
        return _few(x, weight, rows) if halves else functional.linear(x, weight)
    product = _onednn()
    if product is None or rows * weight.numel() < WORTH:
        return functional.linear(x, weight)
    flat = x.reshape(rows, -1)
    missing = -rows % STEP
    if missing:
        flat = functional.pad(flat, (0, 0, 0, missing))
    return product(flat, weight)[:rows].view(*x.shape[:-1], -1)


def _few(x: Tensor, weight: Tensor, rows: int) -> Tensor:
    """Both halves of the weights as a batch: a product of one matrix MKL takes for a row's."""
    inputs = x.reshape(rows, -1).T.expand(2, -1, -1)
    found = torch.bmm(weight.view(2, -1, weight.shape[1]), inputs)
    return found.view(len(weight), rows).T.reshape(*x.shape[:-1], -1)


@cache
def _onednn() -> Callable[[Tensor, Tensor], Tensor] | None:
    """The product of oneDNN that PyTorch's compiler calls; None where this build has none."""
    if not torch.backends.mkldnn.is_available():
        return None
    try:
        found = torch.ops.mkldnn._linear_pointwise.default
    except AttributeError:
        return None
    call = cast(Callable[..., Tensor], found)
    return lambda x, weight: call(x, weight, None, "none", [], "")
