"""Problems that say what happens step by step, and ask what comes of it."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _commands(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ("".join(rng.choice("FFFBLR") for _ in range(n)),)


def _drive(commands: str, *, face: str, step: int, wall: int) -> list[int]:
    x = y = 0
    at = "NESW".index(face)
    for command in commands:
        if command in "LR":
            at = (at + (1 if command == "R" else -1)) % 4
            continue
        length = step if command == "F" else -1
        dx, dy = [(0, 1), (1, 0), (0, -1), (-1, 0)][at]
        new_x, new_y = x + length * dx, y + length * dy
        if max(abs(new_x), abs(new_y)) <= wall:
            x, y = new_x, new_y
    return [x, y]


def _circle(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return (rng.randint(max(1, n // 2), n),)


def _count_out(n: int, *, k: int, turn: bool) -> list[int]:
    left = deque(range(1, n + 1))
    out: list[int] = []
    forward = True
    while left:
        # Counting begins at the end of the queue that is next in the direction of counting.
        left.rotate(-(k - 1) if forward else k - 1)
        out.append(left.popleft() if forward else left.pop())
        if turn:
            forward = not forward
    return out


def _arrivals(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    times = [0]
    for _ in range(n - 1):
        times.append(times[-1] + rng.choice([0, 0, 1, 1, 2, 4]))
    return (f"{n}\n{' '.join(map(str, times))}\n",)


def _serve(text: str, *, counters: int, service: int, patience: int) -> str:
    _, *times = map(int, text.split())
    free = [0] * counters
    served = total = 0
    for time in times:
        start = max(time, min(free))
        if start - time > patience:
            continue
        free[free.index(min(free))] = start + service
        served += 1
        total += start - time
    return f"{served} {total} {max(free)}"


def _cells(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    row = "".join(rng.choice(".#") for _ in range(n))
    return (row, rng.randint(1, min(n, 20) + 1))


def _grow(row: str, steps: int, *, live: tuple[int, ...], ring: bool) -> str:
    n = len(row)
    for _ in range(steps):
        following = ""
        for at in range(n):
            places = [at - 2, at - 1, at + 1, at + 2]
            if ring:
                count = sum(row[place % n] == "#" for place in places)
            else:
                count = sum(0 <= place < n and row[place] == "#" for place in places)
            following += "#" if count in live else "."
        row = following
    return row


def _listings(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    lines: list[str] = []
    for at in range(n):
        kind = rng.choice(["inc", "inc", "dec", "jump"])
        register = rng.choice("abc")
        if kind != "jump":
            lines.append(f"{kind} {register}")
            continue
        target = rng.randint(max(0, at - 4), min(n, at + 4))
        where = target if p["jump"] == "absolute" else target - at
        lines.append(f"jump {register} {where}")
    return ("\n".join(lines) + "\n",)


def _machine(text: str, *, amount: int, m: int, jump: str, limit: int) -> str:
    lines = text.splitlines()
    registers = {"a": 0, "b": 0, "c": 0}
    at = steps = 0
    while 0 <= at < len(lines) and steps < limit:
        steps += 1
        kind, register, *where = lines[at].split()
        if kind == "jump":
            if registers[register]:
                at = int(where[0]) + (0 if jump == "absolute" else at)
                continue
        else:
            change = amount if kind == "inc" else -1
            registers[register] = (registers[register] + change) % m
        at += 1
    return " ".join(map(str, [*registers.values(), steps]))


def _piles(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    top = 2 * p["give"] + p["spare"]
    piles = [rng.randint(0, top) for _ in range(n)]
    piles[rng.randrange(n)] += rng.randint(1, 2 * top)
    return (piles,)


def _settle(piles: list[int], *, give: int, spare: int) -> list[int]:
    least = 2 * give + spare
    topples = 0
    stack = list(range(len(piles)))
    while stack:
        at = stack.pop()
        times = 0 if piles[at] < least else (piles[at] - least) // (2 * give) + 1
        if not times:
            continue
        topples += times
        piles[at] -= 2 * give * times
        for near in (at - 1, at + 1):
            if 0 <= near < len(piles):
                piles[near] += give * times
                stack.append(near)
    return [*piles, topples]


PROBLEMS = (
    Problem(
        name="drive",
        signature="(commands: str) -> list[int]",
        first=1,
        sizes=(12, 50, 500, 500),
        choices={"face": ("N", "E", "S", "W"), "step": (1, 2, 3), "wall": (4, 6, 9)},
        statement="""\
that drives a robot and returns its last position as [x, y]. It starts at [0, 0] and looks \
{face} (N is the direction of growing y, E of growing x, S and W are opposite to them). The \
letters of the text are carried out in order: L and R turn it by a quarter to the left or right; \
F moves it forward by {step}; B moves it backward by 1, without turning. A move that would end \
with x or y below -{wall} or above {wall} is left out as a whole.

