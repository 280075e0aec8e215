"""Questions that are answered in one turn: a family of them, and the environment around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from ostinato.chat.messages import Message
from ostinato.grading.answers import AnswerForm
from ostinato.grading.types import Grade, malformed
from ostinato.rl.agents import Script, says
from ostinato.rl.types import Action, Agent, Observation, Step


@dataclass(frozen=True)
class Question:
    """What is asked."""

    prompt: str
    """The problem, and how an answer is written; not where in the reply it stands."""
    answer: str
    """One right answer; others may be right too."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the checker needs: plain values."""


class Family(Protocol):
    """Questions of one kind: drawn by level, checked without regard to the stored answer where
    several are right. Stateless.
    """

    @property
    def levels(self) -> int:
        """Levels 1 (the easiest) to this one."""
        ...

    def make(self, level: int, rng: Random) -> Question:
        """A question; the same for the same state of ``rng``."""
        ...

    def check(self, question: Question, answer: str) -> Grade:
        """The grade of an answer, however odd: nothing is raised."""
        ...

    def guess(self, question: Question, rng: Random) -> str:
        """A blind guess in the right form, from what the prompt says."""
        ...


@dataclass(frozen=True)
class QuestionTask:
    """A question as a task."""

    family: Family
    question: Question
    form: AnswerForm = AnswerForm.TAG
    seed: int = 0

    @property
    def answer(self) -> str:
        """See ``Task``."""
        return self.question.answer

    def env(self) -> QuestionEnv:
        """See ``Task``."""
        return QuestionEnv(self)

    def perfect(self) -> Agent:
        """See ``Task``."""
        return self.says(self.question.answer)

    def says(self, answer: str) -> Agent:
        """See ``Task``."""
        return says(self.form.mark(answer))

    def guess(self, rng: Random) -> Agent:
        """See ``Task``."""
        return self.says(self.family.guess(self.question, rng))

    def cheats(self) -> Mapping[str, Agent]:
        """Several answers at once, one of them right: none may count."""
        rng = Random(f"cheats {self.seed}")
        others = [self.family.guess(self.question, rng) for _ in range(3)]
        mark, answer = self.form.mark, self.question.answer
        return {
            "stuffing: one answer after the other": says(" ".join(map(mark, [answer, *others]))),
            "stuffing: all in one": says(mark("\n".join([*others, answer, *others]))),
            "stuffing: alternatives": says(mark(" or ".join([answer, *others]))),
            "stuffing: the prompt": says(mark(self.question.prompt)),
            "right, then taken back": says(f"{mark(answer)} {mark(others[0] + ' ?')}"),
            "right, but only thought": Script((Message("assistant", "", thinking=mark(answer)),)),
        }


@dataclass
class QuestionEnv:
    """Asks, and grades the reply."""

    task: QuestionTask

    def begin(self) -> Observation:
        """See ``Env``."""
        prompt = f"{self.task.question.prompt}\n\n{self.task.form.instruction}"
        return Observation((Message("user", prompt),))

    def step(self, action: Action) -> Step:
        """See ``Env``."""
        if action.stop.truncated:
            return Step(grade=malformed(f"stopped ({action.stop})"))
        answer = self.task.form.read(action.message.content)
        if answer is None:
            return Step(grade=malformed("expected one answer in the form asked for"))
        return Step(grade=self.task.family.check(self.task.question, answer))
