"""Arithmetic: order of operations, fractions, decimals, percentages, division with remainder."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    MathsFamily,
    Problem,
    between,
    decimal,
    fraction,
)

_RANK = {"+": 1, "-": 1, "*": 2}


@dataclass(frozen=True)
class _Part:
    """A piece of an expression: its text, its value, how tightly it binds."""

    text: str
    value: Fraction
    rank: int = 3


def _joined(left: _Part, sign: str, right: _Part) -> _Part:
    rank = _RANK[sign]
    one = f"({left.text})" if left.rank < rank else left.text
    looser = right.rank < rank or (right.rank == rank and sign == "-")
    two = f"({right.text})" if looser or right.text.startswith("-") else right.text
    number = {
        "+": left.value + right.value,
        "-": left.value - right.value,
        "*": left.value * right.value,
    }[sign]
    return _Part(f"{one} {sign} {two}", number, rank)


def _tree(rng: Random, leaves: list[_Part], signs: str) -> _Part:
    """The parts joined in random brackets, in their order."""
    if len(leaves) == 1:
        return leaves[0]
    cut = rng.randrange(1, len(leaves))
    left, right = _tree(rng, leaves[:cut], signs), _tree(rng, leaves[cut:], signs)
    return _joined(left, rng.choice(signs), right)


def integers(rng: Random, level: int) -> Problem:
    """Sums, differences and products with brackets."""
    largest = (20, 30, 40, 50, 99, 250)[level - 1]
    numbers = [rng.randint(2, largest) for _ in range(2 + level)]
    if level > 2:
        numbers = [rng.choice((-1, 1)) * number for number in numbers]
    part = _tree(
        rng, [_Part(str(n), Fraction(n)) for n in numbers], "+-*" if level < 4 else "+-+-*"
    )
    return Problem(
        f"Compute {_explained(part.text)}.",
        fraction(part.value),
        INTEGER,
        {"expression": part.text},
    )


def fractions(rng: Random, level: int) -> Problem:
    """The same with fractions, at higher levels divided by another such expression."""
    largest = (6, 8, 9, 12, 15, 24)[level - 1]
    count = (2, 3, 3, 4, 4, 5)[level - 1]

    def one() -> _Part:
        number = Fraction(between(rng, 1, 2 * largest), rng.randint(2, largest))
        return _Part(f"({number})" if number.denominator > 1 else str(number), number)

    part = _tree(rng, [one() for _ in range(count)], "+-*" if level < 4 else "+-+-*")
    text, result = part.text, part.value
    divisor = _tree(rng, [one() for _ in range(max(1, level // 2))], "+-")
    if level >= 3 and divisor.value:
        text, result = f"({text}) / ({divisor.text})", result / divisor.value
    return Problem(
        f"Compute {_explained(text)}.",
        fraction(result),
        FRACTION,
        {"expression": text},
    )


def decimals(rng: Random, level: int) -> Problem:
    """Exact decimals."""
    places = (1, 1, 2, 2, 3, 3)[level - 1]
    count = (2, 3, 3, 4, 4, 5)[level - 1]

    def one() -> _Part:
        number = Fraction(rng.randint(2, 10 ** (places + 1)), 10**places)
        return _Part(decimal(number), number)

    part = _tree(rng, [one() for _ in range(count)], "+-*" if level > 1 else "+-")
    return Problem(
        f"Compute {_explained(part.text)}. Do not round.",
        decimal(part.value),
        "The answer is a decimal with all its digits, not rounded, for example -3.075.",
        {"expression": part.text},
    )


def percentages(rng: Random, level: int) -> Problem:
    """Changes by percentages one after the other."""
    steps = [between(rng, 1, 18) * 5 for _ in range((1, 2, 2, 3, 3, 4)[level - 1])]
    start = rng.randint(4, 40) * 20 ** min(len(steps), 2)
    number = Fraction(start)
    for step in steps:
        number *= 1 + Fraction(step, 100)
    words = [f"{'increased' if step > 0 else 'decreased'} by {abs(step)}%" for step in steps]
    return Problem(
        f"The number {start} is {', then the result is '.join(words)}. What is it in the end?",
        fraction(number),
        FRACTION,
        {"start": start, "steps": steps},
    )


def nested_remainders(rng: Random, level: int) -> Problem:
    """Division with remainder of a product or a power."""
    low = 10**level
    a, b = rng.randint(low, 10 * low), rng.randint(low, 10 * low)
    c = rng.randint(11 * level, 100 * level)
    quotient, rest = divmod(a * b, c)
    return Problem(
        f"Divide the product of {a} and {b} by {c}, with remainder. "
        "What is the quotient plus the remainder?",
        str(quotient + rest),
        INTEGER,
        {"a": a, "b": b, "c": c},
    )


def continued_fraction(rng: Random, level: int) -> Problem:
    """A fraction in stories, from the bottom up."""
    terms = [rng.randint(1, 4 + 2 * level) for _ in range(level + 1)]
    number = Fraction(terms[-1])
    text = str(terms[-1])
    for term in reversed(terms[:-1]):
        number = term + 1 / number
        text = f"{term} + 1/({text})" if " " in text else f"{term} + 1/{text}"
    return Problem(
        f"Write {text} as one fraction.",
        fraction(number),
        FRACTION,
        {"expression": text},
    )


def _explained(text: str) -> str:
    return f"{text}, where * means multiplication" if "*" in text else text


ARITHMETIC = MathsFamily(
    (integers, fractions, decimals, percentages, nested_remainders, continued_fraction)
)
