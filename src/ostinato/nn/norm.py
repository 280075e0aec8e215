"""RMSNorm (arXiv 1910.07467) in float32; linear maps, plain or always in float32."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ostinato.nn.ops.linear import linear


class RMSNorm(nn.Module):
    """x / rms(x) * weight; the mean of squares is float32 whatever ``x`` is."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch d"]:
        """Normalise the last axis."""
        exact = torch.promote_types(x.dtype, torch.float32)
        normed = nn.functional.rms_norm(x.to(exact), self.weight.shape, eps=self.eps)
        return (normed * self.weight).to(x.dtype)


class Linear(nn.Module):
    """A linear map without bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))

    def forward(self, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch o"]:
        """The product."""
        return linear(x, self.weight)


class ExactLinear(nn.Module):
    """A linear map without bias whose weights, input and product are float32.

    ``module.to(torch.bfloat16)`` leaves its weights alone, and autocast does not touch it:
    what decides between near ties (a router) or becomes probabilities (a head) is exact.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs))

    def forward(self, x: Float[Tensor, "*batch d"]) -> Float[Tensor, "*batch o"]:
        """The product, in float32 (float64 for float64 weights), not in TF32 either."""
        exact = x.to(self.weight.dtype)
        if torch.compiler.is_compiling():
            # No switch can be thrown there; sums of products are never rounded, and a router's
            # are few enough.
            return (exact[..., None, :] * self.weight).sum(-1)
        with torch.autocast(x.device.type, enabled=False), _full_precision(x.is_cuda):
            return linear(exact, self.weight)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Any:
        return super()._apply(lambda tensor: _moved(fn, tensor), recurse)


@contextmanager
def _full_precision(on_gpu: bool) -> Generator[None]:
    """Float32 products that are not rounded on the way, whatever the program chose."""
    chosen = torch.get_float32_matmul_precision()
    if not on_gpu or chosen == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(chosen)


def _moved(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    """What ``fn`` makes of a tensor, but never in less than float32."""
    moved = fn(tensor)
    if moved.dtype in (torch.bfloat16, torch.float16):
        return tensor.to(moved.device)
    return moved
