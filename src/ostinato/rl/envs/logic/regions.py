"""Cutting a board into joined regions, and recutting it until a puzzle has one answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from random import Random
from string import ascii_letters

from ostinato.rl.envs.logic.counts import Counts, OutOfNodes
from ostinato.rl.envs.logic.grid import component, members

_NODES = 2_000
_RECUTS = 80
_AT_ONCE = 8  # solutions that a cut is to spoil, as many of them as one cell can


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
    takes too long. The cells of the truth never change their region.
    """
    for _ in range(_RECUTS):
        try:
            wrong = list(islice(rules(regions).solutions(_NODES), _AT_ONCE))
        except OutOfNodes:
            return None
        if wrong == [truth]:
            return regions
        uses = Counter(cell for found in wrong for cell in members(found & ~truth))
        cells = rng.sample(sorted(uses), len(uses))
        moved = _moved(regions, sorted(cells, key=lambda cell: -uses[cell]), near, rng)
        if moved is None:
            return None
        regions = moved
    return None


def lettered(regions: Sequence[int], count: int) -> list[str]:
    """For each cell the letter of its region, in the order in which they are met."""
    names = dict[int, str]()
    board: list[str] = []
    for cell in range(count):
        at = next(i for i, region in enumerate(regions) if region >> cell & 1)
        names.setdefault(at, ascii_letters[26:][len(names)] if len(names) < 26 else "")
        board.append(names[at])
    assert all(board), "at most 26 regions have a letter"
    return board


def by_letter(board: Sequence[str]) -> list[int]:
    """The regions of a board of letters."""
    found = dict[str, int]()
    for cell, letter in enumerate(board):
        found[letter] = found.get(letter, 0) | 1 << cell
    return list(found.values())


def _touch(one: int, other: int, near: Sequence[int]) -> bool:
    return any(near[cell] & other for cell in members(one))


def _moved(
    regions: Sequence[int], cells: list[int], near: Sequence[int], rng: Random
) -> list[int] | None:
    """The regions after the first cell that can went over to a region beside it."""
    for cell in cells:
        source = next(i for i, region in enumerate(regions) if region >> cell & 1)
        rest = regions[source] & ~(1 << cell)
        if not rest or component(rest & -rest, rest, near) != rest:
            continue
        targets = [i for i, region in enumerate(regions) if i != source and region & near[cell]]
        if targets:
            found = list(regions)
            found[source] = rest
            found[rng.choice(targets)] |= 1 << cell
            return found
    return None
