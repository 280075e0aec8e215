"""Drills with tables: truth values, rows without repetition, places in a grid."""

from __future__ import annotations

from itertools import product
from random import Random

_NAMES = "ABCDPQRS"


def truth(rng: Random) -> str:
    """An expression of truth values worked out from the inside, or a table of one sign."""
    if rng.random() < 0.25:
        return _table(rng)
    names = rng.sample(_NAMES, 3)
    values = {name: rng.random() < 0.5 for name in names}
    given = ", ".join(f"{name} is {_word(value)}" for name, value in values.items())
    text, lines, value = _part(rng, values, depth=rng.randint(1, 3))
    return "\n".join([f"{given}: {text}", *lines, f"{text} is {_word(value)}"])


def latin(rng: Random) -> str:
    """A cell of a square whose rows and columns hold each number once."""
    size = rng.randint(3, 6)
    square = _square(rng, size)
    row, column = rng.randrange(size), rng.randrange(size)
    shown = [
        [n if (r == row) != (c == column) or rng.random() < 0.4 else 0 for c, n in enumerate(line)]
        for r, line in enumerate(square)
    ]
    shown[row][column] = 0
    for r, c in product(range(size), range(size)):
        if (r == row) != (c == column) and rng.random() < 0.35:
            shown[r][c] = 0
    lines = [" ".join(str(n) if n else "_" for n in line) for line in shown]
    across = sorted(n for n in shown[row] if n)
    down = sorted(line[column] for line in shown if line[column])
    left = [n for n in range(1, size + 1) if n not in across and n not in down]
    return "\n".join(
        [
            *lines,
            f"row {row + 1} has {_row(across)}, column {column + 1} has {_row(down)}",
            f"row {row + 1} column {column + 1} can be {_row(left)}",
            "",
        ]
    )


def cells(rng: Random) -> str:
    """A grid, then cells, rows, columns and neighbours of it."""
    height, width = rng.randint(2, 5), rng.randint(3, 6)
    letters = "0123456789" if rng.random() < 0.5 else ".#AB"
    grid = [rng.choices(letters, k=width) for _ in range(height)]
    lines = [" ".join(line) for line in grid]
    for _ in range(3):
        row, column = rng.randrange(height), rng.randrange(width)
        match rng.randrange(4):
            case 0:
                lines.append(f"row {row + 1} column {column + 1}: {grid[row][column]}")
            case 1:
                lines.append(f"column {column + 1}: {' '.join(line[column] for line in grid)}")
            case 2:
                lines.append(f"row {row + 1}: {lines[row]}")
            case _:
                lines.append(_neighbours(grid, row, column))
    return "\n".join([*lines, ""])


def _part(rng: Random, values: dict[str, bool], depth: int) -> tuple[str, list[str], bool]:
    """Text, the lines that work it out, and the value."""
    if depth == 0:
        name = rng.choice(list(values))
        return name, [], values[name]
    if rng.random() < 0.25:
        text, lines, value = _part(rng, values, depth - 1)
        text = text if len(text) == 1 else f"({text})"
        return f"not {text}", [*lines, f"not {_word(value)} is {_word(not value)}"], not value
    left, before, one = _part(rng, values, depth - 1)
    right, after, other = _part(rng, values, rng.randrange(depth))
    sign = rng.choice(("and", "or"))
    value = one and other if sign == "and" else one or other
    step = f"{_word(one)} {sign} {_word(other)} is {_word(value)}"
    return f"{_inner(left)} {sign} {_inner(right)}", [*before, *after, step], value


def _inner(text: str) -> str:
    return text if len(text) == 1 else f"({text})"


def _table(rng: Random) -> str:
    one, other = rng.sample(_NAMES, 2)
    sign = rng.choice(("and", "or"))
    lines = [f"{one} | {other} | {one} {sign} {other}"]
    for x, y in product((True, False), repeat=2):
        value = x and y if sign == "and" else x or y
        lines.append(f"{_word(x)} | {_word(y)} | {_word(value)}")
    return "\n".join(lines)


def _word(value: bool) -> str:
    return "true" if value else "false"


def _square(rng: Random, size: int) -> list[list[int]]:
    """A Latin square: the cyclic one with rows, columns and numbers mixed."""
    rows, columns = rng.sample(range(size), size), rng.sample(range(size), size)
    numbers = rng.sample(range(1, size + 1), size)
    return [[numbers[(r + c) % size] for c in columns] for r in rows]


def _row(numbers: list[int]) -> str:
    return " ".join(map(str, numbers)) or "nothing"


def _neighbours(grid: list[list[str]], row: int, column: int) -> str:
    parts: list[str] = []
    for name, r, c in (
        ("up", row - 1, column),
        ("down", row + 1, column),
        ("left", row, column - 1),
        ("right", row, column + 1),
    ):
        inside = 0 <= r < len(grid) and 0 <= c < len(grid[0])
        parts.append(f"{name} {grid[r][c] if inside else 'edge'}")
    return f"around row {row + 1} column {column + 1}: {', '.join(parts)}"
