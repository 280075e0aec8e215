"""Fill a board with arrows that lead away from its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from random import Random

from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.logic.counts import OutOfNodesError
from ostinato.rl.envs.logic.grid import bad_board, judged, kept, parse, render
from ostinato.rl.envs.logic.tables import Relation, Tables, relation
from ostinato.rl.envs.question import Question

BLANK = "."
STEPS = {
    "↑": (-1, 0),
    "→": (0, 1),
    "↓": (1, 0),
    "←": (0, -1),
    "↗": (-1, 1),
    "↘": (1, 1),
    "↙": (1, -1),
    "↖": (-1, -1),
}
"""Rows down and columns to the right."""
_MOST = 9
_VALUES = _MOST + 1  # of arrows (and numbers among them), lengths and sums
_NODES = 500
_LEVELS = ((3, 4), (4, 4), (5, 4), (5, 8), (7, 8), (9, 8))
"""Rows (and columns), directions."""


@dataclass(frozen=True)
class _Ray:
    """The cells in one direction from a number, up to the next number or the edge."""

    number: int
    """The cell of the number."""
    arrow: str
    cells: tuple[int, ...]


@dataclass(frozen=True)
class ArrowMaze:
    """Numbers, and some arrows where they are needed, leave one filling."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, directions = _LEVELS[level - 1]
        arrows = list(STEPS)[:directions]
        solution = None
        while solution is None:
            solution = _filled(size, arrows, rng)
        board = [BLANK if cell in STEPS else cell for cell in solution]
        while (wrong := _other(board, size, arrows, solution)) is not None:
            cell = rng.choice([i for i, arrow in enumerate(wrong) if arrow != solution[i]])
            board[cell] = solution[cell]
        beside = "a side" if directions == 4 else "a side or a corner"
        prompt = (
            f"A board of {size} rows and {size} columns shows numbers, perhaps some arrows, and "
            f"empty cells ({BLANK}):\n\n{render(board, size)}\n\nPut an arrow into every empty "
            f"cell; an arrow is one of {' '.join(arrows)}. Arrows form rays. A ray starts in a "
            f"cell that shares {beside} with a number and runs straight away from the number, "
            "cell after cell without a gap; all its arrows point in the direction in which it "
            f"runs. A number may have a ray in each of the {directions} directions, and it says "
            "how many arrows all its rays have together, those on the board already included. "
            "Every arrow belongs to the ray of a number: whoever goes from it straight backwards "
            "passes arrows of the same direction only, until the number is reached. There is "
            "exactly one solution. Answer with the whole board, numbers and known arrows "
            f"included: {size} lines with {size} cells each, a space between the cells of a line. "
            "An example of the form, for a board of 2 rows and 3 columns:\n\n3 → →\n↓ 1 →"
        )
        answer = render(solution, size)
        return Question(prompt, answer, {"size": size, "board": board, "arrows": arrows})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        board: list[str] = question.data["board"]
        arrows: list[str] = question.data["arrows"]
        cells = parse(answer, size, size, {*board, *arrows} - {BLANK})
        if cells is None:
            return bad_board(size, size, "a number or an arrow")
        if not kept(cells, board, BLANK) or any(
            old == BLANK and new not in arrows for new, old in zip(cells, board, strict=True)
        ):
            return malformed("expected the board with an arrow in each empty cell")
        totals = {i: 0 for i, cell in enumerate(cells) if cell not in STEPS}
        astray = sum(cell in STEPS for cell in cells)
        for ray in _rays(cells, size, arrows):
            length = next(
                (n for n, cell in enumerate(ray.cells) if cells[cell] != ray.arrow), len(ray.cells)
            )
            totals[ray.number] += length
            astray -= length
        held = sum(total == int(cells[i]) for i, total in totals.items())
        reason = f"{held} of {len(totals)} numbers hold, {astray} arrows belong to none"
        return judged(held, len(totals), astray, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        arrows: list[str] = question.data["arrows"]
        board: list[str] = question.data["board"]
        filled = [rng.choice(arrows) if cell == BLANK else cell for cell in board]
        return render(filled, question.data["size"])


def _line(cell: int, size: int, arrow: str) -> Iterator[int]:
    """The cells from this one on, without it, up to the edge."""
    row, column = divmod(cell, size)
    down, along = STEPS[arrow]
    while 0 <= (row := row + down) < size and 0 <= (column := column + along) < size:
        yield row * size + column


def _rays(board: Sequence[str], size: int, arrows: Sequence[str]) -> list[_Ray]:
    """Where the numbers of a board can have arrows."""
    found: list[_Ray] = []
    for number in (i for i, cell in enumerate(board) if cell.isdigit()):
        for arrow in arrows:
            cells: list[int] = []
            for cell in _line(number, size, arrow):
                if board[cell].isdigit():
                    break
                cells.append(cell)
            found.append(_Ray(number, arrow, tuple(cells)))
    return found


def _filled(size: int, arrows: Sequence[str], rng: Random) -> list[str] | None:
    """A board full of numbers and their rays; None where the draw came to nothing."""
    board = [BLANK] * size**2
    totals = dict[int, int]()
    for number in rng.sample(range(size**2), size**2):
        if board[number] != BLANK:
            continue
        totals[number] = 0
        board[number] = "0"
        for arrow in rng.sample(list(arrows), len(arrows)):
            longest = rng.choice((0, 1, 2, size))
            for cell in _line(number, size, arrow):
                if board[cell] != BLANK or longest == 0 or totals[number] == _MOST:
                    break
                board[cell] = arrow
                totals[number] += 1
                longest -= 1
    for number, total in totals.items():
        board[number] = str(total)
    return board if min(totals.values()) > 0 else None


def _other(
    board: Sequence[str], size: int, arrows: Sequence[str], truth: Sequence[str]
) -> list[str] | None:
    """Another filling, or one that might be: a search without end is taken for a find."""
    rays = [ray for ray in _rays(board, size, arrows) if ray.cells]
    value = {arrow: at for at, arrow in enumerate(arrows)}
    number = len(arrows)  # the value of a cell with a number
    domains = [1 << number if cell.isdigit() else 0 for cell in board]
    for ray in rays:
        for cell in ray.cells:
            if board[cell] in (BLANK, ray.arrow):
                domains[cell] |= 1 << value[ray.arrow]
    tables = Tables(domains)
    _add_rays(tables, rays, board, value)
    known = [value.get(cell, number) for cell in truth]
    try:
        found = tables.other(known, _NODES)
    except OutOfNodesError:
        return [BLANK if cell == BLANK else truth[i] for i, cell in enumerate(board)]
    return None if found is None else [[*arrows, truth[i]][found[i]] for i in range(size**2)]


def _add_rays(
    tables: Tables, rays: Sequence[_Ray], board: Sequence[str], value: Mapping[str, int]
) -> None:
    """Each ray has a length, which decides its cells; the lengths add up to their number."""
    sums = dict[int, int]()  # for each number the cell that holds the sum of its lengths so far

    def new(domain: int) -> int:
        tables.domains.append(domain)
        return len(tables.domains) - 1

    for ray in rays:
        length = new((1 << min(len(ray.cells), _MOST) + 1) - 1)
        for distance, cell in enumerate(ray.cells):
            tables.add((cell, length), _reached(value[ray.arrow], distance))
        if ray.number in sums:
            total = new((1 << _VALUES) - 1)
            tables.add((sums[ray.number], length, total), _added())
            sums[ray.number] = total
        else:
            sums[ray.number] = length
    for number, total in sums.items():
        tables.domains[total] &= 1 << int(board[number])


@cache
def _reached(arrow: int, distance: int) -> Relation:
    """A cell has the arrow of a ray if, and only if, the ray is long enough."""
    rows = product(range(_VALUES), repeat=2)
    return relation([(a, n) for a, n in rows if (a == arrow) == (n > distance)], _VALUES)


@cache
def _added() -> Relation:
    """Two numbers and their sum."""
    rows = product(range(_VALUES), repeat=2)
    return relation([(a, b, a + b) for a, b in rows if a + b < _VALUES], _VALUES)
