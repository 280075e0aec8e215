"""Complete a sequence of brackets."""

from __future__ import annotations

from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.brackets import CLOSING, PARTNER, spaced, stacks, walk
from ostinato.rl.envs.question import Question

_LEVELS = ((3, 8, 4), (3, 15, 5), (4, 24, 6), (4, 48, 8), (4, 96, 12), (4, 180, 18))
"""Kinds of brackets, length, brackets left open."""


class DyckLanguage:
    """The brackets that close what is open, innermost first: there is one right answer."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        kinds, length, depth = _LEVELS[level - 1]
        sequence = walk(rng, kinds, length, depth)
        missing = "".join(PARTNER[bracket] for bracket in reversed(stacks(sequence)[-1]))
        pairs = ", ".join(f"{one} {PARTNER[one]}" for one in "([{<"[:kinds])
        prompt = (
            f"Brackets come in pairs: {pairs}. A sequence is balanced if every bracket is closed "
            "by its partner, and what was opened last is closed first. This one breaks off:\n\n"
            f"{spaced(sequence)}\n\n"
            "Which closing brackets must follow to make it balanced? No bracket may be opened "
            "any more. Give only the missing brackets in their order, for example: ) ] )"
        )
        return Question(prompt, spaced(missing), {"missing": missing})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        given = answer.replace(" ", "")
        if not given or not set(given) <= set(CLOSING):
            return malformed("expected closing brackets and nothing else")
        missing: str = question.data["missing"]
        return right() if given == missing else wrong(f"expected {missing}")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        kinds = sum(f"{one} {PARTNER[one]}" in question.prompt for one in PARTNER)
        return spaced("".join(rng.choices(CLOSING[:kinds], k=len(question.data["missing"]))))
