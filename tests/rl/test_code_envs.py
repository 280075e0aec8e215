"""Every problem with its own solution, with others' solutions, and with programs that cheat."""

from __future__ import annotations

import ast
import hashlib
import json
import pickle
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hash_seed import printed

from ostinato.chat.messages import Message
from ostinato.rl.envs.code import (
    CODE,
    TOPICS,
    CodeTask,
    Drawn,
    Problem,
    block,
    environments,
)
from ostinato.rl.envs.code.selection import given
from ostinato.rl.envs.code.task import read_block
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play
from ostinato.rl.types import Action, RewardRule, StopReason

PROBLEMS = {problem.name: problem for _, problems, _ in TOPICS for problem in problems}

each_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
each_environment = pytest.mark.parametrize("environment", CODE, ids=lambda env: env.name)


def drawn(problem: Problem, level: int | None = None, seed: int = 0) -> Drawn:
    rng = Random(f"{problem.name} {seed}")
    params = {key: rng.choice(list(values)) for key, values in problem.choices.items()}
    return Drawn(problem, params, level or problem.first, seed)


def test_there_are_many_problems_of_both_styles() -> None:
    names = [problem.name for _, problems, _ in TOPICS for problem in problems]
    assert len(set(names)) == len(names) >= 40
    programs = [problem for problem in PROBLEMS.values() if problem.function is None]
    assert len(programs) >= 8 and len(PROBLEMS) - len(programs) >= 30


@each_environment
def test_every_level_has_several_problems(environment: Environment) -> None:
    assert environment.levels >= 3
    for level in range(1, environment.levels + 1):
        tasks = [environment.task(level, seed) for seed in range(40)]
        exercises = [task.exercise for task in tasks if isinstance(task, CodeTask)]
        names = {one.problem.name for one in exercises if isinstance(one, Drawn)}
        assert len(names) >= 2


@each_problem
def test_tests_are_new_and_varied(problem: Problem) -> None:
    for level in range(1, 4):
        if problem.occurs(level):
            exercise = drawn(problem, level)
            cases = [*exercise.examples(), *exercise.cases()]
            assert len({given(case) for case in cases}) == len(cases) == 11
            answers = Counter(json.dumps(case.expected) for case in exercise.cases())
            assert max(answers.values()) <= 4


@each_problem
def test_the_prompt_says_what_is_to_be_written(problem: Problem) -> None:
    exercise = drawn(problem)
    prompt = exercise.prompt
    if problem.function is None:
        assert "standard input" in prompt
        assert all(case.stdin in prompt and case.expected in prompt for case in exercise.examples())
    else:
        assert f"\n    {problem.function}{problem.signature}\n" in prompt
        parsed = ast.parse(f"def f{problem.signature}: ...").body[0]
        assert isinstance(parsed, ast.FunctionDef)
        for case in exercise.examples():
            assert case.args is not None and len(case.args) == len(parsed.args.args)
            arguments = ", ".join(map(repr, case.args))
            assert f"{problem.function}({arguments}) == {case.expected!r}" in prompt


@each_environment
def test_a_task_is_the_same_every_time_and_survives_pickling(environment: Environment) -> None:
    for level in range(1, environment.levels):
        task, again = environment.task(level, 5), environment.task(level, 5)
        assert isinstance(task, CodeTask) and isinstance(again, CodeTask)
        assert task == again != environment.task(level, 6)
        copy = pickle.loads(pickle.dumps(task))  # noqa: S301
        assert copy == task
        assert copy.exercise.cases() == task.exercise.cases() == again.exercise.cases()
        assert copy.env().begin() == task.env().begin()


DIGEST = """
import hashlib
from ostinato.rl.envs.code import CODE
told = hashlib.sha256()
for environment in CODE:
    for seed in range(2):
        exercise = environment.task(2, seed).exercise
        told.update(repr([exercise.prompt, exercise.solution, exercise.cases()]).encode())
print(told.hexdigest())
"""


def test_tasks_do_not_depend_on_the_hash_seed() -> None:
    digests = {printed(DIGEST, hash_seed=seed) for seed in ("1", "2")}
    assert len(digests) == 1 and len(next(iter(digests))) == 2 * hashlib.sha256().digest_size


@each_environment
def test_one_program_is_right_for_few_seeds(environment: Environment) -> None:
    for level in range(1, environment.levels + 1):
        solutions = Counter(environment.task(level, seed).answer for seed in range(60))
        assert solutions.most_common(1)[0][1] <= 0.2 * 60


def test_the_perfect_agent_gets_everything_after_pickling_too() -> None:
    for environment in CODE[:2]:
        task = environment.task(2, 3)
        env = pickle.loads(pickle.dumps(task.env()))  # noqa: S301
        assert play(env, task.perfect()).reward.total == 1


