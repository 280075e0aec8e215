"""Where two pieces run alike: the diagonals of their cells' similarity, in every key."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ostinato.music.bar_features import PITCH_CLASSES, Float, transpose_cells

# Two cells are alike above this similarity (the cosine of their vectors), and unlike below it.
ALIKE = 0.6
RUNS, LEAST = 3, 4.0  # runs that are named, and the worth of one that is worth naming
_TRIED = 2  # keys in which diagonals are looked at: the likeliest of all twelve


@dataclass(frozen=True)
class Run:
    """Cells of the query that run alike with as many of the piece."""

    query: int  # the first cell
    piece: int
    length: int  # cells
    worth: float  # the sum over its cells of similarity above ``ALIKE``


@dataclass(frozen=True)
class Alignment:
    """The runs of a query with a piece in the best key, the worthiest first; maybe none."""

    semitones: int  # -5..6: added to the query, it sounds in the piece's key
    runs: tuple[Run, ...]

    @property
    def worth(self) -> float:
        """The worth of the best run, 0 without any."""
        return self.runs[0].worth if self.runs else 0.0


def every_key(query: Float) -> Float:
    """A query's cells [n, 48] in all keys, [12, n, 48], for ``align``."""
    return np.stack([transpose_cells(query, key) for key in range(PITCH_CLASSES)])


def align(keys: Float, piece: Float, *, runs: int = 1) -> Alignment:
    """The best runs of a query with the cells of a piece [m, 48], the worthiest first.

    ``keys`` [k, n, 48] is the query's cells transposed by 0 to k - 1 semitones: ``every_key``,
    or the one key alone. No two runs have a cell of the query in common, and only the first
    may be worth less than ``LEAST``. Memory: about three times [n, m], not one for each key.
    """
    excess = {key: _excess(keys[key], piece) for key in _likeliest(keys, piece)}
    found = [(key, _best_run(one)) for key, one in excess.items()]
    key, best = max(found, key=lambda one: one[1].worth if one[1] else 0.0)
    chosen: list[Run] = []
    while best is not None and (not chosen or best.worth >= LEAST):
        chosen.append(best)
        if len(chosen) == runs:
            break
        excess[key][best.query : best.query + best.length] = -1
        best = _best_run(excess[key])
    return Alignment((key + 5) % PITCH_CLASSES - 5, tuple(chosen))


def _best_run(excess: Float) -> Run | None:
    """The stretch of a diagonal of ``excess`` [n, m] with the largest sum, None if none is > 0."""
    ending = excess.copy()  # the largest sum of a stretch that ends here, itself included
    for before, here in pairwise(ending):
        here[1:] += np.maximum(before[:-1], 0)
    last, column = (int(at) for at in np.unravel_index(ending.argmax(), ending.shape))
    worth = float(ending[last, column])
    if worth <= 0:
        return None
    path = ending.diagonal(column - last)[: min(last, column)]
    breaks = np.flatnonzero(path <= 0)
    length = min(last, column) - (int(breaks[-1]) if len(breaks) else -1)
    return Run(last + 1 - length, column + 1 - length, length, worth)


def _excess(query: Float, piece: Float) -> Float:
    """How much more than ``ALIKE`` each cell of the query is like each of the piece, [n, m]."""
    found = query @ piece.T
    found -= ALIKE
    return found


def _likeliest(keys: Float, piece: Float) -> list[int]:
    """The ``_TRIED`` of ``keys`` [k, n, 48] with most that is alike, the likeliest first."""
    alike: list[float] = []
    for query in keys:
        excess = _excess(query, piece)
        alike.append(float(np.maximum(excess, 0, out=excess).sum()))
    return np.argsort(-np.array(alike), kind="stable")[:_TRIED].tolist()
