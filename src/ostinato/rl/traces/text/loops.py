"""Small functions that go through a list of numbers, and their values, worked out without running
them: the text and the meaning of each part are written side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

Number = int | list[int]

CONDITIONS: dict[str, Callable[[int, int], bool]] = {
    "{x} > {k}": lambda x, k: x > k,
    "{x} >= {k}": lambda x, k: x >= k,
    "{x} < {k}": lambda x, k: x < k,
    "{x} <= {k}": lambda x, k: x <= k,
    "{x} == {k}": lambda x, k: x == k,
    "{x} != {k}": lambda x, k: x != k,
    "{x} % {k} == 0": lambda x, k: x % k == 0,
    "{x} % {k} != 0": lambda x, k: x % k != 0,
    "{x} % 2 == 0": lambda x, _k: x % 2 == 0,
    "{x} % 2 != 0": lambda x, _k: x % 2 != 0,
}
UPDATES: dict[str, Callable[[int, int, int], int]] = {
    "{t} += {x}": lambda t, x, _k: t + x,
    "{t} -= {x}": lambda t, x, _k: t - x,
    "{t} += 1": lambda t, _x, _k: t + 1,
    "{t} -= 1": lambda t, _x, _k: t - 1,
    "{t} += {x} * {k}": lambda t, x, k: t + x * k,
    "{t} -= {x} * {k}": lambda t, x, k: t - x * k,
    "{t} = max({t}, {x})": lambda t, x, _k: max(t, x),
    "{t} = min({t}, {x})": lambda t, x, _k: min(t, x),
}
GROWTHS: dict[str, Callable[[list[int], int, int], list[int]]] = {
    "{t}.append({x})": lambda t, x, _k: [*t, x],
    "{t}.insert(0, {x})": lambda t, x, _k: [x, *t],
    "{t}.append({x} + {k})": lambda t, x, k: [*t, x + k],
    "{t}.append({x} - {k})": lambda t, x, k: [*t, x - k],
    "{t}.append({x} * {k})": lambda t, x, k: [*t, x * k],
}
_FUNCTIONS = "check choose collect combine count fetch find gather keep mix pick scan select take"
_LISTS, _ITEMS = ("xs", "values", "numbers", "items"), ("x", "n", "value", "each")
_LIMITS, _TOTALS = ("k", "limit", "step", "size"), ("total", "found", "result", "t")


@dataclass(frozen=True)
class Loop:
    """A function of a list and a number."""

    name: str
    condition: str
    """One of ``CONDITIONS``."""
    update: str
    """One of ``UPDATES`` or ``GROWTHS``."""
    start: int
    """Of the total; a list begins empty."""
    words: dict[str, str]
    """Names of the list, the item, the number and the total, by ``xs``, ``x``, ``k``, ``t``."""

    @property
    def lines(self) -> list[str]:
        """The function, line by line."""
        start = "[]" if self.update in GROWTHS else str(self.start)
        text = (
            f"def {self.name}({{xs}}, {{k}}):",
            f"    {{t}} = {start}",
            "    for {x} in {xs}:",
            f"        if {self.condition}:",
            f"            {self.update}",
            "    return {t}",
        )
        return [line.format(**self.words) for line in text]

    def run(self, xs: list[int], k: int) -> tuple[Number, list[str]]:
        """The value, and what the total is after every item that changes it."""
        condition, word = CONDITIONS[self.condition], self.words["t"]
        taken = [x for x in xs if condition(x, k)]
        total: Number
        steps: list[str] = []
        if self.update in GROWTHS:
            total = []
            for x in taken:
                total = GROWTHS[self.update](total, x, k)
                steps.append(f"{x}: {word}={total}")
        else:
            total = self.start
            for x in taken:
                total = UPDATES[self.update](total, x, k)
                steps.append(f"{x}: {word}={total}")
        return total, steps

    def broken(self, rng: Random) -> tuple[Loop, int, str]:
        """With one mistake, the index of its line, and what kind of mistake it is."""
        match rng.randrange(4):
            case 0 if self.update in UPDATES:
                return replace(self, start=self.start + 1), 1, "off by one"
            case 1 | 2:
                wrong, kind = _mistaken(self.condition)
                return replace(self, condition=wrong), 3, kind
            case _:
                wrong, kind = _miswritten(self.update)
                return replace(self, update=wrong), 4, kind


def loop(rng: Random) -> Loop:
    """Any of them."""
    words = {
        "xs": rng.choice(_LISTS),
        "x": rng.choice(_ITEMS),
        "k": rng.choice(_LIMITS),
        "t": rng.choice(_TOTALS),
    }
    update = rng.choice([*UPDATES, *GROWTHS])
    start = rng.choice((0, 0, 0, 1, 10))
    return Loop(function_name(rng), rng.choice([*CONDITIONS]), update, start, words)


def function_name(rng: Random) -> str:
    """A name for a function; two of them in a module seldom clash."""
    return f"{rng.choice(_FUNCTIONS.split())}_{rng.choice('abcdefgh')}"


def arguments(rng: Random) -> tuple[list[int], int]:
    """A list and a number that is in it or near."""
    xs = [rng.randint(1, 12) for _ in range(rng.randint(3, 6))]
    return xs, rng.choice(xs) if rng.random() < 0.6 else rng.randint(2, 9)


def _mistaken(condition: str) -> tuple[str, str]:
    """Another condition that is easily written instead."""
    for one, other in ((" >= ", " > "), (" <= ", " < "), (" == ", " != ")):
        if one in condition:
            return condition.replace(one, other), "wrong comparison"
        if other in condition:
            return condition.replace(other, one), "wrong comparison"
    raise AssertionError("a condition compares")


def _miswritten(update: str) -> tuple[str, str]:
    """Another update that is easily written instead."""
    pairs = (
        ("+=", "-=", "wrong operator"),
        ("max", "min", "wrong function"),
        (" + ", " - ", "wrong operator"),
        ("append(", "insert(0, ", "wrong order"),
    )
    if update == "{t}.append({x} * {k})":
        return "{t}.append({x} + {k})", "wrong operator"
    for one, other, kind in pairs:
        if one in update:
            return update.replace(one, other), kind
        if other in update:
            return update.replace(other, one), kind
    raise AssertionError("an update has something to mistake")
