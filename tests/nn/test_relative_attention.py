"""The factored attention is the written-out one: outputs and every gradient."""

from __future__ import annotations

import pytest
import torch

from ostinato.nn.ops.relative_attention import (
    frequencies,
    relative_attention,
    relative_attention_reference,
    sinusoids,
)

LENGTHS = [1, 2, 7, 64, 65, 513]
NAMES = ("query", "key", "value", "content_bias", "position_bias")
HEAD_DIM = 8


def _inputs(length: int, dtype: torch.dtype, head_dim: int = HEAD_DIM) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(length)
    batch, heads = 3, 2
    shapes = dict.fromkeys(NAMES[:3], (batch, length, heads, head_dim))
    shapes |= dict.fromkeys(NAMES[3:], (heads, head_dim))
    return {
        name: torch.randn(shape, generator=draw, dtype=dtype).requires_grad_()
        for name, shape in shapes.items()
    }


def _mask(length: int) -> torch.Tensor:
    """Whole, padded at its end, and nothing at all to see."""
    return torch.arange(length) < torch.tensor([length, (length + 1) // 2, 0])[:, None]


def _shuffled_positions(length: int) -> torch.Tensor:
    """Unordered, with repetitions, as n-gram slots have them."""
    draw = torch.Generator().manual_seed(1)
    return torch.randint(0, max(length // 2, 1), (3, length), generator=draw)


def _fast(inputs, positions, mask):
    table = sinusoids(positions, HEAD_DIM, dtype=inputs["query"].dtype)
    return relative_attention(**inputs, table=table, key_mask=mask)


def _slow(inputs, positions, mask):
    return relative_attention_reference(**inputs, positions=positions, key_mask=mask)


def _results(attend, inputs, positions, mask) -> dict[str, torch.Tensor]:
    out = attend(inputs, positions, mask)
    weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view_as(out)
    gradients = torch.autograd.grad((out * weights).sum(), list(inputs.values()))
    return {"out": out.detach(), **dict(zip(inputs, gradients, strict=True))}


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["f64", "f32"])
def test_equals_the_definition(length: int, masked: bool, dtype: torch.dtype) -> None:
    mask = _mask(length) if masked else None
    for positions in (torch.arange(length)[None], _shuffled_positions(length)):
        inputs = _inputs(length, dtype)
        fast = _results(_fast, inputs, positions, mask)
        slow = _results(_slow, inputs, positions, mask)
        for name, expected in slow.items():
            allowed = 1e-10 if dtype == torch.float64 else 1e-5
            scale = max(1.0, float(expected.abs().max()))
            assert float((fast[name] - expected).abs().max()) <= allowed * scale, name


def test_direction_is_seen() -> None:
    """R is signed: turning time around changes the result."""
    inputs = _inputs(7, torch.float64)
    forwards = _fast(inputs, torch.arange(7)[None], None)
    backwards = _fast(inputs, -torch.arange(7)[None], None)
    assert (forwards - backwards).abs().max().item() > 0.1


def test_only_distances_matter() -> None:
    inputs = _inputs(65, torch.float64)
    here = _fast(inputs, torch.arange(65)[None], None)
    there = _fast(inputs, torch.arange(65)[None] + 100_000, None)
    torch.testing.assert_close(here, there, atol=1e-9, rtol=0)


def test_masked_keys_have_no_influence_and_no_gradient() -> None:
    inputs = _inputs(7, torch.float64)
    mask = _mask(7)
    out = _fast(inputs, torch.arange(7)[None], mask)
    assert out[2].eq(0).all()
    for gradient in torch.autograd.grad(out.sum(), [inputs["key"], inputs["value"]]):
        assert gradient[~mask].eq(0).all()
        assert gradient[0].ne(0).any()


def test_a_row_without_keys_returns_zeros_whatever_it_holds() -> None:
    inputs = _inputs(7, torch.float32)
    nothing = torch.zeros(1, 7, dtype=torch.bool)
    results = _results(_fast, inputs, torch.arange(7)[None], nothing)
    assert all(result.eq(0).all() for result in results.values())


def test_bfloat16_stays_near_the_definition_at_any_position() -> None:
    """Angles are float32, so the rounding of E(p) does not grow with p."""
    wide = _inputs(512, torch.float32, head_dim=64)
    one = {name: t.detach()[:1] if t.ndim == 4 else t.detach() for name, t in wide.items()}
    inputs = {name: tensor.bfloat16() for name, tensor in one.items()}
    for offset in (0, 3584):
        positions = torch.arange(512)[None] + offset
        table = sinusoids(positions, 64)
        fast = relative_attention(**inputs, table=table)
        slow = relative_attention_reference(
            **{name: tensor.float() for name, tensor in inputs.items()}, positions=positions
        )
        relative_error = (fast.float() - slow).norm() / slow.norm()
        assert float(relative_error) < 0.01


def test_sinusoids_are_teners() -> None:
    """Hand-computed: rates 1 and 1/10000, sines first."""
    torch.testing.assert_close(frequencies(4), torch.tensor([1, 1e-4], dtype=torch.float64))
    found = sinusoids(torch.tensor([-2]), 4, dtype=torch.float64)[0]
    expected = torch.tensor([-2.0, -2e-4]).double().sin(), torch.tensor([2.0, 2e-4]).double().cos()
    torch.testing.assert_close(found, torch.cat(expected))
