"""A side for each file: by group, each class on every side, decided by hashes of names alone."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from ostinato.jobs.fit_groups import members
from ostinato.music.splits import Side

SHARE = 0.15  # of a class's groups that go to valid, and as many to test
FEWEST = 3  # groups of a class that is to be on every side


def assign_sides(group: Mapping[str, str], label: Mapping[str, str]) -> dict[str, Side]:
    """The side of each name; the names of a group share one.

    A group counts for the class that most of its names have. Of the n groups of a class,
    max(1, ``SHARE`` n) are for test and as many for valid; of a class with fewer than
    ``FEWEST`` all are for training. Nothing but the names decides.
    """
    strata: defaultdict[str, list[str]] = defaultdict(list)
    inside = members(group)
    for first, names in inside.items():
        strata[_commonest([label[name] for name in names])].append(first)
    sides: dict[str, Side] = {}
    for firsts in strata.values():
        firsts.sort(key=_hash)
        held = max(1, round(SHARE * len(firsts))) if len(firsts) >= FEWEST else 0
        for place, first in enumerate(firsts):
            side: Side = "test" if place < held else "valid" if place < 2 * held else "train"
            sides |= dict.fromkeys(inside[first], side)
    return {name: sides[name] for name in sorted(group)}


def straddling(group: Mapping[str, str], label: Mapping[str, str]) -> tuple[int, int]:
    """Of the test files of a split that knows no groups: how many have kin in train, and all."""
    sides = assign_sides({name: name for name in group}, label)
    trained = {group[name] for name, side in sides.items() if side == "train"}
    test = [name for name, side in sides.items() if side == "test"]
    return sum(group[name] in trained for name in test), len(test)


def _commonest(labels: Sequence[str]) -> str:
    """The commonest; of equally common ones the first by name."""
    return min(Counter(labels).items(), key=lambda pair: (-pair[1], pair[0]))[0]


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=8).digest()
