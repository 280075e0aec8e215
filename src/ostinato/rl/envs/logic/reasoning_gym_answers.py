"""Right answers for those generators of reasoning-gym that give none themselves."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from typing import Any

Metadata = dict[str, Any]
_SIDE = 6


def found_answer(name: str, metadata: Metadata) -> str:
    """A right answer from what a generator tells of the task."""
    return _ANSWERS[name](metadata)


def _graph_color(metadata: Metadata) -> str:
    return json.dumps({str(vertex): color for vertex, color in metadata["possible_answer"].items()})


def _propositional_logic(metadata: Metadata) -> str:
    return metadata["example_answer"]


def _rubiks_cube(metadata: Metadata) -> str:
    """The scramble undone: each move turned back, the last first."""
    moves: list[str] = metadata["scramble_moves"].split()
    return " ".join(move[:-1] if move.endswith("'") else f"{move}'" for move in reversed(moves))


def _boxnet(metadata: Metadata) -> str:
    """One box after the other is carried to a target of its colour, along a row, then a column."""
    squares: dict[str, list[str]] = metadata["initial_state"]
    plan: list[dict[str, str]] = []
    targets: dict[str, list[tuple[float, float]]] = {}
    boxes: list[tuple[str, tuple[float, float]]] = []
    for square, items in squares.items():
        row, column = map(float, square.split("_"))
        for item in items:
            kind, _, colour = item.partition("_")
            if kind == "target":
                targets.setdefault(colour, []).append((row, column))
            else:
                boxes.append((colour, (row, column)))
    for colour, at in boxes:
        goal = targets[colour].pop()
        while at != goal:
            row, column = at
            if row != goal[0]:
                nxt = (row + (1 if goal[0] > row else -1), column)
            else:
                nxt = (row, column + (1 if goal[1] > column else -1))
            plan.append({_agent(at): f"move(box_{colour}, square[{nxt[0]}, {nxt[1]}])"})
            at = nxt
        plan.append({_agent(at): f"move(box_{colour}, target_{colour})"})
    return json.dumps(plan)


def _agent(square: tuple[float, float]) -> str:
    return f"Agent[{square[0]}, {square[1]}]"


def _rush_hour(metadata: Metadata) -> str:
    """The fewest moves of one step that free car A, by breadth-first search."""
    board: str = metadata["board_config"]
    letters = sorted(set(re.findall("[A-Z]", board)))
    cells = {letter: [i for i, one in enumerate(board) if one == letter] for letter in letters}
    cars = [_Car(letter, found) for letter, found in cells.items()]
    walls = {i for i, one in enumerate(board) if one == "x"}
    start = tuple(car.start for car in cars)
    before: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None] = {start: None}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        if state[0] == _SIDE - cars[0].size:
            return " ".join(_moves(before, state))
        full = walls | {cell for car, at in zip(cars, state, strict=True) for cell in car.cells(at)}
        for i, car in enumerate(cars):
            for step in (-1, 1):
                at = state[i] + step
                ahead = at if step < 0 else at + car.size - 1
                if 0 <= ahead < _SIDE and car.cell(ahead) not in full:
                    after = (*state[:i], at, *state[i + 1 :])
                    if after not in before:
                        before[after] = (state, f"{car.letter}{step:+}")
                        queue.append(after)
    raise AssertionError("every board of the collection can be solved")


class _Car:
    """A car on its line: a row or a column of the board."""

    def __init__(self, letter: str, cells: list[int]) -> None:
        self.letter, self.size = letter, len(cells)
        self.stride = cells[1] - cells[0]
        row, column = divmod(cells[0], _SIDE)
        self.start = column if self.stride == 1 else row
        self.base = row * _SIDE if self.stride == 1 else column

    def cell(self, place: int) -> int:
        """The cell at a place of the line."""
        return self.base + place * self.stride

    def cells(self, at: int) -> list[int]:
        """What the car covers when its first cell is at this place."""
        return [self.cell(place) for place in range(at, at + self.size)]


def _moves(
    before: dict[tuple[int, ...], tuple[tuple[int, ...], str] | None], state: tuple[int, ...]
) -> list[str]:
    moves: list[str] = []
    while (last := before[state]) is not None:
        state, move = last
        moves.append(move)
    return moves[::-1]


_ANSWERS: dict[str, Callable[[Metadata], str]] = {
    "boxnet": _boxnet,
    "graph_color": _graph_color,
    "propositional_logic": _propositional_logic,
    "rubiks_cube": _rubiks_cube,
    "rush_hour": _rush_hour,
}
