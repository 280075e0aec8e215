"""Sequences packed in a row: what their bounds must be."""

from __future__ import annotations

from torch import Tensor


def check_bounds(cu_seqlens: Tensor, rows: int, length: int) -> None:
    """Refuse bounds that are not 0, rising (equal ones make an empty sequence), ``length``."""
    assert rows == 1, f"packed sequences come in one row, got {rows} rows"
    assert int(cu_seqlens[0]) == 0, "cu_seqlens begins with 0"
    assert int(cu_seqlens[-1]) == length, "cu_seqlens ends with the number of tokens"
    assert bool((cu_seqlens.diff() >= 0).all()), "cu_seqlens never falls"
