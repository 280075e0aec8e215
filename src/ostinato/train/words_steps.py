"""Masked words: from a step's number to its loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ostinato.base.device import autocast
from ostinato.data.batches import Batch, Batches, WindowConfig, Windows
from ostinato.data.masking import MaskingConfig, mask_tokens
from ostinato.models.words import WordModel, columns_of
from ostinato.music.compoundation import PAD
from ostinato.train.loop import mix
from ostinato.train.objectives import gather_targets, target_budget


class MaskedWordStep:
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
        self._model, self._batches, self._window = model, batches, window
        self._masking, self._batch, self._seed = masking, batch, seed
        self._device = next(model.parameters()).device
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss, accuracy and tokens of micro-batch ``number``: of nothing but it and the seed."""
        windows = self._batches.draw(self._batch, seed=self._seed, step=number)
        batch = self._batches.assemble(windows, tokens=self._window.tokens)
        return self._loss(batch, mix(self._seed, 1, number), self._run)

    @torch.no_grad()
    def validate(self, batches: Batches, windows: Windows) -> dict[str, float]:
        """Mean loss and accuracy over windows, the mask always the same."""
        total = {"loss": 0.0, "accuracy": 0.0}
        for first in range(0, len(windows), self._batch):
            part = windows.part(first, self._batch)
            batch = batches.assemble(part, tokens=self._window.tokens)
            scalars = self._loss(batch, mix(self._seed, 2, first), self._forward)
            for name in total:
                total[name] += float(scalars[name]) * len(part) / len(windows)
        return total

    def _loss(
        self, batch: Batch, seed: int, run: Callable[..., tuple[Tensor, Tensor]]
    ) -> dict[str, Tensor]:
        generator = torch.Generator(self._device).manual_seed(seed)
        with torch.no_grad():
            seen, target = mask_tokens(
                batch.tokens,
                batch.row,
                self._masking,
                vocab_size=self._model.config.vocab_size,
                generator=generator,
            )
            size = target_budget(seen.numel(), self._masking.rate, 1)
            index, live = gather_targets(target, size)
            truth = columns_of(batch.tokens.flatten()[index], self._model.config.vocab)
            tokens = (batch.tokens != PAD).sum()
        with autocast(self._device):
            loss, accuracy = run(seen, index, live, *truth)
        return {"loss": loss, "accuracy": accuracy, "tokens": tokens}

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
