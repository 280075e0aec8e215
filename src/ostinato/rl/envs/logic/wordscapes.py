"""Fit crossing words into a board."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.logic.grid import judged, parse, render
from ostinato.rl.envs.logic.words import WORDS
from ostinato.rl.envs.question import Question

BLANK, BLOCK = "_", "#"


@dataclass(frozen=True)
class _Level:
    size: int
    """Most rows and most columns."""
    words: int
    spare: int
    """Words that are listed but have no place."""
    lengths: tuple[int, ...]


_LEVELS = (
    _Level(7, 4, 0, (4, 5)),
    _Level(9, 6, 0, (4, 5)),
    _Level(10, 8, 2, (4, 5, 6)),
    _Level(11, 11, 4, (4, 5, 6)),
    _Level(13, 15, 8, (4, 5, 6)),
    _Level(16, 22, 14, (4, 5, 6, 7)),
)
_Cells = dict[tuple[int, int], str]
_Ways = dict[tuple[int, int], set[int]]  # 0: a letter of a word across, 1: of one down


@dataclass(frozen=True)
class Wordscapes:
    """Every way to put words of the list into all places is right."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        chosen = _LEVELS[level - 1]
        cells = None
        while cells is None:
            cells = _crossed(chosen, rng)
        top, left = (min(place[axis] for place in cells) for axis in (0, 1))
        height, width = (max(place[axis] for place in cells) + 1 for axis in (0, 1))
        rows, columns = range(top, height), range(left, width)
        solution = [cells.get((row, column), BLOCK) for row in rows for column in columns]
        board = [BLOCK if cell == BLOCK else BLANK for cell in solution]
        placed = _read(solution, len(columns))
        pool = [word for word in WORDS if len(word) in chosen.lengths and word not in placed]
        words = sorted(placed + rng.sample(pool, chosen.spare))
        use = "All words are used" if not chosen.spare else f"{chosen.spare} words are not used"
        prompt = (
            f"Words are to be written into this board, a letter into each {BLANK}; {BLOCK} stays "
            f"empty:\n\n{render(board, len(columns))}\n\nThe words are: {', '.join(words)}\n\n"
            f"Wherever two or more {BLANK} stand side by side in a row, from one {BLOCK} or edge "
            "to the next, they take one word of the list, written from left to right; wherever "
            "two or more stand one below the other in a column, they take one word, written from "
            "the top down. So words cross in common letters. No word is used twice. "
            f"{use}. If there are several solutions, any of them will do. Answer with the whole "
            f"board: {len(rows)} lines with {len(columns)} characters each, a space between the "
            f"characters of a line, small letters in place of {BLANK}, and {BLOCK} where it is. "
            "An example of the form, for a board of 2 rows and 3 columns:\n\na r m\n# o #"
        )
        data = {"width": len(columns), "board": board, "words": words}
        return Question(prompt, render(solution, len(columns)), data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        width: int = question.data["width"]
        board: list[str] = question.data["board"]
        cells = parse(answer, len(board) // width, width, _is_letter_or_block)
        if cells is None:
            return malformed("expected a board of this size, of small letters and blocks")
        if any((old == BLOCK) != (new == BLOCK) for new, old in zip(cells, board, strict=True)):
            return malformed("expected the blocks where they are")
        found = _read(cells, width)
        held = len(set(found) & set(question.data["words"]))
        reason = f"{held} of {len(found)} places have a word of their own"
        return judged(held, len(found), 0, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        width: int = question.data["width"]
        board: list[str] = question.data["board"]
        words: list[str] = rng.sample(question.data["words"], len(question.data["words"]))
        filled = list(board)
        for place in _places(board, width):
            word = next(word for word in words if len(word) == len(place))
            words.remove(word)
            for cell, letter in zip(place, word, strict=True):
                filled[cell] = letter
        return render(filled, width)


def _is_letter_or_block(cell: str) -> bool:
    return cell == BLOCK or (len(cell) == 1 and "a" <= cell <= "z")


def _places(board: Sequence[str], width: int) -> list[list[int]]:
    """The cells of each word: those across, then those down."""
    across = [range(at, at + width) for at in range(0, len(board), width)]
    down = [range(at, len(board), width) for at in range(width)]
    found: list[list[int]] = []
    for line in (*across, *down):
        run: list[int] = []
        for cell in line:
            if board[cell] == BLOCK:
                found.append(run)
                run = []
            else:
                run.append(cell)
        found.append(run)
    return [run for run in found if len(run) > 1]


def _read(board: Sequence[str], width: int) -> list[str]:
    """The words that stand on a board."""
    return ["".join(board[cell] for cell in place) for place in _places(board, width)]


def _crossed(level: _Level, rng: Random) -> _Cells | None:
    """So many words, each crossing another; None where the draw came to nothing."""
    pool = [word for word in WORDS if len(word) in level.lengths]
    words = rng.sample(pool, min(len(pool), 6 * level.words))
    cells: _Cells = {(0, at): letter for at, letter in enumerate(words[0])}
    ways: _Ways = {place: {0} for place in cells}
    placed = 1
    for word in words[1:]:
        if placed == level.words:
            break
        options = [
            (row - at * down, column - at * (1 - down), down)
            for (row, column), letter in cells.items()
            if len(ways[row, column]) == 1
            for down in (1 - min(ways[row, column]),)
            for at, own in enumerate(word)
            if own == letter
        ]
        fitting = [one for one in options if _fits(word, one, cells, ways, level.size)]
        if not fitting:
            continue
        row, column, down = rng.choice(fitting)
        for at, letter in enumerate(word):
            place = (row + at * down, column + at * (1 - down))
            cells[place] = letter
            ways.setdefault(place, set()).add(down)
        placed += 1
    return cells if placed == level.words else None


def _fits(word: str, start: tuple[int, int, int], cells: _Cells, ways: _Ways, size: int) -> bool:
    """Whether a word can stand there without touching others but where it crosses them."""
    row, column, down = start
    along = 1 - down
    rows = [place[0] for place in cells] + [row, row + (len(word) - 1) * down]
    columns = [place[1] for place in cells] + [column, column + (len(word) - 1) * along]
    if max(rows) - min(rows) >= size or max(columns) - min(columns) >= size:
        return False
    before, after = (
        (row - down, column - along),
        (row + len(word) * down, column + len(word) * along),
    )
    if before in cells or after in cells:
        return False
    for at, letter in enumerate(word):
        r, c = row + at * down, column + at * along
        if (r, c) in cells:
            if cells[r, c] != letter or down in ways[r, c]:
                return False
        elif (r + along, c + down) in cells or (r - along, c - down) in cells:
            return False
    return True
