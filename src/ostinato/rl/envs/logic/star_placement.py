"""Place stars: so many in each row, column and region, none touching another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import Counts, exactly
from ostinato.rl.envs.logic.grid import (
    around,
    bad_board,
    beside,
    judged,
    marked,
    marks_form,
    mask,
    members,
    render,
    rows_and_columns,
    with_marks,
)
from ostinato.rl.envs.logic.regions import by_letter, decided, grouped, grown, lettered
from ostinato.rl.envs.question import Question

STAR = "*"
_LEVELS = ((5, 1), (6, 1), (7, 1), (9, 1), (9, 2), (10, 2))
"""Rows (and columns, and regions), stars in each of them."""


@dataclass(frozen=True)
class StarPlacement:
    """The regions leave one placement."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, each = _LEVELS[level - 1]
        found = None
        while found is None:
            found = _drawn(size, each, rng)
        stars, regions = found
        board = lettered(regions, size * size)
        many = "one star" if each == 1 else f"{each} stars"
        prompt = (
            f"A board of {size} rows and {size} columns is cut into {size} regions. Cells with "
            f"the same letter are one region:\n\n{render(board, size)}\n\nPlace stars in cells so "
            f"that every row, every column and every region holds exactly {many}, and no two "
            "stars touch, not even at a corner. There is exactly one solution. "
            + marks_form(size, size, STAR, "a star")
        )
        answer = with_marks(stars, size, size, STAR)
        return Question(prompt, answer, {"size": size, "stars": each, "board": board})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        each: int = question.data["stars"]
        stars = marked(answer, size, size, STAR)
        if stars is None:
            return bad_board(size, size, f"{STAR} or .")
        regions = by_letter(question.data["board"])
        held = sum((region & stars).bit_count() == each for region in regions)
        lines = [line for parts in rows_and_columns(size, size) for line in parts]
        faults = sum((line & stars).bit_count() != each for line in lines)
        near = around(size, size)
        faults += sum((near[star] & stars).bit_count() for star in members(stars)) // 2
        return judged(held, size, faults, f"{held} of {size} regions hold, {faults} faults")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        stars = next(_placements(size, question.data["stars"], rng))
        return with_marks(stars, size, size, STAR)


def _drawn(size: int, each: int, rng: Random) -> tuple[int, list[int]] | None:
    """Stars and regions that leave no other choice; None where the draw came to nothing."""
    near = beside(size, size)
    stars = next(_placements(size, each, rng))
    regions = grouped(grown(list(members(stars)), near, rng), each, near, rng)
    if regions is None:
        return None

    def rules(regions: Sequence[int]) -> Counts:
        rows, columns = rows_and_columns(size, size)
        groups = [exactly(part, each) for part in (*rows, *columns, *regions)]
        return Counts((1 << size * size) - 1, groups, excluded=around(size, size))

    regions = decided(regions, stars, rules, near, rng)
    return None if regions is None else (stars, regions)


def _placements(size: int, each: int, rng: Random) -> Iterator[int]:
    """Stars that keep all rules but those of the regions, in random order."""
    choices = [
        columns
        for columns in combinations(range(size), each)
        if all(b - a > 1 for a, b in pairwise(columns))
    ]

    def rest(row: int, above: tuple[int, ...], room: list[int]) -> Iterator[int]:
        if row == size:
            yield 0
            return
        for columns in rng.sample(choices, len(choices)):
            if not all(room[column] for column in columns):
                continue
            if any(abs(column - other) <= 1 for column in columns for other in above):
                continue
            left = [count - (column in columns) for column, count in enumerate(room)]
            if max(left) > size - row - 1:
                continue
            here = mask(row * size + column for column in columns)
            for stars in rest(row + 1, columns, left):
                yield here | stars

    yield from rest(0, (), [each] * size)
