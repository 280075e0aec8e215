"""Mixtures of experts: sorted or gathered, the paths say what the definition says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ostinato.nn.ops.experts import Backend, mix_experts

EXPERTS, WIDTH, INNER = 8, 12, 20
PATHS: tuple[Backend, ...] = ("grouped", "gathered", "dense")


def draw(count: int, k: int = 2, *, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    tokens = torch.randn(count, WIDTH, generator=generator)
    gate_up = torch.randn(EXPERTS, 2 * INNER, WIDTH, generator=generator) / 4
    down = torch.randn(EXPERTS, WIDTH, INNER, generator=generator) / 4
    logits = torch.randn(count, EXPERTS, generator=generator)
    weights, chosen = logits.softmax(-1).topk(k)
    return [tokens, gate_up, down, chosen, weights / weights.sum(-1, keepdim=True)]


@pytest.mark.parametrize("backend", PATHS)
@pytest.mark.parametrize("count", [1, 2, 7, 100])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_paths_equal_the_definition(count: int, k: int, backend: Backend) -> None:
    given = draw(count, k)
    torch.testing.assert_close(
        mix_experts(*given, backend=backend), mix_experts(*given, backend="reference")
    )


@pytest.mark.parametrize("backend", PATHS)
def test_identical_experts_are_one_perceptron(backend: Backend) -> None:
    tokens, gate_up, down, chosen, weights = draw(9)
    gate_up[:], down[:] = gate_up[:1], down[:1]
    gate, up = (tokens @ gate_up[0].T).chunk(2, -1)
    expected = (torch.nn.functional.silu(gate) * up) @ down[0].T
    found = mix_experts(tokens, gate_up, down, chosen, weights, backend=backend)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("backend", PATHS)
def test_all_tokens_to_one_expert_drop_none(backend: Backend) -> None:
    given = draw(50, 1)
    given[3] = torch.full_like(given[3], 3)
    torch.testing.assert_close(
        mix_experts(*given, backend=backend), mix_experts(*given, backend="reference")
    )


@pytest.mark.parametrize("backend", PATHS)
def test_gradients(backend: Backend) -> None:
    gradients: list[list[Tensor]] = []
    for path in (backend, "reference"):
        tokens, gate_up, down, chosen, weights = draw(17)
        leaves = [x.requires_grad_() for x in (tokens, gate_up, down, weights)]
        out = mix_experts(tokens, gate_up, down, chosen, weights, backend=path)
        (out * torch.arange(out.numel()).view(out.shape).cos()).sum().backward()
        gradients.append([x.grad for x in leaves])
    for found, expected in zip(*gradients, strict=True):
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)


def test_no_tokens() -> None:
    given = draw(4)
    empty = [given[0][:0], given[1], given[2], given[3][:0], given[4][:0]]
    assert mix_experts(*empty, backend="grouped").shape == (0, WIDTH)
