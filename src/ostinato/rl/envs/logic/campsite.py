"""Pitch a tent beside each tree, no two tents touching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.counts import Counts, Group, OutOfNodesError, exactly
from ostinato.rl.envs.logic.grid import (
    EMPTY,
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
from ostinato.rl.envs.question import Question

TENT, TREE, ROCK = "A", "T", "#"
UNKNOWN = "?"
_NODES = 2_000
_LEVELS = ((4, 3, 0), (5, 4, 0), (6, 7, 2), (8, 12, 5), (10, 20, 10), (12, 28, 16))
"""Rows (and columns), trees, how many counts are tried to be left out."""


@dataclass(frozen=True)
class Campsite:
    """Trees, counts and a few rocks leave one camp."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size, count, leaving_out = _LEVELS[level - 1]
        found = None
        while found is None:
            found = _drawn(size, count, rng)
        tents, trees, rocks = found
        counts = _fewer(tents, trees, rocks, size, leaving_out, rng)
        board = [
            TREE if trees >> cell & 1 else ROCK if rocks >> cell & 1 else EMPTY
            for cell in range(size * size)
        ]
        in_rows, in_columns = (
            " ".join(UNKNOWN if count is None else str(count) for count in part)
            for part in (counts[:size], counts[size:])
        )
        prompt = (
            f"A campsite has {size} rows and {size} columns. {TREE} is a tree, {ROCK} is a rock, "
            f"{EMPTY} is grass:\n\n{render(board, size)}\n\n"
            f"Tents in each row, from the first to the last: {in_rows}\n"
            f"Tents in each column, from left to right: {in_columns}\n\n"
            "Pitch tents on grass cells. Each tree has one tent of its own and each tent one tree "
            "of its own, and a tent shares a side with its tree (it may share a side with other "
            "trees too). No two tents touch, not even at a corner. Each row and column holds as "
            f"many tents as stated; {UNKNOWN} says nothing. There is exactly one solution. "
            + marks_form(size, size, TENT, "a tent")
            + f"\n\nTrees and rocks are written as {EMPTY} in the answer, too."
        )
        data = {"size": size, "board": board, "counts": counts}
        return Question(prompt, with_marks(tents, size, size, TENT), data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        size: int = question.data["size"]
        tents = marked(answer, size, size, TENT)
        if tents is None:
            return bad_board(size, size, f"{TENT} or .")
        trees, grass = _parts(question.data["board"])
        lines = [part for parts in rows_and_columns(size, size) for part in parts]
        counts: list[int | None] = question.data["counts"]
        held = matched(trees, tents, beside(size, size))
        demands = trees.bit_count()
        faults = (tents & ~grass).bit_count() + tents.bit_count() - held
        for line, count in zip(lines, counts, strict=True):
            agrees = count in (None, (line & tents).bit_count())
            demands += bool(count)
            held += agrees and bool(count)
            faults += count == 0 and not agrees
        near = around(size, size)
        faults += sum((near[tent] & tents).bit_count() for tent in members(tents)) // 2
        return judged(held, demands, faults, f"{held} of {demands} demands met, {faults} faults")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        size: int = question.data["size"]
        trees, grass = _parts(question.data["board"])
        near = beside(size, size)
        tents = 0
        for tree in members(trees):
            choices = list(members(near[tree] & grass & ~tents))
            tents |= 1 << rng.choice(choices) if choices else 0
        return with_marks(tents, size, size, TENT)


def matched(trees: int, tents: int, near: Sequence[int]) -> int:
    """How many trees can have a tent of their own beside them at once."""
    owner = dict[int, int]()

    def finds(tree: int, asked: set[int]) -> bool:
        for tent in members(near[tree] & tents):
            if tent not in asked:
                asked.add(tent)
                if tent not in owner or finds(owner[tent], asked):
                    owner[tent] = tree
                    return True
        return False

    return sum(finds(tree, set()) for tree in members(trees))


def _parts(board: Sequence[str]) -> tuple[int, int]:
    """The trees and the grass of a board."""
    trees, grass = (
        mask(cell for cell, shown in enumerate(board) if shown == kind) for kind in (TREE, EMPTY)
    )
    return trees, grass


def _drawn(size: int, count: int, rng: Random) -> tuple[int, int, int] | None:
    """Tents, trees and rocks that leave no other choice; None where the draw came to nothing."""
    planted = _planted(size, count, rng)
    if planted is None:
        return None
    tents, trees = planted
    counts = _all_counts(tents, size)
    rocks = 0
    while True:
        try:
            wrong = _rules(trees, rocks, counts, size).other(tents, _NODES)
        except OutOfNodesError:
            return None
        if wrong is None:
            return tents, trees, rocks
        rocks |= 1 << rng.choice(list(members(wrong & ~tents)))


def _fewer(
    tents: int, trees: int, rocks: int, size: int, leaving_out: int, rng: Random
) -> list[int | None]:
    """The counts that are told: some are left out, where the camp stays the only one."""
    counts = _all_counts(tents, size)
    for at in rng.sample(range(2 * size), leaving_out):
        count, counts[at] = counts[at], None
        try:
            needed = _rules(trees, rocks, counts, size).other(tents, _NODES) is not None
        except OutOfNodesError:
            needed = True
        if needed:
            counts[at] = count
    return counts


def _all_counts(tents: int, size: int) -> list[int | None]:
    lines = [line for parts in rows_and_columns(size, size) for line in parts]
    return [(line & tents).bit_count() for line in lines]


def _rules(trees: int, rocks: int, counts: Sequence[int | None], size: int) -> Counts:
    near = beside(size, size)
    lines = [line for parts in rows_and_columns(size, size) for line in parts]
    grass = mask(cell for cell in range(size * size) if near[cell] & trees) & ~trees & ~rocks
    groups = [
        exactly(line, count) for line, count in zip(lines, counts, strict=True) if count is not None
    ]
    groups += [Group(near[tree], 1, 4) for tree in members(trees)]
    everywhere, count = (1 << size * size) - 1, trees.bit_count()
    return Counts(
        grass,
        [*groups, exactly(everywhere, count)],
        excluded=around(size, size),
        accepts=lambda found: matched(trees, found, near) == count,
    )


def _planted(size: int, count: int, rng: Random) -> tuple[int, int] | None:
    """Tents that do not touch, and a tree beside each; None where the draw came to nothing."""
    near = beside(size, size)
    tents = blocked = 0
    for cell in rng.sample(range(size * size), size * size):
        if tents.bit_count() < count and not blocked >> cell & 1:
            tents |= 1 << cell
            blocked |= around(size, size)[cell]
    trees = 0
    for tent in members(tents):
        choices = list(members(near[tent] & ~tents & ~trees))
        if not choices:
            return None
        trees |= 1 << rng.choice(choices)
    return (tents, trees) if tents.bit_count() == count else None
