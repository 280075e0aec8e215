"""Swaps, carried out one by one, with what everybody has after each.

What an exchange calls by its thing is first traced to its owner (``map: Otis``); an exchange with
a condition begins with what the condition is about (``Fay whistle, sword? no``).
"""

from __future__ import annotations

import re
from random import Random

from ostinato.rl.traces.logic.solution import Solution, paragraph

_PEOPLE = re.compile(r"(\w+) and (\w+) swap\.")
_GOOD = re.compile(r"Whoever has the (\w+) swaps with (\w+)\.")
_GOODS = re.compile(r"The owner of the (\w+) and the owner of the (\w+) swap\.")
_RING = re.compile(
    r"All at once, (\w+) hands over what \w+ has to (\w+), \w+ likewise to (\w+), .*"
)
_CONDITION = re.compile(
    r"If (\w+) has the (\w+) at this moment, (\w+) and (\w+) swap; "
    r"otherwise \w+ and (\w+) swap\."
)


def solve(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. There is one way only."""
    del rng
    holds = dict(re.findall(r"(\w+) the (\w+)", prompt.partition(". To swap")[0]))
    goods = list(holds.values())
    lines = [_state(holds)]
    for line in paragraph(prompt, "one after the other:"):
        number, _, told = line.partition(" ")
        before, people = _who(told, holds)
        lines.append(f"{number} {before}{_exchange(holds, people)}")
        lines.append(_state(holds))
    owner = {good: person for person, good in holds.items()}
    owners = ", ".join(f"{good} {owner[good]}" for good in goods)
    return Solution(lines, ", ".join(holds.values()), f"{owners} ok")


def _state(holds: dict[str, str]) -> str:
    return ", ".join(f"{person} {good}" for person, good in holds.items())


def _who(told: str, holds: dict[str, str]) -> tuple[str, tuple[str, ...]]:
    """How those who exchange are found, and who they are: each hands over to the next."""
    owner = {good: person for person, good in holds.items()}
    if match := _PEOPLE.fullmatch(told):
        return "", (match[1], match[2])
    if match := _GOOD.fullmatch(told):
        return f"{match[1]}: {owner[match[1]]}; ", (owner[match[1]], match[2])
    if match := _GOODS.fullmatch(told):
        one, two = owner[match[1]], owner[match[2]]
        return f"{match[1]}: {one}, {match[2]}: {two}; ", (one, two)
    if match := _RING.fullmatch(told):
        return "", (match[1], match[2], match[3])
    match = _CONDITION.fullmatch(told)
    assert match, f"an exchange of an unknown kind: {told}"
    person, good, one, two, three = match.groups()
    holds_it = holds[person] == good
    asked = f"{person} {holds[person]}, {good}? {'yes' if holds_it else 'no'}; "
    return asked, (one, two if holds_it else three)


def _exchange(holds: dict[str, str], people: tuple[str, ...]) -> str:
    """Carry it out, and say who has what before and after."""
    before = {person: holds[person] for person in people}
    after = {
        taker: before[giver] for giver, taker in zip(people, (*people[1:], people[0]), strict=True)
    }
    holds.update(after)
    return f"{_state(before)} -> {_state(after)}"
