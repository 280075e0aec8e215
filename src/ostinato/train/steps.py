"""From a step's number to its loss: batch, mask, n-grams, model, objective."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ostinato.base.device import autocast
from ostinato.data.batches import Batch, Batches, WindowConfig, Windows
from ostinato.data.masking import MaskingConfig, mask_tokens
from ostinato.data.ngrams import NgramMatcher
from ostinato.models.midiformer import MidiformerModel, NgramBatch
from ostinato.music.compoundation import PAD
from ostinato.train.loop import mix
from ostinato.train.objectives import (
    gather_targets,
    masked_token_loss,
    note_label_loss,
    piece_label_loss,
    target_budget,
)


@dataclass(frozen=True, eq=False)
class Reader:
    """A model together with what makes its inputs."""

    model: MidiformerModel
    matcher: NgramMatcher | None  # None: a model without n-grams
    device: torch.device

    def hidden(self, tokens: Tensor, ngrams: tuple[Tensor, ...]) -> Tensor:
        """Hidden states [B, T, D] of tokens with their n-grams (``find``)."""
        batch = NgramBatch(*ngrams) if ngrams else None
        return self.model.encoder(tokens, ngrams=batch)

    @torch.no_grad()
    def find(self, tokens: Tensor) -> tuple[Tensor, ...]:
        """Ids, start and matrix of the n-grams in the tokens that the model is to see."""
        if self.matcher is None:
            return ()
        found = self.matcher(tokens)
        return found.ids, found.start, found.matrix

    def autocast(self) -> torch.autocast:
        """bfloat16 on a GPU, float32 elsewhere."""
        return autocast(self.device)


class MaskedTokenStep:
    """Masked-token training, and its loss on held-out windows."""

    def __init__(
        self,
        reader: Reader,
        batches: Batches,
        window: WindowConfig,
        masking: MaskingConfig,
        *,
        batch: int,
        seed: int,
        compiled: bool = False,
    ) -> None:
        self._reader, self._batches, self._window = reader, batches, window
        self._masking, self._batch, self._seed = masking, batch, seed
        config = reader.model.config
        self._vocab_size, self._pieces = config.vocab_size, config.symbols_per_token
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
        device = self._reader.device
        generator = torch.Generator(device).manual_seed(seed)
        with torch.no_grad():
            seen, target = mask_tokens(
                batch.tokens,
                batch.row,
                self._masking,
                vocab_size=self._vocab_size,
                generator=generator,
            )
            size = target_budget(seen.numel(), self._masking.rate, self._pieces)
            index, live = gather_targets(target, size)
            truth = batch.tokens.flatten()[index]
            tokens = (batch.tokens != PAD).sum()
        with self._reader.autocast():
            loss, accuracy = run(seen, index, live, truth, *self._reader.find(seen))
        return {"loss": loss, "accuracy": accuracy, "tokens": tokens}

    def _forward(
        self, seen: Tensor, index: Tensor, live: Tensor, truth: Tensor, *ngrams: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden = self._reader.hidden(seen, ngrams)
        head = self._reader.model.masked_token
        assert head is not None
        logits = head(hidden.flatten(0, 1).index_select(0, index))
        return masked_token_loss(logits, truth, live)


class NoteLabelStep:
    """Supervised training of a head that labels notes."""

    def __init__(
        self,
        reader: Reader,
        batches: Batches,
        window: WindowConfig,
        head: str,
        *,
        batch: int,
        seed: int,
        smoothing: float = 0.0,
        compiled: bool = False,
    ) -> None:
        self._reader, self._batches, self._window = reader, batches, window
        self._head = reader.model.note_head(head)
        self._batch, self._seed, self._smoothing = batch, seed, smoothing
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss, accuracy and tokens of micro-batch ``number``: of nothing but it and the seed."""
        windows = self._batches.draw(self._batch, seed=self._seed, step=number)
        batch = self._batches.assemble(windows, tokens=self._window.tokens)
        with self._reader.autocast():
            ngrams = self._reader.find(batch.tokens)
            loss, accuracy = self._run(batch.tokens, batch.row, batch.label, *ngrams)
        return {"loss": loss, "accuracy": accuracy, "tokens": (batch.tokens != PAD).sum()}

    def _forward(
        self, tokens: Tensor, row: Tensor, label: Tensor, *ngrams: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden = self._reader.hidden(tokens, ngrams)
        logits = self._head(hidden, row, label.shape[1])
        return note_label_loss(logits, label, smoothing=self._smoothing)


class SequenceLabelStep:
    """Supervised training of a head that labels windows with the class of their piece."""

    def __init__(
        self,
        reader: Reader,
        batches: Callable[[int], tuple[Batch, Tensor]],
        head: str,
        *,
        smoothing: float = 0.0,
        compiled: bool = False,
    ) -> None:
        """``batches`` gives the batch of a step and the class of each window, int64 [B]."""
        self._reader, self._batches, self._smoothing = reader, batches, smoothing
        self._head = reader.model.sequence_head(head)
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss, accuracy and tokens of micro-batch ``number``: of nothing but it and the seed."""
        batch, truth = self._batches(number)
        with self._reader.autocast():
            loss, accuracy = self._run(batch.tokens, truth, *self._reader.find(batch.tokens))
        return {"loss": loss, "accuracy": accuracy, "tokens": (batch.tokens != PAD).sum()}

    def _forward(self, tokens: Tensor, truth: Tensor, *ngrams: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self._reader.hidden(tokens, ngrams)
        logits = self._head(hidden, tokens != PAD)
        return piece_label_loss(logits, truth, smoothing=self._smoothing)
