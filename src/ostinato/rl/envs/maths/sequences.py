"""Sequences: arithmetic and geometric ones, recurrences, sums, periods."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    MathsFamily,
    Problem,
    between,
    fraction,
    polynomial,
    value,
)


def arithmetic_term(rng: Random, level: int) -> Problem:
    """A term from two others."""
    first, step = between(rng, 1, 20 * level), between(rng, 2, 5 + 4 * level)
    i = rng.randint(2, 4 * level + 2)
    j = i + rng.randint(2, 6 * level)
    n = j + rng.randint(5, 40 * level)
    a, b = first + (i - 1) * step, first + (j - 1) * step
    return Problem(
        f"In an arithmetic sequence, the term number {i} is {a} and the term number {j} is {b}; "
        f"terms are numbered from 1. What is the term number {n}?",
        str(first + (n - 1) * step),
        INTEGER,
        {"i": i, "a": a, "j": j, "b": b, "n": n},
    )


def arithmetic_sum(rng: Random, level: int) -> Problem:
    """The sum of some terms, from level 3 from a later one on."""
    first, step = between(rng, 1, 15 * level), between(rng, 2, 3 + 3 * level)
    start = 1 if level < 3 else rng.randint(3, 10 * level)
    end = start + rng.randint(6, 15 * level)
    total = sum(first + (k - 1) * step for k in range(start, end + 1))
    return Problem(
        f"An arithmetic sequence begins {first}, {first + step}, {first + 2 * step}; its terms are "
        f"numbered from 1. What is the sum of the terms number {start} to {end}, both included?",
        str(total),
        INTEGER,
        {"first": first, "step": step, "start": start, "end": end},
    )


def geometric(rng: Random, level: int) -> Problem:
    """A sum of a geometric sequence, or of all of it."""
    bottom = rng.randint(2, 2 + level)
    top = rng.choice([n for n in range(1 - bottom, bottom) if n])
    ratio = Fraction(top, bottom)
    first = between(rng, 1, 4 + 4 * level)
    shown = ", ".join(fraction(first * ratio**k) for k in range(3))
    if rng.randrange(2):
        return Problem(
            f"A geometric sequence begins {shown}. What is the sum of all its infinitely many "
            "terms?",
            fraction(first / (1 - ratio)),
            FRACTION,
            {"first": first, "ratio": str(ratio), "count": None},
        )
    count = rng.randint(3 + level // 3, 4 + level // 2)
    total = sum((first * ratio**k for k in range(count)), Fraction(0))
    return Problem(
        f"A geometric sequence begins {shown}. What is the sum of its first {count} terms?",
        fraction(total),
        FRACTION,
        {"first": first, "ratio": str(ratio), "count": count},
    )


def recurrence(rng: Random, level: int) -> Problem:
    """A term of a linear recurrence, of the second order from level 2, with a constant from 4."""
    order = 1 if level == 1 else 2
    factors = [between(rng, 1, 3) for _ in range(order)]
    constant = between(rng, 1, 9) if level in (1, 4, 5, 6) else 0
    starts = [between(rng, 0, 4 + level) for _ in range(order)]
    n = rng.randint(4 + level // 2, 6 + level)
    terms = list(starts)
    while len(terms) < n:
        terms.append(
            factors[0] * terms[-1] + constant + (factors[1] * terms[-2] if order > 1 else 0)
        )
    names = ["a(n-1)", "a(n-2)"][:order]
    rule = " + ".join(
        f"({factor}) * {name}" if factor < 0 else f"{factor} * {name}"
        for factor, name in zip(factors, names, strict=True)
    )
    rule += f" {'-' if constant < 0 else '+'} {abs(constant)}" if constant else ""
    begin = " and ".join(f"a({k + 1}) = {start}" for k, start in enumerate(starts))
    return Problem(
        f"A sequence begins with {begin}; for n > {order}, a(n) = {rule}. What is a({n})?",
        str(terms[n - 1]),
        INTEGER,
        {"factors": factors, "constant": constant, "starts": starts, "n": n},
    )


def polynomial_next(rng: Random, level: int) -> Problem:
    """A later value of a polynomial sequence from its first values."""
    degree = (1, 2, 2, 3, 3, 4)[level - 1]
    factors = [between(rng, 1, 3 + level) for _ in range(degree + 1)]
    known = degree + 2
    n = known + rng.randint(2, 3 + 2 * level)
    shown = ", ".join(str(value(factors, k)) for k in range(1, known + 1))
    return Problem(
        f"The terms of a sequence, numbered from 1, are the values of a polynomial of degree "
        f"{degree} in the term's number. It begins {shown}. What is the term number {n}?",
        str(value(factors, n)),
        INTEGER,
        {"shown": [int(value(factors, k)) for k in range(1, known + 1)], "n": n},
    )


def sum_of_values(rng: Random, level: int) -> Problem:
    """The sum of a polynomial over a range."""
    degree = (1, 2, 2, 2, 3, 3)[level - 1]
    factors = [between(rng, 1, 2 + level) for _ in range(degree + 1)]
    n = rng.randint(8 + 4 * level, 15 + 10 * level)
    total = sum(int(value(factors, k)) for k in range(1, n + 1))
    return Problem(
        f"What is the sum of {polynomial(factors, 'k')} over all integers k from 1 to {n}?",
        str(total),
        INTEGER,
        {"coefficients": factors, "n": n},
    )


def telescoping(rng: Random, level: int) -> Problem:
    """A sum of reciprocals of products that collapses."""
    step = rng.randint(1, 2 + level)
    start = rng.randint(1, 3 + 3 * level)
    count = rng.randint(4 + 3 * level, 10 + 15 * level)
    last = start + count * step
    total = (Fraction(1, start) - Fraction(1, last)) / step
    a, b, c = start, start + step, start + 2 * step
    return Problem(
        f"What is 1/({a} * {b}) + 1/({b} * {c}) + ... + 1/({last - step} * {last})? "
        f"The factors go up by {step} from one term to the next.",
        fraction(total),
        FRACTION,
        {"start": start, "step": step, "count": count},
    )


def eventual_period(rng: Random, level: int) -> Problem:
    """A far term of a recurrence modulo a number."""
    modulus = rng.randint(11, 15 + 6 * level)
    a, b = rng.randint(2, 9), rng.randint(1, 9)
    power = 1 if level < 3 else 2
    start = rng.randint(1, modulus - 1)
    n = rng.randint(10 * level, 50 * 3**level)
    term = start
    for _ in range(n - 1):
        term = (a * term**power + b) % modulus
    rule = f"{a} * x(n-1){'^2' if power == 2 else ''} + {b}"
    return Problem(
        f"Let x(1) = {start} and, for n > 1, let x(n) be the remainder of {rule} divided by "
        f"{modulus}. What is x({n})?",
        str(term),
        INTEGER,
        {"modulus": modulus, "a": a, "b": b, "power": power, "start": start, "n": n},
    )


SEQUENCES = MathsFamily(
    (
        arithmetic_term,
        arithmetic_sum,
        geometric,
        recurrence,
        polynomial_next,
        sum_of_values,
        telescoping,
        eventual_period,
    )
)
