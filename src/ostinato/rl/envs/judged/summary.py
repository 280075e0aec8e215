"""Accounts of a table, graded against a reference account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from ostinato.rl.envs.question import Question

_STALLS: tuple[str, ...] = (
    "Rosewood",
    "Larkspur",
    "Juniper",
    "Saffron",
    "Quince",
    "Marigold",
    "Hazel",
    "Bramble",
    "Clover",
    "Thistle",
)
_MONTHS = ("January", "February", "April", "June", "July", "September", "October", "November")
_SIZES = {1: (3, 2, 2), 2: (4, 3, 3), 3: (5, 4, 4), 4: (7, 5, 5), 5: (9, 6, 6)}
"""By level: stalls, months, points."""


@dataclass(frozen=True)
class _Point:
    """Something that an account is to say."""

    ask: str
    sentence: str
    named: bool = True
    """The sentence holds a name beside the number."""


_POINTS = {
    "most": _Point(
        "which stall took the most over all months, and how much",
        "Over all months the stall {} took the most, {} coins.",
    ),
    "best": _Point(
        "which month was the best for all stalls together, and what they took in it",
        "The best month was {}, with {} coins.",
    ),
    "altogether": _Point(
        "what all stalls took altogether in all months",
        "The market took {} coins altogether.",
        named=False,
    ),
    "grew": _Point(
        "the takings of which stall grew by the largest amount from the first month to the last, "
        "and by how much",
        "From the first month to the last, {} grew by {} coins.",
    ),
    "least": _Point(
        "which stall took the least over all months, and how much",
        "The smallest takings were those of the stall {}: the least, {} coins.",
    ),
    "worst": _Point(
        "which month was the worst for all stalls together, and what they took in it",
        "The worst month was {}, with {} coins.",
    ),
}

_PROMPT = """The table shows what the stalls of a market took, in coins, month by month.

{table}

Write an account of it for the market's newsletter, in {shortest} to {longest} words. It has one \
sentence for each of these points:
{points}

The sentence for a point holds the word that stands in brackets after it, {held}. It holds none of \
the other words in brackets, no other name of a stall or a month, no other number, and denies \
nothing. Any further sentence holds no such word, no name and no number. Such a sentence may look \
like this, of another table: "{example}\""""

Facts = Mapping[str, tuple[str, int]]
"""By the word of a point: the name and the number."""


@dataclass(frozen=True)
class Summary:
    """See ``Source``."""

    @property
    def levels(self) -> int:
        """See ``Source``."""
        return len(_SIZES)

    @property
    def pairwise(self) -> bool:
        """See ``Source``."""
        return False

    def make(self, level: int, rng: Random) -> Question:
        """See ``Source``."""
        rows, columns, count = _SIZES[level]
        names = rng.sample(_STALLS, rows)
        months = [_MONTHS[i] for i in sorted(rng.sample(range(len(_MONTHS)), columns))]
        while (facts := _facts(table := _table(names, months, rng), months)) is None:
            pass
        words = rng.sample(list(_POINTS), count)
        shortest, longest = 5 * count, 18 * count + 10
        named = any(_POINTS[word].named for word in words)
        prompt = _PROMPT.format(
            table=_drawn(table, months),
            shortest=shortest,
            longest=longest,
            points="\n".join(f"- {_POINTS[word].ask} ({word})" for word in words),
            held=f"the {'name, if one is asked for, and the ' * named}number in plain digits",
            example=_POINTS[words[0]].sentence.format(*_example(words[0])),
        )
        criteria = [
            f"words: {shortest} to {longest}",
            *(f"together: {'; '.join([word, *_parts(word, facts)])}" for word in words),
            f"vocabulary: {'; '.join([*names, *months])}",
        ]
        reference = " ".join(_said(word, facts) for word in words)
        return Question(
            prompt,
            reference,
            {
                "reference": reference,
                "criteria": "\n".join(criteria),
                "words": words,
                "names": names,
                "months": months,
            },
        )

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Source``."""
        names, months = question.data["names"], question.data["months"]
        facts = {
            word: (
                rng.choice(months if word in ("best", "worst") else names),
                rng.randint(10, 60 * len(names)),
            )
            for word in question.data["words"]
        }
        return " ".join(_said(word, facts) for word in facts)


def _table(names: list[str], months: list[str], rng: Random) -> dict[str, list[int]]:
    return {name: [rng.randint(5, 99) for _ in months] for name in names}


def _facts(table: Mapping[str, list[int]], months: list[str]) -> dict[str, tuple[str, int]] | None:
    """What the points ask for; None where something is a tie, or nothing grew."""
    totals = {name: sum(row) for name, row in table.items()}
    columns = {m: sum(row[i] for row in table.values()) for i, m in enumerate(months)}
    grown = {name: row[-1] - row[0] for name, row in table.items()}
    found = {
        "most": _only(totals, max(totals.values())),
        "least": _only(totals, min(totals.values())),
        "best": _only(columns, max(columns.values())),
        "worst": _only(columns, min(columns.values())),
        "grew": _only(grown, max(grown.values())),
        "altogether": ("", sum(totals.values())),
    }
    if found["grew"] is not None and found["grew"][1] <= 0:
        return None
    known = {word: fact for word, fact in found.items() if fact is not None}
    return known if len(known) == len(found) else None


def _only(values: Mapping[str, int], value: int) -> tuple[str, int] | None:
    names = [name for name, other in values.items() if other == value]
    return (names[0], value) if len(names) == 1 else None


def _parts(word: str, facts: Facts) -> list[str]:
    name, number = facts[word]
    return [name, str(number)] if _POINTS[word].named else [str(number)]


def _said(word: str, facts: Facts) -> str:
    return _POINTS[word].sentence.format(*_parts(word, facts))


def _example(word: str) -> list[str]:
    name = "August" if word in ("best", "worst") else "Tulip"
    return _parts(word, {word: (name, 512)})


def _drawn(table: Mapping[str, list[int]], months: list[str]) -> str:
    rows = [["stall", *months], *([name, *map(str, row)] for name, row in table.items())]
    return "\n".join(" | ".join(row) for row in rows)
