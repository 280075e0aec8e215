"""The nouns of the suite: an example, a training document, and whoever answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

END = "\n"
"""Closes an answer: the model writes it, and the score reads no further."""


@dataclass(frozen=True)
class Question:
    """Something that a text can be asked."""

    asked: str  # up to and with the ":" or "=" that the answer follows
    answer: str
    chance: float  # how often a guess is right: 1 / what ``agents.guess`` draws from
    meta: Mapping[str, str | int | float]  # how it was drawn, by task (docs)
    fact: str = ""  # the one hidden line that answers it, where that is all there is to it

    @property
    def prompt(self) -> str:
        """How it stands in a text: what comes before the answer."""
        return f"? {self.asked}"

    @property
    def reply(self) -> str:
        """How its answer stands in a text, behind the question."""
        return f" {self.answer}{END}"


@dataclass(frozen=True)
class Material:
    """What a task draws: blocks of lines to be hidden in their order, and what to ask then."""

    hidden: Sequence[str]
    questions: Sequence[Question]  # in random order; at least one


@dataclass(frozen=True)
class Example:
    """One question over a long text. All of it is ASCII: a character is a byte."""

    task: str  # a key of ``tasks.TASKS``
    body: str  # the long text, up to its last line end
    question: Question
    meta: Mapping[str, str | int | float]  # the question's, and ``depth`` of its only fact, 0..1

    @property
    def prompt(self) -> str:
        """What is given: the text, and on its last line the question."""
        return self.body + self.question.prompt

    @property
    def text(self) -> str:
        """What a model learns to continue: prompt, answer, ``END``."""
        return self.prompt + self.question.reply


@dataclass(frozen=True)
class Document:
    """A training text: one body, then questions with their answers."""

    parts: tuple[tuple[str, str], ...]
    """What is given, and what is to be learnt after it. The first part begins with the body."""

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(given + learnt for given, learnt in self.parts)


class Answerer(Protocol):
    """A model under test."""

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        """The greedy continuation of each prompt, at most ``answer_bytes`` of it.

        It may stop at ``END``; what follows that is not read, nor is space around the answer.
        """
        ...
