"""Reading the short answers of textual puzzles: either the form is met exactly, or it is not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ostinato.grading.types import Grade, malformed, right, wrong

_NUMBER = re.compile(r"-?[0-9]{1,9}")


def number(answer: str) -> int | None:
    """A whole number of at most nine digits; None if it is anything else."""
    return int(answer) if _NUMBER.fullmatch(answer) else None


def items(answer: str) -> list[str]:
    """What stands between commas, without the space around it, in lower case."""
    return [part.strip().lower() for part in answer.split(",")]


def grade_number(answer: str, expected: int) -> Grade:
    """Whether the answer is this number."""
    given = number(answer)
    if given is None:
        return malformed("expected one whole number")
    return right() if given == expected else wrong(f"expected {expected}")


def grade_items(answer: str, expected: Sequence[str], allowed: Sequence[Sequence[str]]) -> Grade:
    """Whether the answer lists these items in this order; each place has its own vocabulary."""
    given = items(answer)
    vocabularies = [{word.lower() for word in words} for words in allowed]
    if len(given) != len(expected):
        return malformed(f"expected {len(expected)} items with commas between")
    for item, vocabulary in zip(given, vocabularies, strict=True):
        if item not in vocabulary:
            return malformed(f"not among the words asked for: {item[:40]!r}")
    matches = given == [word.lower() for word in expected]
    return right() if matches else wrong(f"expected {', '.join(expected)}")


def grade_letters(answer: str, expected: str, alphabet: str) -> Grade:
    """Whether the answer is this word over the alphabet, of this length, in either case."""
    given = answer.upper()
    if len(given) != len(expected) or not set(given) <= set(alphabet):
        return malformed(f"expected {len(expected)} letters of {alphabet}")
    return right() if given == expected else wrong(f"expected {expected}")
