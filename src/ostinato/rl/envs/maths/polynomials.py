"""Polynomials: roots, coefficients, remainders, interpolation, symmetric functions."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt, lcm
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    TUPLE,
    MathsFamily,
    Problem,
    between,
    fraction,
    polynomial,
    product,
    row,
    value,
)


def roots(rng: Random, level: int) -> Problem:
    """Two rational roots at first, then three and four."""
    count = (2, 2, 2, 3, 3, 4)[level - 1]
    top = 6 + 3 * level if count == 2 else 8
    found: set[Fraction] = set()
    while len(found) < count:
        number = between(rng, 1, top)
        steep = level > 1 and len(found) < (1 if count > 2 else 2)
        found.add(Fraction(number, rng.randint(1, 4) if steep else 1))
    ordered = sorted(found)
    factors = [1]
    for root in ordered:
        factors = product(factors, [root.denominator, -root.numerator])
    return Problem(
        f"Find {'both' if count == 2 else f'all {count}'} roots of {polynomial(factors)}.",
        ", ".join(map(fraction, ordered)),
        "List the roots, separated by commas, for example -2, 1/3.",
        {"coefficients": factors},
    )


def surd_roots(rng: Random, level: int) -> Problem:
    """The larger root of a quadratic equation, in roots."""
    top = 4 + 3 * level
    while True:
        a, b, c = rng.randint(1, 1 + level // 2), between(rng, 1, top), between(rng, 1, 2 * top)
        inside = b * b - 4 * a * c
        if inside > 0 and isqrt(inside) ** 2 != inside:
            break
    return Problem(
        f"What is the larger of the two roots of {polynomial([a, b, c])}?",
        _larger_root(a, b, inside),
        r"Give it exactly, for example \frac{-1+\sqrt{5}}{2}.",
        {"coefficients": [a, b, c]},
    )


def _larger_root(a: int, b: int, inside: int) -> str:
    outside = max(k for k in range(1, isqrt(inside) + 1) if inside % (k * k) == 0)
    whole, part = Fraction(-b, 2 * a), Fraction(outside, 2 * a)
    bottom = lcm(whole.denominator, part.denominator)
    factor = int(part * bottom)
    top = f"{int(whole * bottom)}+{factor if factor > 1 else ''}\\sqrt{{{inside // outside**2}}}"
    return rf"\frac{{{top}}}{{{bottom}}}" if bottom > 1 else top


def coefficient(rng: Random, level: int) -> Problem:
    """Of a power in a product of powers."""
    n, m = rng.randint(2, 3 + level), rng.randint(1, 1 + level)
    a, b = between(rng, 1, 3), between(rng, 2, 2 + level)
    c, d = rng.randint(1, 2), between(rng, 1, 2 + level)
    factors = [1]
    for _ in range(n):
        factors = product(factors, [a, b])
    for _ in range(m):
        factors = product(factors, [c, d])
    power = rng.randint(1, n + m - 1)
    return Problem(
        f"What is the coefficient of {polynomial([1] + [0] * power)} in "
        f"({polynomial([a, b])})^{n} * ({polynomial([c, d])})^{m}?",
        str(factors[-1 - power]),
        INTEGER,
        {"a": a, "b": b, "c": c, "d": d, "n": n, "m": m, "power": power},
    )


def expansion(rng: Random, level: int) -> Problem:
    """All coefficients of a product."""
    sizes = ((2, 2), (2, 3), (3, 3), (3, 4), (4, 4), (5, 5))[level - 1]
    factors = [[between(rng, 1, 4 + level) for _ in range(size)] for size in sizes]
    result = product(*factors)
    shown = " * ".join(f"({polynomial(one)})" for one in factors)
    return Problem(
        f"Expand {shown} and give its {len(result)} coefficients, from that of "
        f"x^{len(result) - 1} to the constant one.",
        row(result),
        TUPLE,
        {"factors": factors},
    )


def remainder(rng: Random, level: int) -> Problem:
    """Of division by a linear factor, from level 3 by a product of two."""
    degree = 2 + level
    factors = [between(rng, 1, 5 + level) for _ in range(degree + 1)]
    if level < 3:
        at = between(rng, 1, 3)
        return Problem(
            f"What is the remainder of {polynomial(factors)} divided by {polynomial([1, -at])}?",
            fraction(value(factors, at)),
            INTEGER,
            {"coefficients": factors, "divisor": [1, -at]},
        )
    one, two = rng.sample([-3, -2, -1, 1, 2, 3], 2)
    first, second = value(factors, one), value(factors, two)
    slope = Fraction(first - second, one - two)
    divisor = product([1, -one], [1, -two])
    return Problem(
        f"The remainder of {polynomial(factors)} divided by {polynomial(divisor)} is ax + b. "
        "Find (a, b).",
        row([slope, first - slope * one]),
        "Write the answer as an ordered pair, for example (3, -12).",
        {"coefficients": factors, "divisor": divisor},
    )


def through_points(rng: Random, level: int) -> Problem:
    """A value of the polynomial of least degree through given points."""
    count = 2 + (level + 1) // 2
    places = rng.sample(range(-1 - level, 2 + level), count)
    factors = [between(rng, 1, 2 + level) for _ in range(count)]
    values = [value(factors, x) for x in places]
    at = max(places) + rng.randint(1, 1 + level)
    points = ", ".join(f"p({x}) = {y}" for x, y in zip(places, values, strict=True))
    return Problem(
        f"A polynomial p of degree at most {count - 1} satisfies {points}. What is p({at})?",
        fraction(value(factors, at)),
        INTEGER,
        {"places": places, "values": values, "at": at},
    )


def root_sums(rng: Random, level: int) -> Problem:
    """Power sums and sums of reciprocals of roots, from the coefficients alone."""
    degree = 2 if level < 3 else 3
    top = 3 + 2 * level
    factors = [1, *(between(rng, 1, top) for _ in range(degree))]
    power = -1 if level in (1, 3) else rng.randint(2, 1 + level)
    names = ("r", "s", "t")[:degree]
    terms = " + ".join(f"1/{name}" if power < 0 else f"{name}^{power}" for name in names)
    total = Fraction(-factors[-2], factors[-1]) if power < 0 else _power_sum(factors, power)
    return Problem(
        f"Let {', '.join(names)} be the roots of {polynomial(factors)} (real or complex, counted "
        f"with multiplicity). What is {terms}?",
        fraction(total),
        FRACTION,
        {"coefficients": factors, "power": power},
    )


def _power_sum(factors: list[int], power: int) -> Fraction:
    """Newton's identities; the first coefficient is 1."""
    degree = len(factors) - 1
    sums: list[int] = []
    for k in range(1, power + 1):
        total = -k * factors[k] if k <= degree else 0
        total -= sum(factors[i] * sums[k - i - 1] for i in range(1, min(k - 1, degree) + 1))
        sums.append(total)
    return Fraction(sums[-1])


POLYNOMIALS = MathsFamily(
    (roots, surd_roots, coefficient, expansion, remainder, through_points, root_sums)
)
