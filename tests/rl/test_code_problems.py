"""The tests of every problem: its own solution passes, and what is nearly it does not."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from ostinato.grading.code import same, same_text
from ostinato.rl.envs.code import TOPICS, Drawn, Given, Problem
from ostinato.rl.envs.code.exercise import check

PROBLEMS = {problem.name: problem for _, problems, _ in TOPICS for problem in problems}

each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


def drawn(problem: Problem, level: int | None = None, seed: int = 0) -> Drawn:
    rng = Random(f"{problem.name} {seed}")
    params = {key: rng.choice(list(values)) for key, values in problem.choices.items()}
    return Drawn(problem, params, level or problem.first, seed)


def others(exercise: Drawn) -> list[Drawn]:
    """The exercises that differ in one parameter."""
    return [
        replace(exercise, params={**exercise.params, key: value})
        for key, values in exercise.problem.choices.items()
        for value in values
        if value != exercise.params[key]
    ]


def answers_all(other: Drawn, exercise: Drawn) -> bool:
    """Whether the rule of one exercise passes the tests of another: in this process, it is ours."""
    for case in exercise.cases():
        arguments: Any = [case.stdin] if case.args is None else json.loads(json.dumps(case.args))
        try:
            answer = other.problem.case(tuple(arguments), other.params).expected
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return False
        if not (same_text if case.args is None else same)(answer, case.expected):
            return False
    return True


def wrong_by_one(exercise: Drawn) -> str:
    """The solution, but what it returns or prints is a little off."""
    source = exercise.solution
    if exercise.function is None:
        return source.replace("    print(", "    print(1, end='')\n    print(")
    return (
        source
        + f"""
def a_little_off(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + "x"
    return value[:-1] + [a_little_off(value[-1])] if value else [0]

_right = {exercise.function}

def {exercise.function}(*args):
    return a_little_off(_right(*args))
"""
    )


@each_problem
def test_the_solution_passes_and_one_a_little_off_fails(problem: Problem) -> None:
    exercise = drawn(problem)
    tests = tuple(exercise.cases()[::2])  # all of them in the long test
    half = Given(prompt=exercise.prompt, function=exercise.function, tests=tests)
    assert check(half, exercise.solution).correct
    assert check(half, wrong_by_one(exercise)).score == 0


@pytest.mark.long
@each_problem
def test_the_solution_passes_at_every_level(problem: Problem) -> None:
    for level in range(1, 5):
        if problem.occurs(level):
            for seed in (1, 2):
                exercise = drawn(problem, level, seed)
                grade = check(exercise, exercise.solution)
                assert grade.correct, (level, exercise.params, grade.reason)


@each_problem
def test_the_tests_tell_the_rule_from_its_neighbours(problem: Problem) -> None:
    exercises = [drawn(problem, seed=seed) for seed in range(3)]
    pairs = [(other, exercise) for exercise in exercises for other in others(exercise)]
    missed = [other.params for other, exercise in pairs if answers_all(other, exercise)]
    if problem.name == "evaluate":  # the sign of multiplication can be seen in the tests
        missed = [params for params in missed if len({e.params["times"] for e in exercises}) > 3]
    assert len(missed) <= 0.15 * len(pairs)


@each_problem
def test_the_statement_names_every_parameter(problem: Problem) -> None:
    exercise = drawn(problem)
    for other in others(exercise):
        assert other.prompt.split("Examples:")[0] != exercise.prompt.split("Examples:")[0]


EVERY_PAIR = """
def count_pairs(values):
    sign, m, r = {sign!r}, {m}, {r}
    pairs = 0
    for j, b in enumerate(values):
        for a in values[:j]:
            pairs += (b + a if sign == "+" else b - a) % m == r
    return pairs
"""


@pytest.mark.long
def test_the_last_level_is_too_large_for_who_looks_at_every_pair() -> None:
    problem = PROBLEMS["count_pairs"]
    for level, passes in [(3, True), (4, False)]:
        exercise = drawn(problem, level)
        grade = check(exercise, EVERY_PAIR.format(**exercise.params))
        assert grade.correct == passes, grade.reason


class Mutation(ast.NodeTransformer):
    """Changes the ``wanted``-th place that can be changed: a number, a comparison, a sign."""

    def __init__(self, wanted: int) -> None:
        self.places = 0
        self.wanted = wanted

    def _here(self) -> bool:
        self.places += 1
        return self.places == self.wanted

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if type(node.value) is int and self._here():
            return ast.Constant(node.value + 1)
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        swaps = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
        swaps |= {ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In}
        swap = swaps.get(type(node.ops[0]))
        if swap is not None and self._here():
            node.ops[0] = swap()
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        swap = {ast.Add: ast.Sub, ast.Sub: ast.Add}.get(type(node.op))
        if swap is not None and self._here():
            node.op = swap()
        return node


def mutants(exercise: Drawn, most: int) -> list[str]:
    """The solution with one place of the reference changed, several times."""
    source = exercise.solution
    name = exercise.problem.solve.__name__
    changed: list[str] = []
    wanted = 1
    while True:
        tree = ast.parse(source)
        mutation = Mutation(wanted)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                node.body = [mutation.visit(part) for part in node.body]
        if mutation.places < wanted:
            break
        changed.append(ast.unparse(tree))
        wanted += 1
    return changed[:: max(1, len(changed) // most)][:most]


@pytest.mark.long
@each_problem
def test_the_tests_catch_small_mistakes(problem: Problem) -> None:
    exercise = drawn(problem)
    sources = mutants(exercise, most=8)
    right = [source for source in sources if check(exercise, source).correct]
    assert len(right) <= len(sources) / 2, right
