"""Cutting a board into joined regions, and recutting it until a puzzle has one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from random import Random
from string import ascii_uppercase

from ostinato.rl.envs.logic.counts import Counts, OutOfNodesError
from ostinato.rl.envs.logic.grid import component, members

_NODES = 2_000
_RECUTS = 80
_AT_ONCE = 8  # solutions that are looked for before each cut
_CUTS = 20  # ways to cut that are compared


def grown(seeds: Sequence[int], near: Sequence[int], rng: Random) -> list[int]:
    """A region around each seed (a cell); together they fill the board."""
    regions = [1 << seed for seed in seeds]
    taken = sum(regions)
    edge = [(cell, at) for at, seed in enumerate(seeds) for cell in members(near[seed])]
    while edge:
        pick = rng.randrange(len(edge))
        edge[pick], edge[-1] = edge[-1], edge[pick]
        cell, at = edge.pop()
        if not taken >> cell & 1:
            taken |= 1 << cell
            regions[at] |= 1 << cell
            edge += [(further, at) for further in members(near[cell] & ~taken)]
    return regions


def grouped(
    regions: Sequence[int], size: int, near: Sequence[int], rng: Random
) -> list[int] | None:
    """The regions merged by twos (or left single); None where not every one finds a partner."""
    if size == 1:
        return list(regions)
    assert size == 2, "regions are merged by twos at most"
    left = rng.sample(list(regions), len(regions))
    merged: list[int] = []
    while left:
        options = [
            [other for other in left if other != one and _touch(one, other, near)] for one in left
        ]
        at = min(range(len(left)), key=lambda i: len(options[i]))
        if not options[at]:
            return None
        one, other = left[at], rng.choice(options[at])
        left = [region for region in left if region not in (one, other)]
        merged.append(one | other)
    return merged


def decided(
    regions: list[int],
    truth: int,
    rules: Callable[[Sequence[int]], Counts],
    near: Sequence[int],
    rng: Random,
) -> list[int] | None:
    """The regions changed, cell by cell, until ``truth`` is the only solution; None where that
    takes too long. The cells of the truth never change their region, and all regions hold
    equally many of them.
    """
    each = (regions[0] & truth).bit_count()
    known: list[int] = []  # wrong solutions of this cut and of earlier ones: all must go
    for _ in range(_RECUTS):
        try:
            found = list(islice(rules(regions).solutions(_NODES), _AT_ONCE))
        except OutOfNodesError:
            return None
        if found == [truth]:
            return regions
        wrong = [marks for marks in found if marks != truth]
        known += wrong
        cuts = list(_recuts(regions, rng.choice(wrong) & ~truth, near))
        if not cuts:
            return None
        cuts = rng.sample(cuts, min(len(cuts), _CUTS))
        left = [sum(_agree(marks, cut, each) for marks in known) for cut in cuts]
        regions = cuts[left.index(min(left))]
    return None


def lettered(regions: Sequence[int], count: int) -> list[str]:
    """For each cell the letter of its region, in the order in which they are met."""
    names = dict[int, str]()
    board: list[str] = []
    for cell in range(count):
        at = next(i for i, region in enumerate(regions) if region >> cell & 1)
        if at not in names:
            names[at] = ascii_uppercase[len(names)]
        board.append(names[at])
    return board


def by_letter(board: Sequence[str]) -> list[int]:
    """The regions of a board of letters."""
    found = dict[str, int]()
    for cell, letter in enumerate(board):
        found[letter] = found.get(letter, 0) | 1 << cell
    return list(found.values())


def _touch(one: int, other: int, near: Sequence[int]) -> bool:
    return any(near[cell] & other for cell in members(one))


def _agree(marks: int, regions: Sequence[int], each: int) -> bool:
    return all((marks & region).bit_count() == each for region in regions)


def _recuts(regions: Sequence[int], cells: int, near: Sequence[int]) -> Iterator[list[int]]:
    """The cuts in which one of the cells has gone over to a region beside it."""
    for cell in members(cells):
        source = next(i for i, region in enumerate(regions) if region >> cell & 1)
        rest = regions[source] & ~(1 << cell)
        if not rest or component(rest & -rest, rest, near) != rest:
            continue
        for target, region in enumerate(regions):
            if target != source and region & near[cell]:
                found = list(regions)
                found[source] = rest
                found[target] |= 1 << cell
                yield found
