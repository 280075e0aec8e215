"""Slow solutions, written anew from the statements, about networks, processes, points and trees.

They have nothing in common with the references.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations, product
from typing import Any


def span(text: str, best: str, extra: int) -> str:
    lines = [list(map(int, line.split())) for line in text.splitlines()]
    n, edges = lines[0][0], lines[1:]
    totals: list[int] = []
    for chosen in combinations(edges, n - 1):
        group = list(range(n))
        for a, b, _ in chosen:
            group = [group[b] if g == group[a] else g for g in group]
        if len(set(group)) == 1:
            totals.append(sum(p + (0 if (a + b) % 2 else extra) for a, b, p in chosen))
    return str((min if best == "least" else max)(totals)) if totals else "none"


def plan_rounds(
    n: int, needs: list[list[int]], k: int, first: str, reading: str
) -> list[list[int]]:
    pairs = [(b, a) if reading == "needs" else (a, b) for a, b in needs]
    rounds: list[list[int]] = []
    done: set[int] = set()
    while len(done) < n:
        may = [j for j in range(n) if j not in done and all(a in done for a, b in pairs if b == j)]
        if not may:
            return []
        rounds.append(sorted(may, reverse=first == "highest")[:k])
        done.update(rounds[-1])
    return rounds


def count_out(n: int, k: int, turn: bool) -> list[int]:
    left, out = list(range(1, n + 1)), list[int]()
    place, way = 1, 1
    while left:
        count = 0
        while True:
            if place in left:
                count += 1
                if count == k:
                    break
            place = (place + way - 1) % n + 1
        left.remove(place)
        out.append(place)
        way = -way if turn else way
    return out


def settle(piles: list[int], give: int, spare: int) -> list[int]:
    topples = 0
    while True:
        ready = [at for at, pile in enumerate(piles) if pile >= 2 * give + spare]
        if not ready:
            return [*piles, topples]
        at = ready[-1]
        piles[at] -= 2 * give
        topples += 1
        for near in (at - 1, at + 1):
            if 0 <= near < len(piles):
                piles[near] += give


def serve(text: str, counters: int, service: int, patience: int) -> str:
    times = list(map(int, text.splitlines()[1].split()))
    busy: list[tuple[int, int]] = []
    waits: list[int] = []
    for time in times:
        start = time
        while sum(a <= start < b for a, b in busy) == counters or any(start < a for a, _ in busy):
            start += 1
        if start - time <= patience:
            busy.append((start, start + service))
            waits.append(start - time)
    return f"{len(waits)} {sum(waits)} {max(end for _, end in busy)}"


def evaluate(text: str, first: str, base: int, times: str) -> int:
    sums, products = {"+", "-"}, {times}
    loose = {"usual": [sums, products], "sums": [products, sums], "left": [sums | products]}[first]

    def value(tokens: list[str]) -> int:
        """Split where the sign stands that is carried out last."""
        if len(tokens) == 1:
            return int(tokens[0], base)
        for signs in loose:
            depth = 0
            for at in reversed(range(len(tokens))):
                depth += (tokens[at] == ")") - (tokens[at] == "(")
                if depth == 0 and tokens[at] in signs:
                    left, right = value(tokens[:at]), value(tokens[at + 1 :])
                    return {"+": left + right, "-": left - right}.get(tokens[at], left * right)
        return value(tokens[1:-1])

    return value(re.findall(r"\d+|\S", text))


def count_grid(text: str, part: str, colour: str) -> str:
    (ax, ay), (bx, by), (cx, cy) = (map(int, line.split()) for line in text.splitlines())
    total = 0
    xs, ys = (ax, bx, cx), (ay, by, cy)
    for x in range(min(xs), max(xs) + 1):
        for y in range(min(ys), max(ys) + 1):
            turns = [
                (bx - ax) * (y - ay) - (by - ay) * (x - ax),
                (cx - bx) * (y - by) - (cy - by) * (x - bx),
                (ax - cx) * (y - cy) - (ay - cy) * (x - cx),
            ]
            strictly = all(t > 0 for t in turns) or all(t < 0 for t in turns)
            within = all(t >= 0 for t in turns) or all(t <= 0 for t in turns)
            fits = {"inside": strictly, "edge": within and not strictly, "whole": within}[part]
            total += (
                fits and {"all": True, "even": (x + y) % 2 == 0, "odd": (x + y) % 2 == 1}[colour]
            )
    return str(total)


def covered_area(rectangles: list[list[int]], relation: str, k: int) -> int:
    area = 0
    for x, y in product(range(40), range(40)):
        count = sum(a <= x < c and b <= y < d for a, b, c, d in rectangles)
        area += count >= k if relation == "least" else count == k
    return area


def fence(points: list[list[int]], start: str, clockwise: bool) -> list[list[int]]:
    """Gift wrapping."""
    keys: dict[str, Callable[[list[int]], tuple[int, int]]] = {
        "left": lambda p: (p[0], p[1]),
        "right": lambda p: (-p[0], p[1]),
        "low": lambda p: (p[1], p[0]),
        "high": lambda p: (-p[1], p[0]),
    }
    corners = [min(points, key=keys[start])]
    while True:
        x, y = corners[-1]
        best = next(p for p in points if p != corners[-1])
        for p in points:
            cross = (best[0] - x) * (p[1] - y) - (best[1] - y) * (p[0] - x)
            cross = -cross if clockwise else cross
            far = (p[0] - x) ** 2 + (p[1] - y) ** 2
            if cross < 0 or (cross == 0 and far > (best[0] - x) ** 2 + (best[1] - y) ** 2):
                best = p
        if best == corners[0]:
            return corners
        corners.append(best)


def ranked(values: list[int], k: int, best: str, repeats: bool) -> list[int]:
    notes: list[int] = []
    for end in range(1, len(values) + 1):
        read = values[:end] if repeats else list(set(values[:end]))
        read.sort(reverse=best == "largest")
        notes.append(read[k - 1] if len(read) >= k else -1)
    return notes


def count_hits(requests: list[int], policy: str, room: int) -> int:
    held: dict[int, tuple[int, int]] = {}  # page: came in, last request
    hits = 0
    for now, page in enumerate(requests):
        if page in held:
            hits += 1
            held[page] = (held[page][0], now)
            continue
        if len(held) == room:
            order = {
                "recent": lambda p: held[p][1],
                "queue": lambda p: held[p][0],
                "hot": lambda p: -held[p][1],
            }[policy]
            del held[min(held, key=order)]
        held[page] = (now, now)
    return hits


def answers(text: str, what: str, base: int, half: bool) -> str:
    first, *lines = text.splitlines()
    values = dict(enumerate(map(int, first.split()), start=base))
    found: list[int] = []
    for line in lines:
        kind, a, b = line.split()
        if kind == "set":
            values[int(a)] = int(b)
        else:
            asked = [values[at] for at in range(int(a), int(b) + (0 if half else 1))]
            found.append({"sum": sum, "largest": max, "smallest": min}[what](asked))
    return " ".join(map(str, found))


def tree_order(values: list[int], equal: str, order: str) -> list[int]:
    tree: dict[str, int] = {}  # the way from the root, in letters: number
    for value in values:
        way = "r"
        while way in tree:
            if value == tree[way]:
                if equal == "dropped":
                    break
                way += "a" if equal == "left" else "b"
            else:
                way += "a" if value < tree[way] else "b"
        tree.setdefault(way, value)
    if order == "levels":
        return [tree[way] for way in sorted(tree, key=lambda way: (len(way), way))]
    ending = "" if order == "down" else "c"
    return [tree[way] for way in sorted(tree, key=lambda way: way + ending)]


def fewest_moves(start: int, goal: int, m: int, add: int, factor: int) -> int:
    reached = [{start}]
    for _ in range(m):
        reached.append({y for x in reached[-1] for y in ((x + add) % m, x * factor % m)})
    return next((count for count, places in enumerate(reached) if goal in places), -1)


def islands(text: str, corners: bool, wrap: bool, k: int) -> str:
    rows = text.split()
    n = len(rows)
    land = {(y, x): n * y + x for y in range(n) for x in range(n) if rows[y][x] == "#"}
    for _ in range(n * n):
        for y, x in land:
            for dy, dx in product((-1, 0, 1), repeat=2):
                there = (y + dy, (x + dx) % n if wrap else x + dx)
                if there in land and (corners or 0 in (dy, dx)):
                    land[y, x] = land[there] = min(land[y, x], land[there])
    sizes = [list(land.values()).count(label) for label in set(land.values())]
    return f"{sum(size >= k for size in sizes)} {max(sizes, default=0)}"


def store(commands: list[str], end: str, room: int, full: str) -> list[int]:
    held, gives = list[str](), list[int]()
    for command in commands:
        if command == "pop":
            gives.append(int(held.pop(-1 if end == "newest" else 0)) if held else -1)
        elif len(held) < room or full == "forget":
            held = [*held, command[5:]][-room:]
    return gives


def edit(commands: list[str], side: str, memory: int) -> str:
    texts = [""]
    forgotten = 0
    for command in commands:
        kind, _, rest = command.partition(" ")
        text = texts[-1]
        if kind == "undo":
            if len(texts) - 1 > forgotten:
                texts.pop()
        elif kind == "type":
            texts.append(text + rest if side == "end" else rest + text)
        elif side == "end":
            texts.append(text[: max(0, len(text) - int(rest))])
        else:
            texts.append(text[int(rest) :])
        forgotten = max(forgotten, len(texts) - 1 - memory)
    return texts[-1]


SLOW: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        span,
        plan_rounds,
        count_out,
        settle,
        serve,
        evaluate,
        count_grid,
        covered_area,
        fence,
        ranked,
        count_hits,
        answers,
        tree_order,
        fewest_moves,
        islands,
        store,
        edit,
    )
}
