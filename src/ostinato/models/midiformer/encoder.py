"""The encoder: tokens, n-grams, and the injection of the second into the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.models.midiformer.config import MidiformerConfig
from ostinato.nn.norm import RMSNorm
from ostinato.nn.ops.relative_attention import sinusoids
from ostinato.nn.transformer import RotaryLayer, TransformerLayer, calm, rotary_attention

PAD = 0

Run = Callable[[nn.Module, Tensor], Tensor]
"""A layer and hidden states [b, t, d] to those behind the layer."""


@dataclass(frozen=True)
class NgramBatch:
    """The n-grams found in a batch of windows, K slots each; their order means nothing."""

    ids: Int[Tensor, "b k"]
    """Lexicon row of each slot, 0 where the slot is unused."""
    start: Int[Tensor, "b k"]
    """Index of the n-gram's first token in the window; anything where unused."""
    matrix: Float[Tensor, "b t k"]
    """Weight of slot k for token t: each row sums to 1, or to 0 where nothing covers it."""

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> NgramBatch:
        """Return the batch on a device."""
        return NgramBatch(
            self.ids.to(device, non_blocking=non_blocking),
            self.start.to(device, non_blocking=non_blocking),
            self.matrix.to(device, non_blocking=non_blocking),
        )


class Midiformer(nn.Module):
    """Tokens and their n-grams to hidden states."""

    token_symbols: Tensor

    def __init__(
        self, config: MidiformerConfig, token_symbols: Int[Tensor, "vocab f"] | None = None
    ) -> None:
        """Build with fresh weights.

        ``token_symbols`` lists the symbols (1..symbol_count-1, 0 for none) that each token
        is made of; None fills it with 0, for a checkpoint to overwrite.
        """
        super().__init__()
        self.config = config
        self.register_buffer("token_symbols", _checked_symbols(config, token_symbols))
        self.tokens = nn.Embedding(config.vocab_size, config.token_rank or config.hidden_size)
        rank = config.token_rank
        self.widen = nn.Linear(rank, config.hidden_size, bias=False) if rank else None
        self.symbols = nn.Embedding(config.symbol_count, config.hidden_size, padding_idx=0)
        self.norm = _first_norm(config)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = _layers(config, config.num_layers)
        rotary = config.positions == "rotary"
        self.last_norm = (
            RMSNorm(config.hidden_size, config.layer_norm_eps) if rotary else nn.Identity()
        )
        self.ngrams = NgramEncoder(config) if config.num_ngram_layers else None
        initialise(self, config.initial_std)
        if self.widen is not None:  # so that tokens begin as long as without it
            nn.init.normal_(self.widen.weight, std=rank**-0.5)
        if rotary:
            for layers in (self.layers, *([self.ngrams.layers] if self.ngrams else [])):
                calm(layers)

    def token_table(self) -> Float[Tensor, "vocab d"]:
        """Return every token's embedding, composed of its symbols' where so configured."""
        own = self.tokens.weight
        if self.widen is not None:
            with torch.autocast(own.device.type, enabled=False):  # an embedding is not rounded
                own = self.widen(own)
        if not self.config.compose_embeddings:
            return own
        return own + self.symbols(self.token_symbols).sum(1)

    def forward(
        self,
        tokens: Int[Tensor, "b t"],
        *,
        ngrams: NgramBatch | None = None,
        every_second: bool = False,
    ) -> Float[Tensor, "b t w"]:
        """Return hidden states; those at PAD positions mean nothing and reach no other.

        ``ngrams`` may be None (nothing found) and is ignored by a model without n-gram
        layers, so that an ablation sees the same batches. ``every_second``: the states after
        every second layer side by side, the last layer's last (``config.width_of_layers``).
        """
        positions = torch.arange(tokens.shape[1], device=tokens.device)[None]
        run = _runs(self.config, positions, tokens != PAD, training=self.training)
        hidden = self.dropout(self.norm(nn.functional.embedding(tokens, self.token_table())))
        injected = self._injections(ngrams)
        kept: list[Tensor] = []
        for depth, layer in enumerate(self.layers):
            hidden = run(layer, hidden)
            if injected:
                hidden = hidden + injected[min(depth, len(injected) - 1)]
            if every_second and (len(self.layers) - depth) % 2:
                kept.append(hidden)
        last = self.last_norm(hidden)
        return torch.cat([*kept[:-1], last], -1) if every_second else last

    def _injections(self, ngrams: NgramBatch | None) -> list[Float[Tensor, "b t d"]]:
        """Return M G_l for each n-gram layer l; the last serves all deeper layers."""
        if self.ngrams is None or ngrams is None:
            return []
        states = self.ngrams(ngrams.ids, ngrams.start)
        return [ngrams.matrix.to(state.dtype) @ state for state in states]


