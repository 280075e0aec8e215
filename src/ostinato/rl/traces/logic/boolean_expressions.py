"""Nested expressions: first the facts, then everything that is innermost at once.

The layer that is worked out stands between the expression before and after it, as in
``(T or F)=T not (F nor T)=not F=T`` between ``((T or F) xor not (F nor T))`` and ``(T xor T)``.
"""

from __future__ import annotations

import re
from random import Random

from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.logic.solution import Solution, paragraph

_FACT = re.compile(r"\d+ [<>] \d+|\d+ is \w+|\d+ \+ \d+ = \d+|\d+ divides \d+|true|false")
_INNERMOST = re.compile(r"(not )?\(([TF]) (\w+) ([TF])\)")
_TRUE = {
    "and": ("TT",),
    "or": ("TT", "TF", "FT"),
    "xor": ("TF", "FT"),
    "implies": ("TT", "FT", "FF"),
    "nor": ("FF",),
}
"""What the parts of a true expression are."""
_NOT = {"T": "F", "F": "T"}


def solve(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. There is one way only."""
    del rng
    lines: list[str] = []
    found: list[str] = []
    for line in paragraph(prompt, "right after it."):
        number, _, expression = line.partition(". ")
        lines.append(f"{number}. {expression}")
        lines += _facts(expression)
        expression = _FACT.sub(lambda match: _truth(match[0]), expression)
        while len(expression) > 1:
            lines.append(expression)
            layer = (_worked(match) for match in _INNERMOST.finditer(expression))
            lines.append(" ".join(layer))
            expression = _INNERMOST.sub(lambda match: _worked(match)[-1], expression)
        lines.append(f"{number} {expression}")
        found.append(expression)
    numbered = " ".join(f"{number} {letter}" for number, letter in enumerate(found, start=1))
    return Solution(lines, "".join(found), f"{numbered} ok")


def _facts(expression: str) -> list[str]:
    """Each fact with its truth; what has to be calculated is, in the line before."""
    lines: list[str] = []
    for fact in _FACT.findall(expression):
        numbers = [int(word) for word in fact.split() if word.isdigit()]
        work = Work()
        if "+" in fact:
            work.add(*numbers[:2])
        elif "divides" in fact:
            work.divide(numbers[1], numbers[0])
        lines += work.lines
        lines.append(f"{fact}: {_truth(fact)}")
    return lines


def _truth(fact: str) -> str:
    match fact.split():
        case [a, "<", b]:
            true = int(a) < int(b)
        case [a, ">", b]:
            true = int(a) > int(b)
        case [a, "is", word]:
            true = (int(a) % 2 == 0) == (word == "even")
        case [a, "+", b, "=", total]:
            true = int(a) + int(b) == int(total)
        case [factor, "divides", number]:
            true = int(number) % int(factor) == 0
        case _:
            true = fact == "true"
    return "T" if true else "F"


def _worked(match: re.Match[str]) -> str:
    """An innermost expression and its value, which is the last letter."""
    negated, one, word, other = match.groups()
    value = "T" if one + other in _TRUE[word] else "F"
    return f"{match[0]}=not {value}={_NOT[value]}" if negated else f"{match[0]}={value}"
