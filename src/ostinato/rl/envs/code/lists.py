"""Problems about lists of numbers: neighbours, blocks, windows, intervals, pairs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

from ostinato.grading.code import Case
from ostinato.rl.envs.code.problem import Params, Problem


def _numbers(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    reach = rng.choice([5, 9, 30])
    return ([rng.randint(-reach, reach) for _ in range(n)],)


def _count_neighbours(values: list[int], *, relation: str, k: int) -> int:
    gaps = [abs(a - b) for a, b in pairwise(values)]
    if relation == "least":
        return sum(gap >= k for gap in gaps)
    if relation == "most":
        return sum(gap <= k for gap in gaps)
    return sum(gap != k for gap in gaps)


def _turn_blocks(values: list[int], *, width: int, side: str, flip: bool) -> list[int]:
    blocks = [values[at : at + width] for at in range(0, len(values), width)]
    by = 1 if side == "left" else -1
    blocks = [block[by:] + block[:by] for block in blocks]
    if flip:
        blocks.reverse()
    return [value for block in blocks for value in block]


def _intervals(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    starts = [rng.randint(0, 8 * n) for _ in range(n)]
    return ([[start, start + rng.randint(0, 9)] for start in starts],)


def _join_intervals(
    intervals: list[list[int]], *, gap: int, least: int, falling: bool
) -> list[list[int]]:
    joined: list[list[int]] = []
    for start, end in sorted(intervals):
        if joined and start - joined[-1][1] <= gap:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    kept = [part for part in joined if part[1] - part[0] >= least]
    return kept[::-1] if falling else kept


def _best_window(values: list[int], *, k: int, best: str, tie: str) -> list[int]:
    if len(values) < k:
        return []
    sums = [sum(values[:k])]
    for at in range(len(values) - k):
        sums.append(sums[-1] + values[at + k] - values[at])
    wanted = max(sums) if best == "largest" else min(sums)
    starts = [at for at, total in enumerate(sums) if total == wanted]
    return [starts[0] if tie == "first" else starts[-1], wanted]


def _count_pairs(values: list[int], *, sign: str, m: int, r: int) -> int:
    seen: Counter[int] = Counter()
    pairs = 0
    for value in values:
        pairs += seen[(r - value) % m if sign == "+" else (value - r) % m]
        seen[value % m] += 1
    return pairs


def _mountains(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    height, heights = 0, list[int]()
    for _ in range(n):
        height += rng.randint(-3, 3)
        heights.append(height)
    return (heights,)


def _count_peaks(heights: list[int], *, kind: str, reach: int, ends: bool) -> int:
    total = 0
    for at, height in enumerate(heights):
        if not ends and not reach <= at < len(heights) - reach:
            continue
        near = heights[max(0, at - reach) : at] + heights[at + 1 : at + 1 + reach]
        if kind == "peak":
            total += all(other < height for other in near)
        else:
            total += all(other > height for other in near)
    return total


def _positives(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    scale = rng.choice([1, 1, 2, 5])
    return ([scale * rng.randint(1, 60) for _ in range(n)],)


def _choose_multiple(values: list[int], *, k: int, m: int) -> list[int]:
    chosen: dict[tuple[int, int], list[int]] = {(0, 0): []}  # by how many, and remainder
    for at, value in enumerate(values):
        for (count, rest), places in list(chosen.items()):
            there = (count + 1, (rest + value) % m)
            if count < k and there not in chosen:
                chosen[there] = [*places, at]
    return chosen.get((k, 0), [])


def _is_multiple(case: Case, value: Any, *, k: int, m: int) -> bool:
    assert case.args is not None
    (values,) = case.args
    if value == [] or case.expected == []:
        return value == case.expected
    if type(value) is not list or any(type(at) is not int for at in value):
        return False
    rising = all(a < b for a, b in pairwise([-1, *value, len(values)]))
    return rising and len(value) == k and sum(values[at] for at in value) % m == 0


PROBLEMS = (
    Problem(
        name="count_neighbours",
        signature="(values: list[int]) -> int",
        first=1,
        sizes=(12, 60, 500, 500),
        choices={"relation": ("least", "most", "not"), "k": (1, 2, 3, 4, 5)},
        words={"relation": {"least": "at least", "most": "at most", "not": "anything but"}},
        statement="""\
that counts the places where two numbers that stand next to each other in the list differ by \
{relation} {k} (the difference is taken without its sign). A list of one number has no such \
place.

