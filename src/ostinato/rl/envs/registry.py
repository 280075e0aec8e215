"""Every environment by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from ostinato.base.errors import UserError
from ostinato.grading.answers import AnswerForm
from ostinato.rl.envs.question import Family, QuestionTask
from ostinato.rl.types import Task

GUESSABLE = 0.2  # more than this for one constant answer, and an environment is marked


class Kind(StrEnum):
    """What an environment asks for."""

    LOGIC = "logic"
    MATHS = "maths"
    CODE = "code"
    SOFTWARE = "software"
    TOOLS = "tools"
    JUDGED = "judged"
    MUSIC = "music"


@dataclass(frozen=True, kw_only=True)
class Environment:
    """A source of tasks."""

    name: str
    """``kind/what``, as in ``logic/minesweeper``."""
    kind: Kind
    summary: str
    """What is asked, in one line."""
    truth: str
    """Where the verdict comes from, in one line."""
    levels: int
    make: Callable[[int, int], Task]
    """The task of a level (1 to ``levels``) and a seed."""
    extra: str | None = None
    """The extra of the package that it needs, if any."""
    guessable: bool = False
    """One constant answer gets more than 0.2 of the reward: not for default mixtures."""

    def task(self, level: int, seed: int) -> Task:
        """The task of a level and a seed, always the same."""
        if not 1 <= level <= self.levels:
            raise UserError(f"{self.name}: expected a level of 1 to {self.levels}, got {level}")
        if seed < 0:
            raise UserError(f"{self.name}: expected a seed of at least 0, got {seed}")
        return self.make(level, seed)


def of_questions(
    name: str,
    family: Family,
    *,
    summary: str,
    truth: str,
    form: AnswerForm = AnswerForm.TAG,
    guessable: bool = False,
) -> Environment:
    """The environment that asks a family's questions."""

    def make(level: int, seed: int) -> QuestionTask:
        question = family.make(level, Random(f"{name} {level} {seed}"))
        return QuestionTask(family, question, form, seed)

    return Environment(
        name=name,
        kind=Kind(name.partition("/")[0]),
        summary=summary,
        truth=truth,
        levels=family.levels,
        make=make,
        guessable=guessable,
    )
