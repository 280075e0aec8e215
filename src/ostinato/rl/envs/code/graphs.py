"""Problems about things and the ways between them: groups and routes."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from itertools import pairwise
from random import Random
from typing import Any

from ostinato.grading.code import Case
from ostinato.rl.envs.code.problem import Params, Problem


def _links(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    count = rng.randint(n // 3, n)
    return (n, [[rng.randrange(n), rng.randrange(n)] for _ in range(count)])


def _count_groups(n: int, links: list[list[int]], *, relation: str, k: int) -> int:
    head = list(range(n))

    def find(node: int) -> int:
        while head[node] != node:
            head[node] = head[head[node]]
            node = head[node]
        return node

    for a, b in links:
        head[find(a)] = find(b)
    sizes = Counter(map(find, range(n))).values()
    if relation == "least":
        return sum(size >= k for size in sizes)
    if relation == "most":
        return sum(size <= k for size in sizes)
    return sum(size == k for size in sizes)


def _trip(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    count = rng.randint(n, 3 * n)
    links = [[rng.randrange(n), rng.randrange(n)] for _ in range(count)]
    return (n, links, rng.randrange(n), rng.randrange(n))


def _fewest_hops(
    n: int, links: list[list[int]], start: int, goal: int, *, ways: int, m: int
) -> int:
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in links:
        near[a].append(b)
        if ways == 2:
            near[b].append(a)
    hops = {start: 0}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there in near[here]:
            closed = there % m == 0 and there != goal
            if there not in hops and not closed:
                hops[there] = hops[here] + 1
                queue.append(there)
    return hops.get(goal, -1)


def _roads(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    roads = [
        [rng.randrange(n), rng.randrange(n), rng.randint(1, 9)]
        for _ in range(rng.randint(n, 3 * n))
    ]
    return (n, roads, rng.randrange(n), rng.randrange(n))


def _cheapest_trip(
    n: int, roads: list[list[int]], start: int, goal: int, *, toll: int, odd: int
) -> int:
    near: list[list[tuple[int, int]]] = [[] for _ in range(n)]
    for a, b, price in roads:
        near[a].append((b, price))
        near[b].append((a, price))
    prices: dict[int, int] = {}
    queue = [(0, start)]
    while queue:
        paid, here = heapq.heappop(queue)
        if here in prices:
            continue
        prices[here] = paid
        for there, price in near[here]:
            fee = toll if there % 2 == odd and there != goal else 0
            heapq.heappush(queue, (paid + price + fee, there))
    return prices.get(goal, -1)


def _shortest_way(
    n: int, links: list[list[int]], start: int, goal: int, *, ways: int, m: int
) -> list[int]:
    near: list[list[int]] = [[] for _ in range(n)]
    for a, b in links:
        if (a + b) % m:
            near[a].append(b)
            if ways == 2:
                near[b].append(a)
    before = {start: -1}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for there in near[here]:
            if there not in before:
                before[there] = here
                queue.append(there)
    way: list[int] = []
    here = goal if goal in before else -1
    while here >= 0:
        way.append(here)
        here = before[here]
    return way[::-1]


def _is_way(case: Case, value: Any, *, ways: int, m: int) -> bool:
    assert case.args is not None
    _, links, start, goal = case.args
    if value == [] or case.expected == []:
        return value == case.expected
    if type(value) is not list or any(type(place) is not int for place in value):
        return False
    steps = {(a, b) for a, b in links if (a + b) % m}
    if ways == 2:
        steps |= {(b, a) for a, b in steps}
    ends = value[0] == start and value[-1] == goal and len(value) == len(case.expected)
    return ends and all(step in steps for step in pairwise(value))


PROBLEMS = (
    Problem(
        name="count_groups",
        signature="(n: int, links: list[list[int]]) -> int",
        first=1,
        sizes=(10, 40, 300, 300),
        choices={"relation": ("least", "most", "exactly"), "k": (2, 3, 4)},
        words={"relation": {"least": "at least", "most": "at most", "exactly": "exactly"}},
        statement="""\
about n people, numbered from 0 to n - 1. Each link [a, b] says that a and b know each other; a \
link may come twice, and a may be b. People belong to the same group if links lead from one to \
the other, directly or through others; who knows nobody else is a group of one. Return the \
number of groups that have {relation} {k} members.

1 <= n <= {n}, and there are at most n links.""",
        generate=_links,
        solve=_count_groups,
    ),
    Problem(
        name="fewest_hops",
        signature="(n: int, links: list[list[int]], start: int, goal: int) -> int",
        first=1,
        sizes=(8, 30, 200, 200),
        choices={"ways": (1, 2), "m": (3, 4, 5, 6)},
        words={"ways": {1: "from a to b only", 2: "from a to b and from b to a"}},
        statement="""\
about n places, numbered from 0 to n - 1. Each link [a, b] can be travelled {ways}; a may be b. \
Places whose number can be divided by {m} without remainder (0 is one of them) may not be \
entered, except that the goal may always be entered; the number of the start does not matter. \
Return the least number of links from start to goal: 0 if they are the same place, -1 if there \
is no way.

1 <= n <= {n}, and there are at most 3 * n links.""",
        generate=_trip,
        solve=_fewest_hops,
    ),
    Problem(
        name="cheapest_trip",
        signature="(n: int, roads: list[list[int]], start: int, goal: int) -> int",
        first=2,
        sizes=(6, 20, 100, 3000),
        choices={"toll": (1, 2, 3, 5), "odd": (0, 1)},
        words={"odd": {0: "even (0 is even)", 1: "odd"}},
        statement="""\
about n towns, numbered from 0 to n - 1. A road [a, b, price] can be travelled both ways for its \
price; a may be b, and there may be several roads between two towns. Whoever enters a town whose \
number is {odd} also pays a toll of {toll}, each time, except that entering the goal is free. \
The start is not entered at the beginning. Return the least sum to get from start to goal: 0 if \
they are the same town, -1 if there is no way.

1 <= n <= {n}, there are at most 3 * n roads, and prices are from 1 to 9.""",
        generate=_roads,
        solve=_cheapest_trip,
    ),
    Problem(
        name="shortest_way",
        signature="(n: int, links: list[list[int]], start: int, goal: int) -> list[int]",
        first=3,
        sizes=(8, 20, 100, 5000),
        choices={"ways": (1, 2), "m": (2, 3, 4, 5)},
        words={"ways": {1: "from a to b only", 2: "from a to b and from b to a"}},
        statement="""\
about n places, numbered from 0 to n - 1. Each link [a, b] can be travelled {ways}; a may be b. \
Links for which a + b can be divided by {m} without remainder are closed. Return a way from \
start to goal over the least number of links: the list of the places on it, start first and goal \
last ([start] if they are the same). If there are several, any of them is right (the examples \
show one); if there is none, return [].

1 <= n <= {n}, and there are at most 3 * n links.""",
        generate=_trip,
        solve=_shortest_way,
        checker=_is_way,
    ),
)