class NgramEncoder(nn.Module):
    """Lexicon rows to hidden states, by layers of their own."""

    def __init__(self, config: MidiformerConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.lexicon_size, config.hidden_size, padding_idx=0)
        self.norm = _first_norm(config)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = _layers(config, config.num_ngram_layers)

    def forward(
        self, ids: Int[Tensor, "b k"], start: Int[Tensor, "b k"]
    ) -> list[Float[Tensor, "b k d"]]:
        """Return the states after each layer, zero where the slot is unused.

        Attention is over used slots and by the distance of their first tokens.
        """
        used = ids != 0
        run = _runs(self.config, start, used, training=self.training)
        hidden = self.dropout(self.norm(self.embedding(ids)))
        states: list[Tensor] = []
        for layer in self.layers:
            hidden = run(layer, hidden)
            states.append(hidden * used[..., None])
        return states


def initialise(module: nn.Module, std: float) -> None:
    """Draw linear and embedding weights from N(0, std^2), with zero biases and padding rows."""
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=std)
            if part.bias is not None:  # pyright: ignore[reportUnnecessaryComparison]
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.Embedding):
            nn.init.normal_(part.weight, std=std)
            if part.padding_idx is not None:
                with torch.no_grad():
                    part.weight[part.padding_idx].zero_()


def _layers(config: MidiformerConfig, count: int) -> nn.ModuleList:
    layer = RotaryLayer if config.positions == "rotary" else TransformerLayer
    return nn.ModuleList(layer(config.layer) for _ in range(count))


def _first_norm(config: MidiformerConfig) -> nn.Module:
    """Of embeddings: BERT's; rotary layers normalise what they read themselves."""
    if config.positions == "rotary":
        return nn.Identity()
    return nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)


def _runs(config: MidiformerConfig, positions: Tensor, mask: Tensor, *, training: bool) -> Run:
    """What runs each of some layers; tables of positions are made once for all of them."""
    if config.positions == "rotary":
        dropout = config.attention_dropout if training else 0.0
        attend = rotary_attention(
            positions, mask, config.head_dim, theta=config.rope_theta, dropout=dropout
        )
        return lambda layer, hidden: layer(hidden, attend)
    table = sinusoids(positions, config.head_dim)
    return lambda layer, hidden: layer(hidden, table, mask)


def _checked_symbols(config: MidiformerConfig, token_symbols: Tensor | None) -> Tensor:
    """Return the int32 buffer, or say how the given table misses the configuration."""
    shape = (config.vocab_size, config.symbols_per_token)
    if token_symbols is None:
        return torch.zeros(shape, dtype=torch.int32)
    highest = int(token_symbols.max())
    if tuple(token_symbols.shape) != shape or highest >= config.symbol_count:
        raise UserError(
            f"token_symbols must be {list(shape)} with symbols below {config.symbol_count}, got "
            f"{list(token_symbols.shape)} with symbols up to {highest}: set vocab_size, "
            "symbols_per_token and symbol_count from the compoundation."
        )
    return token_symbols.to(torch.int32)
