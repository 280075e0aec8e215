"""Whole pieces with one label each: windows to train on, and the answers of all of them merged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.data.batches import Batch, Batches, WindowConfig, Windows
from ostinato.data.shards import Documents, Entry, Int64
from ostinato.data.statistics import window_statistics
from ostinato.data.vocabulary import Vocabulary
from ostinato.data.words import transposition_range
from ostinato.models.midiformer import SequenceHead, domain_states, state_sums
from ostinato.music.compoundation import PAD
from ostinato.train.answers import Answers
from ostinato.train.recipe import build_batches, build_table
from ostinato.train.steps import Reader


@dataclass(frozen=True, eq=False)
class Pieces:
    """Documents and the class of each, int64 [d]."""

    documents: Documents
    truth: Int64

    def __len__(self) -> int:
        return len(self.truth)

    def sample(self, most: int) -> Pieces:
        """So many of them at most, evenly spaced."""
        if len(self) <= most:
            return self
        return self._chosen(np.linspace(0, len(self) - 1, most).round().astype(np.int64))

    def part(self, first: int, stop: int) -> Pieces:
        """Those from ``first`` up to ``stop``, or to the last."""
        return self._chosen(np.arange(first, min(stop, len(self)), dtype=np.int64))

    def _chosen(self, chosen: Int64) -> Pieces:
        wanted = {id(self.documents.entries[i]) for i in chosen.tolist()}
        return Pieces(self.documents.select(lambda entry: id(entry) in wanted), self.truth[chosen])


@dataclass(frozen=True)
class Drawing:
    """How windows of pieces are drawn for a step."""

    batch: int  # windows
    per_piece: int = 1  # windows of each piece drawn
    balanced: bool = False  # a class first and then a piece of it, however few the class has
    by_rows: bool = False  # a piece is as likely as it has rows: what counts is a part of a piece
    seed: int = 0

    def __post_init__(self) -> None:
        if self.per_piece < 1 or self.batch % self.per_piece:
            raise UserError(
                "windows_per_piece is at least 1 and divides the batch; got "
                f"{self.per_piece} and a batch of {self.batch}."
            )
        if self.balanced and self.by_rows:
            raise UserError("balanced and by_rows are two ways to draw pieces: say one of them.")


def label_pieces(documents: Documents, class_of: Callable[[Entry], int | None]) -> Pieces:
    """The documents of which ``class_of`` knows the class and that are not empty."""
    found = [class_of(entry) for entry in documents.entries]
    named = {
        id(entry): number
        for entry, number in zip(documents.entries, found, strict=True)
        if number is not None and entry.rows
    }
    known = documents.select(lambda entry: id(entry) in named)
    truth = np.array([named[id(entry)] for entry in known.entries], dtype=np.int64)
    return Pieces(known, truth)


class PieceBatches:
    """Windows of pieces: pieces are as likely as one another, however long, or by their rows.

    Every row of a piece is as likely as any other to be a window's middle. A step's windows
    depend on (seed, step) alone.
    """

    def __init__(
        self,
        pieces: Pieces,
        vocabulary: Vocabulary,
        window: WindowConfig,
        drawing: Drawing,
        *,
        device: torch.device,
    ) -> None:
        self._pieces, self._window, self._drawing = pieces, window, drawing
        documents = pieces.documents
        table = build_table(documents, vocabulary, transpose=window.transpose, device=device)
        self._batches = Batches(documents, table, rows=window.rows, device=device)
        self._reach = transposition_range(documents, table)
        self._device = device
        order = np.argsort(pieces.truth, kind="stable")
        _, count = np.unique(pieces.truth, return_counts=True)
        self._by_class = np.split(order, np.cumsum(count)[:-1])

    def draw(self, step: int) -> tuple[Windows, Int64]:
        """The windows of a step, and the piece that each is of, int64 [B]."""
        random = np.random.default_rng((self._drawing.seed, step))
        count = self._drawing.batch // self._drawing.per_piece
        if self._drawing.balanced:
            chosen = random.integers(0, len(self._by_class), count)
            drawn = [random.choice(self._by_class[index]) for index in chosen]
            piece = np.array(drawn, dtype=np.int64)
        elif self._drawing.by_rows:
            offset = self._pieces.documents.offset
            row = random.integers(0, offset[-1], count)
            piece = np.searchsorted(offset, row, side="right") - 1
        else:
            piece = random.integers(0, len(self._pieces), count)
        piece = np.repeat(piece, self._drawing.per_piece)
        first, last = (self._pieces.documents.offset[piece + end] for end in (0, 1))
        middle, rows = random.integers(first, last), self._window.rows
        start = np.clip(middle - rows // 2, first, np.maximum(first, last - rows))
        low, high = self._reach[piece].T
        semitones = random.integers(low, high + 1)
        return Windows(start, np.minimum(start + rows, last), semitones), piece

    def __call__(self, step: int) -> tuple[Batch, Tensor]:
        """The batch of a step, and the class of each of its windows, int64 [B]."""
        windows, piece = self.draw(step)
        truth = torch.from_numpy(self._pieces.truth[piece])
        if self._device.type == "cuda":  # a copy that nothing waits for
            truth = truth.pin_memory()
        truth = truth.to(self._device, non_blocking=True)
        return self._batches.assemble(windows, tokens=self._window.tokens), truth


@dataclass(frozen=True, eq=False)
class Parts:
    """What a head read of parts of pieces, the parts of a piece one after the other."""

    pooled: NDArray[np.float32]  # [p, W]
    piece: Int64  # [p], the piece of each, 0 first
    share: NDArray[np.float32]  # [p], of its piece's rows; those of a piece add up to 1

    def of(self, chosen: NDArray[np.bool_]) -> Parts:
        """The parts of some pieces [d], numbered anew."""
        kept, number = chosen[self.piece], np.cumsum(chosen) - 1
        return Parts(self.pooled[kept], number[self.piece[kept]], self.share[kept])

    def joined(self, other: Parts, pieces: int) -> Parts:
        """These, of so many pieces, and then the parts of further pieces."""
        return Parts(
            np.concatenate([self.pooled, other.pooled]),
            np.concatenate([self.piece, other.piece + pieces]),
            np.concatenate([self.share, other.share]),
        )

    def means(self, told: NDArray[np.floating]) -> NDArray[np.float64]:
        """What is told of parts [p, K] of each piece [d, K]: the mean by their shares."""
        means = np.zeros((int(self.piece.max()) + 1, told.shape[1]))
        np.add.at(means, self.piece, told * self.share[:, None])
        return means

    def fewer(self, most: int) -> Parts:
        """At most so many of each piece: neighbours make one, the mean by their shares."""
        count = np.bincount(self.piece)
        first = np.cumsum(count) - count
        place = np.arange(len(self.piece)) - first[self.piece]
        slot = place * np.minimum(count, most)[self.piece] // count[self.piece]
        _, part = np.unique(self.piece * most + slot, return_inverse=True)
        share = np.bincount(part, weights=self.share)
        pooled = Parts(self.pooled, part, self.share).means(self.pooled) / share[:, None]
        piece = np.zeros(len(share), np.int64)
        piece[part] = self.piece
        return Parts(pooled.astype(np.float32), piece, share.astype(np.float32))


@dataclass(frozen=True, eq=False)
class PieceAnswers:
    """What a head says of pieces, the mean state of each (``domain_states``), and what it read."""

    answers: Answers
    states: NDArray[np.float32]  # [d, D]
    parts: Parts  # their windows


class PieceReader:
    """Pieces that a head answers as they are, all their windows merged."""

    def __init__(
        self,
        pieces: Pieces,
        vocabulary: Vocabulary,
        window: WindowConfig,
        *,
        stride: int,
        batch: int,
        device: torch.device,
    ) -> None:
        """Windows begin every ``stride`` rows; ``batch`` of them are read at once."""
        self._pieces, self._batch = pieces, batch
        self._batches = build_batches(
            pieces.documents, vocabulary, window, transpose=0, device=device
        )
        self._windows = self._batches.grid(stride)
        offset = pieces.documents.offset
        self._piece = np.searchsorted(offset, self._windows.start, side="right") - 1

    @torch.no_grad()
    def __call__(self, reader: Reader, head: str) -> PieceAnswers:
        """A piece's log-probabilities are the mean of its windows', weighted by their rows."""
        model, classify = reader.model.eval(), reader.model.sequence_head(head)
        pieces, device = len(self._pieces), reader.device
        width, every_second = model.config.hidden_size, classify.every_second
        told = torch.zeros(pieces, len(model.specs[head].labels), device=device)
        states = torch.zeros(pieces, width, device=device)
        pooled: list[Tensor] = []
        tokens, seen = (torch.zeros(pieces, 1, device=device) for _ in range(2))
        for number, part in enumerate(self._batches.batches(self._windows, self._batch)):
            begin = number * self._batch
            index = torch.from_numpy(self._piece[begin : begin + self._batch]).to(device)
            with reader.autocast():
                ngrams = reader.find(part.tokens)
                hidden = reader.hidden(part.tokens, ngrams, every_second=every_second)
                read = classify.pooled(hidden, part.tokens != PAD, self._statistics(classify, part))
                logits = classify.logits(read)
            rows = (part.source >= 0).sum(1, keepdim=True)
            told.index_add_(0, index, logits.float().log_softmax(-1) * rows)
            pooled.append(read.float().cpu())
            sums, counts = state_sums(domain_states(hidden, width), part.row)
            states.index_add_(0, index, sums)
            tokens.index_add_(0, index, counts[:, None].float())
            seen.index_add_(0, index, rows.float())
        answers = Answers((told / seen).double().cpu().numpy(), self._pieces.truth)
        length = (self._windows.stop - self._windows.start).astype(np.float32)
        share = length / np.bincount(self._piece, weights=length)[self._piece]
        parts = Parts(torch.cat(pooled).numpy(), self._piece, share.astype(np.float32))
        return PieceAnswers(answers, (states / tokens).cpu().numpy(), parts)

    def _statistics(self, head: SequenceHead, batch: Batch) -> Tensor | None:
        if not head.statistics:
            return None
        return window_statistics(self._pieces.documents.values, batch.source)
