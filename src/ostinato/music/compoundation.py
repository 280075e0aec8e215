"""Unsupervised compoundation: byte-pair encoding inside one compound word.

NG-Midiformer (arXiv 2312.08931, Algorithm 1) runs plain BPE (as fastBPE does) on the symbols
of each word, never across words: a word becomes one to F *pieces*, each a run of its symbols.
A piece that closes its word and one that does not are different tokens even where their
symbols agree, so that a stream of pieces can always be cut into words again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.compound_words import Scheme, Words, empty_values
from ostinato.music.score import Bool, Int

PAD, UNK, CLS, SEP, MASK = range(5)
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

_HEADER = "# ostinato merges, version 1"


@dataclass(frozen=True, eq=False)
class Compounds:
    """A piece of music as tokens: ``tokens`` int32 [t], and the row of ``Words`` of each."""

    tokens: Int
    row: Int


@dataclass(frozen=True, eq=False)
class Compoundation:
    """The learnt merges, and the vocabulary that follows from them.

    Token ids: the special tokens, then every symbol in its open form (more of the word
    follows), then every symbol in its closing form, then one token a merge.
    """

    scheme: Scheme
    steps_per_quarter: int
    vocab: tuple[int, ...]
    merges: Int  # int32 [K, 2], token ids, in the order in which they were learnt

    @property
    def symbol_count(self) -> int:
        """Symbols of all columns, and one for none: ids in ``token_symbols`` are below this."""
        return sum(self.vocab) + 1

    @property
    def vocab_size(self) -> int:
        """Token ids are below this."""
        return len(SPECIALS) + 2 * sum(self.vocab) + len(self.merges)

    @cached_property
    def token_symbols(self) -> Int:
        """The symbols that a token is made of, int32 [V, F]: 1-based, 0 where there is none."""
        symbols = np.zeros((self.vocab_size, len(self.vocab)), dtype=np.int32)
        every = np.arange(1, self.symbol_count)
        symbols[len(SPECIALS) : self._first_merge, 0] = np.tile(every, 2)
        for token, (left, right) in enumerate(self.merges.tolist(), self._first_merge):
            both = [*symbols[left][symbols[left] > 0], *symbols[right][symbols[right] > 0]]
            symbols[token, : len(both)] = both
        return symbols

    @cached_property
    def token_final(self) -> Bool:
        """Whether a token closes its word, bool [V]."""
        final = np.zeros(self.vocab_size, dtype=bool)
        final[len(SPECIALS) + sum(self.vocab) : self._first_merge] = True
        for token, right in enumerate(self.merges[:, 1].tolist(), self._first_merge):
            final[token] = final[right]
        return final

    @property
    def _first_merge(self) -> int:
        return len(SPECIALS) + 2 * sum(self.vocab)

    @cached_property
    def _ranks(self) -> tuple[Int, Int]:
        """The merged pairs' keys in rising order, and the rank of each."""
        keys = _pair_keys(self.merges)[:, 0]
        order = np.argsort(keys)
        return keys[order], order

    @cached_property
    def _known(self) -> _Known:
        return _Known(self.vocab)

    def pieces(self, values: Int) -> tuple[Int, Int]:
        """Words [d, F] to tokens int32 [d, F], filled up with PAD, and their number int8 [d].

        The lowest-ranked pair of a word is merged first, until no learnt pair is left.
        """
        tokens = _symbol_tokens(values, self.vocab, self.scheme, self.steps_per_quarter)
        keys, ranks = self._ranks
        rows = np.arange(len(tokens)) if len(keys) else np.zeros(0, dtype=np.int64)
        while len(rows):
            wanted = _pair_keys(tokens[rows])
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            rank = np.where(keys[at] == wanted, ranks[at], len(keys))
            best = rank.argmin(axis=1)
            lowest = rank[np.arange(len(rows)), best]
            rows, best, lowest = (x[lowest < len(keys)] for x in (rows, best, lowest))
            tokens[rows, best], tokens[rows, best + 1] = self._first_merge + lowest, PAD
            tokens[rows] = _close_up(tokens[rows])
        return tokens, np.count_nonzero(tokens, axis=1).astype(np.int8)

    def apply(self, words: Words) -> Compounds:
        """A piece's words to its tokens: distinct words are few, so each is looked up."""
        if (words.scheme, words.vocab) != (self.scheme, self.vocab):
            raise UserError(
                f"these merges are for {self.scheme} at {self.steps_per_quarter} steps per "
                f"quarter; the words are {words.scheme} at {words.steps_per_quarter}"
            )
        tokens, count = self._known.look_up(words.values, self)
        row = np.repeat(np.arange(len(words), dtype=np.int32), count)
        return Compounds(tokens[tokens != PAD], row)

    def undo(self, tokens: Int) -> Int:
        """Tokens back to the words' values, int16 [n, F]; special tokens are passed over."""
        tokens = tokens[tokens >= len(SPECIALS)]
        symbols = self.token_symbols[tokens]
        closing = self.token_final[tokens]
        if len(tokens) and not closing[-1]:
            raise ValueError("the tokens end inside a word")
        word = np.cumsum(closing) - closing
        flat, owner = symbols[symbols > 0] - 1, np.repeat(word, (symbols > 0).sum(axis=1))
        start = np.cumsum((0, *self.vocab))
        column = np.searchsorted(start, flat, side="right") - 1
        nothing = empty_values(self.scheme, self.steps_per_quarter)
        values = np.tile(np.array(nothing, dtype=np.int16), (int(closing.sum()), 1))
        values[owner, column] = flat - start[column]
        return values

    def text(self, token: int) -> str:
        """A token as text: each symbol's column and value, ``+`` where its word goes on."""
        if token < len(SPECIALS):
            return SPECIALS[token]
        start = np.cumsum((0, *self.vocab))
        symbols = self.token_symbols[token]
        flat = symbols[symbols > 0] - 1
        column = np.searchsorted(start, flat, side="right") - 1
        name = ".".join(f"{'abcdefg'[c]}{s - start[c]}" for c, s in zip(column, flat, strict=True))
        return name if self.token_final[token] else name + "+"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write ``merges.txt``: a version line, what the words are, and a pair a line."""
        sizes = ",".join(map(str, self.vocab))
        lines = [_HEADER, f"# {self.scheme} {self.steps_per_quarter} {sizes}"]
        lines += [f"{self.text(a)} {self.text(b)}" for a, b in self.merges.tolist()]
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Compoundation:
        """Read what ``save`` wrote; ``UserError`` says which line is not understood."""
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        if len(lines) < 2 or lines[0] != _HEADER:
            raise UserError(f"{path}: expected a first line '{_HEADER}'; got {lines[:1]}")
        scheme, per_quarter, sizes = lines[1].removeprefix("# ").split(" ")
        vocab = tuple(int(size) for size in sizes.split(","))
        plain = Compoundation(scheme, int(per_quarter), vocab, _pairs([]))  # pyright: ignore[reportArgumentType]
        ids = {plain.text(token): token for token in range(plain.vocab_size)}
        merges: list[tuple[int, int]] = []
        for number, line in enumerate(lines[2:], 3):
            left, _, right = line.partition(" ")
            if left not in ids or right not in ids or not left.endswith("+"):
                raise UserError(f"{path}, line {number}: '{line}' merges no two known tokens")
            ids[left[:-1] + "." + right] = plain.vocab_size + len(merges)
            merges.append((ids[left], ids[right]))
        return Compoundation(plain.scheme, plain.steps_per_quarter, vocab, _pairs(merges))


class _Known:
    """Words seen before and their pieces, sorted by one integer per word."""

    def __init__(self, vocab: tuple[int, ...]) -> None:
        self._base = np.cumprod((1, *vocab[:0:-1]), dtype=np.int64)[::-1]
        self._keys = np.zeros(0, dtype=np.int64)
        self._pieces = np.zeros((0, len(vocab)), dtype=np.int32)
        self._counts = np.zeros(0, dtype=np.int8)

    def look_up(self, values: Int, compoundation: Compoundation) -> tuple[Int, Int]:
        keys = values.astype(np.int64) @ self._base
        at, missing = self._find(keys)
        if missing.any():
            self._add(keys[missing], values[missing], compoundation)
            at, _ = self._find(keys)
        return self._pieces[at], self._counts[at]

    def _find(self, keys: Int) -> tuple[Int, Bool]:
        at = np.searchsorted(self._keys, keys)
        return at, np.append(self._keys, -1)[at] != keys

    def _add(self, keys: Int, values: Int, compoundation: Compoundation) -> None:
        new, first = np.unique(keys, return_index=True)
        pieces, counts = compoundation.pieces(values[first])
        at = np.searchsorted(self._keys, new)
        self._keys = np.insert(self._keys, at, new)
        self._pieces = np.insert(self._pieces, at, pieces, axis=0)
        self._counts = np.insert(self._counts, at, counts)


def learn(
    values: Int,
    counts: Int,
    *,
    merges: int,
    scheme: Scheme,
    steps_per_quarter: int,
    vocab: tuple[int, ...],
) -> Compoundation:
    """Learn up to ``merges`` merges from distinct words [d, F] and how often each occurs [d].

    The most frequent adjacent pair is merged, of equal ones the one with the smallest token
    ids; fewer come out where no pair is left. (The papers' "vocabulary size" of 800 or 1,000
    is this number of merges.)
    """
    tokens = _symbol_tokens(values, vocab, scheme, steps_per_quarter)
    first = len(SPECIALS) + 2 * sum(vocab)
    weight = counts.astype(np.int64)
    learnt: list[tuple[int, int]] = []
    totals: Counter[tuple[int, int]] = Counter()
    _add(totals, tokens, weight)
    for token in range(first, first + merges):
        if not totals:
            break
        left, right = min(totals, key=lambda pair: (-totals[pair], pair))
        learnt.append((left, right))
        touched = _holding(tokens, left, right)
        rows = tokens[touched]
        _add(totals, rows, -weight[touched])
        _merge(rows, left, right, token)
        _add(totals, rows, weight[touched])
        tokens[touched] = rows
    return Compoundation(scheme, steps_per_quarter, vocab, _pairs(learnt))


def _pairs(merges: list[tuple[int, int]]) -> Int:
    return np.array(merges, dtype=np.int32).reshape(-1, 2)


def _symbol_tokens(
    values: Int, vocab: tuple[int, ...], scheme: Scheme, steps_per_quarter: int
) -> Int:
    """Each word as the tokens of its symbols, int32 [d, F], the last one in its closing form."""
    start = np.cumsum((0, *vocab[:-1]))
    nothing = np.array(empty_values(scheme, steps_per_quarter))
    open_ = np.where(values == nothing, PAD, values + start + len(SPECIALS)).astype(np.int32)
    tokens = _close_up(open_)
    count = np.count_nonzero(tokens, axis=1)
    tokens[np.arange(len(tokens)), np.maximum(count, 1) - 1] += sum(vocab)
    return tokens


def _pair_keys(tokens: Int) -> Int:
    """Each adjacent pair of a row [d, F] as one integer, int64 [d, F - 1]."""
    return tokens[:, :-1].astype(np.int64) << 32 | tokens[:, 1:]


def _close_up(tokens: Int) -> Int:
    """The tokens of each row moved to its front, PAD behind them."""
    order = np.argsort(tokens == PAD, axis=1, kind="stable")
    return np.take_along_axis(tokens, order, axis=1)


def _holding(tokens: Int, left: int, right: int) -> Int:
    """Rows in which ``left`` stands directly before ``right``."""
    return np.flatnonzero(((tokens[:, :-1] == left) & (tokens[:, 1:] == right)).any(axis=1))


def _merge(tokens: Int, left: int, right: int, token: int) -> None:
    """Replace, in place, every ``left, right`` by ``token``. A word holds a pair once at most."""
    rows, at = np.nonzero((tokens[:, :-1] == left) & (tokens[:, 1:] == right))
    if len(rows):
        tokens[rows, at], tokens[rows, at + 1] = token, PAD
        tokens[rows] = _close_up(tokens[rows])


def _add(totals: Counter[tuple[int, int]], tokens: Int, weight: Int) -> None:
    """Add the weighted counts of all adjacent pairs; pairs that fall to nothing are removed."""
    for pair, count in _pair_counts(tokens, weight):
        totals[pair] += count
        if totals[pair] == 0:
            del totals[pair]


def _pair_counts(tokens: Int, weight: Int) -> Iterator[tuple[tuple[int, int], int]]:
    there = (tokens[:, 1:] != PAD).ravel()
    keys = _pair_keys(tokens).ravel()[there]
    pairs, where = np.unique(keys, return_inverse=True)
    counts = np.bincount(where, np.repeat(weight, tokens.shape[1] - 1)[there], len(pairs))
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        yield (pair >> 32, pair & 0xFFFFFFFF), int(count)
