"""Adapters: nothing at first, all that is trained, and gone when folded."""

from __future__ import annotations

import copy

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.models.midiformer import AdapterSpec, Midiformer, MidiformerConfig
from ostinato.models.midiformer.adapter import attach, factor_shapes, factors, fold

SPEC = AdapterSpec(3)


def adapted(encoder: Midiformer, spec: AdapterSpec = SPEC) -> Midiformer:
    """A copy with an adapter that changes what it computes."""
    changed = copy.deepcopy(encoder)
    attach(changed, spec)
    for name, parameter in changed.named_parameters():
        if name.endswith("up"):
            torch.nn.init.normal_(parameter, std=0.3)
    return changed


def test_a_fresh_adapter_changes_nothing(model, tokens, ngrams) -> None:
    before = model.encoder(tokens, ngrams=ngrams)
    attach(model.encoder, SPEC)
    assert torch.equal(model.encoder(tokens, ngrams=ngrams), before)


@pytest.mark.parametrize("targets", [SPEC.targets, ("output",), ("expand", "query_key_value")])
def test_folded_is_what_was_trained(model, tokens, ngrams, targets: tuple[str, ...]) -> None:
    spec = AdapterSpec(3, targets)
    trained = adapted(model.encoder, spec)
    found = factors(trained)
    assert {name: tuple(t.shape) for name, t in found.items()} == factor_shapes(model.encoder, spec)
    before = model.encoder(tokens, ngrams=ngrams)
    expected = trained(tokens, ngrams=ngrams)
    assert (expected - before).abs().max() > 0.01
    fold(model.encoder, found)
    torch.testing.assert_close(model.encoder(tokens, ngrams=ngrams), expected)


def test_layers_of_ngrams_are_adapted_too(model) -> None:
    paths = {name.rpartition(".")[0] for name in factor_shapes(model.encoder, SPEC)}
    assert any(path.startswith("ngrams.layers.0") for path in paths)
    linear = [n for n, m in model.encoder.named_modules() if isinstance(m, torch.nn.Linear)]
    assert paths == set(linear)


def test_only_factors_learn(model, tokens, ngrams) -> None:
    trained = adapted(model.encoder)
    trained(tokens, ngrams=ngrams).square().sum().backward()
    learning = {name for name, p in trained.named_parameters() if p.grad is not None}
    assert learning == {n for n, p in trained.named_parameters() if p.requires_grad}
    assert {name.rpartition(".")[2] for name in learning} == {"up", "down"}
    assert len(learning) == len(factors(trained))


def test_rank_8_keeps_the_small_preset_under_a_megabyte() -> None:
    """With a head of pieces, which is the largest, in half precision."""
    config = MidiformerConfig.preset("small", vocab_size=1800, lexicon_size=4000)
    with torch.device("meta"):
        shapes = factor_shapes(Midiformer(config), AdapterSpec(8))
    adapter = sum(rows * columns for rows, columns in shapes.values())
    assert 2 * adapter == 8 * 92_160
    head = 320 * 320 + 320 + 321 * (config.num_heads + 14)
    assert 2 * (adapter + head) < 960_000  # what is left is for config.json and the card


@pytest.mark.parametrize(("rank", "targets"), [(0, SPEC.targets), (2, ()), (2, ("norm",))])
def test_adapters_that_cannot_be(rank: int, targets: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="rank of at least 1 and targets among query_key_value"):
        AdapterSpec(rank, targets)
