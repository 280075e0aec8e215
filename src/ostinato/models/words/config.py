"""Sizes and switches of an encoder of whole words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from ostinato.base.errors import UserError
from ostinato.models.midiformer import MidiformerConfig
from ostinato.nn.transformer import LayerConfig

SPECIALS = 5
"""Ids below this are no words: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4."""


@dataclass(frozen=True, kw_only=True)
class WordConfig:
    """What is needed to build the encoder. The defaults are 25 M parameters with ``cp4``."""

    vocab: tuple[int, ...]
    """Values of each column of the words."""
    positions: Literal["rotary", "relative"] = "rotary"
    column_size: int = 128
    """Width of one column's embedding (MidiBERT: 256)."""
    hidden_size: int = 512
    num_layers: int = 8
    num_heads: int = 8
    intermediate_size: int = 2048
    max_distance: int = 512
    """``relative``: distances from -max_distance + 1 on have a vector each; farther ones share
    the last."""
    rope_theta: float = 10000.0
    dropout: float = 0.1
    """Probability on embeddings, layer outputs and inside heads."""
    attention_dropout: float = 0.0
    norm_eps: float = 1e-6
    initial_std: float = 0.02

    def __post_init__(self) -> None:
        if self.hidden_size % (2 * self.num_heads):
            raise UserError(
                f"hidden_size must be an even multiple of num_heads, got {self.hidden_size} and "
                f"{self.num_heads}: change one of them."
            )
        sizes = (self.num_layers, self.column_size, self.intermediate_size, self.max_distance)
        if min(sizes) < 1:
            raise UserError(
                "num_layers, column_size, intermediate_size and max_distance must be at least 1, "
                f"got {', '.join(map(str, sizes))}."
            )
        if not self.vocab or min(self.vocab) < 1 or self.vocab_size > 2**31:
            raise UserError(
                "vocab must list columns of at least one value each, and their product must be "
                f"below 2^31, got {list(self.vocab)}: cp4 words fit, cp7 words do not."
            )

    @property
    def vocab_size(self) -> int:
        """Ids of tokens are below this: the specials, and every word that there could be."""
        return SPECIALS + math.prod(self.vocab)

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_heads

    @property
    def layer(self) -> LayerConfig:
        """Sizes of one rotary layer."""
        return self.heads.layer

    @property
    def heads(self) -> MidiformerConfig:
        """These sizes as a Midiformer's, whose heads they are."""
        return MidiformerConfig(
            vocab_size=1,
            hidden_size=self.hidden_size,
            num_heads=self.num_heads,
            num_layers=self.num_layers,
            num_ngram_layers=0,
            intermediate_size=self.intermediate_size,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            layer_norm_eps=self.norm_eps,
            initial_std=self.initial_std,
        )
