"""The truth of several nested expressions."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_letters
from ostinato.rl.envs.question import Question

_LEVELS = ((5, 1), (6, 2), (6, 3), (7, 4), (8, 5), (10, 6))
"""Expressions, how deep they are nested."""


_CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a != b,
    "implies": lambda a, b: b or not a,
    "nor": lambda a, b: not (a or b),
}


class BooleanExpressions:
    """One letter per expression, so that blind guesses do not pay; each is true as often as not."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, depth = _LEVELS[level - 1]
        values = [rng.random() < 0.5 for _ in range(count)]
        made = [_expression(rng, depth, value) for value in values]
        lines = "\n".join(f"{i}. {one}" for i, one in enumerate(made, start=1))
        answer = "".join("T" if value else "F" for value in values)
        prompt = (
            "Which of these are true? `A xor B` holds if exactly one of A and B does; `A implies "
            "B` fails only if A holds and B does not; `A nor B` holds if neither A nor B does; "
            f"`or` includes both; `not` denies only the parenthesis right after it.\n\n{lines}\n\n"
            f"Answer with {count} letters without spaces, T for true and F for false, in the "
            f"order of the expressions, for example: {'TFTTFTFFTF'[:count]}"
        )
        return Question(prompt, answer, {"values": answer})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return grade_letters(answer, question.data["values"], "TF")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        return "".join(rng.choices("TF", k=len(question.data["values"])))


def _expression(rng: Random, depth: int, value: bool) -> str:
    """An expression of this depth that has this value."""
    if depth == 0:
        return _fact(rng, value)
    while True:  # until the values of the parts give the value of the whole
        word, negated = rng.choice(list(_CONNECTIVES)), rng.random() < 0.3
        one, other = rng.random() < 0.5, rng.random() < 0.5
        if (_CONNECTIVES[word](one, other) != negated) == value:
            break
    depths = [depth - 1, rng.randint(0, depth - 1)]
    rng.shuffle(depths)
    left, right = _expression(rng, depths[0], one), _expression(rng, depths[1], other)
    return f"{'not ' if negated else ''}({left} {word} {right})"


def _fact(rng: Random, value: bool) -> str:
    """A little fact about numbers, or a constant."""
    match rng.randrange(5):
        case 0:
            return "true" if value else "false"
        case 1:
            low = rng.randint(1, 40)
            high = low + rng.randint(1, 40)
            return f"{low} < {high}" if value else f"{low} > {high}"
        case 2:
            number = rng.randint(2, 60)
            return f"{number} is {'even' if (number % 2 == 0) == value else 'odd'}"
        case 3:
            a, b = rng.randint(2, 20), rng.randint(2, 20)
            off = 0 if value else rng.choice([-2, -1, 1, 2])
            return f"{a} + {b} = {a + b + off}"
        case _:
            factor, other = rng.randint(3, 9), rng.randint(2, 9)
            off = 0 if value else rng.randint(1, factor - 1)
            return f"{factor} divides {factor * other + off}"
