"""Who holds what after everybody has swapped."""

from __future__ import annotations

from random import Random

from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.logic.text_answers import grade_items, items
from ostinato.rl.envs.logic.words import GOODS, PEOPLE, named
from ostinato.rl.envs.question import Question

_LEVELS = ((4, 3, 1), (5, 6, 2), (6, 10, 3), (7, 16, 4), (9, 26, 5), (12, 45, 5))
"""People, exchanges, how many of the ways to tell an exchange may occur."""


class GoodsExchange:
    """One good per person; people and goods are named by each other in the exchanges."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, exchanges, ways = _LEVELS[level - 1]
        people, goods = rng.sample(PEOPLE, count), rng.sample(GOODS, count)
        holds = dict(zip(people, goods, strict=True))
        has = [f"{person} the {good}" for person, good in holds.items()]
        told = [_TELL[rng.randrange(ways)](holds, rng) for _ in range(exchanges)]
        lines = "\n".join(f"{i}. {line}" for i, line in enumerate(told, start=1))
        prompt = (
            f"{count} people have one thing each: {named(has)}. To swap is to exchange what the "
            f"two have at that moment. This happens, one after the other:\n\n{lines}\n\n"
            f"What do {named(people)} have in the end? Give the things in this order of the "
            f"people, with commas between, without articles, for example: {goods[1]}, {goods[0]}, "
            "... (one thing for each person)."
        )
        return Question(prompt, ", ".join(holds.values()), {"final": list(holds.values())})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        final: list[str] = question.data["final"]
        if len(set(items(answer))) < len(final):
            return malformed("expected every good once")
        return grade_items(answer, final, [final] * len(final))

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        final: list[str] = question.data["final"]
        return ", ".join(rng.sample(final, len(final)))


def _swap(holds: dict[str, str], one: str, other: str) -> None:
    holds[one], holds[other] = holds[other], holds[one]


def _by_people(holds: dict[str, str], rng: Random) -> str:
    one, other = rng.sample(list(holds), 2)
    _swap(holds, one, other)
    return f"{one} and {other} swap."


def _by_good(holds: dict[str, str], rng: Random) -> str:
    one, other = rng.sample(list(holds), 2)
    good = holds[one]
    _swap(holds, one, other)
    return f"Whoever has the {good} swaps with {other}."


def _by_goods(holds: dict[str, str], rng: Random) -> str:
    one, other = rng.sample(list(holds), 2)
    goods = holds[one], holds[other]
    _swap(holds, one, other)
    return f"The owner of the {goods[0]} and the owner of the {goods[1]} swap."


def _in_a_ring(holds: dict[str, str], rng: Random) -> str:
    one, two, three = rng.sample(list(holds), 3)
    holds[two], holds[three], holds[one] = holds[one], holds[two], holds[three]
    return (
        f"All at once, {one} hands over what {one} has to {two}, {two} likewise to {three}, and "
        f"{three} likewise to {one}."
    )


def _by_condition(holds: dict[str, str], rng: Random) -> str:
    person, one, two, three = rng.sample(list(holds), 4)
    good = holds[rng.choice([person, one, two, three])]
    _swap(holds, one, two if holds[person] == good else three)
    return (
        f"If {person} has the {good} at this moment, {one} and {two} swap; otherwise {one} and "
        f"{three} swap."
    )


_TELL = (_by_people, _by_good, _by_goods, _in_a_ring, _by_condition)
