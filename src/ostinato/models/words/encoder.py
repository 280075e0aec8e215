"""The encoder: columns of words, and layers in either scheme of positions."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ostinato.models.midiformer.encoder import PAD, initialise
from ostinato.models.words.config import SPECIALS, WordConfig
from ostinato.models.words.relative import relative_bias
from ostinato.nn.norm import RMSNorm
from ostinato.nn.transformer import Attend, RotaryLayer, calm, rotary_attention, seen_keys


class WordEncoder(nn.Module):
    """Words to hidden states, one for each."""

    def __init__(self, config: WordConfig) -> None:
        super().__init__()
        self.config = config
        self.columns = nn.ModuleList(
            nn.Embedding(size + SPECIALS, config.column_size) for size in config.vocab
        )
        self.project = nn.Linear(len(config.vocab) * config.column_size, config.hidden_size)
        self.dropout = nn.Dropout(config.dropout)
        rotary = config.positions == "rotary"
        self.norm = None if rotary else nn.LayerNorm(config.hidden_size, eps=config.norm_eps)
        self.layers = nn.ModuleList(
            RotaryLayer(config.layer) if rotary else RelativeLayer(config)
            for _ in range(config.num_layers)
        )
        self.last_norm = RMSNorm(config.hidden_size, config.norm_eps) if rotary else None
        initialise(self, config.initial_std)
        # A projection that keeps the columns' scale.
        nn.init.normal_(self.project.weight, std=1 / math.sqrt(self.project.in_features))
        if rotary:
            calm(self.layers)

    def forward(
        self, tokens: Int[Tensor, "b t"], *, ngrams: None = None, every_second: bool = False
    ) -> Float[Tensor, "b t w"]:
        """Return hidden states; those at PAD positions mean nothing and reach no other.

        There are no n-grams: the argument is that of a Midiformer, whose place this takes.
        ``every_second``: those after every second layer side by side, the last layer's last.
        """
        del ngrams
        hidden = self.project(torch.cat(self._embedded(tokens), -1))
        hidden = self.dropout(hidden if self.norm is None else self.norm(hidden))
        how = self._rotary(tokens) if self.norm is None else seen_keys(tokens != PAD)
        kept: list[Tensor] = []
        for depth, layer in enumerate(self.layers):
            hidden = layer(hidden, how)
            if every_second and (len(self.layers) - depth) % 2:
                kept.append(hidden)
        last = hidden if self.last_norm is None else self.last_norm(hidden)
        return torch.cat([*kept[:-1], last], -1) if every_second else last

    def _embedded(self, tokens: Tensor) -> list[Tensor]:
        """The embedding of each column; special tokens have rows of their own behind the values."""
        values = columns_of(tokens, self.config.vocab)
        columns = zip(self.columns, values, self.config.vocab, strict=True)
        return [
            embedding(torch.where(tokens < SPECIALS, size + tokens, value))
            for embedding, value, size in columns
        ]

    def _rotary(self, tokens: Tensor) -> Attend:
        config = self.config
        return rotary_attention(
            torch.arange(tokens.shape[1], device=tokens.device)[None],
            tokens != PAD,
            config.head_dim,
            theta=config.rope_theta,
            dropout=config.attention_dropout if self.training else 0.0,
        )


def columns_of(tokens: Int[Tensor, "*n"], vocab: tuple[int, ...]) -> list[Int[Tensor, "*n"]]:
    """Return the value of each column of some words' ids; of special tokens 0."""
    rest = (tokens - SPECIALS).clamp(min=0)
    found: list[Tensor] = []
    for size in reversed(vocab):
        found.append(rest % size)
        rest = torch.div(rest, size, rounding_mode="floor")
    return found[::-1]


class RelativeLayer(nn.Module):
    """BERT's layer with ``relative_key_query``: each part added, and then normalised."""

    def __init__(self, config: WordConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.num_heads, self.attention_dropout = config.num_heads, config.attention_dropout
        self.query_key_value = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.distance = nn.Embedding(2 * config.max_distance - 1, config.head_dim)
        self.attention_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.expand = nn.Linear(width, config.intermediate_size)
        self.contract = nn.Linear(config.intermediate_size, width)
        self.output_norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.dropout = nn.Dropout(config.dropout)

    def forward(
        self, hidden: Float[Tensor, "b t width"], mask: Bool[Tensor, "b 1 1 t"]
    ) -> Float[Tensor, "b t width"]:
        """Run the layer; ``mask`` is true for keys that may be seen."""
        projected = self.query_key_value(hidden).unflatten(-1, (3, self.num_heads, -1))
        query, key, value = projected.permute(2, 0, 3, 1, 4).unbind(0)
        vectors = self.distance.weight.to(query.dtype)
        bias = relative_bias(query, key, vectors) / math.sqrt(query.shape[-1])
        attended = nn.functional.scaled_dot_product_attention(
            query,
            key,
            value,
            attn_mask=bias.masked_fill(~mask, -torch.inf),
            dropout_p=self.attention_dropout if self.training else 0.0,
        )
        attended = self.dropout(self.output(attended.transpose(1, 2).flatten(2)))
        hidden = self.attention_norm(hidden + attended)
        expanded = self.dropout(self.contract(nn.functional.gelu(self.expand(hidden))))
        return self.output_norm(hidden + expanded)
