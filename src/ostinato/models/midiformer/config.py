"""Sizes and switches of a Midiformer, and the heads that a model directory may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from ostinato.base.errors import UserError
from ostinato.nn.transformer import LayerConfig

Pool = Literal["first", "attention", "layers"]


@dataclass(frozen=True, kw_only=True)
class MidiformerConfig:
    """What is needed to build the encoder. The defaults are the paper's."""

    vocab_size: int
    """Tokens, the special ones included; ids are 0..vocab_size-1 and 0 is PAD."""
    lexicon_size: int = 1
    """Rows of the n-gram lexicon, row 0 ("no n-gram") included."""
    symbol_count: int = 1
    """Compound-word symbols that tokens are made of, 0 ("none") included."""
    symbols_per_token: int = 4
    """Width of ``token_symbols``: the columns of the compound-word scheme."""
    hidden_size: int = 768
    num_layers: int = 12
    num_heads: int = 12
    intermediate_size: int = 3072
    num_ngram_layers: int = 6
    """Layers of the n-gram encoder; 0 builds a model without the n-gram branch."""
    dropout: float = 0.1
    """Probability on embeddings, layer outputs and inside heads."""
    attention_dropout: float = 0.1
    """Probability on attention weights."""
    positions: Literal["relative", "rotary"] = "relative"
    """``relative`` is the paper's: distances as in Transformer-XL, normalised after each part.
    ``rotary``: rotary positions, normalised before each part, no biases."""
    rope_theta: float = 10000.0
    compose_embeddings: bool = True
    """Add the vectors of a token's symbols to its own. False is the paper's embedding."""
    token_rank: int = 0
    """Width of the tokens' own vectors, which a matrix then widens to ``hidden_size``: many tokens
    in few weights (ALBERT, arXiv 1909.11942, section 3.1). 0: ``hidden_size`` itself."""
    layer_norm_eps: float = 1e-12
    initial_std: float = 0.02
    """Standard deviation of the normal distribution of initial weights (BERT's)."""

    def __post_init__(self) -> None:
        if self.hidden_size % (2 * self.num_heads):
            raise UserError(
                f"hidden_size must be an even multiple of num_heads, got {self.hidden_size} and "
                f"{self.num_heads}: change one of them."
            )
        if self.positions not in ("relative", "rotary"):
            raise UserError(f"positions are 'relative' or 'rotary', got {self.positions!r}.")
        if not 0 <= self.num_ngram_layers <= self.num_layers:
            raise UserError(
                f"num_ngram_layers must lie in 0..num_layers ({self.num_layers}), got "
                f"{self.num_ngram_layers}: n-grams are added once per layer."
            )
        if not 0 <= self.token_rank <= self.hidden_size:
            raise UserError(
                f"token_rank lies in 0..hidden_size ({self.hidden_size}); got {self.token_rank}."
            )
        sizes = (self.vocab_size, self.lexicon_size, self.symbol_count, self.num_layers)
        if min(sizes) < 1:
            raise UserError(
                "vocab_size, lexicon_size, symbol_count and num_layers must be at least 1, got "
                f"{', '.join(map(str, sizes))}."
            )

    @classmethod
    def preset(
        cls, name: str, *, vocab_size: int, **changes: int | float | bool | str
    ) -> MidiformerConfig:
        """Return a named size with ``changes`` to any field on top.

        ``base`` is the paper's; ``small`` has 12-13 M parameters with about 1,000 tokens
        and 4,000 n-grams.
        """
        if name not in PRESETS:
            raise UserError(f"no preset {name!r}: expected one of {', '.join(PRESETS)}.")
        fields: dict[str, int | float | bool | str] = {**PRESETS[name], **changes}
        return cls(vocab_size=vocab_size, **fields)  # pyright: ignore[reportArgumentType]

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_heads

    @property
    def width_of_layers(self) -> int:
        """Of the states after every second layer side by side, the last layer's last."""
        return self.hidden_size * ((self.num_layers + 1) // 2)

    @property
    def layer(self) -> LayerConfig:
        """Sizes of one layer, the same for tokens and n-grams."""
        return LayerConfig(
            hidden_size=self.hidden_size,
            num_heads=self.num_heads,
            intermediate_size=self.intermediate_size,
            dropout=self.dropout,
            attention_dropout=self.attention_dropout,
            norm_eps=self.layer_norm_eps,
        )


PRESETS: Mapping[str, Mapping[str, int | float]] = {
    "base": {},
    "small": {
        "hidden_size": 320,
        "num_layers": 8,
        "num_heads": 5,
        "intermediate_size": 1024,
        "num_ngram_layers": 2,
        "attention_dropout": 0.0,
    },
}


@dataclass(frozen=True)
class HeadSpec:
    """A classifier that a model directory carries."""

    kind: Literal["note", "sequence"]
    """``note``: one prediction per note row; ``sequence``: one per window."""
    labels: tuple[str, ...]
    """Names of the classes, in the order of the logits."""
    pool: Pool = "first"
    """What a head of kind ``sequence`` reads: [CLS] as in the paper, a learnt mean, or the plain
    means after every second layer, of which it is linear.
    """
    statistics: int = 0
    """How many numbers about a window's words a head that pools ``layers`` reads besides."""

    @property
    def every_second(self) -> bool:
        """Whether it reads the states after every second layer."""
        return self.pool == "layers"

    def __post_init__(self) -> None:
        if self.statistics < 0 or (self.statistics and not self.every_second):
            raise UserError(
                "statistics is at least 0, and 0 but for a head that pools 'layers'; got "
                f"{self.statistics} for one that pools {self.pool!r}."
            )
        if self.pool not in get_args(Pool):
            raise UserError(f"a head pools by 'first', 'attention' or 'layers', got {self.pool!r}.")
        if self.kind not in ("note", "sequence") or not self.labels:
            raise UserError(
                f"a head is of kind 'note' or 'sequence' and has labels, got {self.kind!r} with "
                f"{list(self.labels)}."
            )
