"""Problems whose answer is built from answers to smaller ones."""

from __future__ import annotations

from bisect import bisect_right
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _heights(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return (rng.randint(max(1, n // 2), n),)


def _count_climbs(n: int, *, strides: tuple[int, ...], rule: str) -> int:
    ways: list[dict[int, int]] = [{0: 1}]  # by the last stride
    for height in range(1, n + 1):
        here: dict[int, int] = {}
        for stride in strides:
            if stride <= height:
                before = ways[height - stride].items()
                allowed = [
                    count
                    for last, count in before
                    if rule == "free"
                    or (rule == "change" and last != stride)
                    or (rule == "rise" and last <= stride)
                ]
                here[stride] = sum(allowed) % 1_000_007
        ways.append(here)
    return sum(ways[n].values()) % 1_000_007


def _payments(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    top = max(3, n // 2)
    coins = sorted(rng.sample(range(1, top + 1), rng.randint(2, min(6, top))))
    return (rng.randint(max(1, n // 2), n), coins)


def _pay(amount: int, coins: list[int], *, each: int, best: str) -> int:
    known = {0: 0}
    better = min if best == "fewest" else max
    for coin in coins:
        reached = dict(known)
        for total, used in known.items():
            for times in range(1, each + 1):
                there = total + times * coin
                if there <= amount:
                    reached[there] = better(reached.get(there, used + times), used + times)
        known = reached
    return known.get(amount, -1)


def _prizes(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return ([rng.randint(-9, 20) for _ in range(n)],)


def _best_choice(values: list[int], *, gap: int, fee: int) -> int:
    best = [0]
    for at, value in enumerate(values):
        before = best[max(0, at - gap)]
        best.append(max(best[-1], before + value - fee))
    return best[-1]


def _two_texts(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    letters = "abcde"
    first = [rng.choice(letters) for _ in range(n)]
    second = [c for c in first if rng.random() < 0.8]
    for _ in range(1 + n // 5):
        second.insert(rng.randint(0, len(second)), rng.choice(letters))
    return ("".join(first), "".join(second[:n]))


def _edit_cost(first: str, second: str, *, insert: int, delete: int, replace: int) -> int:
    row = [at * insert for at in range(len(second) + 1)]
    for letter in first:
        above, row = row, [row[0] + delete]
        for at, other in enumerate(second):
            change = above[at] + (0 if letter == other else replace)
            row.append(min(change, above[at + 1] + delete, row[at] + insert))
    return row[-1]


def _fields(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    rows = ["".join(str(rng.randint(0, 9)) for _ in range(n)) for _ in range(n)]
    return ("\n".join([str(n), *rows]) + "\n",)


def _cheapest_path(text: str, *, turn: int, diagonal: bool) -> str:
    rows = text.split()[1:]
    n = len(rows)
    steps = [(0, 1), (1, 0)] + [(1, 1)] * diagonal
    costs: dict[tuple[int, int], list[float]] = {}  # by the last step
    for y in range(n):
        for x in range(n):
            here: list[float] = []
            for kind, (down, right) in enumerate(steps):
                if (y, x) == (0, 0):
                    before = 0.0
                elif (y - down, x - right) in costs:
                    fees = enumerate(costs[y - down, x - right])
                    start = (y - down, x - right) == (0, 0)
                    before = min(c + (turn if k != kind and not start else 0) for k, c in fees)
                else:
                    before = float("inf")
                here.append(before + int(rows[y][x]))
            costs[y, x] = here
    return str(int(min(costs[n - 1, n - 1])))


def _wander(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    slope = rng.choice([-1, 0, 1])
    return ([rng.randint(0, 2 * n + 10) + slope * at for at in range(n)],)


def _longest_climb(values: list[int], *, least: int, falling: bool) -> int:
    ends: list[int] = []  # the least last number of a chain of each length
    for value in values:
        height = -value if falling else value
        length = bisect_right(ends, height - least)
        if length == len(ends):
            ends.append(height)
        else:
            ends[length] = min(ends[length], height)
    return len(ends)


PROBLEMS = (
    Problem(
        name="count_climbs",
        signature="(n: int) -> int",
        first=1,
        sizes=(15, 60, 500, 500),
        choices={
            "strides": ((1, 2, 3), (1, 2, 4), (1, 3, 4), (1, 3, 5), (2, 3, 5)),
            "rule": ("free", "change", "rise"),
        },
        words={
            "strides": {
                (1, 2, 3): "1, 2 or 3",
                (1, 2, 4): "1, 2 or 4",
                (1, 3, 4): "1, 3 or 4",
                (1, 3, 5): "1, 3 or 5",
                (2, 3, 5): "2, 3 or 5",
            },
            "rule": {
                "free": "Any order of strides is allowed",
                "change": "No stride may be as long as the one just before it",
                "rise": "No stride may be shorter than the one just before it",
            },
        },
        statement="""\
that counts the ways to climb exactly n steps in strides of {strides} steps. Two ways differ if \
their sequences of strides differ. {rule}. Return the remainder of the count when it is divided \
by 1000007.

n is at least 1 and at most {n}.""",
        generate=_heights,
        solve=_count_climbs,
    ),
    Problem(
        name="best_choice",
        signature="(values: list[int]) -> int",
        first=1,
        sizes=(10, 50, 400, 400),
        choices={"gap": (1, 2, 3), "fee": (0, 2, 4)},
        statement="""\
that chooses some numbers of the list, or none. Between two chosen numbers there must be at \
least {gap} that are not chosen. The worth of a choice is the sum of the chosen numbers less \
{fee} for each of them. Return the greatest worth; choosing nothing is worth 0.

The list has 1 to {n} numbers.""",
        generate=_prizes,
        solve=_best_choice,
    ),
    Problem(
        name="pay",
        signature="(amount: int, coins: list[int]) -> int",
        first=2,
        sizes=(20, 60, 300, 2000),
        choices={"each": (1, 2, 3, 4), "best": ("fewest", "most")},
        statement="""\
that returns the number of coins in the payment with the {best} coins: a payment is exactly the \
amount, and uses each of the coins at most {each} times. Return -1 if the amount cannot be paid.

The coins are 2 to 6 different positive numbers in rising order; the amount is at least 1 and at \
most {n}.""",
        generate=_payments,
        solve=_pay,
        example_size=12,
    ),
    Problem(
        name="edit_cost",
        signature="(first: str, second: str) -> int",
        first=2,
        sizes=(8, 20, 60, 400),
        choices={"insert": (2, 3, 4), "delete": (2, 3, 4), "replace": (1, 2, 3)},
        statement="""\
that returns the least total cost of turning the first text into the second. A letter may be \
inserted anywhere (cost {insert}), deleted (cost {delete}) or replaced by another letter (cost \
{replace}).

The texts are of letters from a to e; the first has 1 to {n} of them, the second 0 to {n}.""",
        generate=_two_texts,
        solve=_edit_cost,
    ),
    Problem(
        name="cheapest_path",
        first=3,
        sizes=(4, 8, 20, 90),
        choices={"turn": (1, 2, 3, 5), "diagonal": (False, True)},
        words={"diagonal": {False: "down or right", True: "down, right, or diagonally down-right"}},
        statement="""\
The first line of the input is a number k. Then follow k lines of k digits each: a square field. \
A path leads from the top left cell to the bottom right cell; each step goes one cell \
{diagonal}. It costs the sum of the digits of all cells on it (both ends too), and {turn} more \
for each step whose direction is not that of the step before it. Print the cost of the cheapest \
path.

1 <= k <= {n}.""",
        generate=_fields,
        solve=_cheapest_path,
        example_size=3,
    ),
    Problem(
        name="longest_climb",
        signature="(values: list[int]) -> int",
        first=3,
        sizes=(12, 50, 300, 20_000),
        choices={"least": (1, 2, 3, 4, 6), "falling": (False, True)},
        words={"falling": {False: "greater", True: "less"}},
        statement="""\
that strikes out some numbers of the list (or none), so that of the numbers that are left, in \
their order, each is at least {least} {falling} than the one just before it. Return how many can \
be left at most.

The list has 1 to {n} numbers.""",
        last="There is no time to look at every pair.",
        generate=_wander,
        solve=_longest_climb,
    ),
)
