"""Tables of positions: compiled code reads them, and does not make them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, fx, library

from ostinato.nn.ops.relative_attention import sinusoids
from ostinato.nn.rotary import rotation

POSITIONS = torch.tensor([[0, 3, 3, 1000], [-7, 1, 2, 4]])


def turned(states: Tensor) -> Tensor:
    cos, sin = rotation(POSITIONS, 6, 10000.0)
    for _ in range(2):  # as many layers read it
        states = torch.cat([states[..., :3] * cos - states[..., 3:6] * sin, states[..., 3:]], -1)
    return states


def added(states: Tensor) -> Tensor:
    return states * sinusoids(POSITIONS, 8)[:, :, None]


@pytest.mark.parametrize("what", [turned, added])
def test_compiled_code_calls_one_operator(what: Callable[[Tensor], Tensor]) -> None:
    names: list[str] = []

    def compiler(module: fx.GraphModule, _: list[Tensor]) -> Callable[..., object]:
        names.extend(str(node.target) for node in module.graph.nodes)
        return module

    states = torch.randn(2, 4, 3, 8, requires_grad=True)
    found = torch.compile(what, backend=compiler, fullgraph=True)(states)
    assert sum(name.startswith("ostinato.") for name in names) == 1
    assert not any(part in name for name in names for part in ("cos", "sin>", "exp", "pow"))
    torch.testing.assert_close(found, what(states), rtol=0, atol=0)


@pytest.mark.parametrize("what", [turned, added])
def test_gradients_reach_what_reads_the_table(what: Callable[[Tensor], Tensor]) -> None:
    states = torch.randn(2, 4, 3, 8, dtype=torch.float64, requires_grad=True)
    compiled = torch.compile(what, backend="aot_eager", fullgraph=True)
    (ours,) = torch.autograd.grad(compiled(states).sin().sum(), states)
    (wanted,) = torch.autograd.grad(what(states).sin().sum(), states)
    torch.testing.assert_close(ours, wanted)


def test_the_operators_keep_torchs_contract() -> None:
    library.opcheck(torch.ops.ostinato.rotation.default, (POSITIONS, 6, 10000.0))
    library.opcheck(torch.ops.ostinato.sinusoids.default, (POSITIONS, 8))
