"""Skyscrapers and calcudoku: squares of numbers, solved by elimination."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import permutations, product
from random import Random

from ostinato.rl.envs.logic.latin import lines
from ostinato.rl.envs.logic.skyscrapers import visible
from ostinato.rl.traces.logic.elimination import ANY, Elimination, Rule
from ostinato.rl.traces.logic.solution import Solution, paragraph

_UNKNOWN = "-"


def skyscrapers(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. Rows or columns come first by lot."""
    seen = [
        line.partition(": ")[2].split() for line in paragraph(prompt, "(- where it is not known):")
    ]
    board = " ".join(paragraph(prompt, f"({ANY} where not known):")).split()
    size = math.isqrt(len(board))
    rules: list[Rule] = []
    for at, cells in enumerate(lines(size)):
        side, place = 2 * (at // size), at % size
        clues = seen[side][place], seen[side + 1][place]
        name = f"{'rc'[at // size]}{place + 1}"
        fitting = None if clues == (_UNKNOWN, _UNKNOWN) else _views(size, *clues)
        rules.append(Rule(name, " ".join(clues), cells, fitting))
    passes = [rules[:size], rules[size:]]
    rng.shuffle(passes)
    return _solved(size, passes, board, rng)


def calcudoku(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. Cages come first, then rows or columns by lot."""
    board = " ".join(paragraph(prompt, "are one cage:")).split()
    size = math.isqrt(len(board))
    cages: list[Rule] = []
    known = [ANY] * len(board)
    for line in paragraph(prompt, "of each cage this holds:"):
        name, _, told = line.partition(": ")
        sign = next(sign for sign, words in _SIGNS.items() if words in told)
        result = re.findall(r"\d+", told)[-1]
        cells = tuple(cell for cell, other in enumerate(board) if other == name)
        if sign == "=":
            known[cells[0]] = result
            continue
        places = " ".join(f"r{cell // size + 1}c{cell % size + 1}" for cell in cells)
        fitting = _fillings(size, cells, sign, int(result))
        cages.append(Rule(name, f"{places} {sign}{result}", cells, fitting))
    named = [(f"{'rc'[at // size]}{at % size + 1}", cells) for at, cells in enumerate(lines(size))]
    rules = [Rule(name, "", cells) for name, cells in named]
    latin = [rules[:size], rules[size:]]
    rng.shuffle(latin)
    return _solved(size, [cages, *latin], known, rng)


def _solved(
    size: int, passes: Sequence[Sequence[Rule]], board: Sequence[str], rng: Random
) -> Solution:
    digits = "".join(str(digit) for digit in range(1, size + 1))
    work = Elimination(size, passes, [digits if c == ANY else c for c in board], rng)
    found = work.solve()
    rows = [" ".join(found[at : at + size]) for at in range(0, size * size, size)]
    return Solution([*work.lines, "answer"], "\n".join(rows), work.check())


@cache
def _views(size: int, front: str, back: str) -> tuple[str, ...]:
    """The rows that show so many buildings to the front and to the back."""
    return tuple(
        "".join(map(str, row))
        for row in permutations(range(1, size + 1))
        if front in (_UNKNOWN, str(visible(row))) and back in (_UNKNOWN, str(visible(row[::-1])))
    )


_SIGNS = {
    "+": "add up to",
    "*": "multiply to",
    "-": "less the smaller",
    "/": "divided by the smaller",
    "=": "the number is",
}
_RESULTS: dict[str, Callable[[Sequence[int]], float]] = {
    "+": sum,
    "*": math.prod,
    "-": lambda values: max(values) - min(values),
    "/": lambda values: max(values) / min(values),
}


def _fillings(size: int, cells: Sequence[int], sign: str, result: int) -> tuple[str, ...]:
    """The numbers of a cage that give its result and repeat none in a row or column."""
    joined = [
        (a, b)
        for b in range(len(cells))
        for a in range(b)
        if cells[a] // size == cells[b] // size or cells[a] % size == cells[b] % size
    ]
    return tuple(
        "".join(map(str, row))
        for row in product(range(1, size + 1), repeat=len(cells))
        if _RESULTS[sign](row) == result and all(row[a] != row[b] for a, b in joined)
    )
