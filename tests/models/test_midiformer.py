"""What must hold for the encoder whatever its weights: padding, slots, the matrix in float."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import pad

from ostinato.base.errors import UserError
from ostinato.models.midiformer import Midiformer, MidiformerConfig, MidiformerModel, NgramBatch
from ostinato.nn.ops.relative_attention import sinusoids
from ostinato.nn.transformer import rotary_attention


@pytest.fixture(params=["relative", "rotary"])
def config(request, config) -> MidiformerConfig:
    return replace(config, positions=request.param)


def _close(found: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def _differ(found: torch.Tensor, expected: torch.Tensor) -> bool:
    return (found - expected).abs().max().item() > 1e-3


def test_padding_changes_nothing(model, tokens, ngrams) -> None:
    longer = replace(ngrams, matrix=pad(ngrams.matrix, (0, 0, 0, 5)))
    found = model.encoder(pad(tokens, (0, 5)), ngrams=longer)[:, :6]
    real = tokens != 0
    _close(found[real], model.encoder(tokens, ngrams=ngrams)[real])


def test_a_window_does_not_see_its_neighbours(model, tokens, ngrams) -> None:
    alone = NgramBatch(ngrams.ids[1:], ngrams.start[1:], ngrams.matrix[1:])
    found = model.encoder(tokens[1:], ngrams=alone)
    _close(found[:, :4], model.encoder(tokens, ngrams=ngrams)[1:, :4])


def test_an_empty_lexicon_is_no_branch(config, model, token_symbols, tokens, ngrams) -> None:
    empty = replace(ngrams, ids=ngrams.ids * 0, matrix=ngrams.matrix * 0)
    plain = Midiformer(replace(config, num_ngram_layers=0), token_symbols).eval()
    kept = {k: v for k, v in model.encoder.state_dict().items() if not k.startswith("ngrams")}
    plain.load_state_dict(kept)
    without = plain(tokens, ngrams=ngrams)
    _close(model.encoder(tokens, ngrams=empty), without)
    _close(model.encoder(tokens, ngrams=None), without)
    assert _differ(model.encoder(tokens, ngrams=ngrams), without)


def test_the_order_of_slots_means_nothing(model, tokens, ngrams) -> None:
    order = torch.tensor([4, 2, 0, 3, 1])
    moved = NgramBatch(ngrams.ids[:, order], ngrams.start[:, order], ngrams.matrix[..., order])
    _close(model.encoder(tokens, ngrams=moved), model.encoder(tokens, ngrams=ngrams))


def test_unused_slots_mean_nothing(model, tokens, ngrams) -> None:
    expected = model.encoder(tokens, ngrams=ngrams)
    more = NgramBatch(
        pad(ngrams.ids, (0, 3)), pad(ngrams.start, (0, 3), value=77), pad(ngrams.matrix, (0, 3))
    )
    _close(model.encoder(tokens, ngrams=more), expected)
    with torch.no_grad():
        model.encoder.ngrams.embedding.weight[0] = 100.0
    _close(model.encoder(tokens, ngrams=ngrams), expected)


def test_starts_are_seen(model, tokens, ngrams) -> None:
    """N-grams attend by where they start; the published ranks could not tell."""
    elsewhere = replace(ngrams, start=ngrams.start.flip(1))
    assert _differ(model.encoder(tokens, ngrams=elsewhere), model.encoder(tokens, ngrams=ngrams))


def test_the_matrix_works_in_float(model, tokens, ngrams) -> None:
    """The published integer matrix keeps only whole weights: A, B and C would get nothing."""
    published = replace(ngrams, matrix=ngrams.matrix.int().float())
    layer = model.encoder.ngrams(ngrams.ids, ngrams.start)[0]
    assert (published.matrix @ layer)[0, 1:4].eq(0).all()
    assert (ngrams.matrix @ layer)[0, 1:4].ne(0).all()
    assert _differ(
        model.encoder(tokens, ngrams=published)[0, 1:4],
        model.encoder(tokens, ngrams=ngrams)[0, 1:4],
    )


def test_injection_at_every_layer(model, tokens, ngrams) -> None:
    """H_l = Layer_l(H_{l-1}) + M G_l, with G_2 kept for layer 3: written out by hand."""
    encoder, mask, places = model.encoder, tokens != 0, torch.arange(6)[None]
    if encoder.config.positions == "rotary":
        how = (rotary_attention(places, mask, 8, theta=10000.0, dropout=0.0),)
    else:
        how = (sinusoids(places, 8), mask)
    first, second = encoder.ngrams(ngrams.ids, ngrams.start)
    hidden = encoder.norm(encoder.token_table()[tokens])
    for layer, state in zip(encoder.layers, (first, second, second), strict=True):
        hidden = layer(hidden, *how) + ngrams.matrix @ state
    _close(encoder(tokens, ngrams=ngrams), encoder.last_norm(hidden))


def test_of_rotary_layers_what_is_added_starts_small(config) -> None:
    """By 1 / sqrt(2 * layers); and nothing has a bias that would not be there in the paper's."""
    torch.manual_seed(0)
    encoder = Midiformer(replace(config, hidden_size=64, initial_std=0.02))
    stacks = [(encoder.layers, 3), (encoder.ngrams.layers, 2)]
    for layers, depth in stacks:
        for layer in layers:
            rotary = config.positions == "rotary"
            output = layer.output if rotary else layer.attention.output
            small = 0.02 / (2 * depth) ** 0.5 if rotary else 0.02
            for part, std in ((layer.expand, 0.02), (layer.contract, small), (output, small)):
                assert part.weight.std().item() == pytest.approx(std, rel=0.1)
                assert (part.bias is None) is rotary


