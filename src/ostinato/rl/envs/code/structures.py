"""Problems that are easy with the right structure: stores, histories, rankings."""

from __future__ import annotations

import heapq
from collections import deque
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _pushes(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    share = rng.choice([0.5, 0.7])
    return ([f"push {rng.randint(1, 99)}" if rng.random() < share else "pop" for _ in range(n)],)


def _store(commands: list[str], *, end: str, room: int, full: str) -> list[int]:
    held: deque[int] = deque()
    popped: list[int] = []
    for command in commands:
        kind, *number = command.split()
        if kind == "pop":
            if not held:
                popped.append(-1)
            else:
                popped.append(held.pop() if end == "newest" else held.popleft())
        else:
            if len(held) == room and full == "refuse":
                continue
            if len(held) == room:
                held.popleft()
            held.append(int(number[0]))
    return popped


def _edits(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    commands: list[str] = []
    for _ in range(n):
        kind = rng.choice(["type", "type", "erase", "undo", "undo"])
        if kind == "type":
            kind += " " + "".join(rng.choice("abcde") for _ in range(rng.randint(1, 4)))
        elif kind == "erase":
            kind += f" {rng.randint(1, 4)}"
        commands.append(kind)
    return (commands,)


def _edit(commands: list[str], *, side: str, memory: int) -> str:
    text = ""
    before: deque[str] = deque(maxlen=memory)
    for command in commands:
        kind, *rest = command.split()
        if kind == "undo":
            text = before.pop() if before else text
            continue
        before.append(text)
        if kind == "type":
            text = text + rest[0] if side == "end" else rest[0] + text
        else:
            count = min(int(rest[0]), len(text))
            text = text[: len(text) - count] if side == "end" else text[count:]
    return text


def _stream(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ([rng.randint(0, 9 + n) for _ in range(n)],)


def _ranked(values: list[int], *, k: int, best: str, repeats: bool) -> list[int]:
    sign = 1 if best == "largest" else -1
    top: list[int] = []
    seen: set[int] = set()
    ranked: list[int] = []
    for value in values:
        if repeats or value not in seen:
            seen.add(value)
            heapq.heappush(top, sign * value)
            if len(top) > k:
                heapq.heappop(top)
        ranked.append(sign * top[0] if len(top) == k else -1)
    return ranked


PROBLEMS = (
    Problem(
        name="store",
        signature="(commands: list[str]) -> list[int]",
        first=1,
        sizes=(12, 50, 400, 400),
        choices={
            "end": ("newest", "oldest"),
            "room": (2, 3, 4),
            "full": ("refuse", "forget"),
        },
        words={
            "full": {
                "refuse": "the push is ignored",
                "forget": "the number that has been in it longest is removed first, and goes "
                "nowhere",
            }
        },
        statement="""\
about a store with room for {room} numbers, empty at first. The commands are carried out in \
order: "push 17" puts a number (here 17) into it; if it is full, {full}. "pop" takes out the \
{end} number that is in it; if the store is empty, pop gives -1. Return what the pops give, in \
order.

There are 1 to {n} commands; numbers are from 1 to 99.""",
        generate=_pushes,
        solve=_store,
    ),
    Problem(
        name="edit",
        signature="(commands: list[str]) -> str",
        first=1,
        sizes=(10, 40, 300, 300),
        choices={"side": ("end", "beginning"), "memory": (1, 2, 3, 5)},
        statement="""\
about a text, empty at first, which is changed by the commands in order. "type abc" adds letters \
(here abc, in this order) at its {side}; "erase 2" takes away so many letters at its {side}, or \
all if there are fewer; "undo" restores the text as it was before the last type or erase that is \
not undone yet, and may follow another undo. (An erase that takes away nothing is an erase too.) \
Only the texts before the last {memory} of those are remembered: older ones are forgotten for \
good. An undo for which nothing is remembered does nothing. Return the text at the end.

There are 1 to {n} commands.""",
        generate=_edits,
        solve=_edit,
    ),
    Problem(
        name="ranked",
        signature="(values: list[int]) -> list[int]",
        first=2,
        sizes=(10, 40, 300, 20_000),
        choices={"k": (2, 3, 4, 5), "best": ("largest", "smallest"), "repeats": (False, True)},
        words={
            "repeats": {
                False: "equal numbers count once",
                True: "equal numbers count as often as they come",
            }
        },
        statement="""\
that reads the numbers one by one, and after each of them notes which number takes place {k} \
among all those read so far, if they are put in order with the {best} first; {repeats}. Where \
there are not {k} yet, it notes -1. Return all the notes: as many as there are numbers.

There are 1 to {n} numbers, none negative.""",
        last="There is no time to sort them anew after each.",
        generate=_stream,
        solve=_ranked,
    ),
)
