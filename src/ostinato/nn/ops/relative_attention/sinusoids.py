"""The fixed sinusoids R of a position or a distance."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ostinato.nn.tables import opaque


def frequencies(head_dim: int, *, device: torch.device | None = None) -> Float[Tensor, " half"]:
    """Return the float64 angular frequencies w of the ``head_dim / 2`` sinusoid pairs.

    Geometric from 1 to 1/10000 radians per position, both ends included: TENER's and
    NG-Midiformer's spacing, which differs from "Attention Is All You Need" in the last.
    """
    assert head_dim % 2 == 0, f"sinusoids come in pairs, so an even width, not {head_dim}"
    half = head_dim // 2
    ranks = torch.arange(half, dtype=torch.float64, device=device)
    return torch.exp(ranks * (-math.log(10000.0) / max(half - 1, 1)))


@opaque("(Tensor positions, int head_dim, *, ScalarType dtype=float32) -> Tensor")
def sinusoids(
    positions: Shaped[Tensor, "*shape"],
    head_dim: int,
    *,
    dtype: torch.dtype = torch.float32,
) -> Float[Tensor, "*shape head_dim"]:
    """Return R(position): ``head_dim / 2`` sines, then as many cosines.

    The angles are taken in ``dtype``; in float32 they are exact to 1e-4 radians up to
    positions of about 1,000 and to 1e-2 up to about 100,000.
    """
    rates = frequencies(head_dim, device=positions.device).to(dtype)
    angles = positions.to(dtype)[..., None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)
