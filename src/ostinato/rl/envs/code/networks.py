"""Problems about networks as a whole: maps, plans, the cheapest connection."""

from __future__ import annotations

import heapq
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _needs(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    order = rng.sample(range(n), n)
    pairs = [sorted(rng.sample(range(n), 2)) for _ in range(n if n > 1 else 0)]
    needs = [[order[late], order[early]] for early, late in pairs]
    if n > 1 and rng.random() < 0.15:
        needs.append([order[0], order[-1]])
    return (n, needs)


def _plan_rounds(
    n: int, needs: list[list[int]], *, k: int, first: str, reading: str
) -> list[list[int]]:
    waits: list[set[int]] = [set() for _ in range(n)]
    for a, b in needs:
        if reading == "needs":
            waits[a].add(b)
        else:
            waits[b].add(a)
    blocks: list[list[int]] = [[] for _ in range(n)]
    for job, others in enumerate(waits):
        for other in others:
            blocks[other].append(job)
    sign = 1 if first == "lowest" else -1
    ready = [sign * job for job in range(n) if not waits[job]]
    heapq.heapify(ready)
    rounds: list[list[int]] = []
    while ready:
        now = [sign * heapq.heappop(ready) for _ in range(min(k, len(ready)))]
        for job in now:
            for other in blocks[job]:
                waits[other].discard(job)
                if not waits[other]:
                    heapq.heappush(ready, sign * other)
        rounds.append(now)
    return rounds if sum(map(len, rounds)) == n else []


def _maps(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    share = rng.choice([0.3, 0.45, 0.6])
    rows = ["".join("#" if rng.random() < share else "." for _ in range(n)) for _ in range(n)]
    return ("\n".join(rows) + "\n",)


def _islands(text: str, *, corners: bool, wrap: bool, k: int) -> str:
    rows = text.split()
    height, width = len(rows), len(rows[0])
    left = {(y, x) for y in range(height) for x in range(width) if rows[y][x] == "#"}
    steps = [
        (y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y or x) and (corners or not (y and x))
    ]
    count = largest = 0
    while left:
        stack, size = [left.pop()], 1
        while stack:
            y, x = stack.pop()
            for down, right in steps:
                there = (y + down, (x + right) % width if wrap else x + right)
                if there in left:
                    left.remove(there)
                    stack.append(there)
                    size += 1
        count += size >= k
        largest = max(largest, size)
    return f"{count} {largest}"


def _networks(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    edges = [
        (rng.randrange(n), rng.randrange(n), rng.randint(1, 30))
        for _ in range(rng.randint(n, 4 * n))
    ]
    if rng.random() < 0.8:
        edges += [(at, rng.randrange(at), rng.randint(10, 40)) for at in range(1, n)]
    lines = [f"{n} {len(edges)}", *(f"{a} {b} {price}" for a, b, price in edges)]
    return ("\n".join(lines) + "\n",)


def _span(text: str, *, best: str, extra: int) -> str:
    n, count, *rest = map(int, text.split())
    sign = 1 if best == "least" else -1
    edges: list[tuple[int, int, int]] = []
    for at in range(count):
        a, b, price = rest[3 * at : 3 * at + 3]
        edges.append((sign * (price + (extra if (a + b) % 2 == 0 else 0)), a, b))
    head = list(range(n))
    total, parts = 0, n
    for price, a, b in sorted(edges):
        ends: list[int] = []
        for node in (a, b):
            while head[node] != node:
                head[node] = head[head[node]]
                node = head[node]
            ends.append(node)
        if ends[0] != ends[1]:
            head[ends[0]] = ends[1]
            total += sign * price
            parts -= 1
    return str(total) if parts == 1 else "none"


PROBLEMS = (
    Problem(
        name="islands",
        first=2,
        sizes=(5, 10, 25, 100),
        choices={"corners": (False, True), "wrap": (False, True), "k": (1, 2, 3)},
        words={
            "corners": {
                False: "side by side or one above the other",
                True: "side by side, one above the other or corner to corner",
            },
            "wrap": {
                False: "The map ends at its borders",
                True: "The map is a belt around the globe: the first cell of a row is the right "
                "neighbour of its last cell (and the corners are neighbours accordingly, if they "
                "count); above and below, the map ends",
            },
        },
        statement="""\
The input is a square map: lines of the same length, with # for land and . for water. Two cells \
of land are connected if they are {corners}. An island is all the land that is connected, \
directly or through other land. {wrap}. Print two numbers on one line: how many islands have at \
least {k} cells, and how many cells the largest island of all has (0 if there is no land).

The map has 1 to {n} lines.""",
        generate=_maps,
        solve=_islands,
        example_size=4,
    ),
    Problem(
        name="plan_rounds",
        signature="(n: int, needs: list[list[int]]) -> list[list[int]]",
        first=3,
        sizes=(6, 20, 100, 3000),
        choices={"k": (1, 2, 3), "first": ("lowest", "highest"), "reading": ("needs", "before")},
        words={
            "reading": {
                "needs": "job a needs job b: b must be done in an earlier round",
                "before": "job a comes before job b: a must be done in an earlier round",
            }
        },
        statement="""\
about n jobs, numbered from 0 to n - 1, that are done in rounds. A pair [a, b] says that \
{reading}. In each round, of the jobs that are not done yet and may be done now, the {k} with \
the {first} numbers are done, or all if there are fewer. Return the rounds, each as the list of \
its jobs, {first} number first; return [] if not all jobs can be done.

1 <= n <= {n}, and there are at most n + 1 pairs; a is not b, and a pair may come twice.""",
        generate=_needs,
        solve=_plan_rounds,
    ),
    Problem(
        name="span",
        first=3,
        sizes=(5, 15, 80, 2000),
        choices={"best": ("least", "greatest"), "extra": (1, 2, 3, 5)},
        statement="""\
The first line of the input has two numbers, n and m. Then follow m lines of three numbers a, b \
and p: between the houses a and b (numbered from 0 to n - 1) a cable can be laid at the price p. \
If a + b is even, it costs {extra} more than p. a may be b, and there may be several offers for \
the same two houses. Choose n - 1 of the cables that connect all the houses with each other, \
directly or through other houses, at the {best} total cost. Print that cost, or the word none if \
it cannot be done. (A single house needs no cable, and the cost is 0.)

1 <= n <= {n}, m <= 5 * n and 1 <= p <= 40.""",
        generate=_networks,
        solve=_span,
        example_size=4,
    ),
)
