"""The layer is post-LN with an erf-GELU, and every parameter of it learns."""

from __future__ import annotations

import torch
from torch import nn

from ostinato.nn.ops.relative_attention import sinusoids
from ostinato.nn.transformer import LayerConfig, TransformerLayer

CONFIG = LayerConfig(
    hidden_size=16,
    num_heads=2,
    intermediate_size=32,
    dropout=0.5,
    attention_dropout=0.5,
    layer_norm_eps=1e-12,
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
