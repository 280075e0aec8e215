"""Reference solutions against slow ones, written anew from the statements."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
import slow_sums
import slow_worlds

from ostinato.rl.envs.code import TOPICS

PROBLEMS = {problem.name: problem for _, problems, _ in TOPICS for problem in problems}


SLOW = slow_sums.SLOW | slow_worlds.SLOW

SIZES = {"power_sum": 4, "count_multiples": 4, "factor_text": 3, "span": 4, "count_grid": 6}


@pytest.mark.parametrize("name", SLOW)
def test_the_reference_agrees_with_the_statement(name: str) -> None:
    problem = PROBLEMS[name]
    rng = Random(name)
    for attempt in range(60):
        params = {key: rng.choice(list(values)) for key, values in problem.choices.items()}
        size = 1 + attempt % SIZES.get(name, 7)
        case = problem.case(problem.generate(rng, size, params), params)
        given = [case.stdin] if case.args is None else case.args
        assert SLOW[name](*given, **params) == case.expected, (case, params)


@pytest.mark.parametrize("name", ["choose_multiple", "shortest_way"])
def test_where_several_answers_are_right_the_reference_is_one_of_them(name: str) -> None:
    problem = PROBLEMS[name]
    rng = Random(name)
    assert problem.checker is not None
    found = 0
    for attempt in range(80):
        params = {key: rng.choice(list(values)) for key, values in problem.choices.items()}
        case = problem.case(problem.generate(rng, 1 + attempt % 7, params), params)
        assert case.args is not None
        assert problem.checker(case, case.expected, **params)
        if name == "choose_multiple":
            choices = combinations(case.args[0], params["k"])
            possible = any(sum(choice) % params["m"] == 0 for choice in choices)
        else:
            n, links, start, goal = case.args
            links = [[a + 1, b + 1] for a, b in links if (a + b) % params["m"]]  # 0 is closed
            hops = SLOW["fewest_hops"](n + 1, links, start + 1, goal + 1, params["ways"], n + 1)
            possible = hops >= 0
            assert len(case.expected) == hops + 1
        assert bool(case.expected) == possible
        found += possible
    assert 10 < found < 80
