"""Programs for every exercise about lists, after an example by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from random import Random
from typing import Any

import pytest

from ostinato.rl.agents import Script
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.code import CodeTask, Drawn, Problem
from ostinato.rl.envs.code.lists import PROBLEMS
from ostinato.rl.envs.code.task import read_block
from ostinato.rl.episode import play
from ostinato.rl.traces.code import LEVELS, TRACERS

NAME = "code/lists"
TRACER = TRACERS[NAME]
each_problem = pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)


def variants(problem: Problem) -> Iterator[CodeTask]:
    """Every combination of parameters, each at some served level that it occurs at."""
    levels = [level for level in range(1, LEVELS[NAME] + 1) if problem.occurs(level)]
    for seed, values in enumerate(product(*problem.choices.values())):
        params = dict(zip(problem.choices, values, strict=True))
        yield CodeTask(Drawn(problem, params, levels[seed % len(levels)], seed), seed)


def traced(task: CodeTask) -> tuple[str, str]:
    agent = TRACER(task, Random(0))
    assert isinstance(agent, Script) and len(agent.lines) == 1
    thinking, content = agent.lines[0].thinking, agent.lines[0].content
    assert thinking and content
    return thinking, content


def test_every_problem_is_served() -> None:
    assert set(LEVELS) == set(TRACERS) == {NAME}
    for level in range(1, LEVELS[NAME] + 1):
        for seed in range(20):
            task = find(NAME).task(level, seed)
            assert isinstance(task, CodeTask)
            traced(task)


@each_problem
def test_a_program_passes_all_tests(problem: Problem) -> None:
    task = Random(0).choice(list(variants(problem)))
    assert play(task.env(), TRACER(task, Random(0))).reward.total == 1


@pytest.mark.long
@each_problem
def test_the_program_of_every_variant_passes_all_tests(problem: Problem) -> None:
    for task in variants(problem):
        grade = play(task.env(), TRACER(task, Random(0))).grade
        assert grade.correct, (task.exercise, grade)


@each_problem
def test_programs_are_short_and_each_variant_has_its_own(problem: Problem) -> None:
    programs: set[str] = set()
    tasks = list(variants(problem))
    for task in tasks:
        thinking, content = traced(task)
        source = read_block(content)
        assert source is not None
        assert isinstance(ast.parse(source).body[0], ast.FunctionDef)
        assert len(content) < 300 and len(thinking) < 900
        programs.add(source)
    assert len(programs) == len(tasks)


@each_problem
def test_the_example_is_worked_out_by_hand(problem: Problem) -> None:
    for task in variants(problem):
        thinking, _ = traced(task)
        example = task.exercise.examples()[0]
        assert example.args is not None
        lines = thinking.splitlines()
        assert lines[1] == f"try {example.args[0]!r}" and len(lines) >= 4
        end = "shown {!r}, any such" if problem.checker else "gives {!r}, as shown"
        assert lines[-2] == end.format(example.expected)


@each_problem
def test_our_own_solution_is_not_looked_at(problem: Problem) -> None:
    def wrong(*_given: Any, **_params: Any) -> str:
        return "wrong"

    task = next(variants(problem))
    assert isinstance(task.exercise, Drawn)
    spoilt = replace(task.exercise, problem=replace(problem, solve=wrong))
    thinking, content = traced(replace(task, exercise=spoilt))
    assert content == traced(task)[1]
    assert "as shown" not in thinking.replace("not as shown", "")
