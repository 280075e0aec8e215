"""Answers of algebra, sequences, geometry and calculus, by sympy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import sympy
from sympy import Rational

Data = Mapping[str, Any]
X, K = sympy.symbols("x k")


def poly(coefficients: Sequence[int]) -> Any:
    return sympy.Poly(coefficients, X)


def solved(d: Data) -> list[Any]:
    size = len(d["rows"][0]) - 1
    matrix = sympy.Matrix([one[:size] for one in d["rows"]])
    return list(matrix.LUsolve(sympy.Matrix([Rational(one[size]) for one in d["rows"]])))


def one_unknown(d: Data) -> Any:
    right = d["c"] * X + d["d"] + d["q"] * (X - d["d"])
    return sympy.solve(d["p"] * (d["a"] * X + d["b"]) - right, X)


def with_fractions(d: Data) -> Any:
    left = (d["a"] * X + d["b"]) / d["m"] + (d["c"] * X + d["d"]) / d["n"]
    return sympy.solve(left - d["e"], X)


def no_solution(d: Data) -> Any:
    k = sympy.solve(sympy.Matrix([[d["a"], d["b"]], [K + d["shift"], d["d"]]]).det(), K)
    system = [[d["a"], d["b"], d["e"]], [k[0] + d["shift"], d["d"], d["f"]]]
    assert sympy.Matrix(system).rank() == 2
    return k


def absolute_sum(d: Data) -> Any:
    found: set[Any] = set()
    for sign in (1, -1):
        for x in sympy.solve(sign * (d["a"] * X + d["b"]) - d["c"] * X - d["d"], X):
            if abs(d["a"] * x + d["b"]) == d["c"] * x + d["d"]:
                found.add(x)
    assert len(found) == 2
    return sum(found)


def count_of_integers(d: Data) -> int:
    return sum(d["low"] < d["a"] * x + d["b"] <= d["high"] for x in range(-4000, 4000))


def coefficient(d: Data) -> Any:
    whole = poly([d["a"], d["b"]]) ** d["n"] * poly([d["c"], d["d"]]) ** d["m"]
    return whole.coeff_monomial(X ** d["power"])


def remainder(d: Data) -> list[Any]:
    rest = sympy.rem(poly(d["coefficients"]), poly(d["divisor"]))
    return [rest.coeff_monomial(X**k) for k in range(len(d["divisor"]) - 2, -1, -1)]


def root_sums(d: Data) -> Any:
    roots = poly(d["coefficients"]).nroots(n=40, maxsteps=200)
    return sympy.nsimplify(sympy.re(sum(root ** d["power"] for root in roots)), tolerance=1e-20)


def surd_roots(d: Data) -> Any:
    return max(sympy.real_roots(poly(d["coefficients"])))


def recurrence(d: Data) -> int:
    terms = list(d["starts"])
    while len(terms) < d["n"]:
        last = reversed(terms[-len(d["factors"]) :])
        terms.append(sum(f * t for f, t in zip(d["factors"], last, strict=True)) + d["constant"])
    return terms[d["n"] - 1]


def geometric(d: Data) -> Any:
    ratio = Rational(d["ratio"])
    last = sympy.oo if d["count"] is None else d["count"] - 1
    return sympy.summation(d["first"] * ratio**K, (K, 0, last))


def polynomial_next(d: Data) -> Any:
    points = list(enumerate(d["shown"], start=1))
    return sympy.interpolate(points, X).subs(X, d["n"])


def telescoping(d: Data) -> Fraction:
    first = [d["start"] + k * d["step"] for k in range(d["count"])]
    return sum((Fraction(1, n * (n + d["step"])) for n in first), Fraction(0))


def eventual_period(d: Data) -> int:
    """By the length of its period."""
    seen: dict[int, int] = {}
    terms: list[int] = []
    x = d["start"]
    while x not in seen:
        seen[x] = len(terms)
        terms.append(x)
        x = (d["a"] * x ** d["power"] + d["b"]) % d["modulus"]
    n, start = d["n"] - 1, seen[x]
    return terms[n] if n < len(terms) else terms[start + (n - start) % (len(terms) - start)]


def right_triangle(d: Data) -> Any:
    a, c = d["leg"], d["hypotenuse"]
    b = sympy.sqrt(c * c - a * a)
    area = a * b / 2
    return {"leg": b, "area": area, "height": 2 * area / c, "radius": 2 * area / (a + b + c)}[
        d["asked"]
    ]


def polygon_area(d: Data) -> Any:
    polygon = sympy.Polygon(*d["corners"])
    assert isinstance(polygon, sympy.Polygon)
    edges = list(polygon.sides)
    for one, two in combinations(edges, 2):
        shared = set(one.points) & set(two.points)
        assert set(one.intersection(two)) == shared, "it crosses itself"
    return abs(polygon.area)


def lattice_points(d: Data) -> int:
    (ax, ay), (bx, by), (cx, cy) = d["corners"]
    count = 0
    for x in range(min(ax, bx, cx), max(ax, bx, cx) + 1):
        for y in range(min(ay, by, cy), max(ay, by, cy) + 1):
            sides = (
                (bx - ax) * (y - ay) - (by - ay) * (x - ax),
                (cx - bx) * (y - by) - (cy - by) * (x - bx),
                (ax - cx) * (y - cy) - (ay - cy) * (x - cx),
            )
            count += all(s > 0 for s in sides) or all(s < 0 for s in sides)
    return count


def crossing(d: Data) -> list[Any]:
    a, b, c, e = d["points"]
    (point,) = sympy.Line(a, b).intersection(sympy.Line(c, e))
    return list(point)


def round_solid(d: Data) -> Any:
    r, h = d["radius"], d["height"]
    ball = Rational(2 * r + h % 2, 2)
    whole = sympy.integrate(sympy.pi * (ball**2 - X**2), (X, -ball, ball))
    half = sympy.integrate(sympy.pi * (r**2 - X**2), (X, 0, r))
    return {
        "cylinder volume": sympy.pi * r * r * h,
        "cylinder surface": 2 * sympy.pi * r * r + 2 * sympy.pi * r * h,
        "cone volume": sympy.integrate(sympy.pi * (Rational(r, h) * X) ** 2, (X, 0, h)),
        "sphere volume": whole,
        "bullet volume": sympy.pi * r * r * h + half,
    }[d["kind_of_solid"]]


def round_area(d: Data) -> Any:
    ring = sympy.pi * d["outer"] ** 2 - sympy.pi * d["inner"] ** 2
    return ring * Rational(d["degrees"], 360)


def integral(factors: Sequence[int], low: str, high: str) -> Any:
    expression = poly(factors).as_expr()
    return sympy.integrate(expression, (X, Rational(low), Rational(high)))


def area_between(d: Data) -> Any:
    gap = poly(d["curve"]).as_expr() - poly(d["line"]).as_expr()
    one, two = sorted(sympy.solve(gap, X))
    return abs(sympy.integrate(gap, (X, one, two)))


def extremum(d: Data) -> Any:
    f = poly(d["coefficients"])
    places = [d["low"], d["high"], *sympy.solve(f.diff().as_expr(), X)]
    values = [f.eval(x) for x in places if d["low"] <= x <= d["high"]]
    return max(values) if d["greatest"] else min(values)


def tangent(d: Data) -> list[Any]:
    f = poly(d["coefficients"])
    slope = f.diff().eval(d["at"])
    return [slope, f.eval(d["at"]) - slope * d["at"]]


def from_derivative(d: Data) -> Any:
    return d["known"] + integral(d["derived"], str(d["start"]), str(d["end"]))


def circle_through(d: Data) -> list[Any]:
    return list(sympy.Triangle(*d["corners"]).circumcenter)
