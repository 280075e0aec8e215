"""The n-gram lexicon over compounds, and where its entries stand in a sequence.

NG-Midiformer (arXiv 2312.08931) takes every n-gram of 2 to 4 tokens that occurs often enough;
ZEN 2.0, which it builds on, ranks by pointwise mutual information. Both are here. No special
token is ever part of an n-gram, so matches in a masked sequence never tell what was masked.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.music.compoundation import PAD, SPECIALS, Compoundation
from ostinato.music.score import Int

SHORTEST, LONGEST = 2, 4

Rank = Literal["count", "pmi"]

_HEADER = "# ostinato n-grams, version 1"
_BITS = 15  # a token id in a key of four: vocabularies stay below 32,768


@dataclass(frozen=True, eq=False)
class Lexicon:
    """N-grams by falling rank. Row 0 is no n-gram, so that id 0 can mean an unused slot."""

    ngrams: Int  # int32 [L, 4] token ids, PAD behind the shorter ones
    length: Int  # int8 [L], 2..4 (row 0: 0)
    frequency: Int  # int64 [L], occurrences in the training pieces (row 0: 0)

    def __len__(self) -> int:
        return len(self.length)

    @cached_property
    def keys(self) -> Int:
        """One integer per n-gram, int64 [L]; equal to ``ngram_keys`` of its tokens."""
        return ngram_keys(self.ngrams, LONGEST)

    @cached_property
    def by_key(self) -> tuple[Int, Int]:
        """The keys in rising order, and the row of each, for look-up by bisection."""
        order = np.argsort(self.keys, kind="stable")
        return self.keys[order], order

    def save(self, path: str | os.PathLike[str], compoundation: Compoundation) -> None:
        """Write ``lexicon.txt``: a version line, then frequency and tokens, a line an n-gram."""
        lines = [_HEADER]
        for row in range(1, len(self)):
            tokens = self.ngrams[row, : self.length[row]].tolist()
            lines.append(f"{self.frequency[row]} {' '.join(map(compoundation.text, tokens))}")
        Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: str | os.PathLike[str], compoundation: Compoundation) -> Lexicon:
        """Read what ``save`` wrote with the same compoundation."""
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        if not lines or lines[0] != _HEADER:
            raise UserError(f"{path}: expected a first line '{_HEADER}'; got {lines[:1]}")
        ids = {compoundation.text(token): token for token in range(compoundation.vocab_size)}
        ngrams: list[list[int]] = []
        for number, line in enumerate(lines[1:], 2):
            frequency, *names = line.split(" ")
            unknown = [name for name in names if name not in ids]
            if unknown or not SHORTEST <= len(names) <= LONGEST or not frequency.isdecimal():
                raise UserError(f"{path}, line {number}: '{line}' is no n-gram of known tokens")
            padded = [ids[name] for name in names] + [PAD] * (LONGEST - len(names))
            ngrams.append([int(frequency), len(names), *padded])
        return _lexicon(np.array(ngrams, dtype=np.int64).reshape(-1, 2 + LONGEST))


@dataclass(frozen=True, eq=False)
class Matches:
    """N-grams found in a sequence, by rising start, the shorter first where starts are equal."""

    id: Int  # int32 [k], row of the lexicon
    start: Int  # int32 [k], index of the first token
    length: Int  # int8 [k]


def ngram_keys(tokens: Int, width: int) -> Int:
    """Token ids [..., width] as one integer each; distinct for distinct runs, PAD included."""
    key = np.zeros(tokens.shape[:-1], dtype=np.int64)
    for place in range(width):
        key = key << _BITS | tokens[..., place].astype(np.int64)
    return key << _BITS * (LONGEST - width)


def empty_lexicon() -> Lexicon:
    """A lexicon without n-grams: the model without its n-gram branch."""
    return _lexicon(np.zeros((0, 2 + LONGEST), dtype=np.int64))


def _lexicon(rows: Int) -> Lexicon:
    """Rows (frequency, length, tokens...) to a lexicon, with the empty row before them."""
    rows = np.concatenate([np.zeros((1, 2 + LONGEST), dtype=np.int64), rows])
    return Lexicon(rows[:, 2:].astype(np.int32), rows[:, 1].astype(np.int8), rows[:, 0])


def count(
    documents: Sequence[Int],
    *,
    threshold: int,
    max_length: int = LONGEST,
    rank: Rank = "count",
    most: int | None = None,
) -> Lexicon:
    """Every n-gram of 2 to ``max_length`` tokens that occurs at least ``threshold`` times.

    Rows are ranked by falling count, or by falling pointwise mutual information, the log of
    p(n-gram) / product of p(token); equal ones by their tokens. ``most`` keeps the first rows.
    N-grams lie within one document, and hold no special token.
    """
    if not SHORTEST <= max_length <= LONGEST:
        raise UserError(f"n-grams have {SHORTEST} to {LONGEST} tokens; got {max_length}")
    gap = np.full(LONGEST, PAD, dtype=np.int32)
    stream = np.concatenate(
        [part for d in documents for part in (d.astype(np.int32), gap)] or [gap]
    )
    assert stream.max(initial=0) < 1 << _BITS
    found = [_counted(stream, n, threshold) for n in range(SHORTEST, max_length + 1)]
    rows = np.concatenate(found)
    score = rows[:, 0].astype(np.float64) if rank == "count" else _pmi(rows, stream)
    order = np.lexsort((*rows[:, :1:-1].T, -score))
    return _lexicon(rows[order][:most])


def _windows(stream: Int, n: int) -> Int:
    """All runs of n tokens, [T - n + 1, n]."""
    return np.lib.stride_tricks.sliding_window_view(stream, n)


def _counted(stream: Int, n: int, threshold: int) -> Int:
    """Rows (frequency, n, tokens...) of the runs of n tokens that are frequent enough."""
    runs = _windows(stream, n)
    keys = ngram_keys(runs, n)[(runs >= len(SPECIALS)).all(axis=1)]
    keys, counts = np.unique(keys, return_counts=True)
    keys, counts = keys[counts >= threshold], counts[counts >= threshold]
    shifts = _BITS * np.arange(LONGEST - 1, -1, -1)
    tokens = keys[:, None] >> shifts & (1 << _BITS) - 1
    return np.concatenate([counts[:, None], np.full((len(keys), 1), n), tokens], axis=1)


def _pmi(rows: Int, stream: Int) -> NDArray[np.float64]:
    counts = np.bincount(
        stream[stream >= len(SPECIALS)], minlength=int(rows[:, 2:].max(initial=0)) + 1
    )
    total = max(int(counts.sum()), 1)
    log_token = np.log(np.maximum(counts, 1) / total)
    log_token[PAD] = 0.0
    return np.log(rows[:, 0] / total) - log_token[rows[:, 2:]].sum(axis=1)


def match(tokens: Int, lexicon: Lexicon, *, slots: int) -> Matches:
    """Every occurrence of every n-gram in a sequence [T], overlaps and nesting included.

    Where there are more than ``slots``, the longest are kept, of equally long ones the higher
    in rank, of equal ones the earliest; a frequent pair never pushes out a rare four-gram.
    """
    ids, starts = [], []
    keys, rows = lexicon.by_key
    for n in range(SHORTEST, min(LONGEST, len(tokens)) + 1):
        wanted = ngram_keys(_windows(tokens, n), n)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = np.flatnonzero((keys[at] == wanted) & (lexicon.length[rows[at]] == n))
        ids.append(rows[at[hit]])
        starts.append(hit)
    id_ = np.concatenate([np.zeros(0, dtype=np.int64), *ids])
    start = np.concatenate([np.zeros(0, dtype=np.int64), *starts])
    length = lexicon.length[id_]
    kept = np.lexsort((start, id_, -length))[:slots]
    kept = kept[np.lexsort((length[kept], start[kept]))]
    return Matches(id_[kept].astype(np.int32), start[kept].astype(np.int32), length[kept])


def matrix(matches: Matches, lexicon: Lexicon, length: int, slots: int) -> NDArray[np.float32]:
    """How much each n-gram slot says to each token, float32 [length, slots].

    Row i holds the frequencies of the n-grams that cover token i over their sum (the paper's
    weights, which its code loses by keeping them as integers): it adds up to 1, or to 0 where
    no n-gram covers the token. Columns beyond the matches are 0.
    """
    found = len(matches.id)
    where = np.arange(length)[:, None]
    covered = (where >= matches.start) & (where < matches.start + matches.length)
    weight = np.zeros((length, slots), dtype=np.float64)
    weight[:, :found] = covered * lexicon.frequency[matches.id]
    total = weight.sum(axis=1, keepdims=True)
    return (weight / np.where(total > 0, total, 1.0)).astype(np.float32)
