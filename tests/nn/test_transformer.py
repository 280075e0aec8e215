"""The layer is post-LN with an erf-GELU, and every parameter of it learns."""

from __future__ import annotations

import torch
from torch import nn

from ostinato.nn.ops.relative_attention import sinusoids
from ostinato.nn.transformer import LayerConfig, RotaryLayer, TransformerLayer, rotary_attention

CONFIG = LayerConfig(
    hidden_size=16,
    num_heads=2,
    intermediate_size=32,
    dropout=0.5,
    attention_dropout=0.5,
    norm_eps=1e-12,
)


def _run(layer: TransformerLayer, length: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    hidden = torch.randn(2, length, 16, generator=torch.Generator().manual_seed(0))
    table = sinusoids(torch.arange(length)[None], 8)
    return hidden, layer(hidden, table, None)


def test_output_is_normalised() -> None:
    _, out = _run(TransformerLayer(CONFIG))
    torch.testing.assert_close(out.mean(-1), torch.zeros(2, 5), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(-1, unbiased=False), torch.ones(2, 5), atol=1e-4, rtol=0)


def test_parts_are_added_then_normalised() -> None:
    layer = TransformerLayer(CONFIG).eval()
    hidden, out = _run(layer)
    table = sinusoids(torch.arange(5)[None], 8)
    middle = layer.attention_norm(hidden + layer.attention(hidden, table, None))
    exact_gelu = 0.5 * layer.expand(middle) * (1 + torch.erf(layer.expand(middle) / 2**0.5))
    torch.testing.assert_close(out, layer.output_norm(middle + layer.contract(exact_gelu)))


def test_dropout_only_in_training() -> None:
    torch.manual_seed(0)
    layer = TransformerLayer(CONFIG)
    assert not torch.equal(_run(layer)[1], _run(layer)[1])
    assert torch.equal(_run(layer.eval())[1], _run(layer)[1])


def test_every_parameter_learns() -> None:
    layer = TransformerLayer(CONFIG).eval()
    weights = torch.randn(16, generator=torch.Generator().manual_seed(1))
    (_run(layer)[1] * weights).sum().backward()
    for name, parameter in layer.named_parameters():
        assert isinstance(parameter, nn.Parameter)
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_a_rotary_layer_is_its_definition() -> None:
    """What is normalised is read, and what is read added; scores by the distance alone."""
    layer = RotaryLayer(CONFIG).eval()
    hidden = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    seen = torch.ones(2, 5, dtype=torch.bool)
    places = torch.arange(5)[None]
    out = layer(hidden, rotary_attention(places, seen, 8, theta=100.0, dropout=0.0))
    moved = rotary_attention(places + 7, seen, 8, theta=100.0, dropout=0.0)
    torch.testing.assert_close(layer(hidden, moved), out)

    def turned(x: torch.Tensor, place: int) -> torch.Tensor:
        """Dimensions i and i + 4 are a plane, turned by place / 100 ** (i / 4)."""
        angle = place * 100.0 ** (-torch.arange(4) / 4)
        return torch.cat(
            [
                x[:4] * angle.cos() - x[4:] * angle.sin(),
                x[4:] * angle.cos() + x[:4] * angle.sin(),
            ]
        )

    read = hidden / hidden.pow(2).mean(-1, keepdim=True).sqrt()
    query, key, value = layer.query_key_value(read).unflatten(-1, (3, 2, 8)).unbind(2)
    attended = torch.zeros(2, 5, 2, 8)
    for b, h, i in torch.cartesian_prod(torch.arange(2), torch.arange(2), torch.arange(5)).tolist():
        mine = turned(query[b, i, h], i)
        scores = torch.stack([mine @ turned(key[b, j, h], j) for j in range(5)]) / 8**0.5
        attended[b, i, h] = scores.softmax(0) @ value[b, :, h]
    middle = hidden + layer.output(attended.flatten(2))
    read = middle / middle.pow(2).mean(-1, keepdim=True).sqrt()
    expected = middle + layer.contract(nn.functional.gelu(layer.expand(read)))
    torch.testing.assert_close(out, expected)


def test_where_no_key_may_be_seen_all_are() -> None:
    layer = RotaryLayer(CONFIG).eval()
    hidden = torch.randn(2, 3, 16, generator=torch.Generator().manual_seed(0))
    none = torch.tensor([[False] * 3, [True] * 3])
    out, every = (
        layer(hidden, rotary_attention(torch.arange(3)[None], mask, 8, theta=100.0, dropout=0.0))
        for mask in (none, torch.ones_like(none))
    )
    torch.testing.assert_close(out, every)
