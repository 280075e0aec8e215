"""Number all cells so that consecutive numbers are neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import bad_board, beside, judged, kept, members, parse, render
from ostinato.rl.envs.question import Question

BLANK = "."
_NODES = 60
_LEVELS = ((3, 4), (4, 5), (5, 6), (6, 8), (7, 9), (9, 12))
"""Rows (and columns), numbers that are shown from the start; more are shown as needed."""


@dataclass(frozen=True)
class Numbrix:
    """The numbers shown leave one way."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, count = _LEVELS[level - 1]
        total = size * size
        way = _way(size, rng)
        numbers = [way.index(cell) for cell in range(total)]
        shown = set(rng.sample(range(total), count))
        while (wrong := _other(way, {numbers[cell]: cell for cell in shown}, size)) is not None:
            places = [cell for cell, other in zip(way, wrong, strict=True) if cell != other]
            shown.add(rng.choice([cell for cell in places if cell not in shown]))
        for cell in rng.sample(sorted(shown), min(level, len(shown))):
            fewer = {numbers[one]: one for one in shown if one != cell}
            if _other(way, fewer, size) is None:
                shown.remove(cell)
        board = [str(numbers[cell] + 1) if cell in shown else BLANK for cell in range(total)]
        prompt = (
            f"Fill a board of {size} rows and {size} columns with the numbers from 1 to {total}, "
            "each of them once, so that every two consecutive numbers (1 and 2, 2 and 3, and so "
            "on) stand in cells that share a side. Some numbers stand already, the others are "
            f"shown as {BLANK}:\n\n{render(board, size)}\n\nThere is exactly one solution. Answer "
            f"with the whole board: {size} lines with {size} numbers each, spaces between the "
            "numbers of a line. An example of the form, for a board of 2 rows and 3 columns:\n\n"
            "1 2 3\n6 5 4"
        )
        answer = render([number + 1 for number in numbers], size)
        return Question(prompt, answer, {"size": size, "board": board})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        total = size * size
        cells = parse(answer, size, size, [str(number + 1) for number in range(total)])
        if cells is None:
            return bad_board(size, size, f"a number from 1 to {total}")
        if not kept(cells, question.data["board"], BLANK):
            return malformed("expected the numbers that stand already left as they are")
        at = {int(number): cell for cell, number in enumerate(cells)}
        near = beside(size, size)
        pairs = [(at.get(number), at.get(number + 1)) for number in range(1, total)]
        held = sum(a is not None and b is not None and near[a] >> b & 1 for a, b in pairs)
        missing = total - len(at)
        reason = f"{held} of {total - 1} consecutive pairs are neighbours, {missing} are missing"
        return judged(held, total - 1, missing, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        board: list[str] = question.data["board"]
        left = [str(i + 1) for i in range(size * size) if str(i + 1) not in board]
        rng.shuffle(left)
        return render([left.pop() if cell == BLANK else cell for cell in board], size)


def _way(size: int, rng: Random) -> list[int]:
    """A random way through all cells: one back and forth along the rows, its ends bitten off and
    joined elsewhere many times.
    """
    near = beside(size, size)
    way: list[int] = []
    for row in range(size):
        cells = range(row * size, (row + 1) * size)
        way += cells if row % 2 == 0 else reversed(cells)
    for _ in range(8 * size**2):
        if rng.random() < 0.5:
            way.reverse()
        joined = way.index(rng.choice([cell for cell in members(near[way[0]]) if cell != way[1]]))
        way[:joined] = reversed(way[:joined])
    return way


def _other(way: list[int], shown: dict[int, int], size: int) -> list[int] | None:
    """Another way, or one that might be: a search without end is taken for a find."""
    everywhere = (1 << size * size) - 1
    free = everywhere
    for cell in shown.values():
        free &= ~(1 << cell)
    places = [1 << shown[n] if n in shown else free for n in range(size * size)]
    try:
        return next((one for one in _ways(places, size, _NODES) if one != way), None)
    except OutOfNodesError:
        return [-1 if n not in shown else cell for n, cell in enumerate(way)]


def _ways(places: list[int], size: int, nodes: int) -> Iterator[list[int]]:
    """All ways whose cells are among these, number by number; raises ``OutOfNodesError`` after so
    many steps of search.
    """
    stack = [places]
    while stack:
        if nodes == 0:
            raise OutOfNodesError
        nodes -= 1
        places = stack.pop()
        if not _settled(places, size):
            continue
        open_ones = [n for n, place in enumerate(places) if place & (place - 1)]
        if not open_ones:
            yield [place.bit_length() - 1 for place in places]
            continue
        number = min(open_ones, key=lambda n: places[n].bit_count())
        cell = places[number] & -places[number]
        for place in (places[number] & ~cell, cell):
            branch = list(places)
            branch[number] = place
            stack.append(branch)


def _settled(places: list[int], size: int) -> bool:
    """Narrow the places of the numbers down to what fits; False if nothing does."""
    left_edge = sum(1 << row * size for row in range(size))
    right_edge = left_edge << size - 1
    everywhere = (1 << size * size) - 1

    def spread(cells: int) -> int:
        """The cells beside a set of cells."""
        across = (cells & ~left_edge) >> 1 | (cells & ~right_edge) << 1
        return (across | cells >> size | cells << size) & everywhere

    while True:
        before = list(places)
        for order in (range(1, len(places)), range(len(places) - 2, -1, -1)):
            step = order.step
            for n in order:
                places[n] &= spread(places[n - step])
        if not _distinct(places, everywhere):
            return False
        if places == before:
            return True


def _distinct(places: list[int], everywhere: int) -> bool:
    """Apply that a cell has one number, and each cell has one; False where that cannot be."""
    once = twice = fixed = 0
    for place in places:
        if not place:
            return False
        twice |= once & place
        once |= place
        if not place & (place - 1):
            if fixed & place:
                return False
            fixed |= place
    if once != everywhere:
        return False
    single = once & ~twice
    for n, place in enumerate(places):
        if place & (place - 1):
            only = place & single
            if only & (only - 1):
                return False
            places[n] = only or place & ~fixed
    return True
