"""The one who repairs: says the lines up to the wrong one, and changes that alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest

from ostinato.chat.template import render
from ostinato.grading.types import Grade, right, wrong
from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.software.episode import RepositoryEnv
from ostinato.rl.envs.software.repair import RepairTask, count, repair
from ostinato.rl.envs.software.table import repository
from ostinato.rl.envs.software.workspace import Workspace
from ostinato.rl.episode import play
from ostinato.rl.traces.conversation import conversation, messages_of
from ostinato.rl.traces.software import LEVELS, TRACERS, repairing
from ostinato.rl.traces.software_lines import Bug, bugs, parts
from ostinato.rl.types import Trajectory

SERVED = LEVELS["software/repair"]


@dataclass(frozen=True)
class AsItWas:
    """Right if every file is what it was before the bugs: nothing has to be run."""

    files: dict[str, str]

    def __call__(self, work: Workspace) -> Grade:
        """See ``Verdict``."""
        changed = [path for path, text in self.files.items() if work.files[path] != text]
        return wrong(f"{changed} differ") if changed else right()


def played(task: RepairTask) -> Trajectory:
    env = RepositoryEnv(
        task.prompt(), task.files(), AsItWas(repository(task.name).files), ("true",), task.bounds
    )
    return play(env, repairing(task, Random(0)))


def tasks(level: int, *, unseen: bool = False) -> Iterator[RepairTask]:
    for seed in range(count(level, unseen=unseen)):
        yield repair(level, seed, unseen=unseen)


@cache
def episodes(level: int) -> list[tuple[RepairTask, Trajectory]]:
    """Every task of a level, and how it is repaired."""
    return [(task, played(task)) for task in tasks(level)]


@pytest.mark.parametrize("level", range(1, 6))
def test_every_repository_is_as_it_was_before_its_bugs(level: int) -> None:
    unseen = [(task, played(task)) for task in tasks(level, unseen=True)]
    for task, trajectory in [*episodes(level), *unseen]:
        assert trajectory.grade.correct, (task.name, trajectory.grade.reason)
        calls = [turn.action.message.tool_calls for turn in trajectory.transitions]
        assert sum(call.name == "edit_file" for (call,) in calls) == len(task.mutant.edits)
        for turn in trajectory.transitions:
            assert turn.action.message.thinking
            heard = turn.observation.messages[-1].results
            assert not any(one.text.startswith("error") for one in heard)


@pytest.mark.parametrize("level", range(1, SERVED + 1))
def test_the_hidden_cases_agree(level: int) -> None:
    for seed in (0, 1):
        # The agent's word is not taken for it here: the sandbox runs what it handed in.
        assert conversation(find("software/repair"), level, seed, repairing) is not None


@pytest.mark.parametrize("level", range(1, SERVED + 1))
def test_every_line_that_is_said_was_read(level: int) -> None:
    for _, trajectory in episodes(level):
        read: set[str] = set()
        said: list[str] = []
        for turn in trajectory.transitions:
            for message in turn.observation.messages:
                for one in message.results:
                    read |= {re.sub(r"\t *", " ", line) for line in one.text.splitlines()}
            thinking = turn.action.message.thinking or ""
            lines = re.findall(r"^\d+ .+$", thinking.partition("Right:")[0], re.MULTILINE)
            assert set(lines) <= read
            said += lines
            for call in turn.action.message.tool_calls:
                if call.name == "edit_file":
                    assert said[-1].partition(" ")[2] in call.arguments["old"]
                    assert (
                        call.arguments["new"].strip() in thinking or "\n" in call.arguments["old"]
                    )
        assert said


def test_the_function_that_is_told_is_gone_through_and_no_other() -> None:
    for task, trajectory in episodes(1):
        function = task.mutant.edits[0].function
        second = trajectory.transitions[1].action.message.thinking or ""
        heads = re.findall(r"^\d+ def (\w+)\(", second.partition("Right:")[0], re.MULTILINE)
        if function and "." not in function:
            assert heads == [function]


def test_episodes_are_short_enough() -> None:
    long = 0
    for level in range(1, SERVED + 1):
        for _, trajectory in episodes(level):
            messages, tools = messages_of(trajectory), trajectory.transitions[0].observation.tools
            length = len(render(messages, tools, add_generation_prompt=False))
            thought = sum(len(message.thinking or "") for message in messages)
            assert length < (15_000 if level == SERVED else 10_000)
            assert thought <= 900 if level == 1 else thought < 4_000
            long += length > 10_000
    assert 0 < long <= 154 // 14


def test_a_module_in_parts() -> None:
    source = (
        '"""About."""\nLIMIT = 3\n\n\nclass Box:\n    """A box."""\n\n    def put(self, thing):\n'
        '        """Put it in.\n\n        Gently.\n        """\n'
        "        # why\n        return thing\n"
        "\n\ndef empty():\n    def inner():\n        return 1\n    return inner\n"
    )
    found = {part.name: [line for _, line in part.lines] for part in parts(source)}
    assert found == {
        "Box.put": ["def put(self, thing):", "return thing"],
        "empty": ["def empty():", "return inner"],
        "empty.inner": ["def inner():", "return 1"],
        "": ["LIMIT = 3", "class Box:"],
    }


def test_an_edit_takes_in_lines_until_it_is_unique() -> None:
    source = "def a(x):\n    if x:\n        pass\n    else:\n        pass\n"
    bug = Bug("m.py", source.rindex("pass"), "pass", "return 1\n        print(x)", "dropped")
    old, new = bug.edit(source, [bug])
    assert source.count(old) == 1
    assert source.replace(old, new).endswith("    else:\n        return 1\n        print(x)\n")
    assert bug.edit(source, [bug], unique=False)[0] == "pass"
    assert bug.line(source, [bug]) == 5


def test_a_bug_moves_with_the_bugs_before_it() -> None:
    for task in tasks(5):
        every = bugs(task)
        files = task.files()
        for bug in every:
            start = bug.at(every)
            assert files[bug.path][start : start + len(bug.wrong)] == bug.wrong


def test_what_is_held_out_is_not_listed() -> None:
    assert set(TRACERS) == set(LEVELS) == {"software/repair"}
