r"""Answers that are read exactly and without a library: numbers, roots, multiples of pi, lists.

A value is a sum of rational multiples of √n·π^k with n square-free: these are linearly
independent, so two values are equal when their terms are. What an answer leaves undone is noted:
``12+35`` is not ``47`` but a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd

MOST_DIGITS = 1000  # of one number: far below where Python refuses to convert
MOST_RADICAND = 10**8  # whose square factors are found by trial division
DEEPEST = 12

Terms = Mapping[tuple[int, int], Fraction]
"""By (n, k) the factor of √n·π^k; n = 0 stands for infinity."""

_INTEGER = r"(?:\d{1,3}(?:(?:,\\!|\{,\}|\\,|,)\d{3})+(?!\d)|\d+)"
_TOKEN = re.compile(
    rf"\s*(?:(?P<number>{_INTEGER}(?:\.\d+)?|\.\d+)|(?P<sign>\\[a-zA-Z]+|[-+*/^%(){{}}]))",
    re.ASCII,
)
_SEPARATORS = re.compile(r",\\!|\{,\}|\\,|,")


@dataclass(frozen=True)
class Value:
    """A number as it was written."""

    terms: Terms
    plain: bool = False
    """An integer, a decimal, a fraction or a percentage; nothing to compute."""
    finished: bool = True
    """Nothing is left to add, multiply or cancel."""
    integer: bool = field(default=False, compare=False)
    """Written as an integer."""
    numeral: bool = field(default=False, compare=False)
    """It has a written factor: another one would be a product left undone."""


def rational(number: Fraction | int, *, integer: bool = False) -> Value:
    """A number that is written out."""
    terms = {(1, 0): Fraction(number)} if number else {}
    return Value(terms, plain=True, integer=integer, numeral=True)


def read_value(text: str) -> Value | None:
    """The number that ``text`` is (already tidied), or None."""
    if infinite := re.fullmatch(r"\s*([-+]?)\s*\\infty\s*", text):
        return Value({(0, 0): Fraction(-1 if infinite[1] == "-" else 1)})
    tokens = _tokens(text)
    if tokens is None:
        return None
    try:
        reader = _Reader(tokens)
        value = reader.sum(0)
        return value if reader.at == len(tokens) else None
    except _UnreadableError:
        return None


class _UnreadableError(Exception):
    """The text is nothing that is read here."""


def _tokens(text: str) -> list[str] | None:
    tokens: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return None
        token = found["sign"] or _SEPARATORS.sub("", found["number"])
        if found["number"] and len(token) > MOST_DIGITS:
            return None
        tokens.append({r"\cdot": "*", r"\times": "*"}.get(token, token))
        at = found.end()
    return tokens


@dataclass
class _Reader:
    tokens: list[str]
    at: int = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, *wanted: str) -> bool:
        if self.peek() in wanted and self.peek():
            self.at += 1
            return True
        return False

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise _UnreadableError

    def sum(self, depth: int) -> Value:
        if depth > DEEPEST:
            raise _UnreadableError
        total: Value | None = None
        while True:
            sign = -1 if self.peek() == "-" else 1
            signed = self.take("+", "-")
            if total is not None and not signed:
                return total
            term = self.product(depth)
            if sign < 0:
                term = _negated(term)
            total = term if total is None else _added(total, term)

    def product(self, depth: int) -> Value:
        value = self.factor(depth)
        while True:
            if self.take("*"):
                value = _multiplied(value, self.factor(depth))
            elif self.take("/"):
                value = _divided(value, self.factor(depth))
            elif self.peek() in ("(", r"\sqrt", r"\pi", r"\frac"):
                mixed = value.integer and self.peek() == r"\frac"
                other = self.factor(depth)
                value = _mixed(value, other) if mixed else _multiplied(value, other)
            else:
                return value

    def factor(self, depth: int) -> Value:
        token = self.peek()
        self.at += 1
        if token[:1].isdigit() or token[:1] == ".":
            value = rational(Fraction(token), integer="." not in token)
            if self.take("%"):
                value = rational(Fraction(token) / 100)
            return value
        if token == "(":
            value = self.sum(depth + 1)
            self.need(")")
            return Value(value.terms, False, value.finished, numeral=value.numeral)
        if token == r"\pi":
            return Value({(1, self.power()): Fraction(1)})
        if token == r"\sqrt":
            return _root(self.group(depth))
        if token == r"\frac":
            above = self.group(depth)
            return _divided(above, self.group(depth))
        raise _UnreadableError

    def group(self, depth: int) -> Value:
        self.need("{")
        value = self.sum(depth + 1)
        self.need("}")
        return value

    def power(self) -> int:
        if not self.take("^"):
            return 1
        braced = self.take("{")
        token = self.peek()
        if len(token) != 1 or token not in "123456789":
            raise _UnreadableError
        self.at += 1
        if braced:
            self.need("}")
        return int(token)


def _negated(value: Value) -> Value:
    terms = {key: -factor for key, factor in value.terms.items()}
    return Value(terms, value.plain, value.finished, value.integer, value.numeral)


def _added(one: Value, two: Value) -> Value:
    clash = not one.terms or not two.terms or not one.terms.keys().isdisjoint(two.terms)
    terms = dict(one.terms)
    for key, factor in two.terms.items():
        terms[key] = terms.get(key, Fraction(0)) + factor
    return Value(_tidy(terms), False, one.finished and two.finished and not clash)


def _multiplied(one: Value, two: Value) -> Value:
    if len(one.terms) * len(two.terms) > 64:
        raise _UnreadableError
    terms: dict[tuple[int, int], Fraction] = {}
    for (n, k), factor in one.terms.items():
        for (m, j), other in two.terms.items():
            common = gcd(n, m)
            key = (n * m // common**2, k + j)
            if key[0] > MOST_RADICAND:
                raise _UnreadableError
            terms[key] = terms.get(key, Fraction(0)) + factor * other * common
    roots = any(n > 1 for n, _ in one.terms) and any(n > 1 for n, _ in two.terms)
    undone = (one.numeral and two.numeral) or roots or not one.terms or not two.terms
    finished = one.finished and two.finished and not undone
    return Value(_tidy(terms), False, finished, numeral=one.numeral or two.numeral)


def _divided(one: Value, two: Value) -> Value:
    if not two.terms:
        raise _UnreadableError
    if one.integer and two.integer:
        above, below = one.terms.get((1, 0), Fraction(0)), two.terms[1, 0]
        lowest = gcd(int(above), int(below)) == 1 and abs(below) != 1
        value = rational(above / below)
        return Value(value.terms, True, lowest, numeral=True)
    value = _multiplied(one, _inverse(two))
    bare = two.plain and one.plain
    return Value(
        value.terms, False, one.finished and two.finished and not bare, numeral=one.numeral
    )


def _inverse(value: Value) -> Value:
    """Of one term, or of two terms without pi, by their conjugate."""
    if len(value.terms) == 1:
        ((n, k), factor) = next(iter(value.terms.items()))
        return Value({(n, -k): 1 / (factor * n)})
    if len(value.terms) > 2 or any(k for _, k in value.terms):
        raise _UnreadableError
    (first, a), (second, b) = value.terms.items()
    norm = a * a * first[0] - b * b * second[0]
    return Value({first: a / norm, second: -b / norm})


def _mixed(whole: Value, part: Value) -> Value:
    r"""``3\frac{1}{2}``: three and a half."""
    size = part.terms.get((1, 0), Fraction(0))
    if not (part.plain and part.finished and 0 < size < 1):
        raise _UnreadableError
    return rational(whole.terms.get((1, 0), Fraction(0)) + size)


def _root(value: Value) -> Value:
    size = value.terms.get((1, 0), Fraction(0))
    if not value.plain or size < 0 or len(value.terms) > 1:
        raise _UnreadableError
    radicand = size.numerator * size.denominator
    if radicand > MOST_RADICAND:
        raise _UnreadableError
    outside, inside = _square_part(radicand)
    terms = {(inside, 0): Fraction(outside, size.denominator)} if radicand else {}
    return Value(terms, False, value.finished and inside > 1)


def _square_part(number: int) -> tuple[int, int]:
    """(a, n) with number = a²·n and n square-free."""
    outside, inside, divisor = 1, number, 2
    while divisor * divisor <= inside:
        while inside and inside % (divisor * divisor) == 0:
            inside //= divisor * divisor
            outside *= divisor
        divisor += 1
    return outside, inside


def _tidy(terms: Mapping[tuple[int, int], Fraction]) -> Terms:
    return {key: factor for key, factor in terms.items() if factor}
