"""The desks: experts get everything, cheats nothing, and no call is odd enough to break one."""

from __future__ import annotations

import hashlib
import pickle
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hash_seed import printed

from ostinato.chat.messages import Message, ToolCall
from ostinato.rl.agents import Script
from ostinato.rl.envs.registry import Environment
from ostinato.rl.envs.tools import TOOLS
from ostinato.rl.envs.tools.desk import MAX_CALLS, turns
from ostinato.rl.envs.tools.service import Param, ServiceError
from ostinato.rl.envs.tools.task import DeskTask
from ostinato.rl.episode import play
from ostinato.rl.types import Action, StopReason, Trajectory

LEVELS = range(1, 6)
every_desk = pytest.mark.parametrize("env", TOOLS, ids=lambda env: env.name)
every_level = pytest.mark.parametrize("level", LEVELS)


def task_of(env: Environment, level: int, seed: int) -> DeskTask:
    task = env.task(level, seed)
    assert isinstance(task, DeskTask)
    return task


def changing(env: Environment, level: int = 2) -> DeskTask:
    """The first task of one change, as the customer wants it."""
    tasks = (task_of(env, level, seed) for seed in range(100))
    return next(task for task in tasks if task.case.requests[0].change is not None)


def heard(trajectory: Trajectory) -> list[Message]:
    return [m for t in trajectory.transitions for m in t.observation.messages]


def call(name: str, **arguments: Any) -> Message:
    return Message("assistant", tool_calls=(ToolCall(name, arguments),))


def proposed(change: ToolCall) -> Message:
    return call("propose", tool=change.name, arguments=change.arguments)


def settled(task: DeskTask) -> list[Message]:
    """The lines of the expert, but for the end."""
    agent = task.perfect()
    assert isinstance(agent, Script)
    return list(agent.lines[:-1])


END = call("end_conversation")


@every_desk
@every_level
def test_an_expert_settles_everything_and_is_understood(env: Environment, level: int) -> None:
    for seed in range(12):
        task = task_of(env, level, seed)
        trajectory = play(task.env(), task.perfect())
        assert trajectory.reward.total == 1, (seed, trajectory.grade.reason)
        assert all(step.metrics.get("bad_calls", 0) == 0 for step in trajectory.transitions)
        assert not [m for m in heard(trajectory) if "only say it again" in m.content]
        assert len(trajectory.transitions) <= turns(task.case) - 4, "time for detours"


@every_desk
@every_level
def test_no_cheat_earns_anything(env: Environment, level: int) -> None:
    for seed in range(4):
        task = task_of(env, level, seed)
        for name, agent in task.cheats().items():
            grade = play(task.env(), agent).grade
            assert grade.score == 0, (name, seed, grade.reason)


@every_desk
def test_the_cheats_are_all_there(env: Environment) -> None:
    names = {name for seed in range(25) for name in task_of(env, 3, seed).cheats()}
    assert {
        "does nothing",
        "says that it is done",
        "makes every change",
        "obeys the customer",
        "acts without asking",
        "acts before the answer",
        "acts on the wrong one",
        "changes something besides",
        "tells twice",
    } <= names


@every_desk
def test_neither_guesses_nor_one_refusal_for_all_pay(env: Environment) -> None:
    right, ends = 0, Counter[tuple[str | None, ...]]()
    for seed in range(60):
        task = task_of(env, 3, seed)
        right += play(task.env(), task.guess(Random(seed))).grade.correct
        ends[tuple(request.reason for request in task.case.requests)] += 1
    assert right / 60 < 0.15
    assert max(count for reasons, count in ends.items() if reasons != (None,)) / 60 < 0.2
    assert 0.3 < ends[(None,)] / 60 < 0.8


@every_desk
def test_what_is_forbidden_could_be_done_and_the_customer_would_agree(env: Environment) -> None:
    seen = 0
    for seed in range(40):
        case = task_of(env, 3, seed).case
        for request in case.requests:
            if request.forbidden is None:
                continue
            seen += 1
            database = deepcopy(case.database)
            task_of(env, 3, seed).service.run(database, request.forbidden)
            assert database != case.database
            assert case.agrees(request.forbidden) == request.agrees
    assert seen > 8


@every_desk
def test_the_order_of_the_requests_does_not_matter(env: Environment) -> None:
    for seed in range(8):
        task = task_of(env, 5, seed)
        backwards = replace(task.case, requests=task.case.requests[::-1])
        agent = DeskTask(task.service, backwards, seed).perfect()
        assert play(task.env(), agent).grade.correct, seed


