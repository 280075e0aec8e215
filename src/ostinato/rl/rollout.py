"""Episodes played by a policy, many at once: the tokens of each, and what came of them.

A conversation of several turns is one sequence: what the policy wrote is to be learnt, what it
was told (the prompt, results of tools, further questions) is read and has no gradient.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field

from ostinato.base.errors import UserError
from ostinato.chat.encode import encode_chat
from ostinato.chat.messages import Message
from ostinato.chat.parse import parse
from ostinato.chat.tokenizer import Tokenizer
from ostinato.rl.sampler import STOPS, Sampler, Turn
from ostinato.rl.types import (
    Action,
    Env,
    Observation,
    RewardRule,
    Step,
    StopReason,
    Task,
    Trajectory,
    Transition,
)

PATIENCE = 16  # rounds of the sampler that a program may take before it is waited for
Answer = Future[tuple[Env, Step]]
"""Of a program, and the environment after it."""
SLOW = ("code", "software")  # kinds whose steps run programs: several at a time


def is_slow(environment: str) -> bool:
    """Whether an environment runs programs; a user's own file may."""
    return environment.partition("/")[0] in SLOW or environment.endswith(".jsonl")


@dataclass(frozen=True)
class Ask:
    """One task that a policy is to be asked."""

    environment: str
    level: int
    seed: int
    task: Task


@dataclass(frozen=True)
class Limits:
    """How far an episode may go, in tokens."""

    window: int
    """What the policy may write, all turns together."""
    context: int
    """What there may be of the whole conversation."""


@dataclass(frozen=True)
class TurnCost:
    """What one turn took, in tokens."""

    read: int
    """The prompt, or what came after the turn before."""
    written: int


@dataclass(frozen=True, eq=False)
class Episode:
    """One episode, as an experience and as tokens."""

    ask: Ask
    trajectory: Trajectory
    tokens: tuple[int, ...]
    """The whole conversation; of equal length with the next three."""
    learnt: tuple[bool, ...]
    """Whether the policy wrote it."""
    logprobs: tuple[float, ...]
    """The sampler's, of each token that was written; 0 for the others."""
    entropies: tuple[float, ...]
    """Of the distribution that each token was drawn from; 0 for the others."""
    turns: tuple[TurnCost, ...]

    @property
    def length(self) -> int:
        """Tokens that the policy wrote."""
        return sum(turn.written for turn in self.turns)

    @property
    def stop(self) -> StopReason:
        """Why the last turn ended."""
        return self.trajectory.stop


@dataclass
class _Going:
    """An episode that is being played."""

    ask: Ask
    index: int
    env: Env
    observation: Observation
    tokens: list[int] = field(default_factory=list[int])
    learnt: list[bool] = field(default_factory=list[bool])
    logprobs: list[float] = field(default_factory=list[float])
    entropies: list[float] = field(default_factory=list[float])
    turns: list[TurnCost] = field(default_factory=list[TurnCost])
    transitions: list[Transition] = field(default_factory=list[Transition])
    read: int = 0  # tokens since the last turn

    def hear(self, ids: Sequence[int]) -> None:
        self._append(ids, False, [0.0] * len(ids), [0.0] * len(ids))
        self.read = len(ids)

    def say(self, turn: Turn) -> None:
        self._append(turn.tokens, True, turn.logprobs, turn.entropies)
        self.turns.append(TurnCost(self.read, len(turn.tokens)))
        self.read = 0

    def _append(
        self, ids: Sequence[int], own: bool, logprobs: Iterable[float], entropies: Iterable[float]
    ) -> None:
        self.tokens += ids
        self.learnt += [own] * len(ids)
        self.logprobs += logprobs
        self.entropies += entropies

    def room(self, limits: Limits) -> int:
        """Tokens that the next turn may have."""
        written = sum(turn.written for turn in self.turns)
        return min(limits.window - written, limits.context - len(self.tokens))


