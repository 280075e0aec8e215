"""Rows of fixed shapes: the same numbers as ``encode``, also for many models at once."""

from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.layers import SparseMoe
from ostinato.models.m1.rows import decode_rows, encode_rows

VOCABULARY = 40


def made(seed: int) -> M1:
    torch.manual_seed(seed)
    return M1(M1Config.preset("tiny", vocab_size=VOCABULARY, initializer_range=0.1)).eval()


@pytest.fixture(scope="module")
def model() -> M1:
    return made(0)


def ids(*shape: int) -> Tensor:
    return torch.randint(VOCABULARY, shape, generator=torch.Generator().manual_seed(3))


def test_rows_are_encoded_as_ever(model: M1) -> None:
    tokens = ids(3, 45)
    found, expected = encode_rows(model, tokens), model.encode(tokens)
    torch.testing.assert_close(found.hidden, expected.hidden)
    assert torch.equal(found.routing[3].chosen, expected.routing[3].chosen)


def test_padding_at_the_end_changes_nothing_before_it(model: M1) -> None:
    tokens = ids(2, 30)
    padded = torch.cat([tokens, torch.zeros(2, 34, dtype=torch.int64)], 1)
    found = encode_rows(model, padded).hidden[:, :30]
    torch.testing.assert_close(found, model.encode(tokens).hidden, atol=1e-6, rtol=1e-5)


def test_steps_make_what_the_whole_makes(model: M1) -> None:
    tokens = ids(3, 40)
    cache = model.make_cache(3, capacity=64)
    active = torch.ones(3, dtype=torch.bool)
    with torch.no_grad():
        steps = [
            decode_rows(model, tokens[:, t], torch.full((3,), t), active, cache, span=48)
            for t in range(40)
        ]
        torch.testing.assert_close(
            torch.stack(steps, 1), model.encode(tokens).hidden, atol=2e-6, rtol=1e-5
        )


COMPILED = """
import torch
from ostinato.models.m1 import M1, M1Config
from ostinato.models.m1.rows import decode_rows
torch.manual_seed(0)
model = M1(M1Config.preset("tiny", vocab_size=40, initializer_range=0.1)).eval()
for layer in model.model.layers:
    layer.block_sparse_moe.backend = "dense"
tokens = torch.randint(40, (3, 40))
cache = model.make_cache(3, capacity=64)
active = torch.ones(3, dtype=torch.bool)
with torch.inference_mode():
    steps = [
        decode_rows(
            model, tokens[:, t], torch.full((3,), t), active, cache, span=48, compiled=True
        )
        for t in range(40)
    ]
    print(float((torch.stack(steps, 1) - model.encode(tokens).hidden).abs().max()))
    print(torch._dynamo.utils.counters["stats"]["unique_graphs"])
"""


@pytest.mark.long
def test_compiled_steps_make_the_same_from_one_graph() -> None:
    """In a process of its own: the compiler cannot read what checks shapes here."""
    done = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, text=True, check=True
    )
    difference, graphs = done.stdout.split()
    assert float(difference) < 5e-6
    assert int(graphs) == 1, "seven layers share one compilation"


def test_rows_that_rest_are_left_as_they_are(model: M1) -> None:
    tokens, cache = ids(2, 12), model.make_cache(2, capacity=64)
    at = torch.zeros(2, dtype=torch.int64)
    found: list[Tensor] = []
    with torch.no_grad():
        for t in range(12):
            for active in ([True, False], [True, True]) if t % 2 else ([True, True],):
                state = copy.deepcopy(cache.states[:, 1])
                on = torch.tensor(active)
                if not active[1]:
                    held = torch.tensor([int(at[0]), int(at[1])])
                    decode_rows(
                        model, tokens[:, t], held, torch.tensor([False, False]), cache, span=64
                    )
                    assert torch.equal(cache.states[:, 1], state)
                    continue
                found.append(decode_rows(model, tokens[:, t], at, on, cache, span=64))
            at += 1
        torch.testing.assert_close(
            torch.stack(found, 1), model.encode(tokens).hidden, atol=2e-6, rtol=1e-5
        )


class Whole(nn.Module):
    """Logits of rows, as a function of a module's parameters."""

    def __init__(self, model: M1) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: Tensor) -> Tensor:
        return self.model.logits(encode_rows(self.model, tokens).hidden)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_many_models_at_once_are_each_of_them() -> None:
    models = [Whole(made(seed)) for seed in range(3)]
    for one in models:
        for module in one.modules():
            if isinstance(module, SparseMoe):
                module.backend = "dense"
    parameters, buffers = stack_module_state(models)  # pyright: ignore[reportArgumentType]
    tokens = ids(3, 2, 20)

    def run(weights: dict[str, Tensor], held: dict[str, Tensor], rows: Tensor) -> Tensor:
        return functional_call(models[0], (weights, held), (rows,))

    with sdpa_kernel(SDPBackend.MATH):
        together = vmap(run)(parameters, buffers, tokens)
        together.square().sum().backward()
        for i, one in enumerate(models):
            alone = one(tokens[i])
            torch.testing.assert_close(together[i], alone, atol=1e-6, rtol=1e-5)
            one.zero_grad()
            alone.square().sum().backward()
            name = "model.model.layers.2.self_attn.qkv_proj.weight"
            expected = dict(one.named_parameters())[name].grad
            assert expected is not None
            torch.testing.assert_close(parameters[name].grad[i], expected, atol=1e-5, rtol=1e-4)
