"""How every kind of ``maths/arithmetic`` is worked out."""

from __future__ import annotations

import re
from fractions import Fraction

from ostinato.rl.envs.maths.family import decimal
from ostinato.rl.envs.question import Question
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.fractions import calculate, calculate_decimals, lowest
from ostinato.rl.traces.maths.answered import answered
from ostinato.rl.traces.maths.expressions import solve


def _rational(work: Work, question: Question) -> Fraction:
    return solve(work, question.data["expression"], calculate)


def _decimals(work: Work, question: Question) -> str:
    return decimal(solve(work, question.data["expression"], calculate_decimals, decimal))


def _percentages(work: Work, question: Question) -> Fraction:
    """Each change is a factor: 15 % more is 23/20."""
    number = Fraction(question.data["start"])
    steps: list[int] = question.data["steps"]
    work.say(f"{number}: {' '.join(f'{step:+}%' for step in steps)}")
    for step in steps:
        work.say(f"{step:+}%")
        part, whole = (work.exact(step, 5), 20) if step % 5 == 0 else (step, 100)
        factor = lowest(work, work.add(whole, part), whole)
        number = calculate(work, "*", number, factor)
    return number


def _nested_remainders(work: Work, question: Question) -> int:
    a, b, c = (question.data[key] for key in "abc")
    work.say(f"{a}*{b}, by {c}")
    quotient, rest = work.divide(work.multiply(a, b), c)
    return work.add(quotient, rest)


def _continued_fraction(work: Work, question: Question) -> Fraction:
    """From the innermost fraction to the outermost; the results are in lowest terms as they are."""
    text = question.data["expression"]
    terms = [int(term) for term in re.findall(r"(\d+)(?: \+ 1/|\)*$)", text)]
    work.say(" ".join(map(str, terms)))
    number = Fraction(terms[-1])
    for term in reversed(terms[:-1]):
        part = 1 / number
        work.say(f"{term}+{part}")
        top = work.add(work.multiply(term, part.denominator), part.numerator)
        number = Fraction(top, part.denominator)
        work.say(f"{term}+{part}={number}")
    return number


ARITHMETIC = answered(
    {
        "integers": _rational,
        "fractions": _rational,
        "decimals": _decimals,
        "percentages": _percentages,
        "nested_remainders": _nested_remainders,
        "continued_fraction": _continued_fraction,
    }
)
