"""Complete brackets: with each bracket, write down what is still to be closed.

The sequence is first cut into numbered groups of four. Then each bracket has a line with the
closing brackets that are due after it, the next one first, so that what is due in the end is the
answer: ``{ | } )`` opens a brace inside a parenthesis.
"""

from __future__ import annotations

from itertools import accumulate
from random import Random

from ostinato.rl.envs.logic.brackets import PARTNER
from ostinato.rl.traces.logic.solution import Solution, paragraph

_GROUP = 4


def solve(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. There is one way only."""
    del rng
    brackets = paragraph(prompt, "This one breaks off:")[0].split()
    cut = [brackets[at : at + _GROUP] for at in range(0, len(brackets), _GROUP)]
    groups = [f"{number}: {' '.join(group)}" for number, group in enumerate(cut, start=1)]
    lines = [*groups, "start"]
    due: list[str] = []
    for head, group in zip(groups, cut, strict=True):
        lines.append(head)
        for bracket in group:
            due = [PARTNER[bracket], *due] if bracket in PARTNER else due[1:]
            lines.append(f"{bracket} | {' '.join(due) or '-'}")
    return Solution(lines, " ".join(due), _check(cut))


def _check(cut: list[list[str]]) -> str:
    """How many are due after each group, by counting."""
    opened = [sum(1 if bracket in PARTNER else -1 for bracket in group) for group in cut]
    steps = [
        f"{number}: {more:+d} {total}"
        for number, (more, total) in enumerate(zip(opened, accumulate(opened), strict=True), 1)
    ]
    return f"{', '.join(steps)} due ok"
