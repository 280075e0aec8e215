"""Accounts and messages that get the best grade, from what the prompt says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest
from one_turn import one_turn
from written_sums import check_sums

from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.judged import JudgedTask
from ostinato.rl.episode import play
from ostinato.rl.traces.judged import LEVELS, TRACERS

each_level = pytest.mark.parametrize(
    ("name", "level"), [(name, level) for name in TRACERS for level in range(1, LEVELS[name] + 1)]
)


def tasks(name: str, level: int, seeds: int) -> Iterator[JudgedTask]:
    for seed in range(seeds):
        task = find(name).task(level, seed)
        assert isinstance(task, JudgedTask)
        yield task


def traced(name: str, task: JudgedTask) -> tuple[str, str]:
    return one_turn(TRACERS[name], task)


@each_level
def test_the_judge_gives_the_best_grade(name: str, level: int) -> None:
    for task in tasks(name, level, 25):
        assert play(task.env(), TRACERS[name](task, Random(0))).grade.score == 1
        thinking, content = traced(name, task)
        assert re.fullmatch("<answer>[^<>]+</answer>", content)
        assert len(thinking) < (700 if level == 1 else 3_000)


@each_level
def test_only_the_prompt_is_read(name: str, level: int) -> None:
    for task in tasks(name, level, 10):
        question = replace(task.asked.question, answer="12345", data={})
        other = replace(task, asked=replace(task.asked, question=question))
        assert traced(name, other) == traced(name, task)


@pytest.mark.parametrize("level", range(1, LEVELS["judged/summary"] + 1))
def test_every_number_of_an_account_has_been_worked_out(level: int) -> None:
    for task in tasks("judged/summary", level, 25):
        thinking, content = traced("judged/summary", task)
        assert check_sums(thinking) >= 3
        for number in re.findall(r"\d+", content):
            assert re.search(rf"(=|-> |is |grew ){number}$", thinking, re.MULTILINE), number


def test_a_message_says_what_replaced_something() -> None:
    changed = 0
    for task in tasks("judged/rewrite", 5, 10):
        _, content = traced("judged/rewrite", task)
        note = task.asked.question.prompt.split("\n\n")[1]
        for old, new in re.findall(r"(\S+) - no wait, scratch that, ([^,]+) instead", note):
            assert new in content
            if not old.isalpha() and not new.endswith(old):
                assert f" {old}." not in content
            changed += 1
    assert changed >= 20
