"""Two answerers that are no models: one that is always right, and one that guesses.

Both read nothing but the prompt, by its lines, and know nothing of how it was drawn.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from random import Random

from ostinato.eval.long_context.tasks import MOST_VOTES
from ostinato.eval.long_context.types import END


class Solver:
    """Answers every example rightly: the proof that the text holds the answer."""

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        """See ``Answerer``."""
        return [f" {solve(prompt)}{END}"[:answer_bytes] for prompt in prompts]


class Guesser:
    """The baseline: what is right by chance for someone who knows the language."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = Random(f"long-context guesser {seed}")

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        """See ``Answerer``."""
        return [f" {guess(prompt, self._rng)}{END}"[:answer_bytes] for prompt in prompts]


def solve(prompt: str) -> str:
    """The answer."""
    body, question = _parts(prompt)
    if question == "most:":
        return Counter(_votes(body)).most_common(1)[0][0]
    if found := re.fullmatch(r"count (\w+):", question):
        return str(_votes(body).count(found[1]))
    if found := re.fullmatch(r"(\d) (\w+ \w+):", question):
        return _replies(body, found[2])[int(found[1]) - 1]
    if found := re.fullmatch(r"(\w+) =", question):
        assigned = _assigned(body)
        name = found[1]
        while name in assigned:
            name = assigned[name]
        return name
    facts = _facts(body)
    keys = question.removeprefix("all ").removesuffix(":").split(", ")
    return " ".join(value for key in keys for value in facts[key])


def guess(prompt: str, rng: Random) -> str:
    """A random answer of the right form from the prompt, blind to what the task is about.

    Facts and UUIDs: which key. Co-reference: which of the topic's replies. Variables: which
    chain. Aggregation: any number of votes, or the word of any vote.
    """
    body, question = _parts(prompt)
    if question == "most:":
        return rng.choice(_votes(body))
    if question.startswith("count "):
        return str(rng.randint(1, MOST_VOTES))
    if found := re.fullmatch(r"\d (\w+ \w+):", question):
        return rng.choice(_replies(body, found[1]))
    if question.endswith(" ="):
        return rng.choice([value for value in _assigned(body).values() if value.isdigit()])
    asked = question.count(",") + 1
    return " ".join(" ".join(values) for values in rng.sample(list(_facts(body).values()), asked))


def _parts(prompt: str) -> tuple[str, str]:
    body, _, question = prompt.rpartition("\n? ")
    return body, question


def _votes(body: str) -> list[str]:
    return re.findall(r"^\+ (\w+)$", body, re.MULTILINE)


def _replies(body: str, topic: str) -> list[str]:
    return re.findall(rf"^ask {topic}\nsay (\w+ \w+)$", body, re.MULTILINE)


def _assigned(body: str) -> dict[str, str]:
    return dict(re.findall(r"^let (\w+) = (\w+)$", body, re.MULTILINE))


def _facts(body: str) -> dict[str, list[str]]:
    """Values by key, in the order of the text."""
    facts: dict[str, list[str]] = {}
    for key, value in re.findall(r"^- (\w+ \w+): (\S+)$", body, re.MULTILINE):
        facts.setdefault(key, []).append(value)
    return facts
