"""Distinct compound words and their pieces: what turns rows into tokens by looking up.

A corpus of millions of rows has few distinct words, also when it is transposed. Each row is
an id, each id and transposition a *word* of the table, and each word one to F tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.data.shards import Documents, Int16, Int64
from ostinato.music.compound_words import EMPTY_PITCH
from ostinato.music.compoundation import Compoundation
from ostinato.music.cp7 import CHORDS, NO_CHORD


@dataclass(frozen=True, eq=False)
class Distinct:
    """The distinct rows of some documents, how often each occurs, and which row is which."""

    values: Int16  # [u, F]
    count: Int64  # [u]
    index: NDArray[np.int32]  # [n], row -> distinct row


@dataclass(frozen=True, eq=False)
class WordTable:
    """Everything that a window needs to become tokens, on one device.

    Transpositions are numbered 0..2R, which stands for -R..R semitones.
    """

    row_word: Tensor  # int32 [n], distinct row of each row of the documents
    shifted: Tensor  # int32 [u, 2R + 1], word of a distinct row transposed; -1 out of range
    pieces: Tensor  # int32 [d, F], tokens of a word, filled up with 0
    count: Tensor  # int32 [d], how many tokens

    @property
    def transpose(self) -> int:
        """R: transpositions reach this many semitones either way."""
        return self.shifted.shape[1] // 2


def distinct_rows(values: Int16, vocab: tuple[int, ...]) -> Distinct:
    """The distinct rows of ``values`` [n, F] in the order of their values."""
    base = np.cumprod((1, *vocab[:0:-1]), dtype=np.int64)[::-1]
    keys = np.zeros(len(values), dtype=np.int64)
    for column, weight in zip(values.T, base, strict=True):
        keys += column.astype(np.int64) * weight
    _, first, index, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    return Distinct(values[first], count.astype(np.int64), index.astype(np.int32))


def transpose_values(values: Int16, scheme: str, semitones: int) -> tuple[Int16, NDArray[np.bool_]]:
    """Rows [n, F] moved by some semitones, and which of them stay within MIDI's pitches.

    Rows without a pitch stay as they are; in ``cp7`` the roots of chords move too.
    """
    moved = values.copy()
    if scheme == "cp7":
        lowest, pitch = 1, values[:, 4]
        sounding = pitch > 0
        chord = values[:, 1].astype(np.int64) - (NO_CHORD + 1)
        qualities = CHORDS // 12
        turned = (chord + semitones * qualities) % CHORDS + NO_CHORD + 1
        moved[:, 1] = np.where(chord >= 0, turned, values[:, 1])
        column = 4
    elif scheme == "cp4":
        lowest, pitch, column = 0, values[:, 2], 2
        sounding = pitch != EMPTY_PITCH
    else:
        raise UserError(f"cannot transpose {scheme} words: use cp4 or cp7, or set transpose to 0.")
    target = pitch + semitones
    inside = ~sounding | ((target >= lowest) & (target < lowest + 128))
    moved[:, column] = np.where(sounding & inside, target, pitch)
    return moved, inside


def word_table(
    distinct: Distinct,
    compoundation: Compoundation,
    *,
    transpose: int,
    device: torch.device,
) -> WordTable:
    """The table of every distinct row moved by -``transpose``..``transpose`` semitones."""
    size, scheme = len(distinct.values), compoundation.scheme
    every: list[Int16] = []
    inside = np.ones((size, 2 * transpose + 1), dtype=np.bool_)
    for number, semitones in enumerate(range(-transpose, transpose + 1)):
        if semitones:
            moved, inside[:, number] = transpose_values(distinct.values, scheme, semitones)
            every.append(moved)
        else:
            every.append(distinct.values)
    words = distinct_rows(np.concatenate(every), compoundation.vocab)
    shifted = np.where(inside, words.index.reshape(2 * transpose + 1, size).T, -1)
    pieces, count = compoundation.pieces(words.values)
    return WordTable(
        torch.from_numpy(distinct.index).to(device),
        torch.from_numpy(shifted.astype(np.int32)).to(device),
        torch.from_numpy(pieces.astype(np.int32)).to(device),
        torch.from_numpy(count.astype(np.int32)).to(device),
    )


def transposition_range(documents: Documents, table: WordTable) -> Int64:
    """Lowest and highest transposition that keeps a whole document within range, int64 [d, 2]."""
    inside = (table.shifted >= 0).cpu().numpy()
    down = inside[:, : table.transpose].sum(1)
    up = inside[:, table.transpose + 1 :].sum(1)
    rows = table.row_word.cpu().numpy()
    found = np.zeros((len(documents), 2), dtype=np.int64)
    filled = np.diff(documents.offset) > 0
    start = documents.offset[:-1][filled]
    if len(start):
        found[filled, 0] = -np.minimum.reduceat(down[rows], start)
        found[filled, 1] = np.minimum.reduceat(up[rows], start)
    return found


def token_stream(
    documents: Documents, distinct: Distinct, compoundation: Compoundation
) -> list[NDArray[np.int32]]:
    """Each document's tokens, untransposed: what a lexicon is counted on."""
    pieces, count = compoundation.pieces(distinct.values)
    pieces = pieces.astype(np.int32)
    streams: list[NDArray[np.int32]] = []
    for start, stop in pairwise(documents.offset.tolist()):
        words = distinct.index[start:stop]
        kept = np.arange(pieces.shape[1]) < count[words][:, None]
        streams.append(pieces[words][kept])
    return streams
