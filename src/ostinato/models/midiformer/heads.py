"""What is read off the encoder: masked tokens, labels of notes, a label of the window."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from ostinato.models.midiformer.config import MidiformerConfig, Pool
from ostinato.models.midiformer.encoder import Midiformer, initialise


class MaskedTokenHead(nn.Module):
    """Which token was masked: BERT's head, its decoder tied to the token embedding.

    The decoder is the composed embedding (``Midiformer.token_table``) and one bias; the
    published code adds the same bias twice.
    """

    def __init__(self, config: MidiformerConfig, encoder: Midiformer) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))
        # In a tuple, the encoder stays the tied weights' only owner: not a part of the head.
        self._tied = (encoder,)
        initialise(self, config.initial_std)

    def forward(self, hidden: Float[Tensor, "n d"]) -> Float[Tensor, "n vocab"]:
        """Return logits for the selected positions' hidden states."""
        dense = self.norm(nn.functional.gelu(self.dense(hidden)))
        return nn.functional.linear(dense, self._tied[0].token_table(), self.bias)


class NoteHead(nn.Module):
    """A label per note: the mean over the note's pieces, then a small perceptron.

    The paper classifies each piece by dropout and one linear layer; a note is what has a
    label, so we average first, and take a hidden layer of half the width as MidiBERT does.
    """

    def __init__(self, config: MidiformerConfig, num_labels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size // 2)
        self.classify = nn.Linear(config.hidden_size // 2, num_labels)
        self.dropout = nn.Dropout(config.dropout)
        initialise(self, config.initial_std)

    def forward(
        self, hidden: Float[Tensor, "b t d"], word: Int[Tensor, "b t"], num_words: int
    ) -> Float[Tensor, "b {num_words} labels"]:
        """Return logits per row of the window.

        ``word`` is the index within the window (0..num_words-1) of the row that a token is
        a piece of, or -1 where it belongs to none; rows without a piece get the logits of
        a zero vector, for the caller to ignore.
        """
        mean = mean_of_pieces(hidden, word, num_words).to(hidden.dtype)
        return self.classify(self.dropout(nn.functional.gelu(self.dense(self.dropout(mean)))))


class SequenceHead(nn.Module):
    """One label per window: what is pooled from it, a tanh layer, then a linear one.

    The paper pools the first token, [CLS]. ``attention`` pools all tokens instead: each of
    ``num_heads`` slices of the hidden states is averaged with weights of its own, a softmax
    over the window of a learnt linear score. It begins as about the plain mean.

    ``layers`` has no tanh layer: the plain mean of all tokens, of the states after every second
    layer (the encoder's ``every_second``), then a linear layer, which a regression finds. It may
    read some ``statistics`` of the window's words beside them.
    """

    def __init__(
        self,
        config: MidiformerConfig,
        num_labels: int,
        pool: Pool = "first",
        statistics: int = 0,
    ) -> None:
        super().__init__()
        self.statistics = statistics
        self.every_second = pool == "layers"
        width = config.width_of_layers if self.every_second else config.hidden_size
        self.pool = None if self.every_second else nn.Linear(width, width)
        self.classify = nn.Linear(width + statistics, num_labels)
        self.dropout = nn.Dropout(config.dropout)
        attention = pool == "attention"
        self.attend = nn.Linear(config.hidden_size, config.num_heads) if attention else None
        initialise(self, config.initial_std)

    def forward(
        self,
        hidden: Float[Tensor, "b t d"],
        mask: Bool[Tensor, "b t"] | None = None,
        statistics: Float[Tensor, "b s"] | None = None,
    ) -> Float[Tensor, "b labels"]:
        """Return logits per window; position 0 must hold [CLS].

        ``mask`` is False at padding, which means leave out; None: there is none. ``statistics``
        are given to a head that reads some.
        """
        return self.logits(self.pooled(hidden, mask, statistics))

    def logits(self, pooled: Float[Tensor, "b w"]) -> Float[Tensor, "b labels"]:
        """Return logits from what ``pooled`` gives; of ``layers`` in float32, whatever surrounds
        it: its weights are as large as features are small.
        """
        if self.pool is None:
            weight, bias = self.classify.weight.float(), self.classify.bias.float()
            with torch.autocast(pooled.device.type, enabled=False):
                return nn.functional.linear(pooled.float(), weight, bias)
        return self.classify(self.dropout(torch.tanh(self.pool(pooled))))

    def pooled(
        self,
        hidden: Float[Tensor, "b t d"],
        mask: Bool[Tensor, "b t"] | None = None,
        statistics: Float[Tensor, "b s"] | None = None,
    ) -> Float[Tensor, "b w"]:
        """What the head reads of each window; of ``layers`` in float32."""
        if self.every_second:
            weight = torch.ones_like(hidden[..., 0]) if mask is None else mask
            weight = weight.float()[..., None]
            mean = (hidden.float() * weight).sum(1) / weight.sum(1)
            return mean if statistics is None else torch.cat([mean, statistics], -1)
        if self.attend is None:
            return hidden[:, 0]
        score = self.attend(hidden).float()
        if mask is not None:
            score = score.masked_fill(~mask[..., None], -torch.inf)
        weight = score.softmax(1).to(hidden.dtype)
        slices = hidden.unflatten(-1, (weight.shape[-1], -1))
        return torch.einsum("bth,bthe->bhe", weight, slices).flatten(1)


def mean_of_pieces(
    hidden: Float[Tensor, "b t d"], word: Int[Tensor, "b t"], num_words: int
) -> Float[Tensor, "b {num_words} d"]:
    """Return the float32 mean of the hidden states of each row's pieces, 0 without any."""
    batch, _, width = hidden.shape
    rows = num_words + 1  # the last collects the tokens of no row
    window = torch.arange(batch, device=word.device)[:, None] * rows
    index = (torch.where(word < 0, num_words, word) + window).flatten()
    pieces = hidden.float().flatten(0, 1)
    sums = pieces.new_zeros(batch * rows, width).index_add(0, index, pieces)
    counts = pieces.new_zeros(batch * rows).index_add(0, index, torch.ones_like(pieces[:, 0]))
    means = sums / counts.clamp(min=1)[:, None]
    return means.view(batch, rows, width)[:, :num_words]
