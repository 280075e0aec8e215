"""Find the wrong steps in a written account of how brackets are matched."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.brackets import OPENING, spaced, stacks, walk
from ostinato.rl.envs.logic.text_answers import items, number
from ostinato.rl.envs.question import Question

_LEVELS = ((2, 8, 2), (3, 12, 2), (4, 18, 3), (4, 28, 4), (4, 44, 5), (4, 72, 6))
"""Kinds of brackets, length, most wrong steps."""


class DyckReasoning:
    """Which steps show a stack that is not the true one."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        kinds, length, most = _LEVELS[level - 1]
        sequence = walk(rng, kinds, length, 0)
        true = stacks(sequence)
        count = 0 if rng.random() < 0.08 else rng.randint(1, most)
        faults = sorted(rng.sample(range(length), count))
        shown = [
            _spoilt(rng, kinds, stack) if i in faults else stack for i, stack in enumerate(true)
        ]
        steps = "\n".join(
            f"Step {i}: read {bracket} ; stack: {spaced(stack) or 'empty'}"
            for i, (bracket, stack) in enumerate(zip(sequence, shown, strict=True), start=1)
        )
        prompt = (
            "A program reads a sequence of brackets from the left. An opening bracket is put on a "
            "stack, a closing bracket takes its partner off. After each step the program writes "
            "down the whole stack, the bracket that was opened first at the left. The sequence "
            f"is:\n\n{spaced(sequence)}\n\nThis is what the program wrote:\n\n{steps}\n\n"
            "Some of the stacks may have been written down wrongly: they are not what is really "
            "open after the brackets read so far. A wrong line does not make the lines after it "
            "wrong. Which steps are wrong? Give their numbers in rising order with commas "
            "between, for example: 3, 11. If none is wrong, answer 0."
        )
        answer = ", ".join(str(i + 1) for i in faults) or "0"
        return Question(prompt, answer, {"sequence": sequence, "shown": shown})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        given = [number(item) for item in items(answer)]
        numbers = [one for one in given if one is not None]
        rising = all(a < b for a, b in pairwise(numbers))
        if len(numbers) < len(given) or not rising or (0 in numbers and len(numbers) > 1):
            return malformed("expected numbers in rising order with commas between, or 0")
        true = stacks(question.data["sequence"])
        pairs = zip(true, question.data["shown"], strict=True)
        expected = [i for i, (one, other) in enumerate(pairs, start=1) if one != other] or [0]
        return right() if numbers == expected else wrong(f"expected {expected}")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        places = range(1, len(question.data["sequence"]) + 1)
        return ", ".join(map(str, sorted(rng.sample(places, rng.randint(1, 2)))))


def _spoilt(rng: Random, kinds: int, stack: str) -> str:
    """Another stack that looks much like this one."""
    at = rng.randrange(len(stack)) if stack else 0
    other = rng.choice([bracket for bracket in OPENING[:kinds] if bracket != stack[at : at + 1]])
    ways = [stack + other]
    if stack:
        ways += [stack[:at] + other + stack[at + 1 :], stack[:-1]]
    if len(stack) > 1 and stack[-1] != stack[-2]:
        ways.append(stack[:-2] + stack[-1] + stack[-2])
    return rng.choice(ways)
