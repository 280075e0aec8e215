"""Who tells the truth and who lies, from what they say of each other."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_letters
from ostinato.rl.envs.logic.words import PEOPLE, named
from ostinato.rl.envs.question import Question

_LEVELS = (
    (5, 0, True),
    (7, 0, True),
    (8, 4, True),
    (9, 6, False),
    (10, 10, False),
    (12, 14, False),
)
"""People, statements about two others, whether one person's honesty is told."""
Said = tuple[int, str, int, int]
"""Who says it, what ("is": the first of the two tells the truth, "lies", "alike", "differ",
"either", "neither"), and of whom; a statement about one names that one twice.
"""


class WebOfLies:
    """One letter per person; what is said allows one solution only."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, pairs, told = _LEVELS[level - 1]
        people = rng.sample(PEOPLE, count)
        while True:  # until there is one solution only
            honest = [rng.random() < 0.5 for _ in people]
            said = _chain(rng, honest)
            said += [_about_two(rng, honest) for _ in range(pairs)]
            anchor = said[0][0] if told else None
            if len(solutions(count, said, honest, anchor)) == 1:
                break
        if level > 1:
            rng.shuffle(said)
        lines = [f"- {people[one[0]]} says: {_told(one, people)}" for one in said]
        if anchor is not None:
            lines.insert(
                0, f"- {people[anchor]} {'tells the truth' if honest[anchor] else 'lies'}."
            )
        answer = "".join("T" if one else "L" for one in honest)
        listing = "\n".join(lines)
        prompt = (
            f"Each of {named(people)} either always tells the truth or always lies. All of them "
            f"know about each other. This is known:\n\n{listing}\n\n"
            f"Who tells the truth, and who lies? Answer with {count} letters without spaces, T "
            "for a person who tells the truth and L for a liar, in the order in which the "
            f"people are named in the first sentence, for example: {'TLLTLTTLTLLT'[:count]}"
        )
        return Question(prompt, answer, {"honest": answer})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return grade_letters(answer, question.data["honest"], "TL")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        return "".join(rng.choices("TL", k=len(question.data["honest"])))


def holds(said: Said, honest: list[bool]) -> bool:
    """Whether what is said is true."""
    _, what, first, second = said
    one, other = honest[first], honest[second]
    match what:
        case "is":
            return one
        case "lies":
            return not one
        case "alike":
            return one == other
        case "differ":
            return one != other
        case "either":
            return one or other
        case _:
            return not one and not other


def solutions(
    count: int, said: list[Said], true: list[bool], anchor: int | None
) -> list[list[bool]]:
    """Everything that is possible, given also the honesty of ``anchor``."""
    found: list[list[bool]] = []
    for bits in range(1 << count):
        honest = [bool(bits >> i & 1) for i in range(count)]
        if anchor is not None and honest[anchor] != true[anchor]:
            continue
        if all(holds(one, honest) == honest[one[0]] for one in said):
            found.append(honest)
    return found


def _chain(rng: Random, honest: list[bool]) -> list[Said]:
    """Each speaks of the next, in an order drawn by lot."""
    order = rng.sample(range(len(honest)), len(honest))
    return [
        (one, "is" if honest[one] == honest[other] else "lies", other, other)
        for one, other in pairwise(order)
    ]


def _about_two(rng: Random, honest: list[bool]) -> Said:
    """What somebody may say of two others."""
    while True:
        speaker, one, other = rng.sample(range(len(honest)), 3)
        said = (speaker, rng.choice(("alike", "differ", "either", "neither")), one, other)
        if holds(said, honest) == honest[speaker]:
            return said


def _told(said: Said, people: list[str]) -> str:
    """The words that are said."""
    _, what, first, second = said
    one, other = people[first], people[second]
    return {
        "is": f"{one} tells the truth.",
        "lies": f"{one} lies.",
        "alike": f"{one} and {other} either both lie or both tell the truth.",
        "differ": f"Exactly one of {one} and {other} lies.",
        "either": f"At least one of {one} and {other} tells the truth.",
        "neither": f"Both {one} and {other} lie.",
    }[what]
