"""From a step's number to its loss: batch, mask, n-grams, model, objective."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
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

    def hidden(
        self, tokens: Tensor, ngrams: tuple[Tensor, ...], *, every_second: bool = False
    ) -> Tensor:
        """Hidden states [B, T, D] of tokens with their n-grams (``find``)."""
        batch = NgramBatch(*ngrams) if ngrams else None
        return self.model.encoder(tokens, ngrams=batch, every_second=every_second)

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


def _masked(
    batch: Batch, masking: MaskingConfig, seed: int, vocab_size: int
) -> tuple[Tensor, Tensor]:
    """``mask_tokens`` of a batch, by a seed."""
    generator = torch.Generator(batch.tokens.device).manual_seed(seed)
    return mask_tokens(batch.tokens, batch.row, masking, vocab_size=vocab_size, generator=generator)


class MaskedStep(ABC):
    """Training on what is hidden in windows, and its loss on held-out ones."""

    def __init__(
        self,
        batches: Batches,
        window: WindowConfig,
        masking: MaskingConfig,
        *,
        batch: int,
        seed: int,
    ) -> None:
        self._batches, self._window, self._masking = batches, window, masking
        self._batch, self._seed = batch, seed

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss, accuracy and tokens of micro-batch ``number``: of nothing but it and the seed."""
        windows = self._batches.draw(self._batch, seed=self._seed, step=number)
        batch = self._batches.assemble(windows, tokens=self._window.tokens)
        loss, accuracy = self._loss(batch, mix(self._seed, 1, number), training=True)
        return {"loss": loss, "accuracy": accuracy, "tokens": (batch.tokens != PAD).sum()}

    @torch.no_grad()
    def validate(self, batches: Batches, windows: Windows) -> dict[str, float]:
        """Mean loss and accuracy over windows, the mask always the same."""
        total = {"loss": 0.0, "accuracy": 0.0}
        for first in range(0, len(windows), self._batch):
            part = windows.part(first, self._batch)
            batch = batches.assemble(part, tokens=self._window.tokens)
            found = self._loss(batch, mix(self._seed, 2, first), training=False)
            for name, scalar in zip(total, found, strict=True):
                total[name] += float(scalar) * len(part) / len(windows)
        return total

    @abstractmethod
    def _loss(self, batch: Batch, seed: int, *, training: bool) -> tuple[Tensor, Tensor]:
        """Loss and accuracy of a batch that ``seed`` hides parts of."""

    @torch.no_grad()
    def _hide(
        self, batch: Batch, seed: int, *, vocab_size: int, pieces: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens as they are seen, and the flat index of the targets with those in use.

        ``pieces`` is the most tokens of a word.
        """
        seen, target = _masked(batch, self._masking, seed, vocab_size)
        size = target_budget(seen.numel(), self._masking.rate, pieces)
        return seen, *gather_targets(target, size)


class MaskedTokenStep(MaskedStep):
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
        super().__init__(batches, window, masking, batch=batch, seed=seed)
        self._reader, self._config = reader, reader.model.config
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def _loss(self, batch: Batch, seed: int, *, training: bool) -> tuple[Tensor, Tensor]:
        config, run = self._config, self._run if training else self._forward
        seen, index, live = self._hide(
            batch, seed, vocab_size=config.vocab_size, pieces=config.symbols_per_token
        )
        truth = batch.tokens.flatten()[index]
        with self._reader.autocast():
            return run(seen, index, live, truth, *self._reader.find(seen))

    def _forward(
        self, seen: Tensor, index: Tensor, live: Tensor, truth: Tensor, *ngrams: Tensor
    ) -> tuple[Tensor, Tensor]:
        hidden = self._reader.hidden(seen, ngrams)
        head = self._reader.model.masked_token
        assert head is not None
        logits = head(hidden.flatten(0, 1).index_select(0, index))
        return masked_token_loss(logits, truth, live)


@dataclass(frozen=True)
class Regularisation:
    """What keeps a head for notes from learning its training songs by heart."""

    smoothing: float = 0.0  # of the labels
    hide: float = 0.0  # share of words that become [MASK]: the music around them tells their label


@dataclass(frozen=True, eq=False)
class Taught:
    """A head for notes, and what it is to say of them."""

    head: str
    label: Tensor | None = None  # int64 [n], of every row, 0 none; None: the documents' own
    weight: float = 1.0  # of its loss, in the mean of several heads'

    def labels(self, batch: Batch) -> Tensor:
        """Those of a batch's rows, int64 [B, W]."""
        if self.label is None:
            return batch.label
        return torch.where(batch.source >= 0, self.label[batch.source.clamp(min=0)], 0)


class NoteLabelStep:
    """Supervised training of heads that label notes, by one reading of them.

    The loss is the weighted mean of the heads' losses, the accuracy that of the first head.
    """

    def __init__(
        self,
        reader: Reader,
        batches: Batches,
        window: WindowConfig,
        heads: Sequence[Taught],
        *,
        batch: int,
        seed: int,
        regularisation: Regularisation | None = None,
        compiled: bool = False,
    ) -> None:
        self._reader, self._batches, self._window = reader, batches, window
        self._taught = heads
        self._heads = [reader.model.note_head(one.head) for one in heads]
        self._weights = [one.weight / sum(one.weight for one in heads) for one in heads]
        how = regularisation or Regularisation()
        self._batch, self._seed, self._smoothing = batch, seed, how.smoothing
        self._masking = MaskingConfig("note", how.hide, masked=1, random=0) if how.hide else None
        self._run = torch.compile(self._forward, dynamic=False) if compiled else self._forward

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss, accuracy and tokens of micro-batch ``number``: of nothing but it and the seed."""
        windows = self._batches.draw(self._batch, seed=self._seed, step=number)
        batch = self._batches.assemble(windows, tokens=self._window.tokens)
        seen = self._seen(batch, number)
        with self._reader.autocast():
            ngrams = self._reader.find(seen)
            labels = torch.stack([one.labels(batch) for one in self._taught])
            loss, accuracy = self._run(seen, batch.row, labels, *ngrams)
        return {"loss": loss, "accuracy": accuracy, "tokens": (batch.tokens != PAD).sum()}

    def _seen(self, batch: Batch, number: int) -> Tensor:
        """The tokens, some words hidden."""
        if self._masking is None:
            return batch.tokens
        size = self._reader.model.config.vocab_size
        return _masked(batch, self._masking, mix(self._seed, 1, number), size)[0]

    def _forward(
        self, tokens: Tensor, row: Tensor, labels: Tensor, *ngrams: Tensor
    ) -> tuple[Tensor, Tensor]:
        """``labels`` [heads, B, W]."""
        hidden = self._reader.hidden(tokens, ngrams)
        losses: list[Tensor] = []
        accuracies: list[Tensor] = []
        for head, label, weight in zip(self._heads, labels, self._weights, strict=True):
            logits = head(hidden, row, label.shape[1])
            loss, accuracy = note_label_loss(logits, label, smoothing=self._smoothing)
            losses.append(weight * loss)
            accuracies.append(accuracy)
        return torch.stack(losses).sum(), accuracies[0]


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
