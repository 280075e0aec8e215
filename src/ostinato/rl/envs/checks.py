"""The proof of an environment: who gets reward in it, and who does not.

A scripted perfect agent must get all of it; an agent that says nothing, one that has the form
and no answer, and every cheat of the tasks must get none. What the best constant answer and a
blind guess get is measured.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ostinato.chat.messages import Message
from ostinato.rl.agents import Script
from ostinato.rl.envs.registry import GUESSABLE, Environment
from ostinato.rl.episode import play
from ostinato.rl.types import Agent, Task

MOST_CONSTANTS = 30  # answers that are tried as the constant one
MOST_GRADES = 2_000  # of constant answers together


@dataclass(frozen=True)
class Check:
    """What agents of each sort earned in some tasks of one level."""

    environment: str
    level: int
    tasks: int
    perfect: float
    """The least total reward of the perfect agent: 1 where all is well."""
    empty: float
    """The most that saying nothing earned; 0 or less where all is well."""
    form_only: float
    """The most that a well-formed non-answer earned; likewise."""
    cheats: dict[str, float]
    """The most that each cheat earned; likewise."""
    constant: float
    """The share of tasks that one and the same answer solves; where no answer is a text, one and
    the same way of acting: the best of the cheats.
    """
    random: float | None
    """The share of tasks that a blind guess solves; None where there is none."""
    repeatable: bool
    """The same seed made the same prompt twice."""
    trusted: bool
    """No verdict could have been forged by the answerer's own code."""
    make_seconds: float
    """To draw a task, on average."""
    grade_seconds: float
    """To play and grade a perfect episode, on average."""

    @property
    def failures(self) -> tuple[str, ...]:
        """What is wrong with the environment, a sentence each."""
        found: list[str] = []
        if self.perfect < 1:
            found.append(f"the perfect agent got {self.perfect:g} where it should get 1")
        earned = {"saying nothing": self.empty, "form alone": self.form_only, **self.cheats}
        found += [f"{name} earned {most:g}" for name, most in earned.items() if most > 0]
        if not self.repeatable:
            found.append("the same seed made two different tasks")
        return tuple(found)

    @property
    def guessable(self) -> bool:
        """A constant answer gets too much for a default mixture."""
        return self.constant > GUESSABLE


def check(
    environment: Environment,
    level: int,
    count: int,
    *,
    advance: Callable[[int], None] | None = None,
) -> Check:
    """Play every agent in tasks of seeds 0 to ``count``; ``advance`` hears of each task."""
    began = time.perf_counter()
    tasks = [environment.task(level, seed) for seed in range(count)]
    made = time.perf_counter()
    perfect: list[float] = []
    trusted = True
    seconds = 0.0
    earned: dict[str, float] = {}
    solved = Counter[str]()
    guesses: list[float] = []
    for seed, task in enumerate(tasks):
        start = time.perf_counter()
        best = play(task.env(), task.perfect())
        seconds += time.perf_counter() - start
        perfect.append(best.reward.total)
        trusted = trusted and best.reward.trusted
        for name, agent in {_EMPTY: nobody(), _FORM: task.says("?"), **task.cheats()}.items():
            reward = play(task.env(), agent).reward
            earned[name] = max(reward.total, earned.get(name, reward.total))
            solved[name] += reward.correctness == 1
        guess = task.guess(Random(f"guess {seed}"))
        if guess is not None:
            guesses.append(_solved(task, guess))
        if advance is not None:
            advance(1)
    constant = _best_constant(tasks)
    return Check(
        environment=environment.name,
        level=level,
        tasks=count,
        perfect=min(perfect),
        empty=earned.pop(_EMPTY),
        form_only=earned.pop(_FORM),
        cheats=earned,
        constant=max(solved.values()) / count if constant is None else constant,
        random=sum(guesses) / len(guesses) if guesses else None,
        repeatable=_prompts(tasks[:5])
        == _prompts([environment.task(level, s) for s in range(min(5, count))]),
        trusted=trusted,
        make_seconds=(made - began) / count,
        grade_seconds=seconds / count,
    )


def nobody() -> Agent:
    """An agent that says nothing."""
    return Script((Message("assistant"),))


_EMPTY, _FORM = "nothing", "form"


def _best_constant(tasks: Sequence[Task]) -> float | None:
    """The most frequent right answers, each given to every task."""
    answers = Counter(task.answer for task in tasks if task.answer is not None)
    if not answers:
        return None
    most = min(MOST_CONSTANTS, max(1, MOST_GRADES // len(tasks)))
    shares = [
        sum(_solved(task, task.says(answer)) for task in tasks) / len(tasks)
        for answer, _ in answers.most_common(most)
    ]
    return max(shares)


def _solved(task: Task, agent: Agent) -> float:
    return play(task.env(), agent).reward.correctness


def _prompts(tasks: Sequence[Task]) -> list[object]:
    return [task.env().begin() for task in tasks]
