"""The six tasks, each a way to draw an example of a given length in bytes.

After RULER (arXiv 2404.06654: needles, variable tracking, aggregation) and MRCR (arXiv
2409.12640: co-reference over rounds), in a language that a small model learns from scratch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise, product
from random import Random
from uuid import UUID

from ostinato.eval.long_context.language import ADJECTIVES, KEYS, NOUNS, VALUES, compose
from ostinato.eval.long_context.types import Example

MIN_LENGTH = 256

FACTS = 8  # of a single needle: itself and its distractors, at any length
CHAINS, MOST_HOPS = 6, 3
CANDIDATES, MOST_VOTES = 4, 6

Maker = Callable[[Random, int], Example]
"""Draws an example whose text has ``length`` bytes (``MIN_LENGTH`` or more), or up to four less."""

_NAMES = tuple(a + b for a, b in product("bcdfghjklmnpqrstvwxz", repeat=2))


def needle(rng: Random, length: int) -> Example:
    """One of eight facts is asked for: only the haystack grows with the length."""
    keys = rng.sample(KEYS, FACTS)
    values = rng.sample(VALUES, FACTS)
    facts = [f"{key}: {value}\n" for key, value in zip(keys, values, strict=True)]
    asked = rng.randrange(FACTS)
    answer = str(values[asked])
    prompt = compose(rng, facts, f"{keys[asked]}: ", answer, length)
    depth = prompt.index(facts[asked]) / len(prompt)
    return Example("needle", prompt, answer, 1 / FACTS, {"depth": depth})


def needles(rng: Random, length: int) -> Example:
    """Facts in proportion to the length: one of them is asked for, or all values of a key that
    has two or three, in the order of the text.
    """
    count = _in_proportion(length, 64, 6, 256)
    every = bool(rng.randrange(2))
    sizes = _group_sizes(rng, count, 2, 3) if every else [1] * count
    keys = rng.sample(KEYS, len(sizes))
    values = list(map(str, rng.sample(VALUES, sum(sizes))))
    owner = [number for number, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(owner)
    facts = [f"{keys[key]}: {value}\n" for key, value in zip(owner, values, strict=True)]
    asked = rng.randrange(len(keys))
    own = [value for key, value in zip(owner, values, strict=True) if key == asked]
    question = f"all {keys[asked]}: " if every else f"{keys[asked]}: "
    answer = " ".join(own)
    prompt = compose(rng, facts, question, answer, length)
    meta = {"form": "all" if every else "one", "facts": len(facts), "asked": len(own)}
    return Example("needles", prompt, answer, 1 / len(keys), meta)


def coreference(rng: Random, length: int) -> Example:
    """Rounds of request and reply: a topic comes up two to four times, topics share words, and
    the reply to one round of a topic is asked for.
    """
    sizes = _group_sizes(rng, _in_proportion(length, 64, 4, 128), 2, 4)
    side = math.ceil(math.sqrt(len(sizes)))
    grid = product(rng.sample(ADJECTIVES, side), rng.sample(NOUNS, side + 1))
    topics = [f"{adjective} {noun}" for adjective, noun in rng.sample(list(grid), len(sizes))]
    pairs = rng.sample(range(len(NOUNS) ** 2), sum(sizes))
    replies = [f"{NOUNS[pair // len(NOUNS)]} {NOUNS[pair % len(NOUNS)]}" for pair in pairs]
    owner = [number for number, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(owner)
    rounds = [f"ask {topics[t]}\nsay {reply}\n" for t, reply in zip(owner, replies, strict=True)]
    asked = rng.randrange(len(topics))
    own = [reply for t, reply in zip(owner, replies, strict=True) if t == asked]
    turn = rng.randrange(len(own))
    prompt = compose(rng, rounds, f"{turn + 1} {topics[asked]}: ", own[turn], length)
    meta = {"turn": turn + 1, "turns": len(own), "rounds": len(rounds)}
    return Example("coreference", prompt, own[turn], 1 / len(own), meta)


def variables(rng: Random, length: int) -> Example:
    """Six chains of one to three assignments that begin with a number; the number at the end of
    one of them is asked for.
    """
    hops = rng.randint(1, MOST_HOPS)
    names = iter(rng.sample(_NAMES, CHAINS * (hops + 1)))
    chains = [[next(names) for _ in range(hops + 1)] for _ in range(CHAINS)]
    values = rng.sample(VALUES, CHAINS)
    lines = [
        iter([f"{chain[0]} = {value}\n", *(f"{b} = {a}\n" for a, b in pairwise(chain))])
        for chain, value in zip(chains, values, strict=True)
    ]
    turns = [number for number in range(CHAINS) for _ in range(hops + 1)]
    rng.shuffle(turns)
    assignments = [next(lines[number]) for number in turns]
    asked = rng.randrange(CHAINS)
    answer = str(values[asked])
    prompt = compose(rng, assignments, f"{chains[asked][-1]} = ", answer, length)
    return Example("variables", prompt, answer, 1 / CHAINS, {"hops": hops})


def aggregation(rng: Random, length: int) -> Example:
    """Votes for four words, one to six for each; asked is a word's number, or which has most.

    The number of votes does not grow with the length, or long texts would ask for numbers that
    short ones never have.
    """
    words = rng.sample(NOUNS, CANDIDATES)
    counts = [rng.randint(1, MOST_VOTES) for _ in words]
    most = bool(rng.randrange(2))
    while most and counts.count(max(counts)) > 1:
        counts = [rng.randint(1, MOST_VOTES) for _ in words]
    asked = counts.index(max(counts)) if most else rng.randrange(CANDIDATES)
    votes = [f"+ {word}\n" for word, count in zip(words, counts, strict=True) for _ in range(count)]
    rng.shuffle(votes)
    answer = words[asked] if most else str(counts[asked])
    prompt = compose(rng, votes, "most: " if most else f"count {words[asked]}: ", answer, length)
    chance = max(counts) / len(votes) if most else 1 / MOST_VOTES
    meta = {"form": "most" if most else "count", "votes": len(votes)}
    return Example("aggregation", prompt, answer, chance, meta)


def uuid(rng: Random, length: int) -> Example:
    """UUIDs in proportion to the length, one or two of which are to be copied exactly."""
    count = _in_proportion(length, 128, 3, 64)
    keys = rng.sample(KEYS, count)
    values = [str(UUID(int=rng.getrandbits(128), version=4)) for _ in keys]
    facts = [f"{key}: {value}\n" for key, value in zip(keys, values, strict=True)]
    asked = rng.sample(range(count), rng.randint(1, 2))
    question = ", ".join(keys[number] for number in asked) + ": "
    answer = " ".join(values[number] for number in asked)
    prompt = compose(rng, facts, question, answer, length)
    meta = {"facts": count, "asked": len(asked)}
    return Example("uuid", prompt, answer, 1 / math.perm(count, len(asked)), meta)


TASKS: dict[str, Maker] = {
    "needle": needle,
    "needles": needles,
    "coreference": coreference,
    "variables": variables,
    "aggregation": aggregation,
    "uuid": uuid,
}


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
