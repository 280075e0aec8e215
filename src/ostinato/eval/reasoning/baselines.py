"""What no reasoning at all is worth on the very tasks that a model is asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from ostinato.rl.episode import play
from ostinato.rl.types import Agent, Task

MOST_CONSTANTS = 20  # answers that are tried


def guessed(tasks: Sequence[Task]) -> float | None:
    """The share of tasks that a blind guess in the right form solves; None where none is
    defined.
    """
    guesses = [(task, task.guess(Random(f"guess {number}"))) for number, task in enumerate(tasks)]
    solved = [_solves(task, guess) for task, guess in guesses if guess is not None]
    return sum(solved) / len(solved) if solved else None


def constant(tasks: Sequence[Task]) -> float | None:
    """The share of tasks that one and the same answer solves: the best of the commonest right
    ones; None where answers are no texts.
    """
    answers = Counter(task.answer for task in tasks if task.answer is not None)
    if not answers:
        return None
    return max(
        sum(_solves(task, task.says(answer)) for task in tasks) / len(tasks)
        for answer, _ in answers.most_common(MOST_CONSTANTS)
    )


def _solves(task: Task, agent: Agent) -> bool:
    return play(task.env(), agent).grade.correct
