"""Attacks on the grading of code: a score that a candidate does not deserve.

What is asked cannot be known: each expected value is a random word that stands in no argument, so
any score above 0 has been stolen. (In the shared cases it is the argument of the other case:
whoever learns it has kept or passed on state from one process to another.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Naive = Literal["unittest", "verdict", "equal", "first-reply", "pickle", "same-process"]
"""A grader that someone would write who has never met a cheat: see ``naive.py``."""


@dataclass(frozen=True, kw_only=True)
class Cheat:
    """A candidate that does not know the answer."""

    name: str
    source: str
    fools: Naive | None
    """The grader that it gets full marks of."""
    why_no_control: str = ""
    shared: bool = False
    """It is asked for the argument of the other case."""


def cheat(
    name: str, source: str, fools: Naive | None = "unittest", *, shared: bool = False, why: str = ""
) -> Cheat:
    assert fools or why, "a control, or why there is none"
    return Cheat(name=name, source=source, fools=fools, shared=shared, why_no_control=why)


ANYWAY = "\ndef solve(word):\n    return 'no idea'\n"
"""A function that has no answer."""
