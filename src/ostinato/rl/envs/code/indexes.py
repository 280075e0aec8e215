"""Problems about structures that answer many questions: caches, range queries, search trees."""

from __future__ import annotations

from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _requests(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ([min(rng.randint(0, 7), rng.randint(0, 12)) for _ in range(n)],)


def _count_hits(requests: list[int], *, policy: str, room: int) -> int:
    held: list[int] = []  # what goes first stands first
    hits = 0
    for page in requests:
        if page in held:
            hits += 1
            if policy == "recent":
                held.remove(page)
                held.append(page)
            elif policy == "hot":
                held.remove(page)
                held.insert(0, page)
            continue
        if len(held) == room:
            held.pop(0)
        if policy == "hot":
            held.insert(0, page)
        else:
            held.append(page)
    return hits


def _queries(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    base = p["base"]
    lines = [" ".join(str(rng.randint(-50, 99)) for _ in range(n))]
    for _ in range(n):
        low, high = sorted([rng.randrange(n), rng.randrange(n)])
        if rng.random() < 0.4:
            lines.append(f"set {low + base} {rng.randint(-50, 99)}")
        else:
            lines.append(f"ask {low + base} {high + base + (1 if p['half'] else 0)}")
    lines.append(f"ask {base} {n + base - (0 if p['half'] else 1)}")
    return ("\n".join(lines) + "\n",)


def _answers(text: str, *, what: str, base: int, half: bool) -> str:
    first, *lines = text.splitlines()
    values = list(map(int, first.split()))
    size = len(values)
    join = {"sum": lambda a, b: a + b, "largest": max, "smallest": min}[what]
    tree = [0] * size + values
    for at in range(size - 1, 0, -1):
        tree[at] = join(tree[2 * at], tree[2 * at + 1])
    answers: list[int] = []
    for line in lines:
        kind, *numbers = line.split()
        low, high = int(numbers[0]) - base + size, int(numbers[1])
        if kind == "set":
            tree[low] = high
            while low > 1:
                low //= 2
                tree[low] = join(tree[2 * low], tree[2 * low + 1])
            continue
        high += size - base + (0 if half else 1)
        found: list[int] = []
        while low < high:
            if low % 2:
                found.append(tree[low])
                low += 1
            if high % 2:
                high -= 1
                found.append(tree[high])
            low //= 2
            high //= 2
        total = found[0]
        for value in found[1:]:
            total = join(total, value)
        answers.append(total)
    return " ".join(map(str, answers))


def _keys(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ([rng.randint(0, n + 2) for _ in range(n)],)


def _tree_order(values: list[int], *, equal: str, order: str) -> list[int]:
    sides: list[list[int]] = []  # of each node: left, right; -1 is none
    keys: list[int] = []
    for value in values:
        at, side = 0, -1
        while keys and side < 0:
            if value == keys[at] and equal == "dropped":
                break
            right = value > keys[at] or (value == keys[at] and equal == "right")
            if sides[at][right] < 0:
                side = right
            else:
                at = sides[at][right]
        if keys and side < 0:
            continue
        if keys:
            sides[at][side] = len(keys)
        keys.append(value)
        sides.append([-1, -1])
    if order == "levels":
        reached, row = list[int](), [0]
        while row:
            reached += row
            row = [node for parent in row for node in sides[parent] if node >= 0]
        return [keys[node] for node in reached]
    reached, stack = list[int](), [0]
    while stack:
        node = stack.pop()
        reached.append(node)
        left, right = sides[node]
        following = [right, left] if order == "down" else [left, right]
        stack += [other for other in following if other >= 0]
    return [keys[node] for node in (reached if order == "down" else reached[::-1])]


PROBLEMS = (
    Problem(
        name="count_hits",
        signature="(requests: list[int]) -> int",
        first=2,
        sizes=(12, 60, 400, 5000),
        choices={"policy": ("recent", "queue", "hot"), "room": (2, 3, 4, 5)},
        words={
            "policy": {
                "recent": "whose last request is longest ago",
                "queue": "that has been in it longest, since it last came in",
                "hot": "whose last request is the latest of all",
            }
        },
        statement="""\
about a cache with room for {room} pages, empty at first. Pages are requested one after the \
other. If the page is in the cache, that is a hit. If not, it comes in; if the cache is full, \
the page in it {policy} goes out first. Return the number of hits.

There are 1 to {n} requests.""",
        generate=_requests,
        solve=_count_hits,
        example_size=9,
    ),
    Problem(
        name="answers",
        first=3,
        sizes=(6, 20, 100, 20_000),
        choices={
            "what": ("sum", "largest", "smallest"),
            "base": (0, 1),
            "half": (False, True),
        },
        words={
            "half": {
                False: "from place L to place R, both of them included",
                True: "from place L to the place just before R, R itself not included",
            }
        },
        statement="""\
The first line of the input is numbers, whose places are counted from {base}. Each of the other \
lines is a command. "set I X" replaces the number at place I by X. "ask L R" asks for the {what} \
of the numbers {half}; there is always at least one. Print the answers to all asks, in order.

There are 1 to {n} numbers and at most {n} + 1 commands.""",
        generate=_queries,
        solve=_answers,
        example_size=4,
    ),
    Problem(
        name="tree_order",
        signature="(values: list[int]) -> list[int]",
        first=3,
        sizes=(8, 30, 200, 5000),
        choices={
            "equal": ("left", "right", "dropped"),
            "order": ("down", "up", "levels"),
        },
        words={
            "equal": {
                "left": "goes to the left",
                "right": "goes to the right",
                "dropped": "is dropped",
            },
            "order": {
                "down": "each node before its left subtree, and that before its right subtree",
                "up": "the left subtree before the right subtree, and both before their node",
                "levels": "level by level from the root, each level from left to right",
            },
        },
        statement="""\
that puts the numbers, in their order, into a binary search tree that is never rebalanced: the \
first becomes the root; each other one begins there and goes to the left of a greater number and \
to the right of a smaller one, until it finds an empty place; at a number that is equal to it, \
it {equal}. Return the numbers of the tree in this order: {order}.

There are 1 to {n} numbers.""",
        generate=_keys,
        solve=_tree_order,
    ),
)
