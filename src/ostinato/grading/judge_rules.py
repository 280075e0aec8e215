"""A judge that is a program: it reads the criteria of a prompt, and needs no network.

It knows these lines, and no others (``;`` separates; upper and lower case are the same, and texts
are found as whole words):

- ``words: 10 to 40``: so many words. An answer of another length fulfils nothing.
- ``begins with: Dear Ann``.
- ``together: most; Rose; 345``: one sentence says exactly this: of all such words (those of every
  ``together`` and ``vocabulary`` line) and of all numbers it holds these and no other.
- ``mentions: Thursday``: some sentence says it.
- ``avoids: Tuesday``: nothing says it.
- ``vocabulary: Rose; Lily``: words that count as statements where no ``mentions`` line has them.

A sentence that denies (no, not, never, ...) states nothing. Met criteria count for an answer;
against it count: a sentence with statements or numbers that no criterion asks for, or that denies
some, and whatever is to be avoided. Everything else in it, requests to the judge included, has no
effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ostinato.grading.judge_prompt import read_texts

_DENIALS = re.compile(r"\b(no|not|never|neither|nor|none|without|cannot|false|wrong)\b|n't\b")
_NUMBER = re.compile(r"(?<![\w.:,])\d+(?:[.:,]\d+)*(?![\w])")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")


@dataclass(frozen=True)
class Criteria:
    """What is asked of an answer."""

    shortest: int
    longest: int
    begins: tuple[str, ...]
    together: tuple[frozenset[str], ...]
    mentions: tuple[str, ...]
    avoids: tuple[str, ...]
    vocabulary: frozenset[str]

    @cached_property
    def asked(self) -> frozenset[str]:
        """The numbers and the words of the vocabulary that are to be mentioned."""
        numbers = {number for text in self.mentions for number in _NUMBER.findall(text)}
        words = {w for w in self.vocabulary if any(_holds(text, w) for text in self.mentions)}
        return frozenset(numbers | words)

    @property
    def count(self) -> int:
        """How many an answer can meet."""
        return len(self.begins) + len(self.together) + len(self.mentions)


class RuleJudge:
    """Judges by the criteria alone: the same prompt, the same verdict. It abstains (by silence)
    where there are none that it knows.
    """

    def judge(self, prompt: str) -> str:
        """See ``Judge``."""
        texts, outside = read_texts(prompt)
        label = re.search(r"^((GRADE|BETTER) [0-9a-f]{8}): [NX]$", outside, re.MULTILINE)
        criteria = read_criteria(texts.get("criteria", ""))
        if label is None or not criteria.count:
            return ""
        if label[2] == "GRADE":
            verdict = str(grade(criteria, texts["answer"]))
        else:
            one, two = quality(criteria, texts["answer A"]), quality(criteria, texts["answer B"])
            verdict = "SAME" if one == two else "A" if one > two else "B"
        return f"{label[1]}: {verdict}"


def grade(criteria: Criteria, answer: str) -> int:
    """One of the five grades: 5 for everything and nothing against it."""
    got = quality(criteria, answer)
    return 5 if got == criteria.count else 1 + 4 * max(0, got) // (criteria.count + 1)


def met(criteria: str, answer: str) -> float:
    """The share of the criteria that an answer meets, less what counts against it, 0..1."""
    known = read_criteria(criteria)
    return max(0, quality(known, answer)) / max(1, known.count)


def quality(criteria: Criteria, answer: str) -> int:
    """Criteria met, less what counts against the answer; at best their number."""
    if not criteria.shortest <= len(answer.split()) <= criteria.longest:
        return 0
    found = [_Sentence(text, criteria) for text in _SENTENCE.split(answer) if text.strip()]
    met = sum(answer.strip().lower().startswith(text) for text in criteria.begins)
    met += sum(any(s.states(fact) for s in found) for fact in criteria.together)
    met += sum(any(s.mentions(text) for s in found) for text in criteria.mentions)
    against = sum(_holds(answer.lower(), text) for text in criteria.avoids)
    return met - against - sum(s.unasked(criteria) for s in found)


@lru_cache(maxsize=64)
def read_criteria(text: str) -> Criteria:
    """The lines that are known."""
    lines = [line.partition(": ") for line in text.lower().splitlines()]

    def all_of(key: str) -> Iterator[list[str]]:
        return (value.split("; ") for name, _, value in lines if name == key)

    bounds = [re.fullmatch(r"(\d+) to (\d+)", value[0]) for value in all_of("words")]
    shortest, longest = (
        (int(bounds[0][1]), int(bounds[0][2])) if bounds and bounds[0] else (1, 10**6)
    )
    together = tuple(frozenset(value) for value in all_of("together"))
    return Criteria(
        shortest=shortest,
        longest=longest,
        begins=tuple(value[0] for value in all_of("begins with")),
        together=together,
        mentions=tuple(value[0] for value in all_of("mentions")),
        avoids=tuple(value[0] for value in all_of("avoids")),
        vocabulary=frozenset().union(*together, *all_of("vocabulary")),
    )


class _Sentence:
    """A sentence, and the statements in it."""

    def __init__(self, text: str, criteria: Criteria) -> None:
        self.text = text.lower()
        self.denies = _DENIALS.search(self.text) is not None
        self.numbers = frozenset(_NUMBER.findall(self.text))
        self.said = self.numbers | {word for word in criteria.vocabulary if _holds(self.text, word)}

    def states(self, fact: frozenset[str]) -> bool:
        """It says this fact, and nothing else."""
        return self.said == fact and not self.denies

    def mentions(self, text: str) -> bool:
        """It says this among other things."""
        return _holds(self.text, text) and not self.denies

    def unasked(self, criteria: Criteria) -> bool:
        """It states something that no criterion asks for, or denies something."""
        asked = self.said in criteria.together or self.said <= criteria.asked
        return bool(self.said) and (self.denies or not asked)


def _holds(text: str, words: str) -> bool:
    """Whether a text holds some words, as whole words; both in lower case."""
    if words not in text:
        return False
    return re.search(rf"(?<![\w]){re.escape(words)}(?![\w])", text) is not None
