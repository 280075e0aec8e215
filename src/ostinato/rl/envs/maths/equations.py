"""Linear equations and systems: one unknown, two, three, with a parameter, with absolute value."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    PAIR,
    TUPLE,
    MathsFamily,
    Problem,
    between,
    fraction,
    polynomial,
    row,
)


def one_unknown(rng: Random, level: int) -> Problem:
    """Brackets on both sides from level 2."""
    top = 5 + 4 * level
    while True:
        a, c = between(rng, 2, top), between(rng, 2, top)
        b, d = between(rng, 1, top), between(rng, 1, top)
        p, q = (between(rng, 2, top), between(rng, 2, top)) if level > 1 else (1, 0)
        # p(ax + b) = cx + d, and from level 3 also q(x - d) on the right
        extra = level > 2
        slope = p * a - c - (q if extra else 0)
        rest = d - p * b - (q * d if extra else 0)
        if slope:
            break
    left = polynomial([a, b]) if level == 1 else f"{p}({polynomial([a, b])})"
    right = polynomial([c, d])
    if extra:
        right += f" {'-' if q < 0 else '+'} {abs(q)}({polynomial([1, -d])})"
    return Problem(
        f"Solve {left} = {right} for x.",
        fraction(Fraction(rest, slope)),
        FRACTION,
        {"a": a, "b": b, "c": c, "d": d, "p": p, "q": q if extra else 0},
    )


def with_fractions(rng: Random, level: int) -> Problem:
    """(ax + b)/m plus or minus (cx + d)/n equals e."""
    top = 4 + 3 * level
    while True:
        a, b, c, d, e = (between(rng, 1, top) for _ in range(5))
        m, n = rng.sample(range(2, top), 2)
        if a * n + c * m:
            break
    x = Fraction(e * m * n - b * n - d * m, a * n + c * m)
    return Problem(
        f"Solve ({polynomial([a, b])})/{m} + ({polynomial([c, d])})/{n} = {e} for x.",
        fraction(x),
        FRACTION,
        {"a": a, "b": b, "c": c, "d": d, "e": e, "m": m, "n": n},
    )


def two_unknowns(rng: Random, level: int) -> Problem:
    """Integer solutions at first, fractions from level 4."""
    top = 3 + 2 * level
    x: Fraction | int = between(rng, 1, 5 + 5 * level)
    y: Fraction | int = between(rng, 1, 5 + 5 * level)
    if level >= 4:
        x, y = Fraction(x, rng.randint(2, 5)), Fraction(y, rng.randint(2, 5))
    while True:
        a, b, c, d = (between(rng, 1, top) for _ in range(4))
        if a * d - b * c:
            break
    e, f = a * x + b * y, c * x + d * y
    first, second = _linear([a, b], "xy"), _linear([c, d], "xy")
    return Problem(
        f"Solve the system {first} = {e}, {second} = {f} for (x, y).",
        row([x, y]),
        PAIR,
        {"rows": [[a, b, str(e)], [c, d, str(f)]]},
    )


def three_unknowns(rng: Random, level: int) -> Problem:
    """A system of three equations with an integer solution."""
    top = 2 + level
    solution = [between(rng, 0, 4 + 3 * level) for _ in range(3)]
    while True:
        rows = [[between(rng, 1, top) for _ in range(3)] for _ in range(3)]
        if level < 3:
            rows[1][0] = rows[2][0] = rows[2][1] = 0
        if _determinant(rows):
            break
    sides = [sum(a * s for a, s in zip(one, solution, strict=True)) for one in rows]
    system = ", ".join(
        f"{_linear(one, 'xyz')} = {side}" for one, side in zip(rows, sides, strict=True)
    )
    return Problem(
        f"Solve the system {system} for (x, y, z).",
        row(solution),
        TUPLE,
        {"rows": [[*one, str(side)] for one, side in zip(rows, sides, strict=True)]},
    )


def no_solution(rng: Random, level: int) -> Problem:
    """The parameter for which a system of two equations has no solution."""
    top = 3 + 3 * level
    a, b, d = between(rng, 2, top), between(rng, 1, top), between(rng, 1, top)
    e = between(rng, 1, top)
    shift = between(rng, 1, top) if level > 2 else 0
    while True:
        f = between(rng, 1, 3 * top)
        if f * b != e * d:
            break
    second = f"{'-' if d < 0 else '+'} {abs(d) if abs(d) > 1 else ''}y"
    factor = f"(k {'-' if shift < 0 else '+'} {abs(shift)})" if shift else "k"
    return Problem(
        f"For which k does the system {_linear([a, b], 'xy')} = {e}, "
        f"{factor}x {second} = {f} in x and y have no solution?",
        fraction(Fraction(a * d, b) - shift),
        FRACTION,
        {"a": a, "b": b, "d": d, "e": e, "f": f, "shift": shift},
    )


def absolute_sum(rng: Random, level: int) -> Problem:
    """|ax + b| = cx + d: the sum of all solutions, of which there are two."""
    top = 4 + 4 * level
    while True:
        a, c = rng.randint(2, top), rng.randint(0, top - 1)
        b, d = between(rng, 1, 3 * top), between(rng, 1, 5 * top)
        if level < 3:
            c = 0
        roots = _absolute_roots(a, b, c, d)
        if len(roots) == 2:
            break
    right = polynomial([c, d]) if c else str(d)
    return Problem(
        f"What is the sum of all real solutions of |{polynomial([a, b])}| = {right}?",
        fraction(sum(roots, Fraction(0))),
        FRACTION,
        {"a": a, "b": b, "c": c, "d": d},
    )


def count_of_integers(rng: Random, level: int) -> Problem:
    """How many integers satisfy a double inequality."""
    a = between(rng, 2, 3 + 2 * level)
    b = between(rng, 1, 10 * level)
    low = between(rng, 5, 40 * level)
    high = low + rng.randint(20 * level, 120 * level)
    count = _between(a, b, low, high)
    return Problem(
        f"How many integers x satisfy {low} < {polynomial([a, b])} <= {high}?",
        str(count),
        INTEGER,
        {"a": a, "b": b, "low": low, "high": high},
    )


def _between(a: int, b: int, low: int, high: int) -> int:
    """Multiples of a in (low - b, high - b]."""
    return (high - b) // abs(a) - (low - b) // abs(a)


def _linear(factors: list[int], letters: str) -> str:
    parts = [
        f"{'-' if factor < 0 else '+'} {'' if abs(factor) == 1 else abs(factor)}{letter}"
        for factor, letter in zip(factors, letters, strict=True)
        if factor
    ]
    text = " ".join(parts)
    return text[2:] if text.startswith("+") else "-" + text[2:]


def _determinant(rows: list[list[int]]) -> int:
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)


def _absolute_roots(a: int, b: int, c: int, d: int) -> set[Fraction]:
    roots: set[Fraction] = set()
    for sign in (1, -1):
        if sign * a != c:
            x = Fraction(d - sign * b, sign * a - c)
            if c * x + d >= 0:
                roots.add(x)
    return roots


EQUATIONS = MathsFamily(
    (
        one_unknown,
        with_fractions,
        two_unknowns,
        three_unknowns,
        no_solution,
        absolute_sum,
        count_of_integers,
    )
)
