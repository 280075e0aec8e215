"""Latin squares: each number once in every row and every column."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import permutations
from random import Random

from ostinato.rl.envs.logic.tables import Relation, Tables, relation

BLANK = "."


def latin(size: int, rng: Random) -> list[int]:
    """A random square, row by row, of the numbers 1 to ``size``."""
    columns = [set[int]() for _ in range(size)]
    square: list[int] = []
    while len(square) < size**2:
        row = _row(columns, rng)
        if row is None:
            columns, square = [set[int]() for _ in range(size)], []
            continue
        square += row
        for used, value in zip(columns, row, strict=True):
            used.add(value)
    return square


def _row(columns: Sequence[set[int]], rng: Random) -> list[int] | None:
    """A row for columns that have used some numbers; None where the draw came to nothing."""
    size = len(columns)
    row = [0] * size
    left = set(range(1, size + 1))
    for at in sorted(range(size), key=lambda at: (-len(columns[at]), rng.random())):
        choices = sorted(left - columns[at])
        if not choices:
            return None
        row[at] = rng.choice(choices)
        left.remove(row[at])
    return row


def lines(size: int) -> list[tuple[int, ...]]:
    """The cells of each row, from left to right, then of each column, from the top down."""
    rows = [tuple(range(row * size, (row + 1) * size)) for row in range(size)]
    columns = [tuple(range(column, size * size, size)) for column in range(size)]
    return rows + columns


def is_line(values: Sequence[int]) -> bool:
    """Whether each number stands there once."""
    return sorted(values) == list(range(1, len(values) + 1))


@cache
def line_relation(size: int) -> Relation:
    """Each number once; here and in every table, the value 0 is the number 1."""
    return relation(permutations(range(size)), size)


def latin_tables(size: int) -> Tables:
    """Any latin square."""
    tables = Tables([(1 << size) - 1] * size**2)
    for line in lines(size):
        tables.add(line, line_relation(size))
    return tables


def digits_form(size: int) -> str:
    """What a prompt says of an answer that is a square of numbers."""
    return (
        f"Answer with the whole square: {size} lines with {size} numbers each, a space between "
        "the numbers of a line. An example of the form, for a square of 2 rows and columns:\n\n"
        "2 1\n1 2"
    )


def digits(size: int) -> list[str]:
    """The numbers as they are written."""
    return [str(value) for value in range(1, size + 1)]


def guessed(size: int, board: Sequence[str], rng: Random) -> list[str]:
    """The blanks of a board filled with numbers that their row does not show."""
    filled: list[str] = []
    for at in range(0, size * size, size):
        row = list(board[at : at + size])
        left = [value for value in digits(size) if value not in row]
        rng.shuffle(left)
        filled += [left.pop() if cell == BLANK else cell for cell in row]
    return filled
