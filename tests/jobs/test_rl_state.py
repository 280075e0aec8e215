"""What follows from a step's episodes: an alarm hears of a judge that pays for length."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

from ostinato.grading.judge import Judge
from ostinato.grading.judge_prompt import read_texts
from ostinato.grading.judge_rules import RuleJudge
from ostinato.grading.length_bias import ACTION
from ostinato.jobs.rl_state import judged
from ostinato.rl.envs.judged import judged as environments
from ostinato.rl.episode import play
from ostinato.rl.monitors import MonitorRules, MonitorState, StepReading


class LongWins:
    """A judge that likes the longer text."""

    def judge(self, prompt: str) -> str:
        texts, outside = read_texts(prompt)
        label = re.search(r"^(BETTER [0-9a-f]{8}): [NX]$", outside, re.MULTILINE)
        assert label is not None
        longer = len(texts["answer A"]) > len(texts["answer B"])
        return f"{label[1]}: {'A' if longer else 'B'}"


def watch(judge: Judge, *, padded: bool) -> list[str]:
    """60 steps of 12 answers: beginnings of right ones, more and more with empty words behind."""
    (rewrite,) = (one for one in environments(judge) if one.name == "judged/rewrite")
    state, told = MonitorState(), list[str]()
    for step in range(60):
        episodes: list[Any] = []
        for i in range(12):
            task = rewrite.task(1, 100 * step + i)
            text = task.answer[:40] + (" thank you" * 60 if padded and i < step / 5 else "")
            asked = SimpleNamespace(environment=rewrite.name)
            episodes.append(
                SimpleNamespace(ask=asked, trajectory=play(task.env(), task.says(text)))
            )
        state, texts = state.after(MonitorRules(), StepReading(judged=judged(episodes)))
        told += texts
    return told


def test_a_judge_that_pays_for_length_is_told_of() -> None:
    assert watch(LongWins(), padded=True) == [f"judged/rewrite: {ACTION}"]


def test_a_judge_that_does_not_is_not() -> None:
    assert watch(RuleJudge(), padded=True) == []
    assert watch(LongWins(), padded=False) == []


def test_what_nobody_judged_is_not_heard_of() -> None:
    (rewrite,) = (one for one in environments(RuleJudge()) if one.name == "judged/rewrite")
    task = rewrite.task(1, 0)
    silent = play(task.env(), task.cheats()["says nothing at all"])
    one = SimpleNamespace(ask=SimpleNamespace(environment=rewrite.name), trajectory=silent)
    episodes: Any = [one]
    assert judged(episodes) == ()
