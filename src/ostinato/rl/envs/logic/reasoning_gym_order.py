"""Puts in order what some generators of reasoning-gym leave to chance: they go through sets, whose
order differs from one run of Python to the next, so that a seed would not fix a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from functools import partial
from random import Random
from typing import Any


class SortedSet(frozenset[str]):
    """A set of texts that is gone through in alphabetical order."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))

    def __sub__(self, other: Set[object]) -> SortedSet:
        return SortedSet(super().__sub__(other))


def put_in_order(name: str, data: Any) -> None:
    """Change a fresh data set of a generator so that its seed fixes its items."""
    if name in _ORDERS:
        _ORDERS[name](data)


def _letters(data: Any) -> None:
    data.letters = SortedSet(data.letters)


def _word_ladder(data: Any) -> None:
    data.word_sets = {length: SortedSet(words) for length, words in data.word_sets.items()}
    data.word_graphs = {
        length: {word: SortedSet(near) for word, near in graph.items()}
        for length, graph in data.word_graphs.items()
    }


def _polynomials(data: Any) -> None:
    # partial, not a closure: data sets stay copyable
    data._get_monomials = partial(_sorted_monomials, data._get_monomials)


def _sorted_monomials(monomials: Callable[[Random], list[Any]], rng: Random) -> list[Any]:
    return sorted(monomials(rng), key=str)


_ORDERS: dict[str, Callable[[Any], None]] = {
    "isomorphic_strings": _letters,
    "polynomial_multiplication": _polynomials,
    "ransom_note": _letters,
    "word_ladder": _word_ladder,
}
