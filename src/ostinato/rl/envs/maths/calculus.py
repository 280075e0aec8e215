"""Calculus of polynomials: derivatives, integrals, extrema, tangents, areas between curves."""

from __future__ import annotations

from collections.abc import Sequence
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
    product,
    row,
    value,
)


def _derived(factors: Sequence[int]) -> list[int]:
    degree = len(factors) - 1
    return [factor * (degree - at) for at, factor in enumerate(factors[:-1])]


def _integral(
    factors: Sequence[Fraction | int], low: Fraction | int, high: Fraction | int
) -> Fraction:
    size = len(factors)
    primitive = [Fraction(factor) / (size - at) for at, factor in enumerate(factors)] + [0]
    return Fraction(value(primitive, high) - value(primitive, low))


def derivative_at(rng: Random, level: int) -> Problem:
    """The first, then the second and third derivative at a place."""
    order = (1, 1, 2, 2, 3, 3)[level - 1]
    factors = [between(rng, 1, 3 + level) for _ in range(3 + level)]
    at = between(rng, 1, 2 + level // 2)
    derived = factors
    for _ in range(order):
        derived = _derived(derived)
    name = ("first", "second", "third")[order - 1]
    return Problem(
        f"Let f(x) = {polynomial(factors)}. What is the value of the {name} derivative of f at "
        f"x = {at}?",
        str(value(derived, at)),
        INTEGER,
        {"coefficients": factors, "at": at, "order": order},
    )


def derivative_of_product(rng: Random, level: int) -> Problem:
    """All coefficients of the derivative of a product."""
    one = [between(rng, 1, 3 + level) for _ in range(2 + level // 3)]
    two = [between(rng, 1, 3 + level) for _ in range(2 + (level + 1) // 3)]
    derived = _derived(product(one, two))
    return Problem(
        f"The derivative of f(x) = ({polynomial(one)}) * ({polynomial(two)}) is a polynomial. Give "
        f"its coefficients, from that of the highest power of x to the constant one.",
        row(derived),
        TUPLE,
        {"factors": [one, two]},
    )


def definite_integral(rng: Random, level: int) -> Problem:
    """Of a polynomial between integers, later between fractions."""
    factors = [between(rng, 1, 4 + 2 * level) for _ in range(2 + (level + 1) // 2)]
    bottom = 1 if level < 4 else rng.randint(2, 3)
    low = Fraction(between(rng, 0, 2 + level // 2), bottom)
    high = low + Fraction(rng.randint(1, 3 + level), bottom)
    return Problem(
        f"What is the definite integral of {polynomial(factors)} from x = {low} to x = {high}?",
        fraction(_integral(factors, low, high)),
        FRACTION,
        {"coefficients": factors, "low": str(low), "high": str(high)},
    )


def area_between(rng: Random, level: int) -> Problem:
    """A parabola and a line (at first the x-axis) enclose an area."""
    a = rng.randint(1, 1 + level)
    one = between(rng, 0, 2 + level)
    two = one + rng.randint(1, 3 + level)
    slope, rest = (between(rng, 1, 2 + level), between(rng, 0, 5)) if level > 2 else (0, 0)
    below = product([a, -a * one], [1, -two])
    curve = [below[0], below[1] + slope, below[2] + rest]
    line = polynomial([slope, rest]) if slope else "0"
    return Problem(
        f"What is the area of the region that the curves y = {polynomial(curve)} and y = {line} "
        "enclose?",
        fraction(Fraction(a * (two - one) ** 3, 6)),
        FRACTION,
        {"curve": curve, "line": [slope, rest]},
    )


def extremum(rng: Random, level: int) -> Problem:
    """The greatest or least value of a cubic on an interval."""
    one, two = sorted(rng.sample(range(-2 - level, 3 + level), 2))
    scale = between(rng, 1, 1 + level // 2)
    # the derivative is 6 scale (x - one)(x - two)
    factors = [2 * scale, -3 * scale * (one + two), 6 * scale * one * two, between(rng, 0, 9)]
    low, high = one - rng.randint(0, 3), two + rng.randint(0, 3)
    greatest = bool(rng.randrange(2))
    values = [int(value(factors, x)) for x in (low, one, two, high)]
    return Problem(
        f"What is the {'greatest' if greatest else 'least'} value of f(x) = {polynomial(factors)} "
        f"for real x with {low} <= x <= {high}?",
        str(max(values) if greatest else min(values)),
        INTEGER,
        {"coefficients": factors, "low": low, "high": high, "greatest": greatest},
    )


def tangent(rng: Random, level: int) -> Problem:
    """Slope and intercept of a tangent."""
    factors = [between(rng, 1, 3 + level) for _ in range(3 + level // 2)]
    at = between(rng, 1, 1 + (level + 1) // 2)
    slope = value(_derived(factors), at)
    return Problem(
        f"The tangent to the curve y = {polynomial(factors)} at x = {at} is the line y = mx + c. "
        "Find (m, c).",
        row([slope, value(factors, at) - slope * at]),
        PAIR,
        {"coefficients": factors, "at": at},
    )


def from_derivative(rng: Random, level: int) -> Problem:
    """A value of f from its derivative and another value."""
    derived = [between(rng, 1, 4 + 2 * level) for _ in range(2 + level // 2)]
    start, end = rng.sample(range(-1 - level // 2, 3 + level // 2), 2)
    known = between(rng, 0, 20)
    return Problem(
        f"The derivative of f is f'(x) = {polynomial(derived)}, and f({start}) = {known}. "
        f"What is f({end})?",
        fraction(known + _integral(derived, start, end)),
        FRACTION,
        {"derived": derived, "start": start, "known": known, "end": end},
    )


CALCULUS = MathsFamily(
    (
        derivative_at,
        derivative_of_product,
        definite_integral,
        area_between,
        extremum,
        tangent,
        from_derivative,
    )
)
