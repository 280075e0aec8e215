"""What the families of mathematics share: a problem, and the family of several kinds of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random
from typing import Any

from ostinato.grading.maths import check_answer
from ostinato.grading.types import Grade
from ostinato.rl.envs.question import Question

LEVELS = 6

INTEGER = "The answer is an integer, written in digits."
FRACTION = "The answer is an integer or a fraction in lowest terms, for example -7/3."
PAIR = "Write the answer as an ordered pair, for example (3, -1/2)."
TUPLE = "Write the answer as a tuple in the order asked for, for example (2, 0, -5)."


@dataclass(frozen=True)
class Problem:
    """A problem before it is put to anybody."""

    text: str
    answer: str
    note: str
    """How the answer is written, in one sentence."""
    given: Mapping[str, Any]
    """The numbers that determine the answer, for whoever computes it in another way."""


Maker = Callable[[Random, int], Problem]
"""Draws a problem of a level."""


@dataclass(frozen=True)
class MathsFamily:
    """Problems of some kinds, in turn by chance; the answer is compared as mathematics."""

    makers: tuple[Maker, ...]

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return LEVELS

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``. The kind stands in the data, beside the numbers of the problem."""
        maker = rng.choice(self.makers)
        problem = maker(rng, level)
        data = {"kind": maker.__name__, **problem.given}
        return Question(f"{problem.text}\n\n{problem.note}", problem.answer, data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return check_answer(answer, question.answer)

    def guess(self, question: Question, rng: Random) -> str:
        """The shape of an answer, with numbers of about the size of those in the prompt."""
        sizes = [int(number) for number in re.findall(r"\d{1,6}", question.prompt)]
        largest = max([10, *sizes])
        return re.sub(r"\d+", lambda _: str(rng.randint(1, largest)), question.answer)


def between(rng: Random, low: int, high: int) -> int:
    """An integer of this range, either sign."""
    return rng.choice((-1, 1)) * rng.randint(low, high)


def fraction(number: Fraction | int) -> str:
    """As an answer is written: ``-7/3``, or ``4``."""
    return str(Fraction(number))


def row(numbers: Sequence[Fraction | int]) -> str:
    """``(2, 0, -5)``."""
    return f"({', '.join(map(fraction, numbers))})"


def listed(numbers: Sequence[object]) -> str:
    """``2, 3 and 5``."""
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def polynomial(coefficients: Sequence[Fraction | int], letter: str = "x") -> str:
    """As it is read, from the highest power, whose coefficient comes first."""
    degree = len(coefficients) - 1
    parts: list[str] = []
    for at, factor in enumerate(coefficients):
        power = degree - at
        if not factor:
            continue
        size = "" if abs(factor) == 1 and power else fraction(abs(factor))
        if "/" in size and power:
            size = f"({size})"
        name = "" if power == 0 else letter if power == 1 else f"{letter}^{power}"
        sign = "-" if factor < 0 else "+"
        parts.append(f"{sign} {size}{name}")
    text = " ".join(parts) or "0"
    return text[2:] if text.startswith("+") else text.replace("- ", "-", 1) if parts else text


def decimal(number: Fraction) -> str:
    """All digits of a fraction whose denominator has only the factors 2 and 5."""
    places = 0
    while (number * 10**places).denominator > 1:
        places += 1
    digits = str(abs(int(number * 10**places))).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if number < 0 else text


def counted(number: Fraction | int, noun: str) -> str:
    """``1 hour``, ``2 hours``, ``3/4 hours``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def value(coefficients: Sequence[Fraction | int], x: Fraction | int) -> Fraction | int:
    """Of the polynomial whose highest coefficient comes first."""
    total: Fraction | int = 0
    for factor in coefficients:
        total = total * x + factor
    return total


def product(one: Sequence[int], two: Sequence[int]) -> list[int]:
    """The coefficients of the product of two polynomials."""
    result = [0] * (len(one) + len(two) - 1)
    for i, a in enumerate(one):
        for j, b in enumerate(two):
            result[i + j] += a * b
    return result
