"""What a policy is shown before it is rewarded: a solved episode as a conversation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from ostinato.chat.messages import Message, Tool, ToolCall
from ostinato.rl.envs.registry import Environment
from ostinato.rl.episode import play
from ostinato.rl.traces.types import Tracer
from ostinato.rl.types import Action, Agent, Env, Observation, Trajectory

Found = TypeVar("Found")
SUBMIT = "submit"
"""The tool that hands in a repository."""

Turns = Generator[Message, Observation, Found]
"""An agent's turns; what each of them led to is sent in. In the end it returns what it found."""


@dataclass(frozen=True)
class Conversation:
    """A solved episode, ready for ``chat.encode.encode_training``."""

    messages: tuple[Message, ...]
    """In order, system and user turns, tool results and the assistant's turns with thinking."""
    tools: tuple[Tool, ...]
    environment: str
    """The name that it is registered by."""
    level: int
    seed: int


def conversation(
    environment: Environment, level: int, seed: int, tracer: Tracer, *, trusted: bool = False
) -> Conversation | None:
    """Play the episode of a level and a seed; None if the trace did not solve it. The same
    arguments always give the same conversation. With ``trusted`` it is not graded: programs
    take longer to be run than to be written.
    """
    task = environment.task(level, seed)
    agent = tracer(task, Random(f"trace of {environment.name} {level} {seed}"))
    if trusted:
        messages, tools = _told(task.env(), agent)
        return Conversation(messages, tools, environment.name, level, seed)
    trajectory = play(task.env(), agent)
    if not trajectory.grade.correct:
        return None
    tools = trajectory.transitions[0].observation.tools
    return Conversation(messages_of(trajectory), tools, environment.name, level, seed)


def guessed(environment: Environment, level: int, seed: int) -> Conversation | None:
    """The same episode without a thought: the answer is a blind guess, nearly always wrong, and is
    not graded. None where a task cannot be guessed.
    """
    task = environment.task(level, seed)
    agent = task.guess(Random(f"guess of {environment.name} {level} {seed}"))
    if agent is None:
        return None
    messages, tools = _told(task.env(), agent)
    return Conversation(messages, tools, environment.name, level, seed)


def _told(env: Env, agent: Agent) -> tuple[tuple[Message, ...], tuple[Tool, ...]]:
    """All that is said up to the answer, or the call that submits it, and the tools."""
    seen: Observation | None = env.begin()
    tools = seen.tools
    messages: list[Message] = []
    while seen is not None:
        action = agent.act(seen)
        messages += [*seen.messages, action.message]
        calls = action.message.tool_calls
        if not calls or any(call.name == SUBMIT for call in calls):
            break
        seen = env.step(action).observation
    return tuple(messages), tools


def messages_of(trajectory: Trajectory) -> tuple[Message, ...]:
    """All that was said, in order."""
    return tuple(
        message
        for turn in trajectory.transitions
        for message in (*turn.observation.messages, turn.action.message)
    )


@dataclass
class Thinker:
    """An agent whose turns are a generator: it sees nothing but the observations."""

    turns: Callable[[Observation], Turns[None]]
    """Begins with the prompt."""
    _running: Turns[None] | None = field(default=None, init=False)

    def act(self, observation: Observation) -> Action:
        """See ``Agent``."""
        if self._running is None:
            self._running = self._endless(observation)
            return Action(next(self._running))
        return Action(self._running.send(observation))

    def _endless(self, observation: Observation) -> Turns[None]:
        yield from self.turns(observation)
        while True:
            yield Message("assistant", thinking="Nothing is left to do.")


def calling(thinking: str, *calls: ToolCall) -> Message:
    """A turn that thinks and calls tools."""
    return Message("assistant", tool_calls=calls, thinking=thinking)


def result(observation: Observation, number: int = 0) -> str:
    """The text of a tool result in an observation."""
    return observation.messages[-1].results[number].text
