"""Problems about whole numbers: digits, divisors, remainders, sums beyond what a loop can reach."""

from __future__ import annotations

import math
from collections import deque
from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _of_digits(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return (rng.randrange(10 ** (n - 1), 10**n),)


def _digit_steps(n: int, *, base: int, power: int) -> int:
    seen: set[int] = set()
    while n not in seen:
        seen.add(n)
        total = 0
        while n:
            n, digit = divmod(n, base)
            total += digit**power
        n = total
    return len(seen)


def _ranks(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    return (rng.randint(max(1, n // 2), n),)


def _nth_special(n: int, *, m: int, end: int, has: bool) -> int:
    number = 0
    while n:
        number += 1
        fits = sum(map(int, str(number))) % m == 0
        n -= fits and (number % 10 == end) == has
    return number


def _bounds(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    low, high = sorted(rng.randrange(1, 10**n) for _ in range(2))
    return (f"{low} {high}\n",)


def _count_multiples(text: str, *, a: int, b: int, c: int) -> str:
    low, high = map(int, text.split())

    def up_to(x: int) -> int:
        either = x // a + x // b - x // math.lcm(a, b)
        also_c = x // math.lcm(a, c) + x // math.lcm(b, c) - x // math.lcm(a, b, c)
        return either - also_c

    return str(up_to(high) - up_to(low - 1))


def _power_sum(n: int, *, power: int, m: int, signs: bool) -> int:
    def partial(end: int) -> int:
        return sum(-(i**power) if signs and i % 2 == 0 else i**power for i in range(1, end + 1))

    rounds, rest = divmod(n, 2 * m)
    return (rounds * partial(2 * m) + partial(rest)) % m


def _composites(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    number, top = 1, 10**n
    while True:
        factor = rng.choice([2, 2, 3, 3, 5, 7, 11, 13, 101, rng.randrange(2, 1000)])
        if number * factor >= top:
            return (max(number, 2),)
        number *= factor


def _factor_text(n: int, *, times: str, power: str, falling: bool) -> str:
    factors: dict[int, int] = {}
    prime = 2
    while prime * prime <= n:
        while n % prime == 0:
            factors[prime] = factors.get(prime, 0) + 1
            n //= prime
        prime += 1
    if n > 1:
        factors[n] = factors.get(n, 0) + 1
    parts = [
        f"{prime}{power}{count}" if count > 1 else str(prime)
        for prime, count in sorted(factors.items(), reverse=falling)
    ]
    return times.join(parts)


def _on_a_circle(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    m = rng.randint(max(2, n // 2), max(2, n))
    return (rng.randrange(m), rng.randrange(m), m)


def _fewest_moves(start: int, goal: int, m: int, *, add: int, factor: int) -> int:
    moves = {start: 0}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        if here == goal:
            return moves[here]
        for there in ((here + add) % m, here * factor % m):
            if there not in moves:
                moves[there] = moves[here] + 1
                queue.append(there)
    return -1


PROBLEMS = (
    Problem(
        name="digit_steps",
        signature="(n: int) -> int",
        first=1,
        sizes=(3, 6, 10, 10),
        choices={"base": (5, 6, 7, 8, 9, 10), "power": (1, 2, 3)},
        statement="""\
that makes a chain of numbers. It begins with n; after each number comes the sum of its digits \
in base {base}, every digit raised to the power of {power}. The chain ends before the first \
number that has already been in it. Return how many numbers the chain has (n counts).

n is at least 1 and below 10**{n}.""",
        generate=_of_digits,
        solve=_digit_steps,
        example_size=2,
    ),
    Problem(
        name="nth_special",
        signature="(n: int) -> int",
        first=1,
        sizes=(20, 100, 800, 800),
        choices={"m": (3, 4, 5, 6, 7), "end": (0, 1, 2, 5), "has": (False, True)},
        words={"has": {False: "do not end", True: "end"}},
        statement="""\
that returns the n-th of the special numbers, in rising order: the positive whole numbers whose \
sum of decimal digits can be divided by {m} without remainder and that {has} with the digit \
{end}.

n is at least 1 and at most {n}.""",
        generate=_ranks,
        solve=_nth_special,
    ),
    Problem(
        name="count_multiples",
        first=2,
        sizes=(2, 3, 4, 15),
        choices={"a": (3, 6, 9), "b": (5, 7, 10), "c": (4, 11, 13)},
        statement="""\
The input is two whole numbers, low and high, on one line. Print how many whole numbers x with \
low <= x <= high can be divided without remainder by {a} or by {b} (or by both), but not by {c}.

1 <= low <= high < 10**{n}.""",
        last="There is no time to look at every number.",
        generate=_bounds,
        solve=_count_multiples,
        example_size=2,
    ),
    Problem(
        name="power_sum",
        signature="(n: int) -> int",
        first=2,
        sizes=(2, 3, 4, 15),
        choices={"power": (2, 3, 4), "m": (97, 210, 1009), "signs": (False, True)},
        words={
            "signs": {
                False: "1**{power} + 2**{power} + 3**{power} + ... + n**{power}",
                True: "1**{power} - 2**{power} + 3**{power} - ... +- n**{power}, where every even "
                "number's power is subtracted and every odd number's is added",
            }
        },
        statement="""\
that returns the remainder, from 0 to {m} - 1, of the following sum when it is divided by {m}: \
{signs}.

n is at least 1 and below 10**{n}.""",
        last="There is no time to add every power.",
        generate=_of_digits,
        solve=_power_sum,
        example_size=2,
    ),
    Problem(
        name="factor_text",
        signature="(n: int) -> str",
        first=2,
        sizes=(3, 5, 8, 12),
        choices={"times": (" * ", "*", " x "), "power": ("^", "**"), "falling": (False, True)},
        words={
            "times": {
                " * ": "' * ' (with spaces)",
                "*": "'*' (no spaces)",
                " x ": "' x ' (with spaces)",
            },
            "falling": {False: "rising", True: "falling"},
        },
        statement="""\
that writes n as a product of its prime factors: each prime once, in {falling} order, a prime \
that divides n more than once followed by {power} and how often; between two primes stands \
{times}.

n is at least 2 and below 10**{n}.""",
        generate=_composites,
        solve=_factor_text,
        example_size=3,
    ),
    Problem(
        name="fewest_moves",
        signature="(start: int, goal: int, m: int) -> int",
        first=3,
        sizes=(12, 60, 500, 50_000),
        choices={"add": (3, 4, 5), "factor": (2, 3, 7)},
        statement="""\
that returns the least number of moves from start to goal, or -1 if no moves lead there. One \
move goes from x to (x + {add}) % m or to (x * {factor}) % m.

2 <= m <= {n}, 0 <= start < m and 0 <= goal < m.""",
        generate=_on_a_circle,
        solve=_fewest_moves,
        example_size=9,
    ),
)
