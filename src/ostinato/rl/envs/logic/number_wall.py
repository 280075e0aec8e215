"""Build a wall around islands whose sizes are given (nurikabe)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import (
    bad_board,
    beside,
    components,
    judged,
    marked,
    marks_form,
    mask,
    members,
    render,
    with_marks,
)
from ostinato.rl.envs.logic.islands import blocks, drawn, fits, solutions
from ostinato.rl.envs.question import Question

WALL, BLANK = "#", "."
_NODES = 150
_TRIES = 30
_LEVELS = ((4, 3, 0.5), (5, 3, 0.5), (5, 5, 0.9), (6, 5, 0.9), (7, 5, 0.9), (8, 6, 0.8))
"""Rows (and columns), cells of the largest island, how often islands are enlarged in the making."""


@dataclass(frozen=True)
class NumberWall:
    """The numbers leave one wall."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, largest, growing = _LEVELS[level - 1]
        found = None
        while found is None:
            islands = drawn(size, largest, growing, rng)
            found = None if islands is None else _numbered(islands, size, rng)
        islands, numbers = found
        board = [str(numbers.get(cell, BLANK)) for cell in range(size * size)]
        prompt = (
            f"A board of {size} rows and {size} columns shows some numbers:\n\n"
            f"{render(board, size)}\n\nBuild a wall on some of the cells without a number. The "
            "other cells form islands: cells without wall that share a side belong to one island. "
            "Every island holds exactly one number, which says how many cells it has, the "
            "number's own among them. The wall is one piece: from each of its cells one can get "
            "to each other by steps over sides, on wall only. Nowhere is a square of 2 rows and 2 "
            "columns all wall. There is exactly one solution. "
            + marks_form(size, size, WALL, "a cell of the wall")
            + f"\n\nNumbers are written as {BLANK} in the answer."
        )
        answer = with_marks(((1 << size * size) - 1) & ~islands, size, size, WALL)
        return Question(prompt, answer, {"size": size, "board": board})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        board: list[str] = question.data["board"]
        wall = marked(answer, size, size, WALL)
        if wall is None:
            return bad_board(size, size, f"{WALL} or .")
        near = beside(size, size)
        land = ((1 << size * size) - 1) & ~wall
        numbers = {cell: int(shown) for cell, shown in enumerate(board) if shown != BLANK}
        numbered = mask(numbers)
        islands = components(land, near)
        held = sum(
            (island & numbered).bit_count() == 1
            and numbers[(island & numbered).bit_length() - 1] == island.bit_count()
            for island in islands
        )
        faults = sum(not island & numbered for island in islands)
        faults += (wall & numbered).bit_count()
        faults += sum(block & wall == block for block in blocks(size))
        faults += max(0, len(components(wall, near)) - 1)
        return judged(held, len(numbers), faults, f"{held} islands hold, {faults} faults")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        board: list[str] = question.data["board"]
        near = beside(size, size)
        land = 0
        for cell, shown in enumerate(board):
            island = 0 if shown == BLANK else 1 << cell
            while island and island.bit_count() < int(shown):
                edge = [i for i in range(size * size) if near[i] & island and not island >> i & 1]
                island |= 1 << rng.choice(edge)
            land |= island
        return with_marks(((1 << size * size) - 1) & ~land, size, size, WALL)


def _numbered(islands: list[int], size: int, rng: Random) -> tuple[int, dict[int, int]] | None:
    """All cells of the islands, and numbers in some of them that leave no other choice; None
    where none were found.
    """
    near = beside(size, size)
    land = sum(islands)
    cells = [rng.choice(list(members(island))) for island in islands]
    known: list[int] = []
    for _ in range(_TRIES):
        numbers = {cell: island.bit_count() for cell, island in zip(cells, islands, strict=True)}
        try:
            found = list(islice(solutions(numbers, size, _NODES), 2))
        except OutOfNodesError:
            return None
        wrong = [one for one in found if one != land]
        if not wrong:
            return land, numbers
        known += wrong
        best: list[list[int]] = []
        least = len(known)
        for at, island in enumerate(islands):
            for cell in members(island):
                moved = [*cells[:at], cell, *cells[at + 1 :]]
                sizes = {c: i.bit_count() for c, i in zip(moved, islands, strict=True)}
                left = sum(fits(one, sizes, near) for one in known)
                best = [*best, moved] if left == least else [moved] if left < least else best
                least = min(left, least)
        if not best:
            return None
        cells = rng.choice(best)
    return None
