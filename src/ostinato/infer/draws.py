"""Draws that depend on a seed and a place alone, on any device alike."""

from __future__ import annotations

from torch import Tensor


def uniform(seed: Tensor, place: Tensor) -> Tensor:
    """Numbers in 0..1 (1 excluded), float32, of a seed and a place each: splitmix64 (Steele et
    al., 2014) of their sum, on any device alike.
    """
    x = seed + place * signed(0x9E3779B97F4A7C15)
    x = (x ^ _shift(x, 30)) * signed(0xBF58476D1CE4E5B9)
    x = (x ^ _shift(x, 27)) * signed(0x94D049BB133111EB)
    x = x ^ _shift(x, 31)
    return _shift(x, 40).float() * 2**-24


def _shift(x: Tensor, bits: int) -> Tensor:
    """To the right, zeros from the left."""
    return (x >> bits) & ((1 << (64 - bits)) - 1)


def signed(x: int) -> int:
    """The 64-bit integer of the same bits."""
    x &= (1 << 64) - 1
    return x - (1 << 64) if x >> 63 else x
