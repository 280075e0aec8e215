"""Boards of cells: how they are written, read back strictly, and judged.

A cell is known by its number, row by row from the top left; a set of cells is an integer whose
bits are the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache

from ostinato.grading.types import Grade, malformed, right

EMPTY = "."


def render(cells: Sequence[object], width: int) -> str:
    """The board as text: a line per row, spaces between the cells, columns aligned."""
    texts = [str(cell) for cell in cells]
    widest = max(map(len, texts))
    rows = range(0, len(texts), width)
    return "\n".join(" ".join(t.rjust(widest) for t in texts[at : at + width]) for at in rows)


def parse(
    answer: str, height: int, width: int, symbols: Collection[str] | Callable[[str], bool]
) -> list[str] | None:
    """The cells of a board of this size, each of them an allowed symbol; None if the text is
    anything else.
    """
    lines = [line.split() for line in answer.split("\n")]
    if len(lines) != height or any(len(line) != width for line in lines):
        return None
    cells = [cell for line in lines for cell in line]
    allowed = symbols if callable(symbols) else symbols.__contains__
    return cells if all(map(allowed, cells)) else None


def bad_board(height: int, width: int, symbols: str) -> Grade:
    """The grade of a text that is no such board."""
    return malformed(f"expected {height} lines of {width} cells, each of them {symbols}")


def marked(answer: str, height: int, width: int, mark: str) -> int | None:
    """The cells that carry the mark on a board where all others are empty."""
    cells = parse(answer, height, width, (mark, EMPTY))
    return None if cells is None else mask(i for i, cell in enumerate(cells) if cell == mark)


def with_marks(cells: int, height: int, width: int, mark: str) -> str:
    """The board on which these cells carry the mark and all others are empty."""
    return render([mark if cells >> i & 1 else EMPTY for i in range(height * width)], width)


def marks_form(height: int, width: int, mark: str, meaning: str) -> str:
    """What a prompt says of an answer that is a board of marks."""
    return (
        f"Answer with the whole board: {height} lines with {width} characters each, a space "
        f"between the characters of a line, {mark} for {meaning} and {EMPTY} for every other "
        "cell. An example of the form, for a board of 2 rows and 3 columns:\n\n"
        f"{mark} {EMPTY} {EMPTY}\n{EMPTY} {EMPTY} {mark}"
    )


def kept(cells: Sequence[str], board: Sequence[str], blank: str) -> bool:
    """Whether an answer leaves what the board shows as it is."""
    return all(old in (blank, new) for new, old in zip(cells, board, strict=True))


def judged(held: int, demands: int, faults: int, reason: str) -> Grade:
    """The share of the demands that an answer meets, less one for each fault; 1 only where all
    is met without a fault.

    A demand is something that an empty board does not meet; what an answer must merely not do
    is a fault.
    """
    assert demands > 0, "something is asked for"
    if held == demands and not faults:
        return right()
    return Grade(max(0, min(held - faults, demands - 1)) / demands, reason)


def mask(cells: Iterable[int]) -> int:
    """The set of these cells."""
    found = 0
    for cell in cells:
        found |= 1 << cell
    return found


def members(cells: int) -> Iterator[int]:
    """The cells of a set, in order."""
    while cells:
        low = cells & -cells
        yield low.bit_length() - 1
        cells ^= low


@cache
def beside(height: int, width: int) -> tuple[int, ...]:
    """For each cell the up to four cells that share a side with it."""
    return _near(height, width, ((-1, 0), (0, -1), (0, 1), (1, 0)))


@cache
def around(height: int, width: int) -> tuple[int, ...]:
    """For each cell the up to eight cells that share a side or a corner with it."""
    steps = [(down, along) for down in (-1, 0, 1) for along in (-1, 0, 1)]
    return _near(height, width, [step for step in steps if step != (0, 0)])


def rows_and_columns(height: int, width: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Each row and each column as a set of cells."""
    rows = [range(row * width, (row + 1) * width) for row in range(height)]
    columns = [range(column, height * width, width) for column in range(width)]
    return tuple(map(mask, rows)), tuple(map(mask, columns))


def component(start: int, allowed: int, near: Sequence[int]) -> int:
    """All allowed cells that are joined to those of ``start``, which are allowed themselves."""
    found = frontier = start
    while frontier:
        reached = 0
        for cell in members(frontier):
            reached |= near[cell]
        frontier = reached & allowed & ~found
        found |= frontier
    return found


def components(cells: int, near: Sequence[int]) -> list[int]:
    """The joined pieces of a set of cells."""
    found: list[int] = []
    while cells:
        piece = component(cells & -cells, cells, near)
        found.append(piece)
        cells &= ~piece
    return found


def _near(height: int, width: int, steps: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    def cells(row: int, column: int) -> Iterator[int]:
        for down, along in steps:
            if 0 <= row + down < height and 0 <= column + along < width:
                yield (row + down) * width + column + along

    return tuple(mask(cells(*divmod(i, width))) for i in range(height * width))
