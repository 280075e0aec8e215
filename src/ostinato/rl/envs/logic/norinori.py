"""Shade two cells of each region so that every shaded cell has exactly one shaded neighbour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import Counts, exactly
from ostinato.rl.envs.logic.grid import (
    bad_board,
    beside,
    judged,
    marked,
    marks_form,
    mask,
    members,
    render,
    with_marks,
)
from ostinato.rl.envs.logic.regions import by_letter, decided, grouped, grown, lettered
from ostinato.rl.envs.question import Question

SHADED = "#"
_COMPARED = 8  # pairs, to take the one that crowds most
_STAYING = 0.7  # of the pairs, each time that some are taken away
_LEVELS = ((4, 4), (5, 5), (6, 8), (7, 11), (8, 15), (10, 22))
"""Rows (and columns), regions; there are as many pairs of shaded cells as regions."""


@dataclass(frozen=True)
class Norinori:
    """The regions leave one shading."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, count = _LEVELS[level - 1]
        found = None
        while found is None:
            found = _drawn(size, count, rng)
        shaded, regions = found
        board = lettered(regions, size * size)
        prompt = (
            f"A board of {size} rows and {size} columns is cut into {count} regions. Cells with "
            f"the same letter are one region:\n\n{render(board, size)}\n\nShade cells so that "
            "exactly two cells of every region are shaded, and every shaded cell shares a side "
            "with exactly one other shaded cell. So the shaded cells form pairs, which may cross "
            "the borders of regions; two pairs never share a side, but they may touch at a "
            "corner. There is exactly one solution. "
            + marks_form(size, size, SHADED, "a shaded cell")
        )
        answer = with_marks(shaded, size, size, SHADED)
        return Question(prompt, answer, {"size": size, "board": board})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        shaded = marked(answer, size, size, SHADED)
        if shaded is None:
            return bad_board(size, size, f"{SHADED} or .")
        near = beside(size, size)
        regions = by_letter(question.data["board"])
        held = sum((region & shaded).bit_count() == 2 for region in regions)
        odd = sum((near[cell] & shaded).bit_count() != 1 for cell in members(shaded))
        reason = f"{held} of {len(regions)} regions have two, {odd} shaded cells are in no pair"
        return judged(held, len(regions), odd, reason)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        shaded = _pairs(size, len(set(question.data["board"])), rng)
        return with_marks(shaded, size, size, SHADED)


def _drawn(size: int, count: int, rng: Random) -> tuple[int, list[int]] | None:
    """Shaded cells and regions that leave no other choice; None where the draw came to nothing."""
    near = beside(size, size)
    shaded = _pairs(size, count, rng)
    tries = (grouped(grown(list(members(shaded)), near, rng), 2, near, rng) for _ in range(4))
    regions = next((cut for cut in tries if cut is not None), None)
    if regions is None:
        return None

    def rules(regions: Sequence[int]) -> Counts:
        groups = [exactly(region, 2) for region in regions]
        return Counts((1 << size * size) - 1, groups, partners=near)

    regions = decided(regions, shaded, rules, near, rng)
    return None if regions is None else (shaded, regions)


def _pairs(size: int, count: int, rng: Random) -> int:
    """So many pairs of cells that do not touch: a crowd, found by taking some away and putting
    in more.
    """
    near = beside(size, size)
    halo = dict[int, int]()
    for cell in range(size * size):
        for other in members(near[cell] >> cell << cell):
            pair = mask((cell, other))
            halo[pair] = pair | near[cell] | near[other]
    found: list[int] = []
    while len(found) < count:
        tried = [pair for pair in found if rng.random() < _STAYING]
        room = (1 << size * size) - 1
        for pair in tried:
            room &= ~halo[pair]
        while fitting := [pair for pair in halo if pair & room == pair]:
            some = rng.sample(fitting, min(_COMPARED, len(fitting)))
            tried.append(min(some, key=lambda pair: (halo[pair] & room).bit_count()))
            room &= ~halo[tried[-1]]
        if len(tried) >= len(found):
            found = tried
    return sum(rng.sample(found, count))
