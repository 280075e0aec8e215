"""The value of a tree."""

from math import gcd

from syntax import parse
from tokens import CalculatorError


def evaluate(text, names=None):
    """The value of an expression, given the values of its names."""
    return value(parse(text), names or {})


def value(tree, names):
    """The value of a tree."""
    kind = tree[0]
    if kind == "number":
        return tree[1]
    if kind == "name":
        if tree[1] not in names:
            raise CalculatorError(f"unknown name {tree[1]}")
        return names[tree[1]]
    if kind == "neg":
        return -value(tree[1], names)
    if kind == "call":
        return call(tree[1], [value(argument, names) for argument in tree[2]])
    return apply(kind, value(tree[1], names), value(tree[2], names))


def apply(operator, left, right):
    """One operation."""
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    if operator == "^":
        if right < 0:
            raise CalculatorError("negative exponent")
        return left**right
    if right == 0:
        raise CalculatorError("division by zero")
    quotient = abs(left) // abs(right)
    if (left < 0) != (right < 0):
        quotient = -quotient
    return quotient if operator == "/" else left - quotient * right


def call(name, arguments):
    """One function call."""
    if name == "min":
        return min(arguments)
    if name == "max":
        return max(arguments)
    if name == "abs" and len(arguments) == 1:
        return abs(arguments[0])
    if name == "gcd" and len(arguments) == 2:
        return gcd(arguments[0], arguments[1])
    raise CalculatorError(f"no function {name} of {len(arguments)} arguments")