class Player:
    """Plays groups of episodes with a sampler."""

    def __init__(
        self,
        sampler: Sampler,
        tokenizer: Tokenizer,
        limits: Limits,
        *,
        rule: RewardRule | None = None,
        workers: int = 4,
        programs: Executor | None = None,
        slow: Collection[str] = (),
    ) -> None:
        """``workers``: programs of environments that run at a time. ``programs``: processes that
        start them, so that whoever writes is not kept waiting; None: threads of this one.
        ``slow``: further environments whose answers take time.
        """
        self.limits = limits
        self.seconds_grade = 0.0  # that were waited for environments
        self._sampler, self._tokenizer = sampler, tokenizer
        self._rule = rule or RewardRule()
        self._workers, self._programs, self._slow = workers, programs, slow
        self._line_end = tokenizer.encode("\n")

    def fits(self, ask: Ask) -> bool:
        """Whether a task's prompt leaves room for an answer."""
        asked = ask.task.env().begin()
        prompt = encode_chat(self._tokenizer, asked.messages, asked.tools)
        return len(prompt) < self.limits.context

    def play(self, asks: Sequence[Ask], group: int, seed: int) -> list[list[Episode]]:
        """``group`` episodes of each task; what is drawn depends on ``seed`` and the task."""
        going: dict[int, _Going] = {}
        for index, ask in enumerate(asks):
            for member in range(group):
                one = self._begin(ask, index, going)
                number = self._sampler.begin(
                    one.tokens, room=one.room(self.limits), seed=_seed(seed, ask, member)
                )
                going[number] = one
        own = self._programs
        with ThreadPoolExecutor(self._workers) if own is None else nullcontext(own) as pool:
            over = dict(self._run(going, pool))
        found: list[list[Episode]] = [[] for _ in asks]
        for number, one in going.items():  # in the order of asking, whoever ended first
            found[one.index].append(over[number])
        return found

    def _begin(self, ask: Ask, index: int, going: dict[int, _Going]) -> _Going:
        env = ask.task.env()
        one = _Going(ask, index, env, env.begin())
        twin = next((other for other in reversed(going.values()) if other.index == index), None)
        if twin is not None and twin.observation == one.observation:
            one.hear(twin.tokens)
            return one
        seen = one.observation
        one.hear(encode_chat(self._tokenizer, seen.messages, seen.tools))
        if one.room(self.limits) < 1:
            raise UserError(
                f"{ask.environment}, level {ask.level}: its prompt has {len(one.tokens):,} tokens "
                f"and leaves no room in a context of {self.limits.context:,}: raise the context, "
                "or leave it out"
            )
        return one

    def _run(self, going: dict[int, _Going], pool: Executor) -> Iterable[tuple[int, Episode]]:
        """Episodes as they end. ``waiting`` holds what programs are to answer, and when at last.

        A program's answer is heard a fixed number of rounds after it was asked, however soon it
        came: if who is ready first went on first, a run that is resumed would not compute the same
        rows together, and would round otherwise.
        """
        waiting: deque[tuple[int, int, Action, Answer]] = deque()
        writing, round_ = len(going), 0
        while writing or waiting:
            round_ += 1
            turns = self._sampler.advance() if writing else []
            assert turns or waiting, "a sampler writes what it has begun"
            writing -= len(turns)
            answers, asked = self._react(turns, going, pool)
            waiting.extend((round_ + PATIENCE, *one) for one in asked)
            # Without a turn nothing can go on before the programs: their slots are taken.
            answers += self._heard(waiting, going, round_ if turns else None)
            for number, action, step in answers:
                episode = self._settle(number, going[number], action, step)
                if episode is None:
                    writing += 1
                else:
                    yield number, episode

    def _react(
        self, turns: Sequence[tuple[int, Turn]], going: dict[int, _Going], pool: Executor
    ) -> tuple[list[tuple[int, Action, Step]], list[tuple[int, Action, Answer]]]:
        """What environments answer to some turns, and what programs were begun for others."""
        began = time.monotonic()
        answers: list[tuple[int, Action, Step]] = []
        asked: list[tuple[int, Action, Answer]] = []
        for number, turn in turns:
            one = going[number]
            one.say(turn)
            action = self._read(turn)
            if is_slow(one.ask.environment) or one.ask.environment in self._slow:
                asked.append((number, action, pool.submit(_stepped, one.env, action)))
            else:
                answers.append((number, action, one.env.step(action)))
        self.seconds_grade += time.monotonic() - began
        return answers, asked

    def _heard(
        self,
        waiting: deque[tuple[int, int, Action, Answer]],
        going: dict[int, _Going],
        round_: int | None,
    ) -> list[tuple[int, Action, Step]]:
        """The answers of programs that are due by a round; None: all of them."""
        began = time.monotonic()
        heard: list[tuple[int, Action, Step]] = []
        while waiting and (round_ is None or waiting[0][0] <= round_):
            _, number, action, answer = waiting.popleft()
            going[number].env, step = answer.result()
            heard.append((number, action, step))
        self.seconds_grade += time.monotonic() - began
        return heard

    def _read(self, turn: Turn) -> Action:
        text = self._tokenizer.decode(turn.tokens)
        return Action(parse(text).message(), STOPS[turn.finish])

    def _settle(self, number: int, one: _Going, action: Action, step: Step) -> Episode | None:
        """The episode, if it is over; else it goes on."""
        one.transitions.append(Transition(one.observation, action, step.metrics))
        if step.grade is None:
            assert step.observation is not None, "an episode without a grade goes on"
            one.observation = step.observation
            told = self._tail(step.observation.messages)
            if (
                min(
                    self.limits.context - len(one.tokens) - len(told),
                    one.room(self.limits),
                )
                > 0
            ):
                one.hear(told)
                self._sampler.more(number, told, room=one.room(self.limits))
                return None
            step = one.env.step(Action(Message("assistant"), StopReason.LENGTH))
            assert step.grade is not None, "what is truncated is over"
            one.transitions[-1] = Transition(
                one.transitions[-1].observation,
                Action(action.message, StopReason.LENGTH),
                one.transitions[-1].metrics,
            )
        self._sampler.end(number)
        assert step.grade is not None, "it is over"
        trajectory = Trajectory(tuple(one.transitions), step.grade, self._rule(step.grade))
        return Episode(
            one.ask,
            trajectory,
            tuple(one.tokens),
            tuple(one.learnt),
            tuple(one.logprobs),
            tuple(one.entropies),
            tuple(one.turns),
        )

    def _tail(self, messages: Sequence[Message]) -> list[int]:
        """What follows the end of a turn: the line's end, new messages, the next turn's header."""
        return [*self._line_end, *encode_chat(self._tokenizer, messages)[1:]]


def _stepped(env: Env, action: Action) -> tuple[Env, Step]:
    """The environment too: another process has stepped a copy of it."""
    return env, env.step(action)


def _seed(seed: int, ask: Ask, member: int) -> int:
    name = f"{seed} {ask.environment} {ask.level} {ask.seed} {member}"
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
