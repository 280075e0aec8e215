"""Expressions, worked out one operation at a time; what remains is written down after each."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from ostinato.rl.traces.arithmetic import Work

Calculate = Callable[[Work, str, Fraction, Fraction], Fraction]
"""Works out two numbers and the sign between them."""

_RANK = {"+": 1, "-": 1, "*": 2, "/": 2}
_TOKEN = re.compile(r"\(-?\d+/\d+\)|-?\d+(?:\.\d+)?|[-+*/()]")


@dataclass(frozen=True)
class Operation:
    """Two parts and the sign between them."""

    sign: str
    left: Part
    right: Part


Part = Operation | Fraction


def parse(text: str) -> Part:
    """An expression as the environment writes it: a sign between two parts has spaces around it,
    the sign of a number has none after it.
    """
    return _Reader(_TOKEN.findall(text)).sum()


def solve(
    work: Work, text: str, calculate: Calculate, show: Callable[[Fraction], str] = str
) -> Fraction:
    """The value of an expression, from the first operation whose parts are numbers on."""
    part = parse(text)
    while isinstance(part, Operation):
        work.say(render(part, show))
        part = _reduced(work, part, calculate)
    return part


def render(part: Part, show: Callable[[Fraction], str] = str) -> str:
    """An expression with no more brackets than it needs."""
    if not isinstance(part, Operation):
        return show(part)
    left, right = render(part.left, show), render(part.right, show)
    rank = _RANK[part.sign]
    if _rank(part.left, left) < rank:
        left = f"({left})"
    if _rank(part.right, right) <= (rank if part.sign in "-/" else rank - 1) or right[0] == "-":
        right = f"({right})"
    return f"{left}{part.sign}{right}"


def _rank(part: Part, shown: str) -> int:
    if isinstance(part, Operation):
        return _RANK[part.sign]
    return 2 if "/" in shown else 3


def _reduced(work: Work, part: Operation, calculate: Calculate) -> Part:
    """With one operation less."""
    if isinstance(part.left, Operation):
        return Operation(part.sign, _reduced(work, part.left, calculate), part.right)
    if isinstance(part.right, Operation):
        return Operation(part.sign, part.left, _reduced(work, part.right, calculate))
    return calculate(work, part.sign, part.left, part.right)


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    def sum(self) -> Part:
        return self._chain("+-", self.product)

    def product(self) -> Part:
        return self._chain("*/", self.number)

    def number(self) -> Part:
        token = self.tokens[self.at]
        self.at += 1
        if token != "(":
            return Fraction(token.strip("()"))
        inside = self.sum()
        assert self.tokens[self.at] == ")", "brackets are pairs"
        self.at += 1
        return inside

    def _chain(self, signs: str, part: Callable[[], Part]) -> Part:
        left = part()
        while self.at < len(self.tokens) and self.tokens[self.at] in signs:
            sign = self.tokens[self.at]
            self.at += 1
            left = Operation(sign, left, part())
        return left
