"""The truth of several nested expressions."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_letters
from ostinato.rl.envs.question import Question

_LEVELS = ((5, 1), (6, 2), (6, 3), (7, 4), (8, 5), (10, 6))
"""Expressions, how deep they are nested."""


@dataclass(frozen=True)
class _Truth:
    """A text and whether it is true."""

    text: str
    value: bool


class BooleanExpressions:
    """One letter per expression, so that blind guesses do not pay; each is true as often as not."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, depth = _LEVELS[level - 1]
        made = [_expression(rng, depth, rng.random() < 0.5) for _ in range(count)]
        lines = "\n".join(f"{i}. {one.text}" for i, one in enumerate(made, start=1))
        answer = "".join("T" if one.value else "F" for one in made)
        prompt = (
            "Which of these are true? `A xor B` holds if exactly one of A and B does; `A implies "
            "B` fails only if A holds and B does not; `A nor B` holds if neither A nor B does; "
            f"`or` includes both.\n\n{lines}\n\n"
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


def _expression(rng: Random, depth: int, value: bool) -> _Truth:
    """An expression of this depth that has this value."""
    if depth == 0:
        return _fact(rng, value)
    shallow = rng.randint(0, depth - 1)
    while True:  # every connective gets either value in at least one case of four
        depths = [depth - 1, shallow]
        rng.shuffle(depths)
        one, other = (_expression(rng, deep, rng.random() < 0.5) for deep in depths)
        made = _joined(rng, one, other)
        if made.value == value:
            return made


def _joined(rng: Random, one: _Truth, other: _Truth) -> _Truth:
    a, b = one.value, other.value
    word, value = rng.choice(
        (
            ("and", a and b),
            ("or", a or b),
            ("xor", a != b),
            ("implies", not a or b),
            ("nor", not (a or b)),
        )
    )
    text = f"({one.text} {word} {other.text})"
    if rng.random() < 0.3:
        return _Truth(f"not {text}", not value)
    return _Truth(text, value)


def _fact(rng: Random, value: bool) -> _Truth:
    """A little fact about numbers, or a constant."""
    match rng.randrange(5):
        case 0:
            return _Truth("true" if value else "false", value)
        case 1:
            low = rng.randint(1, 40)
            high = low + rng.randint(1, 40)
            return _Truth(f"{low} < {high}" if value else f"{low} > {high}", value)
        case 2:
            number = rng.randint(2, 60)
            word = "even" if (number % 2 == 0) == value else "odd"
            return _Truth(f"{number} is {word}", value)
        case 3:
            a, b = rng.randint(2, 20), rng.randint(2, 20)
            off = 0 if value else rng.choice([-2, -1, 1, 2])
            return _Truth(f"{a} + {b} = {a + b + off}", value)
        case _:
            factor, other = rng.randint(3, 9), rng.randint(2, 9)
            off = 0 if value else rng.randint(1, factor - 1)
            return _Truth(f"{factor} divides {factor * other + off}", value)
