"""The generated problems of mathematics: what holds for every one of them."""

from __future__ import annotations

import pickle
import re
from collections import Counter
from random import Random

import pytest

from ostinato.base.errors import UserError
from ostinato.rl.agents import says
from ostinato.rl.envs.maths import MATHS
from ostinato.rl.envs.maths.family import polynomial
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play
from ostinato.rl.types import RewardRule, Task

pytestmark = pytest.mark.parametrize("environment", MATHS, ids=lambda e: e.name)

EACH = range(12)


def tasks(environment: Environment, seeds: range = EACH) -> list[tuple[int, QuestionTask]]:
    found: list[tuple[int, QuestionTask]] = []
    for level in range(1, environment.levels + 1):
        for seed in seeds:
            task = environment.task(level, seed)
            assert isinstance(task, QuestionTask)
            found.append((level, task))
    return found


def reward(task: Task, content: str) -> float:
    return play(task.env(), says(content)).reward.total


def test_a_perfect_agent_is_right(environment: Environment) -> None:
    for _, task in tasks(environment):
        episode = play(task.env(), task.perfect(), RewardRule())
        assert episode.reward.total == 1, (task.question, episode.grade.reason)


def test_cheats_get_nothing(environment: Environment) -> None:
    for _, task in tasks(environment, range(4)):
        for name, agent in task.cheats().items():
            assert play(task.env(), agent).grade.score == 0, (name, task.question)
        for content in ("", r"\boxed{}", task.answer, r"\boxed{" + task.answer):
            assert reward(task, content) < 0, content
        assert reward(task, r"\boxed{?}") == 0
        assert reward(task, rf"\boxed{{{task.answer}}} \boxed{{{task.answer}}}") < 0


def test_near_misses_are_wrong(environment: Environment) -> None:
    for _, task in tasks(environment, range(8)):
        number = re.search(r"\d+", task.answer)
        assert number is not None
        near = str(int(number.group()) + 1)
        other = task.answer[: number.start()] + near + task.answer[number.end() :]
        assert not task.family.check(task.question, other).correct, (task.answer, other)
        assert not task.family.check(task.question, f"{task.answer} + 0").correct
        assert not task.family.check(task.question, f"{task.answer}, {task.answer}").correct


@pytest.mark.parametrize("count", [60, pytest.param(200, marks=pytest.mark.long)])
def test_no_constant_answer_and_no_blind_guess_pays(environment: Environment, count: int) -> None:
    for level in range(1, environment.levels + 1):
        drawn = [environment.task(level, seed) for seed in range(count)]
        answers = Counter(task.answer for task in drawn)
        assert answers.most_common(1)[0][1] <= 0.1 * len(drawn), (level, answers.most_common(3))
        guesses = [task.guess(Random(f"guess {seed}")) for seed, task in enumerate(drawn)]
        assert all(guesses)
        lucky = sum(
            play(task.env(), guess).grade.correct
            for task, guess in zip(drawn, guesses, strict=True)
            if guess is not None
        )
        assert lucky <= 0.1 * len(drawn), level


def test_problems_differ_and_every_kind_comes(environment: Environment) -> None:
    for level in range(1, environment.levels + 1):
        drawn = [task.question for _, task in tasks(environment, range(50)) if _ == level]
        prompts = {question.prompt for question in drawn}
        assert len(prompts) >= 0.8 * len(drawn), level
    kinds = {task.question.data["kind"] for _, task in tasks(environment, range(50))}
    assert len(kinds) >= 6


def test_a_seed_means_one_problem(environment: Environment) -> None:
    for level, task in tasks(environment, range(3)):
        assert environment.task(level, task.seed).answer == task.answer
        assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301 - our own
        family, name = task.family, f"{environment.name} {level} {task.seed}"
        assert family.make(level, Random(name)) == task.question


def test_prompts_read_well(environment: Environment) -> None:
    for _, task in tasks(environment):
        prompt = task.question.prompt
        text, note = prompt.split("\n\n")
        assert text[-1] in ".?)" and note[-1] in ".)"
        assert prompt.isascii()
        for slip in ("--", "+ -", "+-", " 1x", "(1x", "  ", "None", "Fraction", " 1 hours", " ,"):
            assert slip not in prompt, prompt
        assert not re.search(r"(?<![\d.])0x|\b1 (balls|heads|days|years|women)\b", prompt), prompt
        assert len(prompt) < 1000


def test_levels_are_bounded(environment: Environment) -> None:
    assert environment.levels >= 5
    with pytest.raises(UserError, match="expected a level"):
        environment.task(environment.levels + 1, 0)


def test_harder_levels_have_longer_problems(environment: Environment) -> None:
    def size(level: int) -> float:
        prompts = [environment.task(level, seed) for seed in range(100)]
        return sum(
            len(t.question.prompt) + len(t.answer) for t in prompts if isinstance(t, QuestionTask)
        )

    assert size(environment.levels) > size(1)


def test_polynomials_are_written_as_one_writes_them(environment: Environment) -> None:
    del environment
    assert polynomial([1, -1, 0, -3]) == "x^3 - x^2 - 3"
    assert polynomial([-1, 0]) == "-x"
    assert polynomial([0, 0]) == "0"
    assert polynomial([2, 0, 1], "k") == "2k^2 + 1"
