"""Answers of word problems, from equations that say what the text says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy
from sympy import Rational

Data = Mapping[str, Any]
X, Y, Z = sympy.symbols("x y z")


def meeting(d: Data) -> Any:
    late = Rational(d["late"])
    gap = Rational(d["apart"]) - d["one"] * X - d["two"] * (X - late)
    (time,) = sympy.solve(gap, X)
    assert time > late
    return time if d["asked"] == 0 else d["two"] * (time - late)


def pursuit(d: Data) -> Any:
    wait = Rational(d["lead"]) + Rational(d["rest"])
    (time,) = sympy.solve(d["slow"] * X - d["fast"] * (X - wait), X)
    return d["slow"] * time


def round_trip(d: Data) -> Any:
    lengths = list(map(Rational, d["lengths"]))
    return sum(lengths) / sum(a / b for a, b in zip(lengths, d["speeds"], strict=True))


def filling(d: Data) -> Any:
    rates = [Rational(1, h) for h in d["hours"]]
    if d["drain"]:
        rates[-1] = -rates[-1]
    head = Rational(d["head"])
    level = rates[0] * X + sum(rates[1:]) * (X - head) - 1
    (time,) = sympy.solve(level, X)
    assert time > head
    return time


def mixture(d: Data) -> Any:
    low, high, amount = d["low"], d["high"], d["amount"]
    if "goal" in d:
        return sympy.solve(low * amount + high * X - d["goal"] * (amount + X), X)
    kept = 1 - Rational(d["taken"]) / amount
    return high + (low - high) * kept ** d["times"]


def crew(d: Data) -> Any:
    before, after = d["hours"]
    whole = d["workers"] * d["days"] * before
    return sympy.solve(whole - d["workers"] * d["passed"] * before - d["now"] * after * X, X)


def heads_and_legs(d: Data) -> Any:
    feet, counts = d["feet"], d["counts"]
    unknown = (X, Y, Z)[: len(feet)]
    facts = [
        sum(unknown) - d["things"],
        sum(f * u for f, u in zip(feet, unknown, strict=True)) - d["legs"],
    ]
    if len(feet) == 3:
        facts.append(X - Y - (counts[0] - counts[1]))
    return sympy.solve(facts, unknown)[X]


def ages(d: Data) -> Any:
    total = X + Y - d["sum"] if d["by_sum"] else X - Y - d["difference"]
    past = (X - d["past"]) - d["ratio"] * (Y - d["past"]) - d["extra"]
    found = sympy.solve([total, past], (X, Y))
    assert found[Y] > d["past"]
    return found[(X, Y)[d["asked"]]]


def change(d: Data) -> Any:
    coins = d["coins"]
    first = [X - d["first"]] if len(coins) == 3 else []
    unknown = (X, Y, Z)[: len(coins)]
    worth = sum(c * u for c, u in zip(coins, unknown, strict=True)) - d["total"]
    return sympy.solve([sum(unknown) - d["number"], worth, *first], unknown)[unknown[-1]]


def percentages(start: Any, steps: Sequence[int]) -> Any:
    for step in steps:
        start += start * Rational(step, 100)
    return start


def percent_profit(d: Data) -> Any:
    number = Rational(d["number"])
    if d["backwards"]:
        return sympy.solve(percentages(X, d["steps"]) - number, X)
    return percentages(number, d["steps"])


def savings(d: Data) -> Any:
    factor = 1 + Rational(d["rate"], 100)
    deposits = sum(d["deposit"] * factor**k for k in range(d["years"]))
    return d["start"] * factor ** d["years"] + deposits


def sharing(d: Data) -> Any:
    if "parts" in d:
        a, b, _ = d["parts"]
        return d["difference"] * Rational(sum(d["parts"]), abs(a - b))
    rest = X
    for share, gift in zip(d["shares"], d["gifts"], strict=True):
        rest = rest - Rational(share) * rest - gift
    return sympy.solve(rest - d["left"], X)


def stock(d: Data) -> Any:
    prices = sympy.Matrix(d["bills"]).LUsolve(sympy.Matrix(d["totals"]))
    return sum(n * p for n, p in zip(d["asked"], prices, strict=True))