The text has 1 to {n} letters.""",
        generate=_commands,
        solve=_drive,
    ),
    Problem(
        name="count_out",
        signature="(n: int) -> list[int]",
        first=1,
        sizes=(20, 60, 400, 400),
        choices={"k": (2, 3, 4, 5, 7), "turn": (False, True)},
        words={
            "turn": {
                False: "the next count begins with the next person who is left, in the same "
                "direction",
                True: "the direction of counting changes (from rising to falling numbers, or "
                "back), and the next count begins with the next person who is left in the new "
                "direction from the place that has become empty",
            }
        },
        statement="""\
about n persons in a circle, numbered from 1 to n in the direction of rising numbers; after n \
comes 1 again. Counting begins with person 1, in the direction of rising numbers, and goes from \
person to person, only those who are left, round and round if need be, up to {k}. Whoever is \
number {k} of the count leaves the circle; {turn}. Return the numbers of all persons in the \
order in which they leave.

1 <= n <= {n}.""",
        generate=_circle,
        solve=_count_out,
    ),
    Problem(
        name="serve",
        first=2,
        sizes=(6, 20, 200, 5000),
        choices={"counters": (1, 2, 3), "service": (3, 4, 5), "patience": (1, 3, 6)},
        statement="""\
A shop has {counters} counter(s), all free at time 0. Serving a customer takes {service} \
minutes. Customers are served in the order of the list, each from the minute in which a counter \
is free, but not before they arrive; a counter that finishes in a minute is free in that minute. \
A customer who would have to wait more than {patience} minutes goes away at once, and takes no \
counter's time.

The first line of the input is the number of customers, the second their arrival times in \
minutes, never falling. Print three numbers on one line: how many customers are served, the sum \
of the minutes that these wait, and the minute in which the last of them leaves a counter.

There are 1 to {n} customers; the first arrives at time 0.""",
        generate=_arrivals,
        solve=_serve,
        example_size=7,
    ),
    Problem(
        name="grow",
        signature="(row: str, steps: int) -> str",
        first=2,
        sizes=(10, 30, 100, 500),
        choices={"live": ((1,), (2,), (1, 2), (1, 3), (2, 3), (1, 4)), "ring": (False, True)},
        words={
            "live": {
                (1,): "1",
                (2,): "2",
                (1, 2): "1 or 2",
                (1, 3): "1 or 3",
                (2, 3): "2 or 3",
                (1, 4): "1 or 4",
            },
            "ring": {
                False: "Beyond the ends of the row all is dead",
                True: "The row is a ring: next to its last cell is its first. (In a short ring a "
                "cell may be its own neighbour, or be a neighbour twice: it counts as often)",
            },
        },
        statement="""\
about a row of cells, written with # for live and . for dead. In each step all cells change at \
once: a cell lives after the step if the number of live cells among its four neighbours (the \
places 1 and 2 to its left, and 1 and 2 to its right) is {live}, and else it is dead; whether it \
lived itself does not matter. {ring}. Return the row after so many steps.

The row has 1 to {n} cells, and there are 1 to 21 steps.""",
        generate=_cells,
        solve=_grow,
    ),
    Problem(
        name="machine",
        first=3,
        sizes=(5, 12, 30, 60),
        choices={
            "amount": (2, 3, 5),
            "m": (16, 50, 97),
            "jump": ("absolute", "relative"),
            "limit": (1000, 5000),
        },
        words={
            "jump": {
                "absolute": "the line with the index K (the first line has index 0)",
                "relative": "the line K lines further on (back, if K is negative; 0 is the same "
                "line)",
            }
        },
        statement="""\
The input is a program for a machine with the registers a, b and c, which hold 0 at first. A \
line is one of: "inc R", which adds {amount} to the register R; "dec R", which subtracts 1 from \
it; "jump R K", which goes on with {jump} if R is not 0, and does nothing otherwise. Registers \
hold remainders when divided by {m}: 0 to {m} - 1, so that 0 less 1 is {m} - 1. After inc, dec \
and a jump that does nothing, the next line follows. The machine stops when it comes to a line \
that is not there, or when it has carried out {limit} lines (a jump counts, whether it does \
anything or not). Print the registers a, b and c and the number of lines carried out, on one \
line.

The program has 1 to {n} lines; the targets of jumps are lines of it, or the place just behind \
the last one.""",
        generate=_listings,
        solve=_machine,
    ),
    Problem(
        name="settle",
        signature="(piles: list[int]) -> list[int]",
        first=3,
        sizes=(5, 10, 25, 60),
        choices={"give": (1, 2, 3), "spare": (0, 1, 2)},
        statement="""\
about piles of sand in a row. While there is a pile of at least 2 * {give} + {spare} grains, one \
such pile topples: it loses {give} grains to its left neighbour and as many to its right \
neighbour; what falls off the ends of the row is lost. (The order does not matter.) Return the \
list of the piles when nothing topples any more, and behind it, as its last number, how many \
times a pile has toppled.

The row has 1 to {n} piles of 0 to 24 grains.""",
        generate=_piles,
        solve=_settle,
    ),
)
