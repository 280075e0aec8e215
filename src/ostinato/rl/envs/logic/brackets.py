"""Sequences of brackets, for the puzzles about them."""

from __future__ import annotations

from random import Random

OPENING = "([{<"
CLOSING = ")]}>"
PARTNER = dict(zip(OPENING, CLOSING, strict=True))


def walk(rng: Random, kinds: int, length: int, end: int, start: str = "") -> str:
    """A sequence of ``length`` brackets of the first ``kinds`` kinds in which all that close
    fit, when those of ``start`` are open already.

    ``end`` brackets are open after it; one more, or as few as can be, where that cannot be.
    """
    end = max(end, len(start) - length)
    end += (len(start) + length - end) % 2
    stack, written = list(start), ""
    for left in range(length - 1, -1, -1):
        may_open = len(stack) + 1 - end <= left
        may_close = bool(stack) and end - (len(stack) - 1) <= left
        assert may_open or may_close, "the end can be reached"
        if may_open and (not may_close or rng.random() < 0.5):
            stack.append(OPENING[rng.randrange(kinds)])
            written += stack[-1]
        else:
            written += PARTNER[stack.pop()]
    return written


def stacks(sequence: str) -> list[str]:
    """The brackets that are open after each bracket of a sequence in which all fit."""
    stack, found = "", list[str]()
    for bracket in sequence:
        if bracket in OPENING:
            stack += bracket
        else:
            assert stack and PARTNER[stack[-1]] == bracket, "all that close fit"
            stack = stack[:-1]
        found.append(stack)
    return found


def spaced(sequence: str) -> str:
    """With spaces between, so that no two brackets melt into one."""
    return " ".join(sequence)
