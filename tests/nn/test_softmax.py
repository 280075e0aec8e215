"""Softmax attention: the fused path says what the definition says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ostinato.nn.ops.softmax import softmax_attention
from ostinato.nn.ops.softmax.fused import QUERIES, _in_buckets


def draw(batch: int, queries: int, keys: int, *, dtype: torch.dtype = torch.float32):
    generator = torch.Generator().manual_seed(queries * 1000 + keys)
    shapes = ((batch, queries, 8, 16), (batch, keys, 2, 16), (batch, keys, 2, 16))
    return tuple(torch.randn(shape, generator=generator).to(dtype) for shape in shapes)


def both(*inputs: Tensor, **options: Tensor) -> tuple[Tensor, Tensor]:
    return tuple(
        softmax_attention(*inputs, **options, backend=backend) for backend in ("fused", "reference")
    )


SIZES = [(1, 1), (1, 7), (5, 5), (3, 9), (64, 64), (QUERIES + 1, QUERIES + 1)]


@pytest.mark.parametrize(("queries", "keys"), [*SIZES, (QUERIES + 3, 2 * QUERIES), (1, 600)])
def test_fused_equals_the_definition(queries: int, keys: int) -> None:
    found, expected = both(*draw(2, queries, keys))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("queries", [1, 3, QUERIES + 2])
def test_rows_of_different_lengths(queries: int) -> None:
    q, k, v = draw(3, queries, queries + 40)
    lengths = torch.tensor([queries, queries + 17, queries + 40])
    found, expected = both(q, k, v, key_lengths=lengths)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
    k[0, queries:] = 1e4  # what lies behind a row's end is never seen
    again = softmax_attention(q, k, v, key_lengths=lengths)
    torch.testing.assert_close(again, found)


@pytest.mark.parametrize("lengths", [(4, 9, 1), (6, 6, 6), (0, 3, 8), (300, 20)])
def test_packed_sequences_never_see_each_other(lengths: tuple[int, ...]) -> None:
    bounds = torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])
    q, k, v = draw(1, sum(lengths), sum(lengths))
    found, expected = both(q, k, v, cu_seqlens=bounds)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("packed", [False, True])
def test_gradients(packed: bool) -> None:
    bounds = torch.tensor([0, 11, 30]) if packed else None
    gradients: list[list[Tensor]] = []
    for backend in ("fused", "reference"):
        inputs = [x.requires_grad_() for x in draw(1, 30, 30)]
        out = softmax_attention(*inputs, cu_seqlens=bounds, backend=backend)
        (out * torch.arange(out.numel()).view(out.shape).sin()).sum().backward()
        gradients.append([x.grad for x in inputs])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_bfloat16_stays_near() -> None:
    found, expected = both(*draw(1, 40, 90, dtype=torch.bfloat16))
    assert found.dtype == torch.bfloat16
    assert float((found - expected).float().norm() / expected.float().norm()) < 1e-2


def test_packed_wants_one_row_and_no_lengths() -> None:
    q, k, v = draw(2, 4, 4)
    with pytest.raises(AssertionError, match="one row"):
        softmax_attention(q, k, v, cu_seqlens=torch.tensor([0, 4]))
    q, k, v = draw(1, 4, 4)
    with pytest.raises(AssertionError, match="cu_seqlens"):
        softmax_attention(q, k, v, cu_seqlens=torch.tensor([0, 4]), key_lengths=torch.tensor([4]))


@pytest.mark.parametrize("bounds", [[2, 4, 6], [0, 3], [0, 4, 2, 6]])
def test_bounds_must_cover_the_tokens(bounds: list[int]) -> None:
    q, k, v = draw(1, 6, 6)
    with pytest.raises(AssertionError, match="cu_seqlens"):
        softmax_attention(q, k, v, cu_seqlens=torch.tensor(bounds))


def test_buckets_of_padded_sequences_equal_one_call_for_each() -> None:
    lengths = [5, 0, 9, 100, 3, 64, 1]
    bounds = [0, *torch.tensor(lengths).cumsum(0).tolist()]
    runs: list[list[Tensor]] = []
    for buckets in (True, False):
        inputs = [x.requires_grad_() for x in draw(1, sum(lengths), sum(lengths))]
        out = (
            _in_buckets(*inputs, lengths, bounds)
            if buckets
            else softmax_attention(*inputs, cu_seqlens=torch.tensor(bounds))
        )
        (out * torch.arange(out.numel()).view(out.shape).sin()).sum().backward()
        runs.append([out, *(x.grad for x in inputs if x.grad is not None)])
    for found, expected in zip(*runs, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)
