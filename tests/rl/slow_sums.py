"""Slow solutions, written anew from the statements, about lists, texts, numbers and ways.

They have nothing in common with the references.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise, permutations, product
from typing import Any


def count_pairs(values: list[int], sign: str, m: int, r: int) -> int:
    n = range(len(values))
    return sum(
        (values[j] + values[i] if sign == "+" else values[j] - values[i]) % m == r
        for i, j in product(n, n)
        if i < j
    )


def count_peaks(heights: list[int], kind: str, reach: int, ends: bool) -> int:
    total = 0
    for at in range(len(heights)):
        near = [at + d for d in range(-reach, reach + 1) if d]
        there = [place for place in near if 0 <= place < len(heights)]
        if len(there) < len(near) and not ends:
            continue
        own = heights[at]
        total += all(heights[p] < own if kind == "peak" else heights[p] > own for p in there)
    return total


def join_intervals(
    intervals: list[list[int]], gap: int, least: int, falling: bool
) -> list[list[int]]:
    parts = [tuple(part) for part in intervals]
    while True:
        for a, b in permutations(range(len(parts)), 2):
            (s, e), (t, f) = parts[a], parts[b]
            if max(s, t) - min(e, f) <= gap:
                rest = [part for at, part in enumerate(parts) if at not in (a, b)]
                parts = [*rest, (min(s, t), max(e, f))]
                break
        else:
            break
    return sorted([list(part) for part in parts if part[1] - part[0] >= least], reverse=falling)


def longest_poor(text: str, k: int, tie: str) -> str:
    n = len(text)
    parts = [(a, b) for a in range(n) for b in range(a + 1, n + 1) if len(set(text[a:b])) <= k]
    longest = max(b - a for a, b in parts)
    starts = [a for a, b in parts if b - a == longest]
    start = min(starts) if tie == "first" else max(starts)
    return text[start : start + longest]


def borders(text: str, what: str, m: int, r: int) -> int:
    n = len(text)
    found = [k for k in range(1, n) if text[:k] == text[n - k :] and k % m == r]
    return {"sum": sum(found), "count": len(found), "largest": max(found, default=0)}[what]


def count_multiples(text: str, a: int, b: int, c: int) -> str:
    low, high = map(int, text.split())
    return str(sum((x % a == 0 or x % b == 0) and x % c != 0 for x in range(low, high + 1)))


def power_sum(n: int, power: int, m: int, signs: bool) -> int:
    return sum((-1 if signs and i % 2 == 0 else 1) * i**power for i in range(1, n + 1)) % m


def factor_text(n: int, times: str, power: str, falling: bool) -> str:
    primes = [p for p in range(2, n + 1) if n % p == 0 and all(p % q for q in range(2, p))]
    counts = {p: next(e for e in range(1, 99) if n % p ** (e + 1)) for p in primes}
    parts = [str(p) + (f"{power}{counts[p]}" if counts[p] > 1 else "") for p in primes]
    return times.join(parts[::-1] if falling else parts)


def count_climbs(n: int, strides: tuple[int, ...], rule: str) -> int:
    def ways(left: int, last: int) -> int:
        if left == 0:
            return 1
        return sum(
            ways(left - s, s)
            for s in strides
            if s <= left
            and not (rule == "change" and s == last)
            and not (rule == "rise" and s < last)
        )

    return ways(n, 0) % 1_000_007


def best_choice(values: list[int], gap: int, fee: int) -> int:
    n = len(values)
    best = 0
    for size in range(n + 1):
        for chosen in combinations(range(n), size):
            if all(b - a > gap for a, b in pairwise(chosen)):
                best = max(best, sum(values[at] for at in chosen) - fee * size)
    return best


def pay(amount: int, coins: list[int], each: int, best: str) -> int:
    found = [
        sum(counts)
        for counts in product(range(each + 1), repeat=len(coins))
        if sum(c * coin for c, coin in zip(counts, coins, strict=True)) == amount
    ]
    return -1 if not found else min(found) if best == "fewest" else max(found)


def edit_cost(first: str, second: str, insert: int, delete: int, replace: int) -> int:
    if not first or not second:
        return len(first) * delete + len(second) * insert
    a, b = first[1:], second[1:]
    costs = (insert, delete, replace)
    return min(
        edit_cost(a, b, *costs) + (replace if first[0] != second[0] else 0),
        edit_cost(a, second, *costs) + delete,
        edit_cost(first, b, *costs) + insert,
    )


def cheapest_path(text: str, turn: int, diagonal: bool) -> str:
    rows = text.split()[1:]
    last = len(rows) - 1

    def least(y: int, x: int, way: tuple[int, int] | None) -> int:
        own = int(rows[y][x])
        if (y, x) == (last, last):
            return own
        steps = [(0, 1), (1, 0), (1, 1)] if diagonal else [(0, 1), (1, 0)]
        return own + min(
            least(y + dy, x + dx, (dy, dx)) + (turn if way not in (None, (dy, dx)) else 0)
            for dy, dx in steps
            if y + dy <= last and x + dx <= last
        )

    return str(least(0, 0, None))


def longest_climb(values: list[int], least: int, falling: bool) -> int:
    best: list[int] = []
    for at, value in enumerate(values):
        rises = [(values[b] - value if falling else value - values[b]) for b in range(at)]
        best.append(1 + max((best[b] for b in range(at) if rises[b] >= least), default=0))
    return max(best)


def fewest_hops(n: int, links: list[list[int]], start: int, goal: int, ways: int, m: int) -> int:
    reached, count = {start}, 0
    steps = [(a, b) for a, b in links] + ([(b, a) for a, b in links] if ways == 2 else [])
    while goal not in reached:
        more = {b for a, b in steps if a in reached and (b % m or b == goal)}
        if more <= reached:
            return -1
        reached |= more
        count += 1
    return count


def cheapest_trip(
    n: int, roads: list[list[int]], start: int, goal: int, toll: int, odd: int
) -> int:
    costs: dict[int, int] = {start: 0}
    for _ in range(n + 1):
        for a, b, price in roads:
            for x, y in ((a, b), (b, a)):
                if x in costs:
                    cost = costs[x] + price + (toll if y % 2 == odd and y != goal else 0)
                    costs[y] = min(cost, costs.get(y, cost))
    return costs.get(goal, -1)


SLOW: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        count_pairs,
        count_peaks,
        join_intervals,
        longest_poor,
        borders,
        count_multiples,
        power_sum,
        factor_text,
        count_climbs,
        best_choice,
        pay,
        edit_cost,
        cheapest_path,
        longest_climb,
        fewest_hops,
        cheapest_trip,
    )
}
