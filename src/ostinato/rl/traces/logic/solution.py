"""What a solved puzzle is, before it becomes an agent's turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from ostinato.chat.messages import Message
from ostinato.rl.agents import Script
from ostinato.rl.envs.question import QuestionTask
from ostinato.rl.traces.types import Tracer
from ostinato.rl.types import Agent

CHECKED = 0.3
"""The share of traces that end with a line ``check: ...``, after the answer."""


@dataclass(frozen=True)
class Solution:
    """The way to an answer."""

    lines: Sequence[str]
    """Up to the answer, which follows them."""
    answer: str
    check: str
    """A test of the answer that says ``ok`` in the end."""


Solve = Callable[[str, Random], Solution]
"""Solves a puzzle from its prompt; draws decide only between ways that are equally good."""


def tracer(solve: Solve) -> Tracer:
    """One turn: the thinking ends with the answer and, in a share of ``CHECKED``, a check. Of
    the task it reads the prompt and the form of the answer, and nothing else.
    """

    def trace(task: QuestionTask, rng: Random) -> Agent:
        checked = rng.random() < CHECKED
        solution = solve(task.question.prompt, rng)
        lines = [*solution.lines, solution.answer]
        if checked:
            lines.append(f"check: {solution.check}")
        content = task.form.mark(solution.answer)
        return Script((Message("assistant", content, thinking="\n".join(lines)),))

    return trace


def paragraph(prompt: str, after: str) -> list[str]:
    """The lines of the paragraph that follows one that ends with ``after``."""
    start = prompt.index(f"{after}\n\n") + len(after) + 2
    return prompt[start:].partition("\n\n")[0].splitlines()