def test_nothing_to_attend_to_is_finite(model) -> None:
    blank = torch.zeros(1, 4, dtype=torch.long)
    none = NgramBatch(blank, blank, torch.zeros(1, 4, 4))
    hidden = model.encoder(blank, ngrams=none)
    hidden.sum().backward()
    assert hidden.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.encoder.parameters() if p.grad is not None)


def test_every_parameter_learns(model, tokens, ngrams) -> None:
    hidden = model.encoder(tokens, ngrams=ngrams)
    word = torch.tensor([[-1, 0, 0, 1, 2, -1], [-1, 0, 1, -1, -1, -1]])
    outputs = [
        model.masked_token(hidden[tokens != 0]),
        model.note_head("melody")(hidden, word, 3),
        model.sequence_head("dance")(hidden),
    ]
    draw = torch.Generator().manual_seed(3)
    sum((out * torch.randn(out.shape, generator=draw)).sum() for out in outputs).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name
    assert model.encoder.symbols.weight.grad[0].eq(0).all()
    assert model.encoder.ngrams.embedding.weight.grad[0].eq(0).all()


def test_embeddings_compose(config, model, token_symbols) -> None:
    encoder = model.encoder
    table = encoder.token_table()
    token = 11
    parts = [s for s in token_symbols[token].tolist() if s]
    _close(table[token], encoder.tokens.weight[token] + encoder.symbols.weight[parts].sum(0))
    _close(table[:5], encoder.tokens.weight[:5])
    plain = Midiformer(replace(config, compose_embeddings=False), token_symbols)
    assert torch.equal(plain.token_table(), plain.tokens.weight)


@pytest.mark.parametrize("compose", [False, True])
def test_tokens_of_low_rank(config, token_symbols, compose) -> None:
    """Their own vectors by hand; all weights learn; they begin as long as those of full rank."""
    low = replace(config, token_rank=4, compose_embeddings=compose)
    encoder = Midiformer(low, token_symbols)
    assert tuple(encoder.tokens.weight.shape) == (config.vocab_size, 4)
    table = encoder.token_table()
    own = encoder.tokens.weight @ encoder.widen.weight.T
    token = 11
    parts = [s for s in token_symbols[token].tolist() if s] if compose else []
    _close(table[token], own[token] + encoder.symbols.weight[parts].sum(0))
    table.square().sum().backward()
    assert encoder.tokens.weight.grad[token].abs().min() > 0
    assert encoder.widen.weight.grad.abs().min() > 0
    torch.manual_seed(0)
    long = Midiformer(replace(low, vocab_size=5000, compose_embeddings=False))
    assert long.token_table().std().item() == pytest.approx(config.initial_std, rel=0.3)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"hidden_size": 15}, "multiple"),
        ({"num_ngram_layers": 4}, "num_layers"),
        ({"vocab_size": 0}, "at least 1"),
        ({"token_rank": 17}, "token_rank lies in 0..hidden_size"),
    ],
)
def test_impossible_sizes_are_refused(config, change, word) -> None:
    with pytest.raises(UserError, match=word):
        replace(config, **change)


def test_unknown_preset_is_refused() -> None:
    with pytest.raises(UserError, match="base, small"):
        MidiformerConfig.preset("huge", vocab_size=10)


def test_symbols_must_fit_the_configuration(config, token_symbols) -> None:
    with pytest.raises(UserError, match="token_symbols must be"):
        Midiformer(config, token_symbols[:-1])
    with pytest.raises(UserError, match="symbols below 7"):
        Midiformer(config, token_symbols + 3)


@pytest.mark.parametrize(
    ("preset", "layers", "ngram_layers", "width", "millions"),
    [("base", 12, 6, 768, 131.8), ("small", 8, 2, 320, 12.4)],
)
def test_presets(preset, layers, ngram_layers, width, millions) -> None:
    config = MidiformerConfig.preset(preset, vocab_size=1000, lexicon_size=4000, symbol_count=390)
    with torch.device("meta"):
        encoder = MidiformerModel(config).encoder
    assert (len(encoder.layers), len(encoder.ngrams.layers)) == (layers, ngram_layers)
    assert (config.hidden_size, config.head_dim) == (width, 64)
    count = sum(parameter.numel() for parameter in encoder.parameters())
    assert count == pytest.approx(millions * 1e6, abs=0.06e6)


def test_preset_with_changes() -> None:
    config = MidiformerConfig.preset("small", vocab_size=10, num_ngram_layers=0, dropout=0.2)
    assert (config.num_ngram_layers, config.dropout, config.num_layers) == (0, 0.2, 8)
    assert Midiformer(config).ngrams is None
