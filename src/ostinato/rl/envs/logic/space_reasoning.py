"""Where somebody stands after walking about on a grid."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.words import PEOPLE, named
from ostinato.rl.envs.question import Question

_LEVELS = (
    (8, 1, 4, 1),
    (9, 1, 7, 2),
    (10, 2, 9, 3),
    (12, 2, 14, 5),
    (14, 3, 24, 6),
    (16, 4, 42, 6),
)
"""Side of the grid, walkers, moves, how many kinds of moves may occur."""
_DIRECTIONS = (("north", 0, 1), ("east", 1, 0), ("south", 0, -1), ("west", -1, 0))
_PLACE = re.compile(r"\( *([0-9]{1,3}) *, *([0-9]{1,3}) *\)")
_PLACES = re.compile(rf"{_PLACE.pattern}(?: *, *{_PLACE.pattern})*")


@dataclass
class _Walker:
    name: str
    x: int
    y: int
    facing: int


@dataclass
class _Grid:
    side: int
    walkers: list[_Walker] = field(default_factory=list[_Walker])

    def go(self, walker: _Walker, x: int, y: int) -> None:
        """To the place, or to the edge on the way there."""
        walker.x = min(max(x, 1), self.side)
        walker.y = min(max(y, 1), self.side)


class SpaceReasoning:
    """The places of all who walk, in one answer."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        side, count, moves, kinds = _LEVELS[level - 1]
        grid = _Grid(side)
        for name in rng.sample(PEOPLE, count):
            x, y = rng.randint(1, side), rng.randint(1, side)
            grid.walkers.append(_Walker(name, x, y, rng.randrange(4)))
        start = " ".join(
            f"{one.name} stands on ({one.x}, {one.y}) and faces {_DIRECTIONS[one.facing][0]}."
            for one in grid.walkers
        )
        told = [_MOVES[rng.randrange(kinds)](grid, rng) for _ in range(moves)]
        lines = "\n".join(f"{i}. {line}" for i, line in enumerate(told, start=1))
        places = [[one.x, one.y] for one in grid.walkers]
        names = [one.name for one in grid.walkers]
        form = ", ".join(["(4, 1)", "(2, 7)", "(5, 5)", "(3, 8)"][:count])
        prompt = (
            f"On a grid of {side} by {side} fields, (x, y) is the field in column x, counted from "
            f"the west, and row y, counted from the south; both counts start with 1. {start} "
            "Fields can be shared. Whoever would walk over the edge stops at the last field "
            "before it. Walking towards a point of the compass does not change which way "
            f"somebody faces. This happens, one after the other:\n\n{lines}\n\n"
            f"On which field{'s do' if count > 1 else ' does'} {named(names)} stand in the end? "
            f"Answer in this form{', in this order' if count > 1 else ''}: {form}"
        )
        return Question(prompt, _written(places), {"places": places, "side": side})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        places: list[list[int]] = question.data["places"]
        given = [[int(x), int(y)] for x, y in _PLACE.findall(answer)]
        if not _PLACES.fullmatch(answer) or len(given) != len(places):
            return malformed(f"expected {len(places)} fields such as (4, 1), with commas between")
        return right() if given == places else wrong(f"expected {_written(places)}")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        side: int = question.data["side"]
        return _written(
            [[rng.randint(1, side), rng.randint(1, side)] for _ in question.data["places"]]
        )


def _written(places: list[list[int]]) -> str:
    return ", ".join(f"({x}, {y})" for x, y in places)


def _steps(count: int) -> str:
    return f"{count} {'field' if count == 1 else 'fields'}"


def _by_compass(grid: _Grid, rng: Random) -> str:
    walker, (word, dx, dy) = rng.choice(grid.walkers), rng.choice(_DIRECTIONS)
    count = rng.randint(1, grid.side // 2)
    grid.go(walker, walker.x + dx * count, walker.y + dy * count)
    return f"{walker.name} walks {_steps(count)} {word}."


def _turn_and_walk(grid: _Grid, rng: Random) -> str:
    walker = rng.choice(grid.walkers)
    word, quarter = rng.choice((("left", 3), ("right", 1), ("round", 2)))
    walker.facing = (walker.facing + quarter) % 4
    _, dx, dy = _DIRECTIONS[walker.facing]
    count = rng.randint(1, grid.side // 2)
    grid.go(walker, walker.x + dx * count, walker.y + dy * count)
    return f"{walker.name} turns {word} and walks {_steps(count)} straight ahead."


def _follow(grid: _Grid, rng: Random) -> str:
    walker, other = rng.sample(grid.walkers, 2)
    word, dx, dy = rng.choice(_DIRECTIONS)
    count = rng.randint(1, 3)
    x, y = other.x + dx * count, other.y + dy * count
    if not (1 <= x <= grid.side and 1 <= y <= grid.side):
        grid.go(walker, other.x, other.y)
        return f"{walker.name} goes to the field where {other.name} is."
    grid.go(walker, x, y)
    return f"{walker.name} goes to the field that is {_steps(count)} {word} of {other.name}."


def _swap(grid: _Grid, rng: Random) -> str:
    one, other = rng.sample(grid.walkers, 2)
    one.x, one.y, other.x, other.y = other.x, other.y, one.x, one.y
    return f"{one.name} and {other.name} change places; each faces the same way as before."


def _cross(grid: _Grid, rng: Random) -> str:
    walker = rng.choice(grid.walkers)
    if rng.random() < 0.5:
        walker.x = grid.side + 1 - walker.x
        return f"In the same row, {walker.name} jumps to column {grid.side} + 1 - x from column x."
    walker.y = grid.side + 1 - walker.y
    return f"In the same column, {walker.name} jumps to row {grid.side} + 1 - y from row y."


def _copy(grid: _Grid, rng: Random) -> str:
    one, other = rng.sample(grid.walkers, 2)
    one.facing = other.facing
    _, dx, dy = _DIRECTIONS[one.facing]
    count = rng.randint(1, 4)
    grid.go(one, one.x + dx * count, one.y + dy * count)
    return (
        f"{one.name} turns to face the same way as {other.name} and walks {_steps(count)} "
        "straight ahead."
    )


_MOVES = (_by_compass, _turn_and_walk, _follow, _swap, _cross, _copy)
