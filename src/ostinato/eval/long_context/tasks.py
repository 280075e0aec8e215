"""The six tasks, each a way to draw what a text of a given length hides and is asked.

After RULER (arXiv 2404.06654: needles, variable tracking, aggregation) and MRCR (arXiv
2409.12640: co-reference over rounds), in a language that a small model learns from scratch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise, product
from random import Random
from typing import TypeVar
from uuid import UUID

from ostinato.eval.long_context.language import ADJECTIVES, KEYS, NOUNS, VALUES
from ostinato.eval.long_context.types import Material, Question

MIN_LENGTH = 320  # from here on, a text holds everything that its task has
SHORTEST = 128  # down to here, texts to learn from hold less

FACTS = 8  # of a single needle: itself and its distractors, at any length
CHAINS, MOST_HOPS = 6, 3
CANDIDATES, MOST_VOTES = 4, 6

T = TypeVar("T")

Maker = Callable[[Random, int], Material]
"""Draws what a text of so many bytes hides (``SHORTEST`` or more), and what to ask of it."""

_NAMES = tuple(a + b for a, b in product("bcdfghjklmnpqrstvwxz", repeat=2))


def needle(rng: Random, length: int) -> Material:
    """One of eight facts is asked for: only the haystack grows with the length."""
    count = _in_proportion(length, 40, 2, FACTS)
    keys = rng.sample(KEYS, count)
    values = list(map(str, rng.sample(VALUES, count)))
    facts = _facts(keys, values)
    questions = [
        Question(f"{key}:", value, 1 / count, {}, fact)
        for key, value, fact in zip(keys, values, facts, strict=True)
    ]
    return Material(facts, _shuffled(rng, questions))


def needles(rng: Random, length: int) -> Material:
    """Facts in proportion to the length: one of them is asked for, or all values of a key that
    has two or three, in the order of the text.
    """
    count = _in_proportion(length, 64, 6 if length >= MIN_LENGTH else 3, 256)
    every = bool(rng.randrange(2))
    sizes = _group_sizes(rng, count, 2, 3) if every else [1] * count
    keys = rng.sample(KEYS, len(sizes))
    values = list(map(str, rng.sample(VALUES, sum(sizes))))
    owner = _owners(rng, sizes)
    questions: list[Question] = []
    for number, key in enumerate(keys):
        own = [value for of, value in zip(owner, values, strict=True) if of == number]
        meta = {"form": "all" if every else "one", "facts": len(values), "asked": len(own)}
        asked = f"all {key}:" if every else f"{key}:"
        questions.append(Question(asked, " ".join(own), 1 / len(keys), meta))
    return Material(_facts([keys[of] for of in owner], values), _shuffled(rng, questions))


def coreference(rng: Random, length: int) -> Material:
    """Rounds of request and reply: a topic comes up two to four times, topics share words, and
    the reply to one round of a topic is asked for.
    """
    sizes = _group_sizes(
        rng, _in_proportion(length, 64, 4 if length >= MIN_LENGTH else 2, 128), 2, 4
    )
    side = math.ceil(math.sqrt(len(sizes)))
    grid = product(rng.sample(ADJECTIVES, side), rng.sample(NOUNS, side + 1))
    topics = [f"{adjective} {noun}" for adjective, noun in rng.sample(list(grid), len(sizes))]
    pairs = rng.sample(range(len(NOUNS) ** 2), sum(sizes))
    replies = [f"{NOUNS[pair // len(NOUNS)]} {NOUNS[pair % len(NOUNS)]}" for pair in pairs]
    owner = _owners(rng, sizes)
    rounds = [f"ask {topics[t]}\nsay {reply}\n" for t, reply in zip(owner, replies, strict=True)]
    turns = [owner[: place + 1].count(topic) for place, topic in enumerate(owner)]
    questions: list[Question] = []
    for topic, turn, reply in zip(owner, turns, replies, strict=True):
        meta = {"turn": turn, "turns": sizes[topic], "rounds": len(rounds)}
        questions.append(Question(f"{turn} {topics[topic]}:", reply, 1 / sizes[topic], meta))
    return Material(rounds, _shuffled(rng, questions))


def variables(rng: Random, length: int) -> Material:
    """Six chains of one to three assignments that begin with a number; the number at the end of
    one of them is asked for.
    """
    hops = rng.randint(1, MOST_HOPS if length >= MIN_LENGTH else 1)
    count = _in_proportion(length, 50, 2, CHAINS)
    names = iter(rng.sample(_NAMES, count * (hops + 1)))
    chains = [[next(names) for _ in range(hops + 1)] for _ in range(count)]
    values = list(map(str, rng.sample(VALUES, count)))
    lines = [
        iter([f"let {chain[0]} = {value}\n", *(f"let {b} = {a}\n" for a, b in pairwise(chain))])
        for chain, value in zip(chains, values, strict=True)
    ]
    questions = [
        Question(f"{chain[-1]} =", value, 1 / count, {"hops": hops})
        for chain, value in zip(chains, values, strict=True)
    ]
    assignments = [next(lines[of]) for of in _owners(rng, [hops + 1] * count)]
    return Material(assignments, _shuffled(rng, questions))


def aggregation(rng: Random, length: int) -> Material:
    """Votes for four words, one to six for each; asked is a word's number, or which has most.

    The number of votes does not grow with the length, or long texts would ask for numbers that
    short ones never have.
    """
    words = rng.sample(NOUNS, _in_proportion(length, 80, 2, CANDIDATES))
    highest = _in_proportion(length, 50, 2, MOST_VOTES)
    counts = [rng.randint(1, highest) for _ in words]
    most = bool(rng.randrange(2))
    while most and counts.count(max(counts)) > 1:
        counts = [rng.randint(1, highest) for _ in words]
    votes = [f"+ {words[of]}\n" for of in _owners(rng, counts)]
    if most:
        meta = {"form": "most", "votes": len(votes)}
        winner = words[counts.index(max(counts))]
        return Material(votes, [Question("most:", winner, max(counts) / len(votes), meta)])
    meta = {"form": "count", "votes": len(votes)}
    questions = [
        Question(f"count {word}:", str(count), 1 / highest, meta)
        for word, count in zip(words, counts, strict=True)
    ]
    return Material(votes, _shuffled(rng, questions))


def uuid(rng: Random, length: int) -> Material:
    """UUIDs in proportion to the length, one or two of which are to be copied exactly."""
    count = _in_proportion(length, 110, 1, 64)
    most = 2 if length >= MIN_LENGTH else 1
    keys = rng.sample(KEYS, count)
    values = [str(UUID(int=rng.getrandbits(128), version=4)) for _ in keys]
    questions: list[Question] = []
    for first in _shuffled(rng, range(count)):
        asked = [first, *rng.sample([n for n in range(count) if n != first], rng.randrange(most))]
        chance = 1 / math.perm(count, len(asked))
        meta = {"facts": count, "asked": len(asked)}
        names = ", ".join(keys[number] for number in asked)
        answer = " ".join(values[number] for number in asked)
        questions.append(Question(f"{names}:", answer, chance, meta))
    return Material(_facts(keys, values), questions)


TASKS: dict[str, Maker] = {
    "needle": needle,
    "needles": needles,
    "coreference": coreference,
    "variables": variables,
    "aggregation": aggregation,
    "uuid": uuid,
}


def _facts(keys: Sequence[str], values: Sequence[str]) -> list[str]:
    return [f"- {key}: {value}\n" for key, value in zip(keys, values, strict=True)]


def _shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    return rng.sample(items, len(items))


def _owners(rng: Random, sizes: Sequence[int]) -> list[int]:
    """Each number as often as its size says, in random order."""
    return _shuffled(rng, [number for number, size in enumerate(sizes) for _ in range(size)])


def _in_proportion(length: int, each: int, fewest: int, most: int) -> int:
    """One per ``each`` bytes; ``most`` keeps what must differ from running out."""
    return min(max(length // each, fewest), most)


def _group_sizes(rng: Random, total: int, fewest: int, most: int) -> list[int]:
    """Random sizes that add up to ``total`` or a little less than ``fewest`` below it."""
    sizes: list[int] = []
    while total >= fewest:
        sizes.append(rng.randint(fewest, min(most, total)))
        total -= sizes[-1]
    return sizes
