"""Find all mines of a partly open board."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import Counts, OutOfNodesError, exactly
from ostinato.rl.envs.logic.grid import (
    around,
    bad_board,
    judged,
    marked,
    marks_form,
    mask,
    members,
    render,
    with_marks,
)
from ostinato.rl.envs.question import Question

CLOSED = "?"
MINE = "*"
_NODES = 2_000


@dataclass(frozen=True)
class _Level:
    size: int
    mines: int
    open: float
    """The share of safe cells that are open from the start; more are opened as needed."""
    closing: int
    """How many open cells are tried to be closed again in the end."""


_LEVELS = (
    _Level(4, 3, 0.6, 0),
    _Level(5, 5, 0.5, 4),
    _Level(6, 8, 0.4, 10),
    _Level(8, 15, 0.3, 25),
    _Level(10, 26, 0.25, 40),
    _Level(12, 40, 0.25, 50),
)


@dataclass(frozen=True)
class Minesweeper:
    """The numbers alone decide every closed cell: there is one answer."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size = _LEVELS[level - 1].size
        found = None
        while found is None:
            found = _drawn(_LEVELS[level - 1], rng)
        mines, opened = found
        near = around(size, size)
        board = [
            str((near[cell] & mines).bit_count()) if opened >> cell & 1 else CLOSED
            for cell in range(size * size)
        ]
        prompt = (
            f"A minefield of {size} rows and {size} columns is partly open. An open cell shows a "
            f"number and holds no mine: the number says how many of the up to eight cells around "
            f"it (sharing a side or a corner) hold a mine. A closed cell, shown as {CLOSED}, may "
            f"hold a mine or not:\n\n{render(board, size)}\n\nThe numbers leave exactly one "
            "possibility for the closed cells. Find all mines. "
            + marks_form(size, size, MINE, "a mine")
        )
        answer = with_marks(mines, size, size, MINE)
        return Question(prompt, answer, {"size": size, "board": board})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        board: list[str] = question.data["board"]
        mines = marked(answer, size, size, MINE)
        if mines is None:
            return bad_board(size, size, f"{MINE} or .")
        near = around(size, size)
        held = demands = faults = 0
        for cell, shown in enumerate(board):
            if shown == CLOSED:
                continue
            agrees = (near[cell] & mines).bit_count() == int(shown)
            demands += shown != "0"
            held += agrees and shown != "0"
            faults += (shown == "0" and not agrees) + (mines >> cell & 1)
        return judged(held, demands, faults, f"{held} of {demands} numbers agree, {faults} faults")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        closed = [i for i, cell in enumerate(question.data["board"]) if cell == CLOSED]
        count = rng.randint(1, len(closed))
        return with_marks(mask(rng.sample(closed, count)), size, size, MINE)


def _drawn(level: _Level, rng: Random) -> tuple[int, int] | None:
    """Mines and open cells that give them away; None where the draw came to nothing."""
    count = level.size**2
    near = around(level.size, level.size)
    mines = mask(rng.sample(range(count), level.mines))
    safe = [cell for cell in range(count) if not mines >> cell & 1]
    opened = mask(rng.sample(safe, round(level.open * len(safe))))
    while True:
        try:
            wrong = _counts(level.size, mines, opened).other(mines, _NODES)
        except OutOfNodesError:
            return None
        if wrong is None:
            break
        refuting = [
            cell
            for cell in safe
            if not opened >> cell & 1
            and (
                wrong >> cell & 1
                or (near[cell] & wrong).bit_count() != (near[cell] & mines).bit_count()
            )
        ]
        if not refuting:
            return None
        opened |= 1 << rng.choice(refuting)
    for cell in rng.sample(list(members(opened)), min(level.closing, opened.bit_count())):
        fewer = opened & ~(1 << cell)
        if _decides(level.size, mines, fewer):
            opened = fewer
    return (mines, opened) if any(near[cell] & mines for cell in members(opened)) else None


def _decides(size: int, mines: int, opened: int) -> bool:
    try:
        return _counts(size, mines, opened).other(mines, _NODES) is None
    except OutOfNodesError:
        return False


def _counts(size: int, mines: int, opened: int) -> Counts:
    near = around(size, size)
    closed = ((1 << size * size) - 1) & ~opened
    groups = [
        exactly(near[cell] & closed, (near[cell] & mines).bit_count()) for cell in members(opened)
    ]
    return Counts(closed, groups)
