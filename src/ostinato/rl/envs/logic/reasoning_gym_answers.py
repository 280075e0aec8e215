"""Right answers for those generators of reasoning-gym that give none themselves, or another one in
each run of Python.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

Metadata = dict[str, Any]
_State = TypeVar("_State")
_SIDE = 6


def found_answer(name: str, metadata: Metadata) -> str:
    """A right answer from what a generator tells of the task. What it tells of its own answer is
    put right as well.
    """
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
    cars, walls = _parked(metadata["board_config"])
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


def frees_car_a(moves: str, board: str) -> bool:
    """Whether all moves, such as ``B+2``, are possible one after the other, and car A is at the
    exit then.
    """
    cars, walls = _parked(board)
    places = [car.start for car in cars]
    for letter, sign, count in re.findall("([A-Z])([-+])([0-9])", moves):
        i, step = ord(letter) - ord("A"), 1 if sign == "+" else -1
        if i >= len(cars):
            return False
        for _ in range(int(count)):
            others = [car.cells(at) for car, at in zip(cars, places, strict=True)]
            full = walls.union(*(cells for j, cells in enumerate(others) if j != i))
            places[i] += step
            if not 0 <= places[i] <= _SIDE - cars[i].size or full & {*cars[i].cells(places[i])}:
                return False
    return places[0] == _SIDE - cars[0].size


def _parked(board: str) -> tuple[list[_Car], set[int]]:
    """The cars, A first, and the cells of the walls."""
    cars: list[_Car] = []
    for letter in sorted(set(re.findall("[A-Z]", board))):
        cells = [i for i, one in enumerate(board) if one == letter]
        cars.append(_Car(chr(ord("A") + len(cars)), cells))  # the prompt names cars without gaps
    return cars, {i for i, one in enumerate(board) if one == "x"}


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


def _moves(before: dict[_State, tuple[_State, str] | None], state: _State) -> list[str]:
    """The moves of a search that led to a state."""
    moves: list[str] = []
    while (last := before[state]) is not None:
        state, move = last
        moves.append(move)
    return moves[::-1]


def _knight_swap(metadata: Metadata) -> str:
    """The first of the shortest ways to swap, by breadth-first search in alphabetical order."""
    metadata["board_states"] = None  # of the generator's own way
    if not metadata["is_possible"]:
        return "No"
    board: dict[str, list[str]] = metadata["board"]
    pieces: dict[str, str | None] = metadata["pieces"]
    white = "".join(sorted(at for at, piece in pieces.items() if piece == "w"))
    black = "".join(sorted(at for at, piece in pieces.items() if piece == "B"))
    start = (white, black, metadata["start_turn"])
    before: dict[tuple[str, str, str], tuple[tuple[str, str, str], str] | None] = {start: None}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        if state[:2] == (black, white):
            moves = _moves(before, state)
            metadata["solution"] = [move.split(",") for move in moves]
            return json.dumps(moves)
        for after, move in _knight_moves(board, state):
            if after not in before:
                before[after] = (state, move)
                queue.append(after)
    raise AssertionError("a swap that is possible has a solution")


def _knight_moves(
    board: dict[str, list[str]], state: tuple[str, str, str]
) -> Iterator[tuple[tuple[str, str, str], str]]:
    """What may follow a state: the squares of white and of black, two letters each, and whose turn
    it is.
    """
    white, black, turn = state
    mine = re.findall("..", white if turn == "w" else black)
    taken = {*re.findall("..", white), *re.findall("..", black)}
    for at in mine:
        for to in board[at]:
            if to not in taken:
                moved = "".join(sorted(to if one == at else one for one in mine))
                after = (moved, black, "B") if turn == "w" else (white, moved, "w")
                yield after, f"{turn},{at},{to}"


_ANSWERS: dict[str, Callable[[Metadata], str]] = {
    "boxnet": _boxnet,
    "graph_color": _graph_color,
    "knight_swap": _knight_swap,
    "propositional_logic": _propositional_logic,
    "rubiks_cube": _rubiks_cube,
    "rush_hour": _rush_hour,
}
