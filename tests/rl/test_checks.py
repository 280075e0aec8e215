"""The check sees what is wrong with an environment, and that nothing is wrong with a right one."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from random import Random

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message
from ostinato.grading import Grade, malformed, right, wrong
from ostinato.grading.answers import AnswerForm
from ostinato.rl.agents import Script, says
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.checks import check
from ostinato.rl.envs.question import Question
from ostinato.rl.envs.registry import Environment, of_questions
from ostinato.rl.episode import play
from ostinato.rl.types import Action, RewardRule, StopReason


@dataclass(frozen=True)
class Sums:
    """Sums of two numbers, sound unless told otherwise."""

    levels: int = 2
    same: bool = False  # always the same question
    lenient: bool = False  # the answer anywhere in what is said
    fickle: bool = False  # another question each time

    def make(self, level: int, rng: Random) -> Question:
        draw = Random() if self.fickle else rng
        a, b = (1, 1) if self.same else (draw.randrange(10**level), draw.randrange(10**level))
        return Question(f"{a} + {b}?", str(a + b))

    def check(self, question: Question, answer: str) -> Grade:
        if self.lenient:
            return right() if question.answer in answer else wrong("another number")
        if not answer.isdecimal():
            return malformed("expected a number")
        return right() if answer == question.answer else wrong("another number")

    def guess(self, question: Question, rng: Random) -> str:
        del question
        return str(rng.randrange(1000))


def environment(family: Sums, form: AnswerForm = AnswerForm.TAG) -> Environment:
    return of_questions("logic/sums", family, summary="a sum", truth="arithmetic", form=form)


@pytest.mark.parametrize("form", AnswerForm)
def test_a_sound_environment_has_no_failures(form: AnswerForm) -> None:
    found = check(environment(Sums(), form), 2, 40)
    assert not found.failures
    assert found.perfect == 1
    assert found.constant < 0.2
    assert not found.guessable
    assert found.repeatable
    assert found.trusted


def test_each_unsound_one_is_found_out() -> None:
    lenient = check(environment(Sums(lenient=True)), 1, 10)
    assert any("stuffing" in failure for failure in lenient.failures)
    fickle = check(environment(Sums(fickle=True)), 2, 10)
    assert any("two different" in failure for failure in fickle.failures)
    same = check(environment(Sums(same=True)), 1, 10)
    assert same.constant == 1
    assert same.guessable


class Sometimes(Sums):
    """Every other question is answered by anything that holds a digit, and by the same "1"."""

    def check(self, question: Question, answer: str) -> Grade:
        if int(question.answer) % 2:
            return super().check(question, answer)
        return right() if any(letter.isdecimal() for letter in answer) else wrong("no number")


def test_one_unsound_task_among_others_is_found() -> None:
    found = check(environment(Sometimes()), 2, 20)
    assert any("stuffing" in failure for failure in found.failures)
    tasks = [environment(Sometimes()).task(2, seed) for seed in range(20)]
    even = sum(int(task.answer or 0) % 2 == 0 for task in tasks)
    assert found.constant >= even / 20 > 0.2


def test_the_best_constant_answer_counts_and_no_other() -> None:
    class Skewed(Sums):
        def make(self, level: int, rng: Random) -> Question:
            answer = rng.choice((7, 7, 7, rng.randrange(100, 1000)))
            return Question(f"{answer} + 0?", str(answer))

    tasks = [environment(Skewed()).task(2, seed) for seed in range(40)]
    sevens = sum(task.answer == "7" for task in tasks)
    found = check(environment(Skewed()), 2, 40)
    assert found.constant == sevens / 40
    assert found.guessable
    assert not found.failures


def test_one_task_that_the_perfect_agent_fails_is_found() -> None:
    class Odd(Sums):
        def check(self, question: Question, answer: str) -> Grade:
            even = int(question.answer) % 2 == 0
            return wrong("never") if even else super().check(question, answer)

    assert "got 0" in check(environment(Odd()), 2, 20).failures[0]


def test_where_no_answer_is_a_text_the_constant_is_a_way_of_acting() -> None:
    found = check(find("tools/calendar"), 1, 3)
    assert found.constant == 0
    assert not found.failures


def test_a_perfect_agent_that_fails_is_a_failure() -> None:
    class Wrong(Sums):
        def make(self, level: int, rng: Random) -> Question:
            question = super().make(level, rng)
            return Question(question.prompt, question.answer + "0")

        def check(self, question: Question, answer: str) -> Grade:
            a, _, b = question.prompt.rstrip("?").split()
            return right() if answer == str(int(a) + int(b)) else wrong("another number")

    found = check(environment(Wrong()), 2, 5)
    assert found.perfect == 0
    assert "the perfect agent got 0" in found.failures[0]


def test_rewards_have_two_parts() -> None:
    task = environment(Sums()).task(1, 0)
    rule = RewardRule(partial=True, malformed=-0.5)
    assert task.answer is not None
    assert play(task.env(), task.says(task.answer), rule).reward.total == 1
    assert play(task.env(), says("no tags"), rule).reward.total == -0.5
    assert rule(Grade(0.25)).total == 0.25
    assert RewardRule()(Grade(0.25)).total == 0
    assert not RewardRule()(Grade(1.0, trusted=False)).trusted


def test_a_truncated_reply_is_wrong_whatever_it_says() -> None:
    task = environment(Sums()).task(1, 0)
    env = task.env()
    env.begin()
    reply = Message("assistant", f"<answer>{task.answer}</answer>")
    for stop in (StopReason.LENGTH, StopReason.CONFIDENT):
        step = env.step(Action(reply, stop))
        assert step.grade is not None
        assert step.grade.score == 0
        assert not step.grade.well_formed


def test_tasks_are_picklable_and_the_same_for_a_seed() -> None:
    one = environment(Sums()).task(2, 7)
    again = environment(Sums()).task(2, 7)
    assert one.env().begin() == again.env().begin()
    assert pickle.loads(pickle.dumps(one.env())).begin() == one.env().begin()  # noqa: S301
    assert environment(Sums()).task(2, 8).env().begin() != one.env().begin()


@pytest.mark.parametrize(("level", "seed"), [(0, 0), (3, 0), (1, -1)])
def test_levels_and_seeds_that_there_are_not(level: int, seed: int) -> None:
    with pytest.raises(UserError, match="expected a"):
        environment(Sums()).task(level, seed)


def test_a_script_says_its_lines_and_then_nothing() -> None:
    script = Script((Message("assistant", "one"),))
    begun = environment(Sums()).task(1, 0).env().begin()
    assert [script.act(begun).message.content for _ in range(3)] == ["one", "", ""]
