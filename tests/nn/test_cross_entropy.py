"""The head's cross-entropy in pieces: losses and gradients of the whole."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ostinato.nn.ops.cross_entropy import IGNORED, linear_cross_entropy

VOCABULARY = 50


def draw(count: int) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(count)
    hidden = torch.randn(count, 16, generator=generator)
    head = torch.randn(VOCABULARY, 16, generator=generator)
    targets = torch.randint(0, VOCABULARY, (count,), generator=generator)
    targets[::3] = IGNORED
    return hidden, head, targets


@pytest.mark.parametrize("count", [1, 2, 10, 33])
@pytest.mark.parametrize("chunk", [1, 4, 1000])
def test_losses_and_gradients(count: int, chunk: int) -> None:
    results: list[tuple[Tensor, ...]] = []
    for backend in ("chunked", "reference"):
        hidden, head, targets = draw(count)
        hidden.requires_grad_()
        head.requires_grad_()
        losses = linear_cross_entropy(hidden, head, targets, chunk=chunk, backend=backend)
        (losses * torch.arange(1.0, count + 1)).sum().backward()
        results.append((losses.detach(), hidden.grad, head.grad))
    for found, expected in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_ignored_targets_cost_nothing() -> None:
    hidden, head, targets = draw(9)
    losses = linear_cross_entropy(hidden, head, targets)
    assert losses[targets == IGNORED].tolist() == [0.0] * 3
    assert bool((losses[targets != IGNORED] > 0).all())
    nothing = linear_cross_entropy(hidden, head, torch.full_like(targets, IGNORED))
    assert nothing.tolist() == [0.0] * 9


def test_float32_whatever_the_hidden_states_are() -> None:
    hidden, head, targets = draw(9)
    with torch.autocast("cpu", torch.bfloat16):
        losses = linear_cross_entropy(hidden.bfloat16(), head, targets)
    expected = linear_cross_entropy(
        hidden.bfloat16().double(), head.double(), targets, backend="reference"
    )
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses.double(), expected, atol=1e-4, rtol=1e-4)


def test_logits_never_exist_at_once() -> None:
    """The largest tensor that is made has ``chunk`` rows."""
    rows: list[int] = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            if isinstance(out, Tensor) and out.ndim == 2 and out.shape[1] == VOCABULARY:
                rows.append(out.shape[0])
            return out

    hidden, head, targets = draw(33)
    with Watch():
        linear_cross_entropy(hidden.requires_grad_(), head, targets, chunk=8).sum().backward()
    assert max(row for row in rows if row != 16) <= 8
