"""The nouns of reinforcement learning.

A *task* is one problem; it makes single-use *environments*. An *agent* acts in one of them, turn
by turn: each turn is a *transition*, all of them together a *trajectory*. The trajectories of
one task are a *group*: advantages compare the members of a group. (The vocabulary is that of
tinker-cookbook.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol

from ostinato.chat.messages import Message, Tool
from ostinato.grading.types import Grade


class StopReason(StrEnum):
    """Why a policy wrote no further."""

    TURN = "turn"
    """It ended its turn."""
    LENGTH = "length"
    """The window was full: the trajectory is truncated."""
    CONFIDENT = "confident"
    """Too many confident tokens in a row (report, section 3.2): truncated as well."""

    @property
    def truncated(self) -> bool:
        """The policy was stopped; it did not end its turn."""
        return self is not StopReason.TURN


@dataclass(frozen=True)
class Observation:
    """What an environment says to the agent."""

    messages: tuple[Message, ...]
    """What is new: at first the whole prompt, later tool results and user turns."""
    tools: tuple[Tool, ...] = ()
    """The tools of the episode; told once, with the first observation."""


@dataclass(frozen=True)
class Action:
    """One turn of the agent."""

    message: Message
    """Of role assistant: thinking, content and tool calls, as parsed from what it wrote."""
    stop: StopReason = StopReason.TURN


@dataclass(frozen=True)
class Step:
    """What an environment answers to an action: more to react to, or a verdict."""

    observation: Observation | None = None
    """None where the episode is over."""
    grade: Grade | None = None
    """Of the whole episode; None where it goes on."""
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    """Whatever is worth logging of this step."""

    def __post_init__(self) -> None:
        assert (self.observation is None) != (self.grade is None), "it goes on, or is graded"


class Env(Protocol):
    """One episode. Single-use: ``begin`` once, then ``step`` until a grade comes. Picklable
    before ``begin``.
    """

    def begin(self) -> Observation:
        """The prompt."""
        ...

    def step(self, action: Action) -> Step:
        """React to a turn. A truncated action ends the episode; nothing here raises for what
        the agent did.
        """
        ...


class Agent(Protocol):
    """Whoever acts in an environment."""

    def act(self, observation: Observation) -> Action:
        """The next turn."""
        ...


class Task(Protocol):
    """One problem of an environment: picklable, the same for the same level and seed."""

    @property
    def answer(self) -> str | None:
        """A right answer in one text, if the task is answered in one turn."""
        ...

    def env(self) -> Env:
        """A fresh episode."""
        ...

    def perfect(self) -> Agent:
        """An agent that solves it. It may know the answer; no policy ever sees it."""
        ...

    def cheats(self) -> Mapping[str, Agent]:
        """Agents by name that try for reward without solving it, and must get none."""
        ...

    def says(self, answer: str) -> Agent:
        """An agent that gives this answer, well-formed, and nothing else."""
        ...

    def guess(self, rng: Random) -> Agent | None:
        """An agent that guesses blindly in the right form; None where there is no such thing."""
        ...


@dataclass(frozen=True)
class RewardRule:
    """From a grade to a number."""

    partial: bool = False
    """Reward the score itself; else only a score of 1 counts, whatever a checker says."""
    malformed: float = -0.1
    """The format reward of an answer without the form asked for; a well-formed one has 0, so
    that form alone earns nothing.
    """

    def __call__(self, grade: Grade) -> Reward:
        """The reward, its two parts apart."""
        return Reward(
            correctness=grade.score if self.partial else float(grade.correct),
            format=0.0 if grade.well_formed else self.malformed,
            trusted=grade.trusted,
        )


@dataclass(frozen=True)
class Reward:
    """What an episode earned."""

    correctness: float
    """0 or 1, or a share by option."""
    format: float
    """0, or less for what has not the form asked for."""
    trusted: bool = True
    """False: the answerer's own code could have forged it."""

    @property
    def total(self) -> float:
        """What a policy is trained on."""
        return self.correctness + self.format


@dataclass(frozen=True)
class Transition:
    """One turn: what the agent saw, what it did, what came of it."""

    observation: Observation
    action: Action
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    """Of the environment's step."""


@dataclass(frozen=True)
class Trajectory:
    """One episode from its prompt to its grade."""

    transitions: tuple[Transition, ...]
    grade: Grade
    reward: Reward

    @property
    def stop(self) -> StopReason:
        """Why the last turn ended."""
        return self.transitions[-1].action.stop


@dataclass(frozen=True)
class Group:
    """Trajectories of one and the same task."""

    environment: str
    """The name that it is registered by."""
    level: int
    seed: int
    trajectories: tuple[Trajectory, ...]
