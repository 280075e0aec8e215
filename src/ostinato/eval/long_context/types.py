"""The nouns of the suite: an example, a training document, and whoever answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

END = "\n"
"""Closes an answer: the model writes it, and the score reads no further."""


@dataclass(frozen=True)
class Example:
    """One question over a long text. All of it is ASCII: a character is a byte."""

    task: str  # a key of ``tasks.TASKS``
    prompt: str  # the text, then on the last line "? ..." up to where the answer begins
    answer: str  # without ``END``
    chance: float  # how often a guess is right: 1 / what ``agents.guess`` draws from
    meta: Mapping[str, str | int | float]  # how the example was drawn, by task (docs)

    @property
    def text(self) -> str:
        """What a model learns to continue: prompt, answer, ``END``."""
        return self.prompt + self.answer + END


@dataclass(frozen=True)
class Document:
    """A training text; the bytes from ``answer_start`` on are the ones worth learning."""

    text: str
    answer_start: int


class Answerer(Protocol):
    """A model under test."""

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        """The greedy continuation of each prompt, at most ``answer_bytes`` of it.

        It may stop at ``END``; what follows that is not read.
        """
        ...
