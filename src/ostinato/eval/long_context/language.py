"""The small language of the suite: 48 words, lines of filler, and lines hidden among them.

Keys are made of the words that filler is made of too, and every hidden line has others of its
shape around it: nothing stands out before the question has been read.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random

# fmt: off
ADJECTIVES = (
    "red", "blue", "old", "new", "big", "tiny", "cold", "warm",
    "dark", "pale", "soft", "loud", "slow", "fast", "wet", "dry",
)
NOUNS = (
    "wolf", "lamp", "river", "stone", "bird", "cloud", "tree", "road",
    "ship", "bell", "king", "moon", "apple", "chair", "door", "fish",
    "glass", "horse", "iron", "leaf", "milk", "nest", "ocean", "plum",
    "queen", "rope", "salt", "tower", "urn", "vine", "wheel", "yard",
)
# fmt: on
WORDS = ADJECTIVES + NOUNS
KEYS = tuple(f"{adjective} {noun}" for adjective, noun in product(ADJECTIVES, NOUNS))
VALUES = range(1000, 10_000)

_SHORTEST = min(map(len, WORDS))
_FEWEST, _MOST = 3, 7  # words in a line of filler
_LONGEST_LINE = _MOST * (max(map(len, WORDS)) + 1) + 1
_BY_ROOM = [[word for word in WORDS if len(word) <= room] for room in range(_LONGEST_LINE + 1)]


def compose(rng: Random, hidden: Sequence[str], size: int) -> str:
    """The ``hidden`` blocks of lines, in their order, at random places among filler.

    All together ``size`` bytes, or up to four less.
    """
    room = size - sum(map(len, hidden))
    assert room >= 0, "a task must fit into the shortest length"
    lines = filler(rng, room)
    blocks, fill = iter(hidden), iter(lines)
    total = len(hidden) + len(lines)
    places = set(rng.sample(range(total), len(hidden)))
    return "".join([next(blocks) if place in places else next(fill) for place in range(total)])


def filler(rng: Random, size: int) -> list[str]:
    """Lines of random words, ``size`` bytes together or up to four less."""
    lines: list[str] = []
    while size >= _LONGEST_LINE:
        line = " ".join(rng.choices(WORDS, k=rng.randint(_FEWEST, _MOST))) + ".\n"
        lines.append(line)
        size -= len(line)
    words: list[str] = []
    room = size - 2
    while room >= _SHORTEST:
        words.append(rng.choice(_BY_ROOM[room]))
        room -= len(words[-1]) + 1
    if words:
        lines.append(" ".join(words) + ".\n")
    return lines
