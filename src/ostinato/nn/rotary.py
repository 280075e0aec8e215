"""Rotary positions (RoFormer, arXiv 2104.09864) on the leading dimensions of a head."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ostinato.nn.tables import opaque


@opaque("(Tensor positions, int rotary_dim, float theta) -> (Tensor, Tensor)")
def rotation(
    positions: Int[Tensor, "b t"], rotary_dim: int, theta: float
) -> tuple[Float[Tensor, "b t 1 half"], Float[Tensor, "b t 1 half"]]:
    """Cosines and sines, float32, of the angles positions * theta ** (-2 i / rotary_dim).

    The angles are float64: at a million tokens float32 would be off by 0.06 radians.
    """
    half = rotary_dim // 2
    ranks = torch.arange(half, dtype=torch.float64, device=positions.device)
    angles = positions[..., None, None] * theta ** (-2 * ranks / max(1, rotary_dim))
    return angles.cos().float(), angles.sin().float()


def rotate(
    x: Float[Tensor, "b t h d"], cos: Float[Tensor, "b t 1 half"], sin: Float[Tensor, "b t 1 half"]
) -> Float[Tensor, "b t h d"]:
    """Turn dimensions i and i + half of each head, for i < half; the rest passes through."""
    half = cos.shape[-1]
    exact = torch.promote_types(x.dtype, torch.float32)
    a, b = x[..., :half].to(exact), x[..., half : 2 * half].to(exact)
    turned = torch.cat([a * cos - b * sin, b * cos + a * sin], -1).to(x.dtype)
    return turned if 2 * half == x.shape[-1] else torch.cat([turned, x[..., 2 * half :]], -1)
