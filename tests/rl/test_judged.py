"""Judged tasks: experts are right, cheats are not, whoever judges is asked properly."""

from __future__ import annotations

import hashlib
import pickle
import re
from random import Random

import pytest
from hash_seed import printed

from ostinato.grading.judge import JudgeError, JudgeStats
from ostinato.grading.judge_prompt import read_texts
from ostinato.rl.envs.judged import JUDGED, judged
from ostinato.rl.envs.judged.task import JudgedTask
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play

SUMMARY, REWRITE = JUDGED
LEVELS = range(1, 6)
every_kind = pytest.mark.parametrize("env", JUDGED, ids=lambda env: env.name)
every_level = pytest.mark.parametrize("level", LEVELS)


def task_of(env: Environment, level: int, seed: int) -> JudgedTask:
    task = env.task(level, seed)
    assert isinstance(task, JudgedTask)
    return task


def score(task: JudgedTask, answer: str) -> float:
    return play(task.env(), task.says(answer)).grade.score


@every_kind
@every_level
def test_experts_are_right_cheats_and_guesses_are_not(env: Environment, level: int) -> None:
    right = 0
    for seed in range(3):
        task = task_of(env, level, seed)
        assert play(task.env(), task.perfect()).reward.total == 1
        for name, agent in task.cheats().items():
            grade = play(task.env(), agent).grade
            assert grade.score == 0, (name, seed, grade.reason)
        right += play(task.env(), task.guess(Random(seed))).grade.correct
    assert right <= 1


@every_kind
def test_no_answer_fits_another_task(env: Environment) -> None:
    tasks = [task_of(env, 2, seed) for seed in range(6)]
    for one in tasks:
        right = [other.answer for other in tasks if score(one, other.answer) == 1]
        assert right == [one.answer]


@every_kind
def test_every_sentence_counts(env: Environment) -> None:
    for level in (1, 3, 5):
        task = task_of(env, level, 4)
        sentences = re.split(r"(?<=[.?]) ", task.answer)
        stated = [
            s for s in sentences if re.search(r"\d|[a-z] [A-Z]", s) and not s.startswith("Dear")
        ]
        assert len(stated) >= 2
        for lost in stated:
            assert score(task, " ".join(s for s in sentences if s != lost)) < 1, lost


@every_kind
def test_a_wrong_or_further_number_or_name_counts_against(env: Environment) -> None:
    task = task_of(env, 3, 1)
    number = re.search(r"\d+", task.answer)
    assert number is not None
    wrong = task.answer.replace(number.group(), "613")
    assert score(task, wrong) < 1
    assert score(task, f"{task.answer} That makes 613.") < 1
    assert score(task, f"{task.answer} It was not {number.group()}, though.") < 1
    assert score(task, f"{task.answer} A fine thing it is.") == 1


def test_other_words_and_another_order_are_as_good() -> None:
    task = task_of(SUMMARY, 2, 0)
    sentences = task.answer.split(". ")
    assert score(task, "\n".join(f"{s.rstrip('.')}!" for s in reversed(sentences))) == 1
    assert score(task, task.answer.upper()) == 1


def test_a_message_must_be_better_than_the_reference() -> None:
    task = task_of(REWRITE, 4, 2)
    reference = task.asked.question.data["reference"]
    assert score(task, reference) == 0.5
    assert not play(task.env(), task.says(reference)).grade.correct
    assert score(task, task.answer.replace("Dear", "Hello")) == 0.5
    assert score(task, f"{task.answer} Yeah, gonna btw um kinda stuff asap wanna!") == 0


@every_kind
def test_the_prompt_tells_neither_reference_nor_criteria(env: Environment) -> None:
    task = task_of(env, 5, 1)
    prompt = task.env().begin().messages[0].content
    question = task.asked.question
    assert question.data["reference"] not in prompt and question.answer not in prompt
    assert "together:" not in prompt and "mentions:" not in prompt


class Recorder:
    """Replies the same to everything, with the right label."""

    def __init__(self, verdict: str) -> None:
        self.verdict = verdict
        self.prompts: list[str] = []

    def judge(self, prompt: str) -> str:
        self.prompts.append(prompt)
        _, outside = read_texts(prompt)
        return f"{re.findall(r'(?:GRADE|BETTER) [0-9a-f]{8}', outside)[-1]}: {self.verdict}"


def test_another_judge_can_be_passed_in() -> None:
    judge, stats = Recorder("4"), JudgeStats()
    summary, rewrite = judged(judge, repeats=2, stats=stats)
    assert [env.name for env in (summary, rewrite)] == [env.name for env in JUDGED]
    task = task_of(summary, 1, 0)
    assert score(task, "anything") == 0.75
    texts, _ = read_texts(judge.prompts[0])
    assert list(texts) == ["task", "criteria", "reference answer", "answer"]
    assert texts["answer"] == "anything" and texts["reference answer"] == task.answer
    assert (stats.asked, stats.repeated, stats.split) == (2, 1, 0)
    judge.verdict = "A"  # whoever comes first: the orders disagree
    assert score(task_of(rewrite, 1, 0), "anything") == 0.5
    assert stats.disagreed == 2
    judge.verdict = "nothing"
    assert score(task_of(rewrite, 1, 0), "anything") == 0
    assert stats.abstained == 2


def test_fences_depend_on_the_answer() -> None:
    judge = Recorder("1")
    task = task_of(judged(judge)[0], 1, 0)
    for answer in ("one", "one", "two", "\ud800"):
        score(task, answer)
    fences = [re.findall(r"[0-9a-f]{32}", prompt)[0] for prompt in judge.prompts]
    assert fences[0] == fences[1] and len(set(fences)) == 3


def test_answers_without_end_are_not_sent() -> None:
    judge = Recorder("5")
    task = task_of(judged(judge)[0], 1, 0)
    assert score(task, "x" * 100_000) == 0 and not judge.prompts


def test_a_judge_that_is_out_of_reach_is_no_verdict() -> None:
    class Away:
        def judge(self, prompt: str) -> str:
            raise JudgeError("nobody there")

    task = task_of(judged(Away())[0], 1, 0)
    with pytest.raises(JudgeError):
        score(task, "anything")


@every_kind
def test_environments_are_picklable(env: Environment) -> None:
    task = task_of(env, 2, 3)
    fresh = pickle.loads(pickle.dumps(task.env()))  # noqa: S301
    assert play(fresh, task.perfect()).grade.correct


DIGEST = """
import hashlib
from ostinato.rl.envs.judged import JUDGED
questions = [repr(env.task(level, 7).asked.question) for env in JUDGED for level in range(1, 6)]
print(hashlib.sha256("".join(questions).encode()).hexdigest())
"""


def test_the_seed_alone_decides() -> None:
    questions = [repr(task_of(env, level, 7).asked.question) for env in JUDGED for level in LEVELS]
    digest = hashlib.sha256("".join(questions).encode()).hexdigest()
    assert printed(DIGEST, hash_seed="77") == digest
