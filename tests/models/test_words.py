"""Encoders of whole words: ids are words, distances are signed, padding and masks hide."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.models import words
from ostinato.models.midiformer import HeadSpec, MidiformerConfig, MidiformerModel
from ostinato.models.words import (
    WordConfig,
    WordModel,
    columns_of,
    relative_bias,
    relative_bias_reference,
)

VOCAB = (2, 7, 11, 5)
CP4 = (2, 193, 129, 65)
HEADS = {
    "melody": HeadSpec("note", ("a", "b", "c")),
    "dance": HeadSpec("sequence", ("x", "y"), "attention"),
}
SCHEMES = pytest.mark.parametrize("positions", ["rotary", "relative"])


def tiny(positions: str, **changes: int) -> WordConfig:
    config = WordConfig(
        vocab=VOCAB,
        positions=positions,  # type: ignore[arg-type]
        column_size=8,
        hidden_size=16,
        num_layers=2,
        num_heads=2,
        intermediate_size=32,
        max_distance=16,
        initial_std=0.3,
    )
    return replace(config, **changes)


def model_of(positions: str, **changes: int) -> WordModel:
    torch.manual_seed(0)
    return WordModel(tiny(positions, **changes), HEADS, masked_word=True).eval()


def word(*values: int) -> int:
    """The id of a word, written out from its definition."""
    bar, position, pitch, duration = values
    return 5 + ((bar * 7 + position) * 11 + pitch) * 5 + duration


@pytest.fixture
def tokens() -> torch.Tensor:
    """[CLS] five words [SEP], and a shorter window."""
    long = [2, word(0, 0, 0, 0), word(1, 6, 10, 4), word(1, 2, 3, 1), word(0, 3, 3, 1)]
    return torch.tensor([[*long, word(1, 0, 9, 2), 3], [2, long[1], long[3], 3, 0, 0, 0]])


def test_a_words_id_is_its_columns() -> None:
    last = word(1, 6, 10, 4)
    assert last == tiny("rotary").vocab_size - 1
    found = columns_of(torch.tensor([[0, 4, 5], [last, word(1, 2, 3, 1), 2]]), VOCAB)
    assert [column.tolist() for column in found] == [
        [[0, 0, 0], [1, 1, 0]],
        [[0, 0, 0], [6, 2, 0]],
        [[0, 0, 0], [10, 3, 0]],
        [[0, 0, 0], [4, 1, 0]],
    ]


@pytest.mark.parametrize(("length", "most"), [(1, 1), (6, 9), (9, 4), (5, 1)])
def test_the_bias_is_its_definition(length: int, most: int) -> None:
    """In float64, gradients too; with windows longer than the farthest distance."""
    draw = torch.Generator().manual_seed(length)
    shapes = ((2, 3, length, 4), (2, 3, length, 4), (2 * most - 1, 4))
    given = [torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes]
    out: list[torch.Tensor] = []
    slopes: list[tuple[torch.Tensor, ...]] = []
    for bias in (relative_bias, relative_bias_reference):
        inputs = [x.clone().requires_grad_() for x in given]
        found = bias(*inputs)
        weight = torch.arange(found.numel(), dtype=torch.float64).view_as(found)
        out.append(found.detach())
        slopes.append(torch.autograd.grad((found * weight).sum(), inputs))
    torch.testing.assert_close(out[0], out[1])
    for ours, theirs in zip(*slopes, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_the_bias_written_out() -> None:
    """Two places, one dimension: a query before its key sees A[-1], one behind it A[1]."""
    query = torch.tensor([2.0, 3.0]).view(1, 1, 2, 1)
    key = torch.tensor([5.0, 7.0]).view(1, 1, 2, 1)
    vectors = torch.tensor([[10.0], [100.0], [1000.0]])  # of distances -1, 0, 1
    expected = [[200.0 + 500, 20 + 70], [3000 + 5000, 300 + 700]]
    assert relative_bias(query, key, vectors)[0, 0].tolist() == expected
    assert relative_bias_reference(query, key, vectors)[0, 0].tolist() == expected


def test_a_relative_layer_is_its_definition() -> None:
    """The whole layer in float64 by loops over heads, with a key that is not seen."""
    model = model_of("relative").double()
    layer = model.encoder.layers[0]
    hidden = torch.randn(1, 5, 16, dtype=torch.float64)
    mask = torch.tensor([True, True, False, True, True]).view(1, 1, 1, 5)
    query, key, value = layer.query_key_value(hidden).chunk(3, -1)
    heads: list[torch.Tensor] = []
    for part in (slice(0, 8), slice(8, 16)):
        q, k, v = (x[0, :, part] for x in (query, key, value))
        scores = torch.full((5, 5), -torch.inf, dtype=torch.float64)
        for i in range(5):
            for j in (0, 1, 3, 4):
                a = layer.distance.weight[i - j + 15]
                scores[i, j] = (q[i] @ k[j] + q[i] @ a + k[j] @ a) / 8**0.5
        heads.append(scores.softmax(-1) @ v)
    attended = layer.attention_norm(hidden + layer.output(torch.cat(heads, -1)[None]))
    expanded = layer.contract(torch.nn.functional.gelu(layer.expand(attended)))
    expected = layer.output_norm(attended + expanded)
    torch.testing.assert_close(layer(hidden, mask), expected)


@SCHEMES
def test_padding_changes_nothing(positions: str, tokens: torch.Tensor) -> None:
    encoder = model_of(positions).encoder
    short = encoder(tokens[1:, :4])
    torch.testing.assert_close(encoder(tokens)[1:, :4], short)
    assert encoder(torch.zeros(1, 3, dtype=torch.int64)).isfinite().all()


@SCHEMES
def test_order_matters_but_not_where_it_begins(positions: str, tokens: torch.Tensor) -> None:
    """Swapped words change the rest; the same words further on look the same to each other."""
    encoder = model_of(positions).encoder
    swapped = tokens[:1, [0, 2, 1, 3, 4, 5, 6]]
    assert (encoder(swapped)[:, 3:] - encoder(tokens[:1])[:, 3:]).abs().max() > 1e-3
    with torch.no_grad():
        later = torch.cat([torch.zeros(1, 4, dtype=torch.int64), tokens[:1]], 1)
        torch.testing.assert_close(encoder(later)[:, 4:], encoder(tokens[:1]), atol=1e-5, rtol=1e-4)


@SCHEMES
def test_every_second_layer_up_to_the_last(positions: str, tokens: torch.Tensor) -> None:
    encoder = model_of(positions).encoder
    states: list[torch.Tensor] = []
    for layer in encoder.layers:
        layer.register_forward_hook(lambda *found: states.append(found[-1]))
    found, plain = encoder(tokens, every_second=True), encoder(tokens)
    kept = states[: len(encoder.layers)][(len(encoder.layers) - 1) % 2 :: 2]
    torch.testing.assert_close(found, torch.cat([*kept[:-1], plain], -1))


@SCHEMES
def test_a_masked_word_hides_all_its_columns(positions: str, tokens: torch.Tensor) -> None:
    """And each column counts where the word is seen."""
    encoder = model_of(positions).encoder
    for changed in (word(0, 2, 3, 1), word(1, 1, 3, 1), word(1, 2, 4, 1), word(1, 2, 3, 0)):
        other = tokens.clone()
        other[0, 3] = changed
        assert (encoder(other)[0] - encoder(tokens)[0]).abs().max() > 1e-3
        other[0, 3] = masked = 4
        same = tokens.clone()
        same[0, 3] = masked
        assert torch.equal(encoder(other), encoder(same))


@SCHEMES
def test_a_directory_holds_the_model(positions: str, tmp_path: Path, tokens: torch.Tensor) -> None:
    model = model_of(positions)
    words.save(tmp_path, model)
    again = words.load(tmp_path)
    assert again.config == model.config
    assert again.specs == model.specs
    assert torch.equal(again.encoder(tokens), model.encoder(tokens))
    assert not again.training
    described = json.loads((tmp_path / "config.json").read_text())
    assert described["model_type"] == "word_encoder"
    (tmp_path / "config.json").write_text(json.dumps({**described, "hidden_size": 32}))
    with pytest.raises(UserError, match="has shape"):
        words.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**described, "model_type": "else"}))
    with pytest.raises(UserError, match="'else'"):
        words.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({**described, "heads": {"a": {"kind": 1}}}))
    with pytest.raises(UserError, match=r"config\.json"):
        words.load(tmp_path)


def test_the_tables_row_has_25_million_parameters() -> None:
    with torch.device("meta"):
        sizes = {
            name: sum(
                p.numel()
                for p in WordModel(
                    WordConfig(vocab=CP4, positions=name),  # type: ignore[arg-type]
                    masked_word=True,
                ).parameters()
            )
            for name in ("rotary", "relative")
        }
    assert all(abs(size / 25.5e6 - 1) < 0.05 for size in sizes.values()), sizes


def test_heads_are_a_midiformers() -> None:
    model = model_of("rotary")
    with torch.device("meta"):
        other = MidiformerModel(
            MidiformerConfig(vocab_size=9, hidden_size=16, num_heads=2, num_layers=6), HEADS
        )
    shapes = [{n: tuple(t.shape) for n, t in m.heads.state_dict().items()} for m in (model, other)]
    assert shapes[0] == shapes[1]
    with pytest.raises(UserError, match="melody, dance"):
        model.note_head("velocity")
    with pytest.raises(UserError, match="use note_head"):
        model.sequence_head("melody")
    with pytest.raises(UserError, match="use sequence_head"):
        model.note_head("dance")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_heads": 3}, "even multiple"),
        ({"num_layers": 0}, "at least 1"),
        ({"vocab": (67, 135, 194, 3, 129, 18, 45)}, "cp7 words do not"),
        ({"vocab": ()}, "columns"),
    ],
)
def test_what_cannot_be_built_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        replace(tiny("rotary"), **changes)  # type: ignore[arg-type]
