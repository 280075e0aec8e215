"""Fill a square with building heights, from how many can be seen from each side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from random import Random

from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import bad_board, judged, kept, parse, render
from ostinato.rl.envs.logic.latin import (
    BLANK,
    digits,
    digits_form,
    guessed,
    is_line,
    latin,
    lines,
)
from ostinato.rl.envs.logic.tables import Relation, Tables, relation
from ostinato.rl.envs.question import Question

NO_CLUE = 0
_NODES = 500


@dataclass(frozen=True)
class _Level:
    size: int
    leaving_out: int
    """How many clues are tried to be left out."""


_LEVELS = (_Level(3, 2), _Level(4, 0), _Level(4, 8), _Level(5, 10), _Level(6, 12), _Level(6, 22))


@dataclass(frozen=True)
class Skyscrapers:
    """Clues, and some heights where they are needed, leave one square."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size = _LEVELS[level - 1].size
        square, clues, board = _drawn(_LEVELS[level - 1], rng)
        sides = [
            ("row, from left to right", 0),
            ("row, from right to left", 1),
            ("column, from the top down", 2),
            ("column, from the bottom up", 3),
        ]
        seen = "\n".join(
            f"Seen along each {side}: {' '.join(str(clue or '-') for clue in clues[at])}"
            for side, at in sides
        )
        prompt = (
            f"In a city of {size} rows and {size} columns a building stands on every cell, 1 to "
            f"{size} floors high. No two buildings of one row are equally high, and no two of one "
            "column. Who looks along a row or column from outside sees those buildings that are "
            "higher than all buildings before them; 2 1 4 3, seen from the left, shows 2 "
            "buildings.\n\nThe numbers of buildings seen are, row by row from the top, or column "
            f"by column from the left (- where it is not known):\n\n{seen}\n\nThe heights known "
            f"so far are ({BLANK} where not known):\n\n{render(board, size)}\n\nFind all heights. "
            "There is exactly one solution. " + digits_form(size)
        )
        data = {"size": size, "clues": clues, "board": board}
        return Question(prompt, render(square, size), data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        clues: list[list[int]] = question.data["clues"]
        cells = parse(answer, size, size, digits(size))
        if cells is None:
            return bad_board(size, size, f"a number from 1 to {size}")
        if not kept(cells, question.data["board"], BLANK):
            return malformed("expected the known heights left as they are")
        held = demands = faults = 0
        for at, line in enumerate(lines(size)):
            values = [int(cells[cell]) for cell in line]
            whole = is_line(values)
            faults += not whole
            side, place = 2 * (at // size), at % size
            pairs = ((values, clues[side][place]), (values[::-1], clues[side + 1][place]))
            for row, clue in pairs:
                demands += clue != NO_CLUE
                held += clue != NO_CLUE and whole and visible(row) == clue
        reason = f"{held} of {demands} clues hold, {faults} rows or columns repeat a number"
        return judged(held, demands, faults, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        return render(guessed(size, question.data["board"], rng), size)


def visible(heights: Sequence[int]) -> int:
    """How many buildings are seen from the front."""
    seen = highest = 0
    for height in heights:
        if height > highest:
            seen, highest = seen + 1, height
    return seen


@cache
def _line(size: int, front: int, back: int) -> Relation:
    """Rows that show so many buildings to the front and to the back."""
    return relation(
        (
            row
            for row in permutations(range(size))
            if front in (NO_CLUE, visible([height + 1 for height in row]))
            and back in (NO_CLUE, visible([height + 1 for height in row[::-1]]))
        ),
        size,
    )


def _drawn(level: _Level, rng: Random) -> tuple[list[int], list[list[int]], list[str]]:
    """A square, its clues and the heights to be shown."""
    size = level.size
    square = latin(size, rng)
    clues: list[list[int]] = [[], [], [], []]
    for at, line in enumerate(lines(size)):
        values = [square[cell] for cell in line]
        clues[2 * (at // size)].append(visible(values))
        clues[2 * (at // size) + 1].append(visible(values[::-1]))
    board = [BLANK] * size**2
    truth = [height - 1 for height in square]
    while (wrong := _other(size, clues, board, truth)) is not None:
        cell = rng.choice([i for i in range(size**2) if wrong[i] != truth[i]])
        board[cell] = str(square[cell])
    places = [(side, place) for side in range(4) for place in range(size)]
    for side, place in rng.sample(places, level.leaving_out):
        clue, clues[side][place] = clues[side][place], NO_CLUE
        if _other(size, clues, board, truth) is not None:
            clues[side][place] = clue
    return square, clues, board


def _other(
    size: int, clues: Sequence[Sequence[int]], board: Sequence[str], truth: list[int]
) -> list[int] | None:
    """Another square that fits, or might: a search without end is taken for a find."""
    tables = _tables(size, clues, board)
    try:
        return tables.other(truth, _NODES)
    except OutOfNodesError:
        return [(height + 1) % size for height in truth]


def _tables(size: int, clues: Sequence[Sequence[int]], board: Sequence[str]) -> Tables:
    everything = (1 << size) - 1
    domains = [everything if cell == BLANK else 1 << (int(cell) - 1) for cell in board]
    tables = Tables(domains)
    for at, line in enumerate(lines(size)):
        side, place = 2 * (at // size), at % size
        tables.add(line, _line(size, clues[side][place], clues[side + 1][place]))
    return tables
