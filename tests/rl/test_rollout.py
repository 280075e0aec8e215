"""Episodes as tokens: what is learnt, what is read, and where they end."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

import pytest

from ostinato.base.errors import UserError
from ostinato.chat.encode import encode_chat, encode_training
from ostinato.chat.messages import Message, Tool, ToolCall, ToolResult
from ostinato.chat.template import reply
from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.rollout import PATIENCE, Ask, Limits, Player
from ostinato.rl.types import Action, Observation, Step, StopReason
from tiny_language import byte_tokenizer

TOKENIZER = byte_tokenizer()
TOOLS = (Tool({"name": "count", "description": "Count.", "parameters": {}}),)


@dataclass(frozen=True)
class Written:
    tokens: tuple[int, ...]
    finish: str = "eos"

    @property
    def logprobs(self) -> tuple[float, ...]:
        return tuple(-0.5 - i for i in range(len(self.tokens)))

    @property
    def entropies(self) -> tuple[float, ...]:
        return (0.25,) * len(self.tokens)


@dataclass
class Scripted:
    """A sampler that says its lines, in every conversation the same, the last begun first."""

    lines: Callable[[int, int], Message]  # of (seed, turn)
    heard: dict[int, list[int]] = field(default_factory=dict)
    waiting: list[tuple[int, int]] = field(default_factory=list)  # conversation, room
    turns: dict[int, int] = field(default_factory=dict)
    seeds: dict[int, int] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)

    def begin(self, prompt: Sequence[int], *, room: int, seed: int) -> int:
        number = len(self.heard)
        self.heard[number], self.seeds[number], self.turns[number] = list(prompt), seed, 0
        self.waiting.append((number, room))
        return number

    def more(self, conversation: int, read: Sequence[int], *, room: int) -> None:
        self.heard[conversation] += read
        self.waiting.append((conversation, room))

    def end(self, conversation: int) -> None:
        self.ended.append(conversation)

    def advance(self) -> list[tuple[int, Written]]:
        if not self.waiting:
            return []
        number, room = self.waiting.pop()
        message = self.lines(self.seeds[number], self.turns[number])
        self.turns[number] += 1
        ids = [*TOKENIZER.encode(reply(message)), TOKENIZER.eos]
        written = Written(tuple(ids)) if len(ids) <= room else Written(tuple(ids[:room]), "length")
        self.heard[number] += written.tokens
        return [(number, written)]


@dataclass(frozen=True)
class Counting:
    """Two calls, then the sum; graded by it."""

    rounds: int = 2
    name: str = "tools/counting"

    @property
    def answer(self) -> None:
        return None

    def env(self) -> CountingEnv:
        return CountingEnv(self.rounds)


@dataclass
class CountingEnv:
    rounds: int
    seen: int = 0

    def begin(self) -> Observation:
        return Observation((Message("system", "Count."), Message("user", "How many?")), TOOLS)

    def step(self, action: Action) -> Step:
        if action.stop.truncated:
            return Step(grade=malformed(f"stopped ({action.stop})"))
        if action.message.tool_calls and self.seen < self.rounds:
            self.seen += 1
            results = tuple(ToolResult("count", f"{self.seen}") for _ in action.message.tool_calls)
            return Step(Observation((Message("tool", results=results),)), metrics={"seen": 1.0})
        grade = right() if action.message.content == str(self.rounds) else wrong("no")
        return Step(grade=grade)


def lines(seed: int, turn: int) -> Message:
    if turn < 2:
        return Message("assistant", "", (ToolCall("count", {"n": turn}),), thinking=f"turn {turn}")
    return Message("assistant", "2", thinking="the sum")


def ask(rounds: int = 2, name: str = "tools/counting") -> Ask:
    return Ask(name, 1, 5, Counting(rounds))  # pyright: ignore[reportArgumentType]


def play(sampler: Scripted, *asks: Ask, window: int = 1000, context: int = 4000, group: int = 3):
    return Player(sampler, TOKENIZER, Limits(window, context)).play(asks, group, seed=1)


def test_what_the_policy_wrote_is_learnt_and_all_else_is_read() -> None:
    ((one, *_),) = play(Scripted(lines), ask())
    messages = [
        m for t in one.trajectory.transitions for m in (*t.observation.messages, t.action.message)
    ]
    ids, learnt = encode_training(TOKENIZER, messages, TOOLS)
    assert list(one.tokens) == ids[:-1]  # but the line end after the last turn
    assert list(one.learnt) == learnt[:-1]
    assert all((value != 0) == own for value, own in zip(one.logprobs, one.learnt, strict=True))
    assert [turn.written for turn in one.turns] == [
        len(TOKENIZER.encode(reply(lines(0, i)))) + 1 for i in range(3)
    ]
    assert sum(turn.read + turn.written for turn in one.turns) == len(one.tokens)
    assert one.length == sum(one.learnt)


def test_the_sampler_has_heard_the_same_conversation() -> None:
    sampler = Scripted(lines)
    groups = play(sampler, ask(), ask(1), group=2)
    assert sorted(sampler.ended) == [0, 1, 2, 3]
    assert [sampler.heard[i] for i in range(4)] == [list(e.tokens) for g in groups for e in g]
    first = groups[0][0]
    prompt = encode_chat(
        TOKENIZER, [Message("system", "Count."), Message("user", "How many?")], TOOLS
    )
    assert list(first.tokens[: len(prompt)]) == prompt


def test_groups_stand_in_the_order_of_asking_and_are_graded() -> None:
    groups = play(Scripted(lines), ask(2), ask(1), ask(2))
    assert [len(group) for group in groups] == [3, 3, 3]
    assert [[one.trajectory.grade.correct for one in group] for group in groups] == [
        [True] * 3,
        [False] * 3,
        [True] * 3,
    ]
    assert groups[0][0].trajectory.reward.total == 1.0


def test_slow_environments_are_waited_for_beside_the_rest() -> None:
    mixed = [ask(2), ask(2, "code/counting"), ask(1, "software/counting")]
    groups = play(Scripted(lines), *mixed)
    assert [group[0].trajectory.grade.correct for group in groups] == [True, True, False]


def test_programs_that_other_processes_start_keep_their_environments_state() -> None:
    mixed = [ask(2), ask(2, "code/counting"), ask(1, "software/counting")]
    with ProcessPoolExecutor(1, get_context("forkserver")) as programs:
        player = Player(Scripted(lines), TOKENIZER, Limits(1000, 4000), programs=programs)
        there = player.play(mixed, 3, 5)
    here = Player(Scripted(lines), TOKENIZER, Limits(1000, 4000)).play(mixed, 3, 5)
    assert [[(one.tokens, one.trajectory.grade) for one in group] for group in there] == [
        [(one.tokens, one.trajectory.grade) for one in group] for group in here
    ]
    assert [group[0].trajectory.grade.score for group in there] == [1.0, 1.0, 0.0]


@dataclass
class Recorded(Scripted):
    """Also what it was told to do, in order."""

    log: list[tuple[str, int]] = field(default_factory=list)

    def more(self, conversation: int, read: Sequence[int], *, room: int) -> None:
        self.log.append(("more", conversation))
        super().more(conversation, read, room=room)

    def end(self, conversation: int) -> None:
        self.log.append(("end", conversation))
        super().end(conversation)

    def advance(self) -> list[tuple[int, Written]]:
        found = super().advance()
        self.log += [("written", number) for number, _ in found]
        return found


@dataclass(frozen=True)
class Late(Counting):
    """Whose environments take their time, every second one of them."""

    first: int = 0
    made: list[int] = field(default_factory=list)

    def env(self) -> CountingEnv:
        self.made.append(len(self.made))
        return LateEnv(self.rounds, pause=0.02 if len(self.made) % 2 == self.first else 0.0)


@dataclass
class LateEnv(CountingEnv):
    pause: float = 0.0

    def step(self, action: Action) -> Step:
        time.sleep(self.pause)
        return super().step(action)


def test_when_a_program_answers_decides_nothing() -> None:
    logs: list[list[tuple[str, int]]] = []
    for first in (0, 1):
        sampler = Recorded(lines)
        late = Ask("code/counting", 1, 5, Late(first=first))  # pyright: ignore[reportArgumentType]
        play(sampler, ask(), late, ask(), ask(1), group=6)
        logs.append(sampler.log)
    assert logs[0] == logs[1]
    log = logs[0]
    slow = range(6, 12)
    for number in slow:
        begun = log.index(("written", number))
        heard = log.index(("more", number))
        rounds = [entry for entry in log[begun:heard] if entry[0] == "written"]
        assert len(rounds) > PATIENCE or log[heard - 1][0] != "written"


def test_members_of_a_group_and_tasks_have_seeds_of_their_own() -> None:
    sampler = Scripted(lines)
    play(sampler, ask(), Ask("tools/counting", 1, 6, ask().task), group=4)
    assert len(set(sampler.seeds.values())) == 8
    again = Scripted(lines)
    play(again, ask(), group=4)
    assert [again.seeds[i] for i in range(4)] == [sampler.seeds[i] for i in range(4)]


def test_the_window_bounds_all_turns_together() -> None:
    first = len(TOKENIZER.encode(reply(lines(0, 0)))) + 1
    ((one,),) = play(Scripted(lines), ask(), window=first + 10, group=1)
    assert one.stop is StopReason.LENGTH
    assert one.length == first + 10
    assert [turn.written for turn in one.turns] == [first, 10]
    assert one.trajectory.grade == Grade(0.0, "stopped (length)", well_formed=False)


@pytest.mark.parametrize("more", [0, 3])
def test_an_episode_whose_result_has_no_room_is_truncated(more: int) -> None:
    prompt = len(
        encode_chat(TOKENIZER, [Message("system", "Count."), Message("user", "How many?")], TOOLS)
    )
    first = len(TOKENIZER.encode(reply(lines(0, 0)))) + 1
    ((one,),) = play(Scripted(lines), ask(), context=prompt + first + more, group=1)
    assert one.stop is StopReason.LENGTH
    assert len(one.turns) == 1
    assert len(one.tokens) == prompt + first
    assert not one.trajectory.grade.correct


def test_a_prompt_without_room_is_refused() -> None:
    with pytest.raises(
        UserError, match=r"tools/counting, level 1: its prompt has .* context of 100"
    ):
        play(Scripted(lines), ask(), context=100)
