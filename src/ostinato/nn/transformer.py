"""Bidirectional transformer layers: BERT's with relative positions, and one with rotary ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ostinato.nn.norm import RMSNorm
from ostinato.nn.ops.relative_attention import relative_attention
from ostinato.nn.rotary import rotate, rotation

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Queries, keys and values [b, t, h, d] to what each query has seen, [b, h, t, d]."""


@dataclass(frozen=True)
class LayerConfig:
    """Sizes of one layer; a model's configuration makes it."""

    hidden_size: int
    num_heads: int
    intermediate_size: int
    dropout: float
    """Probability on each part's output, before it is added to the residual."""
    attention_dropout: float
    """Probability on the attention weights."""
    norm_eps: float


class RelativeSelfAttention(nn.Module):
    """Multi-head self-attention with the scores of ``nn.ops.relative_attention``.

    Query, key and value share one projection, with bias as in BERT.
    """

    def __init__(self, config: LayerConfig) -> None:
        super().__init__()
        head_dim = config.hidden_size // config.num_heads
        self.num_heads = config.num_heads
        self.dropout = config.attention_dropout
        self.query_key_value = nn.Linear(config.hidden_size, 3 * config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)
        self.content_bias = nn.Parameter(torch.empty(config.num_heads, head_dim))
        self.position_bias = nn.Parameter(torch.empty(config.num_heads, head_dim))
        nn.init.xavier_uniform_(self.content_bias)
        nn.init.xavier_uniform_(self.position_bias)

    def forward(
        self,
        hidden: Float[Tensor, "b t width"],
        table: Float[Tensor, "#b t d"],
        key_mask: Bool[Tensor, "#b t"] | None,
    ) -> Float[Tensor, "b t width"]:
        """Attend; ``table`` and ``key_mask`` are ``relative_attention``'s."""
        projected = self.query_key_value(hidden).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = projected.unbind(2)
        attended = relative_attention(
            query,
            key,
            value,
            content_bias=self.content_bias,
            position_bias=self.position_bias,
            table=table,
            key_mask=key_mask,
            dropout=self.dropout if self.training else 0.0,
        )
        return self.output(attended.flatten(2))


class TransformerLayer(nn.Module):
    """Self-attention and a two-layer perceptron (erf-GELU), each added and then normalised."""

    def __init__(self, config: LayerConfig) -> None:
        super().__init__()
        self.attention = RelativeSelfAttention(config)
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.expand = nn.Linear(config.hidden_size, config.intermediate_size)
        self.contract = nn.Linear(config.intermediate_size, config.hidden_size)
        self.output_norm = nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self,
        hidden: Float[Tensor, "b t width"],
        table: Float[Tensor, "#b t d"],
        key_mask: Bool[Tensor, "#b t"] | None,
    ) -> Float[Tensor, "b t width"]:
        """Run the layer; ``table`` and ``key_mask`` are ``relative_attention``'s."""
        attended = self.dropout(self.attention(hidden, table, key_mask))
        hidden = self.attention_norm(hidden + attended)
        expanded = self.dropout(self.contract(nn.functional.gelu(self.expand(hidden))))
        return self.output_norm(hidden + expanded)


class RotaryLayer(nn.Module):
    """Attention and a two-layer perceptron (erf-GELU), each of what was normalised, then added."""

    def __init__(self, config: LayerConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.num_heads = config.num_heads
        self.attention_norm = RMSNorm(width, config.norm_eps)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)
        self.expand_norm = RMSNorm(width, config.norm_eps)
        self.expand = nn.Linear(width, config.intermediate_size, bias=False)
        self.contract = nn.Linear(config.intermediate_size, width, bias=False)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, hidden: Float[Tensor, "b t width"], attend: Attend
    ) -> Float[Tensor, "b t width"]:
        """Run the layer; ``attend`` is ``rotary_attention``'s."""
        projected = self.query_key_value(self.attention_norm(hidden))
        query, key, value = projected.unflatten(-1, (3, self.num_heads, -1)).unbind(2)
        attended = attend(query, key, value).transpose(1, 2).flatten(2)
        hidden = hidden + self.dropout(self.output(attended))
        expanded = nn.functional.gelu(self.expand(self.expand_norm(hidden)))
        return hidden + self.dropout(self.contract(expanded))


def rotary_attention(
    positions: Int[Tensor, "#b t"],
    key_mask: Bool[Tensor, "b t"],
    head_dim: int,
    *,
    theta: float,
    dropout: float,
) -> Attend:
    """Attention with rotary positions, whose angles are made once for all layers.

    ``dropout`` is the probability on attention weights.
    """
    mask = seen_keys(key_mask)
    angles = rotation(positions, head_dim, theta)
    cos, sin = (part.expand(len(key_mask), -1, -1, -1) for part in angles)

    def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        return nn.functional.scaled_dot_product_attention(
            rotate(query, cos, sin).transpose(1, 2),
            rotate(key, cos, sin).transpose(1, 2),
            value.transpose(1, 2),
            attn_mask=mask,
            dropout_p=dropout,
        )

    return attend


def seen_keys(key_mask: Bool[Tensor, "b t"]) -> Bool[Tensor, "b 1 1 t"]:
    """Return which keys are seen: those of the mask, or all where it has none, to stay finite."""
    return (key_mask | ~key_mask.any(-1, keepdim=True))[:, None, None, :]


@torch.no_grad()
def calm(layers: nn.ModuleList) -> None:
    """Shrink what each of the ``RotaryLayer``s adds, for nothing is normalised after it is added.

    What layers add starts smaller the more of them there are (GPT-2, section 2.3).
    """
    for layer in layers:
        assert isinstance(layer, RotaryLayer)
        for part in (layer.output, layer.contract):
            part.weight /= math.sqrt(2 * len(layers))