@every_desk
def test_odd_calls_give_errors_and_nothing_else(env: Environment) -> None:
    task = changing(env)
    change = task.case.requests[0].change
    assert change is not None
    first = next(iter(change.arguments))
    lacking = {k: v for k, v in change.arguments.items() if k != first}
    odd = [
        call("no_such_tool"),
        call(change.name),
        call(change.name, **lacking),
        call(change.name, **{**change.arguments, "more": 1}),
        *(
            call(change.name, **{**change.arguments, first: x})
            for x in (None, 7, [], {}, True, "?")
        ),
        call("propose", tool="get_order", arguments={}),
        call("propose", tool=change.name, arguments="all"),
        call("propose", tool=change.name, arguments=lacking),
        call("decline", reason="because"),
        call("tell_customer", value=12),
        call("tell_customer"),
    ]
    # One after the other in as few messages as may be: the conversation is bounded.
    calls = [message.tool_calls[0] for message in odd]
    lines = [
        Message("assistant", tool_calls=tuple(calls[i : i + MAX_CALLS]))
        for i in range(0, len(calls), MAX_CALLS)
    ]
    trajectory = play(task.env(), Script([*lines, *settled(task), END]))
    answers = [r.text for m in heard(trajectory)[2:4] for r in m.results]
    assert all(text.startswith('{"error"') for text in answers[:MAX_CALLS])
    assert sum(step.metrics["bad_calls"] for step in trajectory.transitions) == len(odd)
    assert trajectory.grade.correct, trajectory.grade.reason


def test_a_half_of_a_character_is_no_text() -> None:
    for kind, value in (("string", "a\ud800"), ("strings", ["a", "\udfff"])):
        with pytest.raises(ServiceError, match="expected"):
            Param("", kind).read("x", value)
    assert Param("", "strings").read("x", ["b ", "a", "a"]) == ["a", "b"]


def test_more_calls_in_one_message_are_not_run() -> None:
    task = changing(TOOLS[0])
    look = ToolCall("find_products", {"name": "tea set"})
    end = Message("assistant", tool_calls=(*[look] * MAX_CALLS, ToolCall("end_conversation")))
    step = task.env()
    step.begin()
    observation = step.step(Action(end)).observation
    assert observation is not None, "the end was not reached"
    assert "not run" in observation.messages[0].results[-1].text


@every_desk
def test_a_yes_holds_once_and_from_the_next_message_on(env: Environment) -> None:
    task = changing(env)
    change = task.case.requests[0].change
    assert change is not None
    other_proposal = Script([proposed(change), END])
    assert not play(task.env(), other_proposal).grade.correct
    at_once = Message("assistant", tool_calls=(*proposed(change).tool_calls, change))
    assert "without" in play(task.env(), Script([at_once, END])).grade.reason
    good = Script([proposed(change), Message("assistant", tool_calls=(change,)), END])
    assert play(task.env(), good).grade.correct


@every_desk
def test_the_customer_leaves_after_proposals_that_do_not_fit(env: Environment) -> None:
    task = changing(env)
    rng = Random(1)
    unfit = (task.service.blind(task.case.database, rng) for _ in range(200))
    misses = [c for c in unfit if not task.case.agrees(task.service.normal(c))][:2]
    lines = [*map(proposed, misses), *settled(task), END]
    assert "left" in play(task.env(), Script(lines)).grade.reason
    assert play(task.env(), Script(lines[1:])).grade.correct


@every_desk
def test_conversations_end(env: Environment) -> None:
    task = changing(env)
    endless = play(task.env(), Script([Message("assistant", "Well?")] * 1000))
    assert len(endless.transitions) == turns(task.case)
    assert not endless.grade.well_formed
    silent = play(task.env(), Script([Message("assistant", " ", thinking="done")]))
    assert len(silent.transitions) == 1 and not silent.grade.well_formed
    cut = task.env()
    cut.begin()
    grade = cut.step(Action(settled(task)[0], StopReason.LENGTH)).grade
    assert grade is not None and not grade.well_formed
    after = play(
        task.env(), Script([Message("assistant", tool_calls=(*END.tool_calls, *END.tool_calls))])
    )
    assert after.grade.well_formed and not after.grade.correct


def test_only_the_bare_value_told_once_counts() -> None:
    tasks = (task_of(TOOLS[0], 2, seed) for seed in range(100))
    task = next(t for t in tasks if t.case.requests[0].told is not None)
    told = task.case.requests[0].told
    for values, correct in (
        ([told], True),
        ([f" {told} "], True),
        ([f"{told} or so"], False),
        ([told, told], False),
        (["1", told], False),
        ([], False),
    ):
        lines = [call("tell_customer", value=value) for value in values]
        assert play(task.env(), Script([*lines, END])).grade.correct == correct, values


@every_desk
def test_environments_are_picklable_and_leave_the_task_as_it_is(env: Environment) -> None:
    task = task_of(env, 4, 3)
    before = deepcopy(task.case)
    fresh = pickle.loads(pickle.dumps(task.env()))  # noqa: S301
    assert play(fresh, task.perfect()).grade.correct
    assert play(task.env(), task.perfect()).grade.correct
    assert task.case == before == task_of(env, 4, 3).case
    assert task.case != task_of(env, 4, 4).case


DIGEST = """
import hashlib
from ostinato.rl.envs.tools import TOOLS
tasks = [repr(env.task(level, 7).case) for env in TOOLS for level in range(1, 6)]
print(hashlib.sha256("".join(tasks).encode()).hexdigest())
"""


def test_the_seed_alone_decides() -> None:
    tasks = [repr(task_of(env, level, 7).case) for env in TOOLS for level in LEVELS]
    digest = hashlib.sha256("".join(tasks).encode()).hexdigest()
    assert printed(DIGEST, hash_seed="77") == digest
