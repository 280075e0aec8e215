"""Many episodes side by side: all that wait for a turn get theirs in one call of the model."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from zlib import crc32

from ostinato.chat.messages import Message, Tool
from ostinato.eval.reasoning.types import Drawn, Manner
from ostinato.infer.replier import Conversation, Replier, Written
from ostinato.infer.requests import Sampling
from ostinato.rl.rollout import is_slow
from ostinato.rl.sampler import STOPS
from ostinato.rl.types import (
    Action,
    Env,
    Observation,
    RewardRule,
    Trajectory,
    Transition,
)


@dataclass(frozen=True)
class Played:
    """An episode that is over, and what its turns took."""

    trajectory: Trajectory
    turns: tuple[Written, ...]

    @property
    def tokens(self) -> int:
        """Written in all turns together."""
        return sum(turn.tokens for turn in self.turns)

    @property
    def thinking_tokens(self) -> int:
        """Thought in all turns together."""
        return sum(turn.thinking_tokens for turn in self.turns)


def play_together(
    drawn: Sequence[Drawn],
    replier: Replier,
    manner: Manner,
    *,
    advance: Callable[[int], None] | None = None,
) -> list[Played]:
    """Play every task to its grade, all in one manner. See ``play_all``."""
    return play_all([(one, manner) for one in drawn], replier, advance=advance)


def play_all(
    asked: Sequence[tuple[Drawn, Manner]],
    replier: Replier,
    *,
    advance: Callable[[int], None] | None = None,
) -> list[Played]:
    """Play every task to its grade, each in its manner.

    Where turns are sampled, a task draws the same numbers whatever else is played. ``advance``
    hears of episodes that are over. Programs of environments run side by side.
    """
    episodes = [_Episode(one.task.env(), manner, one) for one, manner in asked]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        while waiting := [one for one in episodes if one.played is None]:
            replies = replier.reply([one.conversation() for one in waiting])
            slow: list[Future[None]] = []
            for episode, written in zip(waiting, replies, strict=True):
                if is_slow(episode.drawn.environment):
                    slow.append(pool.submit(episode.go_on, written))
                else:
                    episode.go_on(written)
            for one in slow:
                one.result()
            if advance is not None:
                advance(sum(one.played is not None for one in waiting))
    return [one.played for one in episodes if one.played is not None]


@dataclass
class _Episode:
    """One episode while it is played."""

    env: Env
    manner: Manner
    drawn: Drawn
    played: Played | None = field(default=None, init=False)
    _heard: Observation = field(init=False)
    _tools: tuple[Tool, ...] = field(init=False)
    _messages: list[Message] = field(init=False)
    _transitions: list[Transition] = field(default_factory=list[Transition], init=False)
    _turns: list[Written] = field(default_factory=list[Written], init=False)

    def __post_init__(self) -> None:
        self._heard = self.env.begin()
        self._tools = self._heard.tools
        self._messages = list(self._heard.messages)

    def conversation(self) -> Conversation:
        """What the model is to go on from."""
        manner = self.manner
        # One stream of random numbers for each turn of each task.
        seed = crc32(f"{manner.seed} {self.drawn.name} {len(self._turns)}".encode())
        return Conversation(
            messages=tuple(self._messages),
            tools=self._tools,
            sampling=Sampling(temperature=manner.temperature, top_p=manner.top_p, seed=seed),
            max_tokens=manner.max_tokens,
            thinking_budget=manner.thinking_budget,
        )

    def go_on(self, written: Written) -> None:
        """Act, and hear what comes of it."""
        action = Action(written.message, STOPS[written.finish])
        step = self.env.step(action)
        self._turns.append(written)
        self._transitions.append(Transition(self._heard, action, step.metrics))
        if step.grade is not None:
            reward = RewardRule()(step.grade)
            trajectory = Trajectory(tuple(self._transitions), step.grade, reward)
            self.played = Played(trajectory, tuple(self._turns))
            return
        assert step.observation is not None, "an episode without a grade goes on"
        self._heard = step.observation
        self._messages += [action.message, *step.observation.messages]
