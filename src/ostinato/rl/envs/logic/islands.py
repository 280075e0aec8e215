"""Islands in a wall: drawing them, and finding all that fit given numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from random import Random

from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import beside, component, components, mask, members


@cache
def blocks(size: int) -> tuple[int, ...]:
    """All squares of four cells."""
    corners = [row * size + column for row in range(size - 1) for column in range(size - 1)]
    return tuple(mask((at, at + 1, at + size, at + size + 1)) for at in corners)


def is_joined(cells: int, near: Sequence[int]) -> bool:
    """Whether the cells are one piece (no cells are, too)."""
    return component(cells & -cells, cells, near) == cells


def fits(islands: int, numbers: Mapping[int, int], near: Sequence[int]) -> bool:
    """Whether each island has one of the numbers (by cell), which is its size."""
    pieces = components(islands, near)
    numbered = mask(numbers)
    return len(pieces) == len(numbers) and all(
        (piece & numbered).bit_count() == 1
        and numbers[(piece & numbered).bit_length() - 1] == piece.bit_count()
        for piece in pieces
    )


def drawn(size: int, largest: int, growing: float, rng: Random) -> list[int] | None:
    """Islands that leave a joined wall without a square; None where the draw came to nothing.
    ``growing`` says how often an island is made larger where it can be, and not a new one made.
    """
    near = beside(size, size)
    wall = (1 << size * size) - 1
    islands: list[int] = []

    def dig(cell: int) -> bool:
        """Make a cell part of the one island beside it, or a new one; False if it cannot be."""
        nonlocal wall
        touched = [island for island in islands if near[cell] & island]
        rest = wall & ~(1 << cell)
        if len(touched) > 1 or not is_joined(rest, near):
            return False
        if touched:
            if touched[0].bit_count() == largest:
                return False
            islands.remove(touched[0])
        islands.append(sum(touched) | 1 << cell)
        wall = rest
        return True

    while squares := [block for block in blocks(size) if block & wall == block]:
        land = ~wall
        cells = rng.sample(list(members(rng.choice(squares))), 4)
        if rng.random() < growing:
            cells.sort(key=lambda cell: not near[cell] & land)
        if not any(dig(cell) for cell in cells):
            return None
    for cell in rng.sample(range(size * size), size * size):
        if wall >> cell & 1 and any(near[cell] & island for island in islands):
            dig(cell)
    return sorted(islands)


def solutions(numbers: Mapping[int, int], size: int, nodes: int) -> Iterator[int]:
    """All cells of islands that fit the numbers, the wall joined and without a square; raises
    ``OutOfNodesError`` after so many steps of search.
    """
    near = beside(size, size)
    stack = [[_shapes(cell, numbers, near) for cell in numbers]]
    while stack:
        if nodes == 0:
            raise OutOfNodesError
        nodes -= 1
        settled = _settled(stack.pop(), size)
        if settled is None:
            continue
        choices = settled
        open_ones = [at for at, shapes in enumerate(choices) if len(shapes) > 1]
        if not open_ones:
            yield _union(shapes[0] for shapes in choices)
            continue
        at = min(open_ones, key=lambda at: len(choices[at]))
        stack += [[*choices[:at], [shape], *choices[at + 1 :]] for shape in choices[at]]


def _shapes(cell: int, numbers: Mapping[int, int], near: Sequence[int]) -> list[int]:
    """All islands of the size that a cell's number says, away from the other numbers."""
    barred = 0
    for other in numbers:
        if other != cell:
            barred |= 1 << other | near[other]
    found = dict.fromkeys([] if barred >> cell & 1 else [1 << cell])
    for _ in range(numbers[cell] - 1):
        found = dict.fromkeys(
            shape | 1 << further
            for shape in found
            for further in members(_shore(shape, near) & ~barred)
        )
    return list(found)


def _shore(island: int, near: Sequence[int]) -> int:
    """The cells beside an island."""
    found = 0
    for cell in members(island):
        found |= near[cell]
    return found & ~island


def _settled(choices: list[list[int]], size: int) -> list[list[int]] | None:
    """The shapes that remain possible for each island; None where one has none left."""
    near = beside(size, size)
    everywhere = (1 << size * size) - 1
    while True:
        before = [len(shapes) for shapes in choices]
        if 0 in before:
            return None
        sure, may = [everywhere] * len(choices), [0] * len(choices)
        for at, shapes in enumerate(choices):
            for shape in shapes:
                sure[at] &= shape
                may[at] |= shape
        taken = [cells | _shore(cells, near) for cells in sure]
        for at, shapes in enumerate(choices):
            others = 0
            for other, cells in enumerate(taken):
                if other != at:
                    others |= cells
            choices[at] = [shape for shape in shapes if not shape & others]
        for block in blocks(size):
            covering = [at for at, cells in enumerate(may) if cells & block]
            if not covering:
                return None
            if len(covering) == 1:
                at = covering[0]
                choices[at] = [shape for shape in choices[at] if shape & block]
        wall = everywhere & ~_union(may)
        open_wall = everywhere & ~_union(sure)
        if wall and component(wall & -wall, open_wall, near) & wall != wall:
            return None
        if [len(shapes) for shapes in choices] == before:
            return choices


def _union(parts: Iterable[int]) -> int:
    found = 0
    for part in parts:
        found |= part
    return found
