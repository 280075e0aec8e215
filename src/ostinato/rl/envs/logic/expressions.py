"""Values of expressions that strangers wrote, without ever running them: exact arithmetic, sums of
powers, and derivatives at a point.
"""

from __future__ import annotations

import ast
import cmath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

_EXACT = re.compile(r"[0-9+\-*/() ]{1,400}")
_CALCULUS = re.compile(r"[0-9A-Za-z+\-*/(). ]{1,2000}")
_GLUED = re.compile(r"[0-9.][A-Za-z]|[0-9]{12}")
_POLYNOMIAL = re.compile(r"[0-9A-Za-z+\-*]{1,20000}")
_FACTOR = re.compile(r"[0-9]{1,40}|([A-Za-z])(?:\*\*([0-9]{1,3}))?")


def exact(text: str) -> Fraction | None:
    """The value of whole numbers with + - * / and parentheses; None for anything else."""
    if not _EXACT.fullmatch(text) or "**" in text or "//" in text or _GLUED.search(text):
        return None
    tree = _parsed(text)
    if tree is None:
        return None
    try:
        return _exact(tree)
    except (_UnknownError, ZeroDivisionError, RecursionError):
        return None


def polynomial(text: str) -> dict[str, int] | None:
    """The coefficients of a sum of monomials such as ``3*x**2*y - 7``, by what stands beside
    them; those of 0 are left out. None for anything else, products of sums among it.
    """
    text = text.replace(" ", "")
    if not _POLYNOMIAL.fullmatch(text):
        return None
    found: dict[str, int] = {}
    for sign, term in re.findall(r"([+-]?)([^+-]*)", text if text[0] in "+-" else f"+{text}"):
        if not sign and not term:
            continue  # the end of the text
        coefficient, powers = (-1 if sign == "-" else 1), dict[str, int]()
        for factor in term.replace("**", "^").split("*"):
            match = _FACTOR.fullmatch(factor.replace("^", "**"))
            if not match:
                return None
            if match[1]:
                powers[match[1]] = powers.get(match[1], 0) + int(match[2] or 1)
            else:
                coefficient *= int(match[0])
        key = " ".join(f"{letter}{powers[letter]}" for letter in sorted(powers) if powers[letter])
        found[key] = found.get(key, 0) + coefficient
    return {key: value for key, value in found.items() if value}


def is_antiderivative(text: str, integrand: str, variable: str) -> bool | None:
    """Whether the derivative of ``text`` is ``integrand``, at points off the real axis; None
    where ``text`` is no expression of the variable, the constant C and elementary functions.

    Points at which one of them has no value do not count; three have to agree. Branches of roots
    and logarithms may differ elsewhere.
    """
    if not _CALCULUS.fullmatch(text) or _GLUED.search(text):
        return None
    tree, wanted = _parsed(text), _parsed(integrand)
    if tree is None or wanted is None:
        return None
    agree = 0
    for point in _POINTS:
        names = {variable: _Dual(point, 1), "C": _Dual(0.7), "E": _Dual(cmath.e)}
        names["pi"] = _Dual(cmath.pi)
        try:
            slope, value = _dual(tree, names).slope, _dual(wanted, names).value
        except (_UnknownError, RecursionError):
            return None
        except (OverflowError, ZeroDivisionError, ValueError):
            continue
        agree += abs(slope - value) <= 1e-7 * (1 + abs(value))
    return agree >= 3


_POINTS = (0.31 + 0.01j, 0.17 + 0.02j, 1.9 + 0.03j, 2.6 - 0.02j, -0.23 + 0.01j, -1.7 - 0.03j)


class _UnknownError(Exception):
    """Something in an expression that is not allowed."""


@dataclass(frozen=True)
class _Dual:
    """A number and its derivative."""

    value: complex
    slope: complex = 0


def _parsed(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _exact(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int(value)):
            return Fraction(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_exact(inner)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _exact(inner)
        case ast.BinOp(left=left, op=operator, right=right):
            one, other = _exact(left), _exact(right)
            match operator:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
                case ast.Div():
                    return one / other
                case _:
                    raise _UnknownError
        case _:
            raise _UnknownError


def _dual(node: ast.expr, names: Mapping[str, _Dual]) -> _Dual:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _Dual(float(value))
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as operator, operand=inner):
            one = _dual(inner, names)
            sign = -1 if isinstance(operator, ast.USub) else 1
            return _Dual(sign * one.value, sign * one.slope)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
            one = _dual(argument, names)
            function, derivative = _FUNCTIONS[name]
            return _Dual(function(one.value), derivative(one.value) * one.slope)
        case ast.BinOp(left=left, op=operator, right=right):
            return _combined(operator, _dual(left, names), _dual(right, names))
        case _:
            raise _UnknownError


def _combined(operator: ast.operator, one: _Dual, other: _Dual) -> _Dual:
    a, b = one.value, other.value
    match operator:
        case ast.Add():
            return _Dual(a + b, one.slope + other.slope)
        case ast.Sub():
            return _Dual(a - b, one.slope - other.slope)
        case ast.Mult():
            return _Dual(a * b, one.slope * b + a * other.slope)
        case ast.Div():
            return _Dual(a / b, (one.slope * b - a * other.slope) / (b * b))
        case ast.Pow() if other.slope == 0:
            return _Dual(a**b, b * a ** (b - 1) * one.slope if b else 0)
        case ast.Pow():
            power = a**b
            return _Dual(power, power * (other.slope * cmath.log(a) + b * one.slope / a))
        case _:
            raise _UnknownError


_Function = Callable[[complex], complex]
_FUNCTIONS: dict[str, tuple[_Function, _Function]] = {
    "exp": (cmath.exp, cmath.exp),
    "log": (cmath.log, lambda z: 1 / z),
    "ln": (cmath.log, lambda z: 1 / z),
    "sqrt": (cmath.sqrt, lambda z: 0.5 / cmath.sqrt(z)),
    "sin": (cmath.sin, cmath.cos),
    "cos": (cmath.cos, lambda z: -cmath.sin(z)),
    "tan": (cmath.tan, lambda z: 1 / cmath.cos(z) ** 2),
    "asin": (cmath.asin, lambda z: 1 / cmath.sqrt(1 - z * z)),
    "acos": (cmath.acos, lambda z: -1 / cmath.sqrt(1 - z * z)),
    "atan": (cmath.atan, lambda z: 1 / (1 + z * z)),
}
