"""Every answer computed a second time, in another way: by brute force or by sympy."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import maths_continuous as continuous
import maths_discrete as discrete
import maths_told as told
import pytest
import sympy
from sympy import Rational

from ostinato.rl.envs.maths import MATHS
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.envs.registry import Environment

Data = Mapping[str, Any]
X, K = continuous.X, continuous.K
poly = continuous.poly


def of_text(text: str) -> Any:
    """An answer as a number of sympy's."""
    text = re.sub(r"\\frac\{(.*)\}\{(\d+)\}", r"(\1)/\2", text)
    text = re.sub(r"\\sqrt\{(\d+)\}", r"sqrt(\1)", text).replace(r"\pi", "pi")
    text = re.sub(r"(\d)(?=sqrt|pi)", r"\1*", text)
    return sympy.sympify(text, rational=True)


def exactly(expression: str) -> Any:
    """Of an expression in Python's notation, decimals exact."""
    wrapped = re.sub(r"\d+(?:\.\d+)?", lambda m: f"Fraction('{m.group()}')", expression)
    return eval(wrapped, {"Fraction": Fraction})  # noqa: S307 - a test's own expression


def value_of_expression(d: Data) -> Any:
    return exactly(d["expression"])


AGAIN: dict[str, Callable[[Data], Any]] = {
    "integers": value_of_expression,
    "fractions": value_of_expression,
    "decimals": value_of_expression,
    "continued_fraction": value_of_expression,
    "percentages": lambda d: told.percentages(Rational(d["start"]), d["steps"]),
    "nested_remainders": lambda d: d["a"] * d["b"] // d["c"] + d["a"] * d["b"] % d["c"],
    "two_unknowns": continuous.solved,
    "three_unknowns": continuous.solved,
    "roots": lambda d: sorted(sympy.real_roots(poly(d["coefficients"]))),
    "expansion": lambda d: (poly(d["factors"][0]) * poly(d["factors"][1])).all_coeffs(),
    "through_points": lambda d: sympy.interpolate(
        list(zip(d["places"], d["values"], strict=True)), X
    ).subs(X, d["at"]),
    "common_divisor": lambda d: max(
        k for k in range(1, min(d["numbers"]) + 1) if all(n % k == 0 for n in d["numbers"])
    ),
    "common_multiple": lambda d: sympy.ilcm(*d["numbers"]),
    "arithmetic_term": lambda d: sympy.interpolate([(d["i"], d["a"]), (d["j"], d["b"])], X).subs(
        X, d["n"]
    ),
    "arithmetic_sum": lambda d: sympy.summation(
        d["first"] + (K - 1) * d["step"], (K, d["start"], d["end"])
    ),
    "sum_of_values": lambda d: sympy.summation(
        poly(d["coefficients"]).as_expr().subs(X, K), (K, 1, d["n"])
    ),
    "distance": lambda d: sympy.Point(d["points"][0]).distance(sympy.Point(d["points"][1])),
    "derivative_at": lambda d: poly(d["coefficients"]).diff((X, d["order"])).eval(d["at"]),
    "derivative_of_product": lambda d: (
        (poly(d["factors"][0]) * poly(d["factors"][1])).diff().all_coeffs()
    ),
    "definite_integral": lambda d: continuous.integral(d["coefficients"], d["low"], d["high"]),
}
AGAIN |= {
    one.__name__: one
    for one in (
        continuous.one_unknown,
        continuous.with_fractions,
        continuous.no_solution,
        continuous.absolute_sum,
        continuous.count_of_integers,
        continuous.coefficient,
        continuous.remainder,
        continuous.root_sums,
        continuous.surd_roots,
        discrete.modular_power,
        discrete.inverse,
        discrete.remainders,
        discrete.divisor_count,
        discrete.base_conversion,
        discrete.digit_sums,
        discrete.trailing_zeros,
        discrete.lattice_paths,
        discrete.letters,
        discrete.seating,
        discrete.committee,
        discrete.divisible,
        discrete.tilings,
        discrete.strings,
        discrete.distributions,
        discrete.urn,
        discrete.same_colour,
        discrete.dice_sum,
        discrete.biased_coin,
        discrete.which_machine,
        discrete.numbered_cards,
        discrete.mean_of_game,
        continuous.recurrence,
        continuous.geometric,
        continuous.polynomial_next,
        continuous.telescoping,
        continuous.eventual_period,
        continuous.right_triangle,
        continuous.polygon_area,
        continuous.lattice_points,
        continuous.crossing,
        continuous.circle_through,
        continuous.round_solid,
        continuous.round_area,
        continuous.area_between,
        continuous.extremum,
        continuous.tangent,
        continuous.from_derivative,
        told.meeting,
        told.pursuit,
        told.round_trip,
        told.filling,
        told.mixture,
        told.crew,
        told.heads_and_legs,
        told.ages,
        told.change,
        told.percent_profit,
        told.savings,
        told.sharing,
        told.stock,
    )
}


def check(environment: Environment, seeds: range) -> set[str]:
    kinds: set[str] = set()
    for level in range(1, environment.levels + 1):
        for seed in seeds:
            task = environment.task(level, seed)
            assert isinstance(task, QuestionTask)
            data = task.question.data
            kinds.add(data["kind"])
            again = AGAIN[data["kind"]](data)
            if again is None:
                continue  # too many cases to go through at this level
            wanted = again if isinstance(again, list) else [again]
            parts = task.answer.strip("()").split(", ")
            assert len(parts) == len(wanted), (task.question, again)
            for part, value in zip(parts, wanted, strict=True):
                difference = of_text(part) - sympy.sympify(value)
                assert difference == 0 or sympy.simplify(difference) == 0, (task.question, again)
    return kinds


@pytest.mark.parametrize("environment", MATHS, ids=lambda e: e.name)
def test_answers_computed_again(environment: Environment) -> None:
    check(environment, range(300, 304))


@pytest.mark.long
@pytest.mark.parametrize("environment", MATHS, ids=lambda e: e.name)
def test_answers_computed_again_for_many(environment: Environment) -> None:
    check(environment, range(60))


def test_every_kind_is_computed_again() -> None:
    kinds = {
        environment.task(1, seed).question.data["kind"]  # pyright: ignore
        for environment in MATHS
        for seed in range(120)
    }
    assert kinds == set(AGAIN)
    assert len(kinds) > 70
