"""Synthetic text that a reasoner is pre-trained on: endless, and the same for the same numbers.

A document is of one kind and is made from its seed and number alone, so processes can make parts
of the text side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import accumulate
from random import Random

from ostinato.rl.traces.text.dialogues import dialogue
from ostinato.rl.traces.text.figures import comparison, facts, sorting, working
from ostinato.rl.traces.text.grids import cells, latin, truth
from ostinato.rl.traces.text.mutants import mutant
from ostinato.rl.traces.text.programs import program
from ostinato.rl.traces.text.repairs import repair
from ostinato.rl.traces.text.statements import Statements
from ostinato.rl.traces.text.symbols import brackets, chain, copying, counting, look_up, places

Kind = Callable[[Random], str]
"""A piece of a document: one line, or a few that belong together."""

SHORTEST, LONGEST = 200, 3000
"""Characters of a document."""
_GOAL = 1500

KINDS: dict[str, tuple[int, Kind]] = {
    "working": (14, working),
    "facts": (6, facts),
    "comparison": (5, comparison),
    "sorting": (5, sorting),
    "counting": (5, counting),
    "copying": (5, copying),
    "places": (5, places),
    "look-up": (5, look_up),
    "chain": (4, chain),
    "brackets": (5, brackets),
    "truth": (5, truth),
    "latin": (6, latin),
    "cells": (5, cells),
    "program": (8, program),
    "repair": (5, repair),
    "mutant": (5, mutant),
    "dialogue": (8, dialogue),
}
"""By name, with weights; statements are added to them."""
STATEMENTS = 8
"""The weight of statements with their answers."""


def documents(seed: int, first: int, count: int, *, without: Collection[str] = ()) -> Iterator[str]:
    """Documents ``first`` to ``first + count - 1``. ``without``: environments of which there are
    to be no statements, because they are held out.
    """
    kinds = [*KINDS.values(), (STATEMENTS, Statements(without))]
    bounds = list(accumulate(weight for weight, _ in kinds))
    makers = [make for _, make in kinds]
    for number in range(first, first + count):
        rng = Random(f"text {seed} {number}")
        (make,) = rng.choices(makers, cum_weights=bounds)
        yield document(make, rng)


def document(make: Kind, rng: Random) -> str:
    """Pieces of one kind, as many as come to a length drawn at random."""
    goal = int(SHORTEST * (_GOAL / SHORTEST) ** rng.random())
    pieces = [make(rng)]
    length = len(pieces[0])
    while length < goal:
        piece = make(rng)
        length += len(piece) + 1
        if length > LONGEST:
            break
        pieces.append(piece)
    return "\n".join(pieces)
