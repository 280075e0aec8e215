"""One bidirectional transformer layer with relative positions, LayerNorm after each part."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from ostinato.nn.ops.relative_attention import relative_attention


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
    layer_norm_eps: float


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
        self.attention_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.expand = nn.Linear(config.hidden_size, config.intermediate_size)
        self.contract = nn.Linear(config.intermediate_size, config.hidden_size)
        self.output_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
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