def get_nothing_from(task: CodeTask) -> None:
    for name, agent in task.cheats().items():
        trajectory = play(task.env(), agent)
        assert not trajectory.grade.correct, name
        assert trajectory.reward.total <= 0, name
    for seed in range(2):
        guess = task.guess(Random(seed))
        assert play(task.env(), guess).grade.score == 0


@pytest.mark.parametrize("name", ["turn_blocks", pytest.param("islands", marks=pytest.mark.long)])
def test_cheats_get_nothing(name: str) -> None:
    get_nothing_from(CodeTask(drawn(PROBLEMS[name])))


@pytest.mark.long
@each_environment
def test_cheats_get_nothing_anywhere(environment: Environment) -> None:
    for level in range(1, environment.levels + 1):
        task = environment.task(level, 7)
        assert isinstance(task, CodeTask)
        get_nothing_from(task)


def test_partial_credit_is_an_option() -> None:
    exercise = drawn(PROBLEMS["count_neighbours"])
    wanted = {json.dumps(case.args): case.expected for case in exercise.cases()[:4]}
    source = f"import json\ndef count_neighbours(*a):\n    return {wanted!r}.get(json.dumps(a), -1)"
    whole, partial = CodeTask(exercise), CodeTask(exercise, partial=True)
    assert play(whole.env(), whole.says(source)).grade.score == 0
    trajectory = play(partial.env(), partial.says(source), RewardRule(partial=True))
    assert trajectory.grade.score == 0.5 == trajectory.reward.total
    assert play(partial.env(), partial.says(source)).reward.correctness == 0
    task = environments(partial=True)[0].task(1, 0)
    assert isinstance(task, CodeTask) and task.partial


CHOICES: list[tuple[Any, bool]] = [
    ([0, 1, 2], True),
    ([0, 1, 3], True),
    ([1, 2, 3], False),
    ([2, 1, 0], False),
    ([0, 0, 1], False),
    ([0, 1, 2, 3], False),
    ([False, True, 2], False),
    ([0.0, 1, 2], False),
    ([-4, 1, 2], False),
    ([0, 1, 7], False),
    ([], False),
    ({"0": 1}, False),
    (None, False),
]


@pytest.mark.parametrize(("value", "right"), CHOICES)
def test_any_right_choice_is_accepted_and_no_other(value: Any, right: bool) -> None:
    problem = PROBLEMS["choose_multiple"]
    exercise = replace(drawn(problem), params={"k": 3, "m": 7})
    case = problem.case(([1, 2, 4, 11],), exercise.params)
    checker = exercise.comparison.checker
    assert checker is not None and checker(case, value) == right
    none = problem.case(([1, 1, 1, 1],), exercise.params)
    assert checker(none, value) == (value == [])


WAYS: list[tuple[Any, bool]] = [
    ([0, 1, 4], True),
    ([0, 3, 4], True),
    ([0, 4], False),
    ([0, 2, 4], False),
    ([0, 1, 3, 4], False),
    ([4, 1, 0], False),
    ([0, True, 4], False),
    ([0, 1], False),
    ([], False),
    ("014", False),
]


@pytest.mark.parametrize(("value", "right"), WAYS)
def test_any_shortest_way_is_accepted_and_no_other(value: Any, right: bool) -> None:
    problem = PROBLEMS["shortest_way"]
    exercise = replace(drawn(problem), params={"ways": 1, "m": 2})
    links = [[0, 1], [1, 4], [0, 3], [3, 4], [0, 2], [2, 4], [0, 4], [1, 3]]
    case = problem.case((5, links, 0, 4), exercise.params)
    checker = exercise.comparison.checker
    assert checker is not None and checker(case, value) == right


@pytest.mark.parametrize(
    ("reply", "source"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("Here:\n\n```python\nx = 1\n\ny = 2\n```\nDone.", "x = 1\n\ny = 2\n"),
        ("```python\r\nx = 1\r\n```\r\n", "x = 1\n"),
        ("```python  \nx = '```'\n```  ", "x = '```'\n"),
        ("```python\nx = 1\n", None),
        ("```python\n\n```", None),
        ("```\nx = 1\n```", None),
        ("```py\nx = 1\n```", None),
        ("x = 1", None),
        ("", None),
        ("```python x = 1 ```", None),
        ("```python\nx = 1\n```\n```python\nx = 2\n```", None),
        ("```\nx = 0\n```\n```python\nx = 2\n```", None),
        ("```python\n```python\nx = 2\n```", None),
        ("```python\nx = 2\n```\n```", None),
    ],
)
def test_a_reply_is_exactly_one_block(reply: str, source: str | None) -> None:
    assert read_block(reply) == source


def test_a_reply_that_was_cut_off_or_has_no_block_is_malformed() -> None:
    task = CodeTask(drawn(PROBLEMS["turn_blocks"]))
    right = Message("assistant", block(task.exercise.solution or ""))
    for action in (Action(right, StopReason.LENGTH), Action(Message("assistant", "42"))):
        env = task.env()
        env.begin()
        grade = env.step(action).grade
        assert grade is not None and not grade.well_formed