The list has 1 to {n} numbers.""",
        generate=_numbers,
        solve=_count_neighbours,
    ),
    Problem(
        name="turn_blocks",
        signature="(values: list[int]) -> list[int]",
        first=1,
        sizes=(12, 60, 500, 500),
        choices={"width": (2, 3, 4, 5), "side": ("left", "right"), "flip": (False, True)},
        words={
            "side": {
                "left": "its first number moves to its end",
                "right": "its last number moves to its beginning",
            },
            "flip": {
                False: "The blocks stay in their order",
                True: "Then the blocks are put in the opposite order (each as it is by now)",
            },
        },
        statement="""\
that cuts the list into blocks of {width} numbers, from the beginning; the last block may be \
shorter. In every block {side}. {flip}, and all is returned as one list.

The list has 1 to {n} numbers.""",
        generate=_numbers,
        solve=_turn_blocks,
    ),
    Problem(
        name="count_peaks",
        signature="(heights: list[int]) -> int",
        first=2,
        sizes=(12, 40, 300, 5000),
        choices={"kind": ("peak", "hollow"), "reach": (1, 2, 3), "ends": (False, True)},
        words={
            "kind": {"peak": "greater", "hollow": "less"},
            "ends": {
                False: "A place that has not {reach} neighbours on each side never counts.",
                True: "Near the ends there are fewer neighbours, and only those there are matter; "
                "a place without any neighbour counts.",
            },
        },
        statement="""\
that counts the places of the list whose number is {kind} than each of its neighbours. The \
neighbours of a place are the places at most {reach} to the left or to the right of it. {ends}

The list has 1 to {n} numbers.""",
        generate=_mountains,
        solve=_count_peaks,
    ),
    Problem(
        name="join_intervals",
        signature="(intervals: list[list[int]]) -> list[list[int]]",
        first=2,
        sizes=(6, 30, 200, 5000),
        choices={"gap": (0, 1, 2, 3), "least": (1, 4, 6), "falling": (False, True)},
        words={"falling": {False: "rising", True: "falling"}},
        statement="""\
that joins intervals of whole numbers, each given as [start, end] with start <= end, in any \
order. Two intervals are joined to one, from the lesser start to the greater end, if they \
overlap or if the start of one is at most {gap} greater than the end of the other; this goes on \
until no two can be joined. Of what remains, return those with end - start >= {least}, as \
[start, end], in {falling} order of their starts.

There are 1 to {n} intervals, with 0 <= start and end <= 8 * {n} + 9.""",
        generate=_intervals,
        solve=_join_intervals,
    ),
    Problem(
        name="best_window",
        signature="(values: list[int]) -> list[int]",
        first=2,
        sizes=(12, 40, 300, 20_000),
        choices={"k": (2, 3, 4, 5), "best": ("largest", "smallest"), "tie": ("first", "last")},
        statement="""\
that looks at the sums of {k} numbers in a row and finds the {best} of them. Return [start, \
sum], where start is the index (from 0) of the first of the {k} numbers; if several places have \
that sum, take the {tie} of them. Return [] if the list has fewer than {k} numbers.

The list has 1 to {n} numbers.""",
        generate=_numbers,
        solve=_best_window,
    ),
    Problem(
        name="count_pairs",
        signature="(values: list[int]) -> int",
        first=3,
        sizes=(12, 40, 300, 30_000),
        choices={"sign": ("+", "-"), "m": (5, 6, 7, 9, 11), "r": (1, 2, 3)},
        statement="""\
that counts the pairs of places i < j for which values[j] {sign} values[i] leaves the remainder \
{r} when divided by {m}. Remainders are never negative: -1 leaves {m} - 1.

The list has 1 to {n} numbers.""",
        last="There is no time to look at every pair.",
        generate=_numbers,
        solve=_count_pairs,
    ),
    Problem(
        name="choose_multiple",
        signature="(values: list[int]) -> list[int]",
        first=3,
        sizes=(8, 20, 100, 2000),
        choices={"k": (3, 4, 5), "m": (7, 9, 11, 13)},
        statement="""\
that chooses {k} places of the list so that the sum of the numbers there can be divided by {m} \
without remainder. Return the indices (from 0) of these places in rising order. If there are \
several such choices, any of them is right (the examples show one); if there is none, return [].

The list has 1 to {n} positive numbers.""",
        generate=_positives,
        solve=_choose_multiple,
        checker=_is_multiple,
    ),
)
