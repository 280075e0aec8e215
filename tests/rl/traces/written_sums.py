"""Checks every sum that a trace writes down, in a way of its own."""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction

_SIGNS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CHAIN = re.compile(r"[-+*/().\d]+(?:(?:<=|=|<)[-+*/().\d]+)+")
_LINE = re.compile(r"(\d+)([-+*])(\d+): (.*) -> (\d+)")
_GCD = re.compile(r"gcd\((\d+),(\d+)\)=(\d+)")


def value(text: str) -> Fraction:
    """Of an expression of numbers."""
    return _value(ast.parse(text, mode="eval").body)


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.BinOp):
        return _SIGNS[type(node.op)](_value(node.left), _value(node.right))
    if isinstance(node, ast.UnaryOp):
        assert isinstance(node.op, ast.USub)
        return -_value(node.operand)
    assert isinstance(node, ast.Constant)
    return Fraction(str(node.value))


def check_sums(thinking: str) -> int:
    """Asserts that all is true that is written between numbers; says how much that is."""
    count = 0
    for line in thinking.splitlines():
        for word in line.split():
            if _CHAIN.fullmatch(word):
                _check_chain(word)
                count += 1
        columns = _LINE.fullmatch(line)
        if columns is not None:
            _check_columns(*columns.groups())
            count += 1
        common = _GCD.fullmatch(line)
        if common is not None:
            assert math.gcd(int(common[1]), int(common[2])) == int(common[3]), line
            count += 1
    return count


def _check_chain(word: str) -> None:
    sides = [value(side) for side in re.split("<=|<|=", word)]
    signs = re.findall("<=|<|=", word)
    for sign, left, right in zip(signs, sides[:-1], sides[1:], strict=True):
        true = {"=": left == right, "<": left < right, "<=": left <= right}[sign]
        assert true, word


def _check_columns(one: str, sign: str, two: str, steps: str, result: str) -> None:
    """The digits of the steps are those of the sum, and the results spell its result."""
    assert value(f"{one}{sign}{two}") == int(result)
    parts = [step.partition("=") for step in steps.split()]
    assert all(len(number) <= 2 for left, _, _ in parts for number in re.split(r"[-+*]", left))
    spelled = parts[-1][2] + "".join(end[-1] for _, _, end in parts[-2::-1])
    assert int(spelled) == int(result)
    read = "".join(re.split(r"[-+*]", left)[0][-1] for left, _, _ in reversed(parts))
    assert int(read) == int(one)
