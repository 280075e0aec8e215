"""From documents to packed batches: many sequences laid end to end, kept apart by their bounds.

Batches are functions of (seed, number): a run that goes on gets the batch that it would have
got. The documents make an endless tape: all of them once in an epoch, in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.data.text import TextDocuments

Int64 = NDArray[np.int64]

IGNORE = -100
MAX_SHUFFLED_ROWS = 1 << 20


@dataclass(frozen=True)
class Stage:
    """A part of a run with its own length of context."""

    length: int  # tokens of a sequence at most
    rows: int  # a batch holds up to ``rows * length`` tokens
    share: float = 1.0  # of the run's steps
    rope_theta: float | None = None  # from this stage on; None: as before

    def __post_init__(self) -> None:
        if self.length < 2 or self.rows < 1 or not 0 < self.share <= 1:
            raise UserError(
                "a stage has a length of at least 2, at least 1 row and a share in 0..1; got "
                f"{self.length}, {self.rows} and {self.share}."
            )


@dataclass(frozen=True)
class Plan:
    """Which stage each batch of a run belongs to."""

    stages: tuple[Stage, ...]
    steps: int
    accumulate: int = 1  # batches to a step
    first: tuple[int, ...] = field(init=False)
    """The first batch of each stage, and the number of batches."""

    def __post_init__(self) -> None:
        total = sum(stage.share for stage in self.stages)
        if abs(total - 1) > 1e-6:
            raise UserError(f"the shares of the stages must add up to 1; they make {total:g}.")
        ends = np.cumsum([0.0, *(stage.share for stage in self.stages)])
        bounds = (round(float(end) * self.steps) * self.accumulate for end in ends)
        object.__setattr__(self, "first", tuple(bounds))

    def index(self, number: int) -> int:
        """The number of the stage that batch ``number`` belongs to."""
        found = int(np.searchsorted(self.first, number, side="right")) - 1
        return min(found, len(self.stages) - 1)

    def __getitem__(self, number: int) -> Stage:
        return self.stages[self.index(number)]


class TextBatch(NamedTuple):
    """Sequences laid end to end, without padding."""

    tokens: Tensor  # int64 [1, N]
    targets: Tensor  # int64 [N]: the next token of the same document; IGNORE where none is learnt
    cu_seqlens: Tensor  # int64 [S + 1], on the CPU: the bounds of the sequences

    @property
    def learnt(self) -> int:
        """How many tokens have a target."""
        return int((self.targets != IGNORE).sum())


class Piece(NamedTuple):
    """Tokens ``first`` to ``last`` (excluded) of a document."""

    document: int
    first: int
    last: int


class Packer(Protocol):
    """The batches of a run by their number."""

    plan: Plan

    def draw(self, number: int) -> TextBatch:
        """Batch ``number`` of the run."""
        ...


def assemble(documents: TextDocuments, pieces: Sequence[Piece]) -> TextBatch:
    """The pieces as a batch; the target of a piece's last token is the one that follows it in
    its document, if any.
    """
    bounds = np.cumsum([0, *(piece.last - piece.first for piece in pieces)], dtype=np.int64)
    tokens = np.empty(bounds[-1], np.int64)
    targets = np.full(bounds[-1], IGNORE, np.int64)
    for (document, first, last), at in zip(pieces, bounds[:-1], strict=True):
        follows = min(last + 1, int(documents.lengths[document]))
        read, learnt = documents.read(document, first, follows)
        tokens[at : at + last - first] = read[: last - first]
        target = targets[at : at + len(read) - 1]
        target[:] = read[1:]
        if learnt is not None:
            target[learnt[1:] == 0] = IGNORE
    return TextBatch(
        torch.from_numpy(tokens)[None], torch.from_numpy(targets), torch.from_numpy(bounds)
    )


class CutPacker:
    """Rows of exactly a stage's length, cut from the tape wherever they end.

    Every stage takes up the tape where the one before left off, so that an epoch has each token
    once whatever the lengths. Rows are shuffled, within an epoch of their stage and among a
    million at most: those of one long document do not follow each other.
    """

    def __init__(self, documents: TextDocuments, plan: Plan, *, seed: int) -> None:
        self.plan = plan
        self._documents, self._seed = documents, seed
        self._tape = _Tape(documents, seed)
        self._order = lru_cache(maxsize=2)(self._shuffle)
        rows = [
            stage.rows * (last - first)
            for stage, (first, last) in zip(plan.stages, pairwise(plan.first), strict=True)
        ]
        tokens = [stage.length * count for stage, count in zip(plan.stages, rows, strict=True)]
        self._rows, self._begin = rows, [0, *np.cumsum(tokens).tolist()]

    def draw(self, number: int) -> TextBatch:
        """Batch ``number`` of the run."""
        assert 0 <= number < self.plan.first[-1]
        index = self.plan.index(number)
        stage = self.plan.stages[index]
        first = (number - self.plan.first[index]) * stage.rows
        pieces: list[Piece] = []
        for position in range(first, first + stage.rows):
            begin = self._begin[index] + self._row(index, position) * stage.length
            pieces.extend(self._tape.pieces(begin, begin + stage.length))
        return assemble(self._documents, pieces)

    def _row(self, index: int, position: int) -> int:
        """Which row of its stage is drawn in a place."""
        epoch = -(-self._tape.tokens // self.plan.stages[index].length)
        size = min(epoch, MAX_SHUFFLED_ROWS)
        block, place = divmod(position, size)
        here = min(size, self._rows[index] - block * size)
        return block * size + int(self._order(index, block, here)[place])

    def _shuffle(self, index: int, block: int, size: int) -> Int64:
        return np.random.default_rng((self._seed, 1, index, block)).permutation(size)


class WholePacker:
    """Documents from their first token on, as many as a batch holds, and none in two parts.

    What is longer than its stage's length loses its end. The last batch of an epoch may be
    smaller than the others.
    """

    def __init__(self, documents: TextDocuments, plan: Plan, *, seed: int) -> None:
        self.plan = plan
        self._documents = documents
        self._tape = _Tape(documents, seed)
        self._ends = lru_cache(maxsize=2)(self._clipped_ends)
        self._places = [(0, 0)]  # epoch, and place in its order, where each batch begins

    def draw(self, number: int) -> TextBatch:
        """Batch ``number`` of the run."""
        while len(self._places) <= number + 1:
            self._places.append(self._after(len(self._places) - 1))
        epoch, first = self._places[number]
        following, last = self._places[number + 1]
        order = self._tape.epoch(epoch).order
        chosen = order[first : last if following == epoch else len(order)]
        most = self.plan[number].length
        lengths = np.minimum(self._documents.lengths[chosen], most)
        return assemble(
            self._documents,
            [Piece(int(d), 0, int(n)) for d, n in zip(chosen, lengths, strict=True)],
        )

    def _after(self, number: int) -> tuple[int, int]:
        """Where the batch after ``number`` begins."""
        epoch, first = self._places[number]
        stage = self.plan[number]
        ends = self._ends(epoch, stage.length)
        before = ends[first - 1] if first else 0
        last = int(np.searchsorted(ends, before + stage.rows * stage.length, side="right"))
        return (epoch, last) if last < len(ends) else (epoch + 1, 0)

    def _clipped_ends(self, epoch: int, length: int) -> Int64:
        lengths = self._documents.lengths[self._tape.epoch(epoch).order]
        return np.cumsum(np.minimum(lengths, length))


def in_order(documents: TextDocuments, stage: Stage, most: int) -> Iterator[TextBatch]:
    """Batches for validation: about ``most`` tokens, always the same, each document in parts of
    at most the stage's length.
    """
    pieces: list[Piece] = []
    size = total = 0
    for document in np.argsort(documents.digest, kind="stable"):  # a mixture of all
        length = int(documents.lengths[document])
        for first in range(0, length, stage.length):
            count = min(stage.length, length - first)
            if size + count > stage.rows * stage.length:
                yield assemble(documents, pieces)
                pieces, size = [], 0
            pieces.append(Piece(int(document), first, first + count))
            size, total = size + count, total + count
            if total >= most:
                break
        if total >= most:
            break
    if pieces:
        yield assemble(documents, pieces)


class _Epoch(NamedTuple):
    order: Int64  # of the documents
    ends: Int64  # in tokens, in that order


class _Tape:
    """All documents, again and again, in an order that is new in each epoch."""

    def __init__(self, documents: TextDocuments, seed: int) -> None:
        self.tokens = documents.tokens
        self._lengths, self._seed = documents.lengths, seed
        self.epoch = lru_cache(maxsize=2)(self._lay)

    def pieces(self, begin: int, end: int) -> Iterator[Piece]:
        """What lies from one place to another, in tokens from the beginning of the tape."""
        while begin < end:
            number, at = divmod(begin, self.tokens)
            order, ends = self.epoch(number)
            place = int(np.searchsorted(ends, at, side="right"))
            document = int(order[place])
            length = int(self._lengths[document])
            first = at - (int(ends[place]) - length)
            last = min(length, first + end - begin)
            yield Piece(document, first, last)
            begin += last - first

    def _lay(self, number: int) -> _Epoch:
        order = np.random.default_rng((self._seed, 0, number)).permutation(len(self._lengths))
        return _Epoch(order, np.cumsum(self._lengths[order]))
