"""Masked words: from a step's number to its loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ostinato.base.device import autocast
from ostinato.data.batches import Batch, Batches, WindowConfig
from ostinato.data.masking import MaskingConfig
from ostinato.models.words import WordModel, columns_of
from ostinato.train.steps import MaskedStep


class MaskedWordStep(MaskedStep):
    """Training on masked words, all columns of a word together, and its loss on held-out windows.

    15 % of the words are targets; of these 80 % become [MASK], 10 % a word with any value in
    each column, and 10 % stay.
    """

    def __init__(
        self,
        model: WordModel,
        batches: Batches,
        window: WindowConfig,
        masking: MaskingConfig,
        *,
        batch: int,
        seed: int,
        compiled: bool = False,
    ) -> None:
        super().__init__(batches, window, masking, batch=batch, seed=seed)
        self._model = model
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def _loss(self, batch: Batch, seed: int, *, training: bool) -> tuple[Tensor, Tensor]:
        config, run = self._model.config, self._run if training else self._forward
        seen, index, live = self._hide(batch, seed, vocab_size=config.vocab_size, pieces=1)
        truth = columns_of(batch.tokens.flatten()[index], config.vocab)
        with autocast(seen.device):
            return run(seen, index, live, *truth)

    def _forward(
        self, seen: Tensor, index: Tensor, live: Tensor, *truth: Tensor
    ) -> tuple[Tensor, Tensor]:
        head = self._model.masked_word
        assert head is not None
        hidden = self._model.encoder(seen).flatten(0, 1).index_select(0, index)
        return masked_word_loss(head(hidden), truth, live)


def masked_word_loss(
    logits: Sequence[Tensor], truth: Sequence[Tensor], live: Tensor
) -> tuple[Tensor, Tensor]:
    """Mean loss over the live words [N], and the share told right in every column.

    A word's loss is the mean of its columns' cross-entropies in nats, each weighted by the number
    of the column's values (MidiBERT's code).
    """
    count = live.sum().clamp(min=1)
    weights = sum(column.shape[-1] for column in logits)
    loss, right = torch.zeros((), device=live.device), live
    for column, true in zip(logits, truth, strict=True):
        losses = nn.functional.cross_entropy(column.float(), true, reduction="none")
        loss = loss + column.shape[-1] / weights * (losses * live).sum() / count
        right = right & (column.argmax(-1) == true)
    return loss, right.sum() / count
