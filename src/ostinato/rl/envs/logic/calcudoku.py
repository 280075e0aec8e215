"""Fill a latin square from the results of its cages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random
from string import ascii_uppercase

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import (
    bad_board,
    beside,
    components,
    judged,
    mask,
    members,
    parse,
    render,
)
from ostinato.rl.envs.logic.latin import (
    BLANK,
    digits,
    digits_form,
    guessed,
    is_line,
    latin,
    latin_tables,
    lines,
)
from ostinato.rl.envs.logic.tables import relation
from ostinato.rl.envs.question import Question

_NODES = 300
_LEVELS = (
    (3, 2, "+-"),
    (4, 2, "+-*/"),
    (4, 3, "+-*/"),
    (5, 3, "+-*/"),
    (6, 4, "+-*/"),
    (7, 4, "+-*/"),
)
"""Rows (and columns), cells of the largest cage, operators."""
_WORDS = {
    "+": "the numbers add up to {}",
    "*": "the numbers multiply to {}",
    "-": "the larger number less the smaller is {}",
    "/": "the larger number divided by the smaller is {}",
    "=": "the number is {}",
}


@dataclass(frozen=True)
class Calcudoku:
    """The cages leave one square."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, largest, operators = _LEVELS[level - 1]
        square = latin(size, rng)
        cages = [
            (cells, *_result([square[cell] for cell in cells], operators, rng))
            for cells in _cut(size, largest, rng)
        ]
        cages = sorted(_decided(cages, square, operators, rng))
        names = _names(len(cages))
        board = [
            next(name for name, (cells, _, _) in zip(names, cages, strict=True) if cell in cells)
            for cell in range(size**2)
        ]
        told = "\n".join(
            f"{name}: {_WORDS[operator].format(result)}"
            for name, (_, operator, result) in zip(names, cages, strict=True)
        )
        prompt = (
            f"Fill a square of {size} rows and {size} columns with the numbers from 1 to {size}, "
            "so that no number stands twice in a row or twice in a column. The square is cut into "
            f"cages. Cells with the same name are one cage:\n\n{render(board, size)}\n\nFor the "
            f"numbers of each cage this holds:\n\n{told}\n\nA number may stand twice in a cage if "
            "neither its row nor its column repeats it. There is exactly one solution. "
            + digits_form(size)
        )
        data = {"size": size, "cages": [[list(c), op, result] for c, op, result in cages]}
        return Question(prompt, render(square, size), data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        cells = parse(answer, size, size, digits(size))
        if cells is None:
            return bad_board(size, size, f"a number from 1 to {size}")
        values = [int(cell) for cell in cells]
        cages: list[tuple[list[int], str, int]] = question.data["cages"]
        held = sum(
            result in _results([values[cell] for cell in cage], operator)
            for cage, operator, result in cages
        )
        repeats = sum(not is_line([values[cell] for cell in line]) for line in lines(size))
        reason = f"{held} of {len(cages)} cages hold, {repeats} rows or columns repeat a number"
        return judged(held, len(cages), repeats, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        board = [BLANK] * size**2
        for cage, operator, result in question.data["cages"]:
            if operator == "=":
                board[cage[0]] = str(result)
        return render(guessed(size, board, rng), size)


_Cage = tuple[tuple[int, ...], str, int]


def _results(values: Sequence[int], operator: str) -> tuple[int, ...]:
    """What the operator makes of the numbers, in any order; nothing where it does not apply."""
    match operator:
        case "+":
            return (sum(values),)
        case "*":
            return (math.prod(values),)
        case "-" if len(values) == 2:
            return (max(values) - min(values),)
        case "/" if len(values) == 2 and max(values) % min(values) == 0:
            return (max(values) // min(values),)
        case "=" if len(values) == 1:
            return (values[0],)
        case _:
            return ()


def _result(values: Sequence[int], operators: str, rng: Random) -> tuple[str, int]:
    """An operator for a cage, and its result."""
    if len(values) == 1:
        return "=", values[0]
    fitting = [one for one in operators if _results(values, one)]
    operator = rng.choice(fitting)
    return operator, _results(values, operator)[0]


def _cut(size: int, largest: int, rng: Random) -> list[tuple[int, ...]]:
    """The square cut into joined cages of at most so many cells, most of them of two or more."""
    near = beside(size, size)
    left = (1 << size * size) - 1
    cages: list[tuple[int, ...]] = []
    while left:
        lonely = min(
            members(left), key=lambda cell: ((near[cell] & left).bit_count(), rng.random())
        )
        cage = 1 << lonely
        wanted = rng.randint(2, largest)
        while cage.bit_count() < wanted:
            edge = 0
            for cell in members(cage):
                edge |= near[cell] & left & ~cage
            if not edge:
                break
            cage |= 1 << rng.choice(list(members(edge)))
        left &= ~cage
        cages.append(tuple(members(cage)))
    return cages


def _decided(cages: list[_Cage], square: Sequence[int], operators: str, rng: Random) -> list[_Cage]:
    """The cages, cut further until they leave one square."""
    size = math.isqrt(len(square))
    while (wrong := _other(cages, square, size)) is not None:
        cell = rng.choice([i for i in range(size**2) if wrong[i] != square[i] - 1])
        cage = next(cage for cage in cages if cell in cage[0])
        rest = mask(cage[0]) & ~(1 << cell)
        pieces = [(cell,), *(tuple(members(one)) for one in components(rest, beside(size, size)))]
        cages = [one for one in cages if one != cage]
        cages += [(piece, *_result([square[i] for i in piece], operators, rng)) for piece in pieces]
    return cages


def _other(cages: Sequence[_Cage], square: Sequence[int], size: int) -> list[int] | None:
    """Another square that fits, or might: a search without end is taken for a find."""
    tables = latin_tables(size)
    for cells, operator, result in cages:
        rows = product(range(1, size + 1), repeat=len(cells))
        fitting = [[v - 1 for v in row] for row in rows if result in _results(row, operator)]
        tables.add(cells, relation(fitting, size))
    truth = [value - 1 for value in square]
    try:
        return tables.other(truth, _NODES)
    except OutOfNodesError:
        large = max(cages, key=lambda cage: len(cage[0]))[0]
        return [value + (cell in large) for cell, value in enumerate(truth)]


def _names(count: int) -> list[str]:
    """A letter for each, and where there are too many, a letter twice."""
    return [letter * times for times in (1, 2) for letter in ascii_uppercase][:count]
