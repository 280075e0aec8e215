"""Mathematics on paper: right answers, and every line of the way there true."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from one_turn import one_turn
from written_sums import check_sums, value

from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.maths.family import MathsFamily, decimal
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.episode import play
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.fractions import calculate, calculate_decimals, lowest
from ostinato.rl.traces.maths import LEVELS, TRACERS
from ostinato.rl.traces.maths.expressions import parse, render, solve

SEEDS = 30
each_level = pytest.mark.parametrize(
    ("name", "level"), [(name, level) for name in TRACERS for level in range(1, LEVELS[name] + 1)]
)


def tasks(name: str, level: int, seeds: int = SEEDS) -> Iterator[QuestionTask]:
    for seed in range(seeds):
        task = find(name).task(level, seed)
        assert isinstance(task, QuestionTask)
        yield task


def traced(name: str, task: QuestionTask) -> tuple[str, str]:
    return one_turn(TRACERS[name], task)


@each_level
def test_what_is_traced_is_right_and_so_is_the_way_there(name: str, level: int) -> None:
    sums = 0
    for task in tasks(name, level):
        assert play(task.env(), TRACERS[name](task, Random(0))).reward.total == 1
        thinking, content = traced(name, task)
        sums += check_sums(thinking)
        assert re.fullmatch(r"\\boxed\{[-\d/., ()]+\}", content)
        assert len(thinking) < (2_000 if level == 1 else 6_000)
        assert thinking == thinking.strip() and "\n\n" not in thinking
    assert sums > 4 * SEEDS


@each_level
def test_the_stored_answer_is_not_looked_at(name: str, level: int) -> None:
    for task in tasks(name, level, 10):
        other = replace(task, question=replace(task.question, answer="12345"))
        assert traced(name, other) == traced(name, task)


@pytest.mark.parametrize("name", TRACERS)
def test_every_kind_of_problem_is_served_at_every_level(name: str) -> None:
    seen: set[tuple[str, int]] = set()
    for level in range(1, LEVELS[name] + 1):
        for task in tasks(name, level, 60):
            traced(name, task)
            assert isinstance(task.family, MathsFamily)
            kinds = {maker.__name__ for maker in task.family.makers}
            seen.add((task.question.data["kind"], level))
    assert seen == {(kind, level) for kind in kinds for level in range(1, LEVELS[name] + 1)}


@pytest.mark.parametrize("name", TRACERS)
def test_the_first_level_is_short(name: str) -> None:
    lengths = [len(traced(name, task)[0]) for task in tasks(name, 1)]
    assert sum(lengths) / len(lengths) < 500


def numbers(rng: Random) -> tuple[int, int]:
    one, two = (rng.randrange(10 ** rng.randint(1, 6)) for _ in range(2))
    return rng.choice((-1, 1)) * one, rng.choice((-1, 1)) * two


def test_sums_on_paper_are_those_of_python() -> None:
    rng = Random(1)
    for _ in range(100):
        a, b = numbers(rng)
        work = Work()
        assert work.add(a, b) == a + b
        assert work.subtract(a, b) == a - b
        assert work.multiply(a, b) == a * b
        by = abs(b) or 1
        assert work.divide(a, by) == divmod(a, by)
        assert work.exact(a * b, b or 1) == (a * b) // (b or 1)
        assert check_sums(work.text) >= 5


def test_a_greatest_common_divisor_ends_euclids_algorithm() -> None:
    rng = Random(2)
    for _ in range(100):
        a, b = rng.randint(1, 9_999), rng.randint(1, 9_999)
        work = Work()
        assert work.gcd(a, b) == math.gcd(a, b)
        assert work.lines[-1] == f"gcd({a},{b})={math.gcd(a, b)}"
        check_sums(work.text)


def test_the_layout_of_a_sum_of_each_sort() -> None:
    work = Work()
    work.add(347, 85)
    work.subtract(85, 432)
    work.multiply(-34, 6)
    work.divide(457, 7)
    work.divide(324, 25)
    assert work.lines == [
        "347+85: 7+5+0=12 4+8+1=13 3+0+1=4 -> 432",
        "85-432=-(432-85)",
        "432-85: 12-5-0=7 13-8-1=4 4-0-1=3 -> 347",
        "85-432=-347",
        "34*6: 4*6+0=24 3*6+2=20 -> 204",
        "-34*6=-204",
        "457/7: 45=7*6+3 37=7*5+2",
        "457=7*65+2",
        "32'4/25",
        "25*2: 5*2+0=10 2*2+1=5 -> 50",
        "25<32<50",
        "32-25: 12-5-0=7 3-2-1=0 -> 7",
        "32=25*1+7",
        "74/25",
        "25*3: 5*3+0=15 2*3+1=7 -> 75",
        "50<74<75",
        "74-50: 4-0-0=4 7-5-0=2 -> 24",
        "74=25*2+24",
        "324=25*12+24",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "7+5=13",
        "12-5-0=8",
        "347+85: 7+5+0=12 4+8+1=13 3+0+1=4 -> 422",
        "347+85: 7+5+0=12 4+8+0=12 3+0+1=4 -> 432",
        "347+85: 7+5+0=12 8+4+1=13 3+0+1=4 -> 432",
        "gcd(84,36)=6",
        "56<52<70",
        "3/4+5/6=8/10",
    ],
)
def test_the_check_finds_what_is_not_true(line: str) -> None:
    with pytest.raises(AssertionError):
        check_sums(line)


def test_fractions_and_decimals_on_paper() -> None:
    rng = Random(3)
    for _ in range(100):
        a, b = (Fraction(rng.randint(-40, 40), rng.randint(1, 30)) for _ in range(2))
        work = Work()
        assert calculate(work, "+", a, b) == a + b
        assert calculate(work, "-", a, b) == a - b
        assert calculate(work, "*", a, b) == a * b
        if b:
            assert calculate(work, "/", a, b) == a / b
        assert lowest(work, 6 * a.numerator, -4 * a.denominator) == a * Fraction(-3, 2)
        c, d = (Fraction(rng.randint(-999, 999), 10 ** rng.randint(0, 2)) for _ in range(2))
        for sign, right in (("+", c + d), ("-", c - d), ("*", c * d)):
            assert calculate_decimals(work, sign, c, d) == right
        check_sums(work.text)


def test_an_expression_keeps_its_value_through_every_step() -> None:
    for text in (
        "2 - (3 - 4) - 5",
        "-26 * (-10 + 5 - 34 + 8)",
        "2 * (3 * (4 - 6))",
        "((3/4) + (-5/6)) / ((1/2) - 2)",
        "(-1/2) * (-3)",
    ):
        work = Work()
        result = solve(work, text, calculate)
        assert result == value(text.replace(" ", ""))
        assert value(render(parse(text))) == result
        shown = [line for line in work.lines if re.fullmatch(r"[-+*/()\d]+", line)]
        assert shown and all(value(line) == result for line in shown if line[-1] != ":")


def test_decimals_in_expressions_keep_their_form() -> None:
    work = Work()
    assert solve(work, "7.8 - (2.7 + 0.5)", calculate_decimals, decimal) == Fraction(23, 5)
    assert work.lines[0] == "7.8-(2.7+0.5)" and work.lines[-1] == "places 1: 7.8-3.2=4.6"
