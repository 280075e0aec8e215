"""Find the first bracket that cannot be right."""

from __future__ import annotations

from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.brackets import CLOSING, PARTNER, spaced, stacks, walk
from ostinato.rl.envs.logic.text_answers import number
from ostinato.rl.envs.question import Question

_LEVELS = ((2, 12), (3, 18), (4, 28), (4, 48), (4, 90), (4, 160))
"""Kinds of brackets, length."""
_BALANCED, _OPEN = "balanced", "open"


class DyckErrors:
    """The place of the first bracket that closes what is not open; every place is as likely, and
    as likely as that there is none.
    """

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        kinds, length = _LEVELS[level - 1]
        place = rng.randint(2, length + 2)
        if place > length:
            sequence = walk(rng, kinds, length, 0 if place == length + 1 else 2)
            answer = _BALANCED if place == length + 1 else _OPEN
        else:
            sequence = _faulty(rng, kinds, length, place)
            answer = str(place)
        prompt = (
            "In a balanced sequence of brackets every bracket is closed by its partner, and what "
            "was opened last is closed first. Read this one from the left, counting from 1:\n\n"
            f"{spaced(sequence)}\n\n"
            "What is the number of the first bracket that is wrong, that is: it closes, but it is "
            "not the partner of the bracket that was opened last and is still open, or nothing "
            "is open? Answer with the number alone, for example: 17. If no bracket is wrong, "
            f"answer {_BALANCED} where everything is closed, {_OPEN} where something is still "
            "open at the end."
        )
        return Question(prompt, answer, {"sequence": sequence})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        given = answer.lower()
        if given not in (_BALANCED, _OPEN) and number(given) is None:
            return malformed(f"expected a number, {_BALANCED} or {_OPEN}")
        expected = first_fault(question.data["sequence"])
        same = given == expected or str(number(given)) == expected
        return right() if same else wrong(f"expected {expected}")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        places = range(1, len(question.data["sequence"]) + 1)
        return rng.choice([*map(str, places), _BALANCED, _OPEN])


def first_fault(sequence: str) -> str:
    """The answer of a sequence."""
    stack = ""
    for place, bracket in enumerate(sequence, start=1):
        if bracket in PARTNER:
            stack += bracket
        elif stack and PARTNER[stack[-1]] == bracket:
            stack = stack[:-1]
        else:
            return str(place)
    return _OPEN if stack else _BALANCED


def _faulty(rng: Random, kinds: int, length: int, place: int) -> str:
    """A sequence that is first wrong at ``place``, and looks right after it."""
    before = walk(rng, kinds, place - 1, rng.randint(0, min(place - 1, 3)))
    stack = stacks(before)[-1]
    fitting = PARTNER[stack[-1]] if stack else ""
    fault = rng.choice([bracket for bracket in CLOSING[:kinds] if bracket != fitting])
    return before + fault + walk(rng, kinds, length - place, 0, stack[:-1])
