"""A piece read by an encoder, window by window: in memory that its length hardly matters to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ostinato.base.device import autocast
from ostinato.base.log import progress
from ostinato.data.batches import Batch, Batches, middle_weight
from ostinato.data.ngrams import NgramMatcher
from ostinato.data.shards import Documents, Entry, Header
from ostinato.data.words import distinct_rows, word_table
from ostinato.models.midiformer import Midiformer, NgramBatch
from ostinato.music.compoundation import Compoundation
from ostinato.music.score import Int

WINDOWS = {"cpu": 4, "cuda": 32}  # to a batch: what keeps the device busy, in little memory


@dataclass(frozen=True, eq=False)
class WindowReader:
    """An encoder and its vocabulary on a device; ``rows`` is the length of a window, as trained."""

    encoder: Midiformer
    compoundation: Compoundation
    matcher: NgramMatcher | None  # None: an encoder without n-grams
    rows: int
    device: torch.device
    every_second: bool = False  # the states after every second layer, side by side

    def read(self, values: Int) -> Iterator[tuple[Batch, Tensor]]:
        """Batches of windows of a piece's words int16 [n, F], and hidden states [B, T, D] of each.

        Windows overlap by half. Call it under ``torch.inference_mode``.
        """
        batches = self._batches(values)
        windows = batches.grid(max(1, self.rows // 2))
        with progress(len(windows), "labelling") as advance:
            for batch in batches.batches(windows, WINDOWS[self.device.type]):
                ngrams = self._find(batch.tokens)
                with autocast(self.device):
                    hidden = self.encoder(
                        batch.tokens, ngrams=ngrams, every_second=self.every_second
                    )
                yield batch, hidden
                advance(len(batch.tokens))

    def merged(self, values: Int, told: Callable[[Batch, Tensor], Tensor]) -> Tensor:
        """What ``told`` makes of a batch and its hidden states, [B, W, K], for each word: [n, K].

        Where two windows hold a word it is averaged, weighted by how far the word is from the end
        of each: a window knows its middle best. Of no words, [0, 0].
        """
        total, weights = torch.zeros(len(values), 0), torch.zeros(len(values))
        for batch, hidden in self.read(values) if len(values) else ():
            inside = batch.source >= 0
            found = told(batch, hidden)[inside].cpu()
            weight, row = middle_weight(batch.source)[inside].cpu(), batch.source[inside].cpu()
            if not total.shape[1]:
                total = torch.zeros(len(values), found.shape[1])
            total.index_add_(0, row, found * weight[:, None])
            weights.index_add_(0, row, weight)
        return total / weights[:, None]

    def _find(self, tokens: Tensor) -> NgramBatch | None:
        if self.matcher is None:
            return None
        found = self.matcher(tokens)
        return NgramBatch(found.ids, found.start, found.matrix)

    def _batches(self, values: Int) -> Batches:
        """The piece as the one document that its windows are cut from."""
        compoundation = self.compoundation
        vocab = compoundation.vocab
        header = Header(compoundation.scheme, compoundation.steps_per_quarter, vocab)
        piece = Documents(
            header,
            (Entry("", "", "", len(values), len(values)),),
            values.astype(np.int16),
            np.zeros(len(values), dtype=np.int8),
            np.array([0, len(values)], dtype=np.int64),
        )
        distinct = distinct_rows(piece.values, vocab)
        table = word_table(distinct, compoundation, transpose=0, device=self.device)
        return Batches(piece, table, rows=self.rows, device=self.device)
