"""Lightning attention: the blocks say what the recurrence says, forward, backward and state."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from ostinato.nn.ops.lightning import lightning_attention, lightning_chunked
from ostinato.nn.ops.lightning.chunked import BLOCK, SEGMENT, SHORT

LENGTHS = (
    1,
    2,
    SHORT - 1,
    SHORT,
    SHORT + 1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    255,
    256,
    257,
    300,
    513,
    600,
)
RATES = torch.tensor([0.917, 0.25, 0.0156, 0.0039])
LARGEST = torch.full((4,), 0.9170040432)  # layer 0, head 0 of the published model


def draw(batch: int, length: int, *, seed: int = 0, dtype: torch.dtype = torch.float32):
    generator = torch.Generator().manual_seed(seed)
    shapes = ((batch, length, 4, 16), (batch, length, 4, 16), (batch, length, 4, 24))
    return tuple(torch.randn(shape, generator=generator).to(dtype) for shape in shapes)


def state(count: int) -> Tensor:
    return torch.randn(count, 4, 16, 24, generator=torch.Generator().manual_seed(9))


def error(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm().clamp(min=1e-30))


@pytest.mark.parametrize("block", [1, 32, 64, 256])
@pytest.mark.parametrize("length", LENGTHS)
def test_blocks_equal_the_recurrence(length: int, block: int) -> None:
    q, k, v = draw(2, length)
    start = state(2)
    out, final = lightning_chunked(q, k, v, RATES, start, block=block)
    expected, ended = lightning_attention(q, k, v, RATES, initial_state=start, backend="reference")
    assert error(out, expected) < 1e-6
    assert error(final, ended) < 1e-6


def test_the_first_token_of_every_later_block() -> None:
    """Where decay counted from 0 on one side and from 1 on the other shows most."""
    q, k, v = draw(1, 5 * BLOCK)
    out, _ = lightning_attention(q, k, v, RATES)
    expected, _ = lightning_attention(q, k, v, RATES, backend="reference")
    for first in range(BLOCK, 5 * BLOCK, BLOCK):
        for head in range(4):
            assert error(out[0, first, head], expected[0, first, head]) < 1e-5


def test_the_definition_by_hand() -> None:
    """Two tokens of width one: o_2 = q_2 (exp(-s) k_1 v_1 + k_2 v_2)."""
    q, k, v = (torch.tensor(x).view(1, 2, 1, 1) for x in ([1.0, 2.0], [3.0, 5.0], [7.0, 11.0]))
    rate = torch.tensor([0.5])
    for backend in ("reference", "chunked"):
        out, final = lightning_attention(q, k, v, rate, backend=backend)
        shrink = torch.exp(-rate).item()
        assert out.flatten().tolist() == pytest.approx([21.0, 2 * (21 * shrink + 55)])
        assert final.item() == pytest.approx(21 * shrink + 55)


@pytest.mark.parametrize("lengths", [(5, 65, 64, 1), (300, 2, 128, 7), (0, 3, 0), (1, 1, 1)])
@pytest.mark.parametrize("given", [False, True])
def test_packed_sequences_equal_each_alone(lengths: tuple[int, ...], given: bool) -> None:
    bounds = torch.tensor([0, *torch.tensor(lengths).cumsum(0).tolist()])
    q, k, v = draw(1, sum(lengths))
    start = state(len(lengths)) if given else None
    out, final = lightning_attention(q, k, v, RATES, initial_state=start, cu_seqlens=bounds)
    for n, (a, b) in enumerate(pairwise(bounds.tolist())):
        own = start[n : n + 1] if start is not None else None
        if a == b:
            expected = own[0] if own is not None else torch.zeros(4, 16, 24)
            assert torch.equal(final[n], expected)
            continue
        alone, ended = lightning_attention(
            q[:, a:b], k[:, a:b], v[:, a:b], RATES, initial_state=own, backend="reference"
        )
        assert error(out[:, a:b], alone) < 1e-6
        assert error(final[n], ended[0]) < 1e-6


def test_more_sequences_and_blocks_than_a_segment_holds() -> None:
    length = 3 * SEGMENT * 4 + 5
    bounds = torch.tensor([0, 3, 4 * SEGMENT + 2, 4 * SEGMENT + 9, length])
    q, k, v = draw(1, length)
    start = state(4)
    out, final = lightning_chunked(q, k, v, RATES, start, bounds, block=4)
    expected, ended = lightning_attention(
        q, k, v, RATES, initial_state=start, cu_seqlens=bounds, backend="reference"
    )
    assert error(out, expected) < 1e-6
    assert error(final, ended) < 1e-6


@pytest.mark.parametrize("cuts", [(1, 1, 1), (7, 140, 3), (256, 44), (150, 150)])
def test_a_sequence_in_parts_is_the_whole(cuts: tuple[int, ...]) -> None:
    q, k, v = draw(1, sum(cuts))
    whole, ended = lightning_attention(q, k, v, RATES)
    now, at, parts = None, 0, []
    for cut in cuts:
        rows = (x[:, at : at + cut] for x in (q, k, v))
        out, now = lightning_attention(*rows, RATES, initial_state=now)
        parts.append(out)
        at += cut
    assert error(torch.cat(parts, 1), whole) < 1e-6
    assert error(now, ended) < 1e-6


@pytest.mark.parametrize("length", [1, BLOCK - 1, BLOCK + 1, 2 * BLOCK + 3])
@pytest.mark.parametrize("packed", [False, True])
def test_gradients_of_everything(length: int, packed: bool) -> None:
    bounds = torch.tensor([0, length // 2, length]) if packed else None
    gradients: list[list[Tensor]] = []
    for backend in ("reference", "chunked"):
        q, k, v = (x.requires_grad_() for x in draw(1, length))
        rates = RATES.clone().requires_grad_()
        start = state(2 if packed else 1).requires_grad_()
        out, final = lightning_attention(
            q, k, v, rates, initial_state=start, cu_seqlens=bounds, backend=backend
        )
        weight = torch.randn(out.shape, generator=torch.Generator().manual_seed(3))
        (out * weight).sum().add(final.square().sum()).backward()
        gradients.append([x.grad for x in (q, k, v, rates, start)])
    for found, expected in zip(gradients[1], gradients[0], strict=True):
        assert error(found, expected) < 1e-5


def test_pads_without_keys_leave_the_state_and_the_rest_alone() -> None:
    q, k, v = draw(1, 300)
    pads = torch.zeros(1, 100, 4, 16)
    long = (
        torch.cat([pads, q], 1),
        torch.cat([pads, k], 1),
        torch.cat([pads[..., :1] + v[:, :1], v], 1),
    )
    out, final = lightning_attention(*long, RATES)
    alone, ended = lightning_attention(q, k, v, RATES)
    assert error(out[:, 100:], alone) < 1e-6
    assert error(final, ended) < 1e-6


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nothing_overflows_at_the_largest_rate(dtype: torch.dtype) -> None:
    q, k, v = (x.requires_grad_() for x in draw(1, 4096, dtype=dtype))
    out, final = lightning_chunked(q, k, v, LARGEST, block=256)
    out.float().sum().backward()
    assert out.dtype == dtype
    assert final.dtype == torch.float32
    for tensor in (out, final, q.grad, k.grad, v.grad):
        assert bool(tensor.isfinite().all())


def test_the_state_is_exact_in_bfloat16_too() -> None:
    """A slow head over 4,000 tokens: accumulated in bfloat16 it would be 27 % off."""
    q, k, v = draw(1, 4000, dtype=torch.bfloat16)
    rates = torch.tensor([0.004] * 4)
    _, final = lightning_attention(q, k, v, rates)
    _, expected = lightning_attention(
        q.double(), k.double(), v.double(), rates, backend="reference"
    )
    assert error(final.double(), expected) < 1e-5


def test_heads_are_independent() -> None:
    q, k, v = draw(1, 200)
    order = torch.tensor([2, 0, 3, 1])
    out, final = lightning_attention(q, k, v, RATES)
    turned, other = lightning_attention(*(x[:, :, order] for x in (q, k, v)), RATES[order])
    torch.testing.assert_close(turned, out[:, :, order])
    torch.testing.assert_close(other, final[:, order])


def test_wrong_shapes_are_refused() -> None:
    q, k, v = draw(2, 8)
    with pytest.raises(AssertionError, match="one row"):
        lightning_attention(q, k, v, RATES, cu_seqlens=torch.tensor([0, 8]))
    with pytest.raises(AssertionError, match="number of tokens"):
        lightning_attention(q[:1], k[:1], v[:1], RATES, cu_seqlens=torch.tensor([0, 7]))
    with pytest.raises(AssertionError, match="one initial state"):
        lightning_attention(q, k, v, RATES, initial_state=state(1))
    with pytest.raises(AssertionError, match="float32"):
        lightning_attention(q, k, v, RATES, initial_state=state(2).bfloat16())


def test_autocast_leaves_the_state_exact() -> None:
    q, k, v = draw(1, 512)
    expected, ended = lightning_attention(q, k, v, RATES)
    with torch.autocast("cpu", torch.bfloat16):
        out, final = lightning_attention(q, k, v, RATES)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(final, ended)


def test_no_token_at_all() -> None:
    q, k, v = draw(2, 0)
    start = state(2)
    out, final = lightning_attention(q, k, v, RATES, initial_state=start)
    assert out.shape == (2, 0, 4, 24)
    assert torch.equal(final, start)
    bounds = torch.tensor([0, 0, 0])
    _, final = lightning_attention(q[:1], k[:1], v[:1], RATES, cu_seqlens=bounds)
    assert torch.equal(final, torch.zeros(2, 4, 16, 24))


def test_tokens_seen_in_inference_can_be_trained_on() -> None:
    q, k, v = draw(1, 77)
    with torch.inference_mode():
        lightning_attention(q, k, v, RATES)
    out, _ = lightning_attention(q, k.requires_grad_(), v, RATES)
    out.sum().backward()
    assert k.grad is not None


def test_bounds_that_fall_are_refused() -> None:
    q, k, v = draw(1, 6)
    with pytest.raises(AssertionError, match="never falls"):
        lightning_attention(q, k, v, RATES, cu_seqlens=torch.tensor([0, 4, 2, 6]))
