"""Answers of number theory, counting and probability, by brute force."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from math import comb, prod
from typing import Any

import sympy

Data = Mapping[str, Any]
X = sympy.Symbol("x")


def modular_power(d: Data) -> int:
    total = d["base"] ** d["power"] if d["power"] < 10**5 else None
    assert total is not None
    total += d["other"] ** d["lift"] if "other" in d else 0
    return total % d["modulus"]


def inverse(d: Data) -> int:
    (x,) = (x for x in range(d["modulus"]) if d["a"] * x % d["modulus"] == d["b"])
    return x


def remainders(d: Data) -> int:
    step = d["moduli"][0]
    tried = range(d["rests"][0] or step, prod(d["moduli"]) + 1, step)
    pairs = list(zip(d["moduli"], d["rests"], strict=True))
    return next(n for n in tried if all(n % m == r for m, r in pairs))


def divisor_count(d: Data) -> Any:
    return (sympy.divisor_sigma if d["sum"] else sympy.divisor_count)(d["number"])


def base_conversion(d: Data) -> int:
    return int("".join(map(str, sympy.ntheory.digits(d["number"], d["target"])[1:])))


def digit_sums(d: Data) -> int:
    numbers = range(10 ** (d["size"] - 1), 10 ** d["size"])
    fitting = (n for n in numbers if n % d["divisor"] == d["rest"])
    return sum(sum(map(int, str(n))) == d["total"] for n in fitting)


def trailing_zeros(d: Data) -> int:
    if d["n"] > 3000:
        return min(
            sum(d["n"] // p**k for k in range(1, 40)) // e
            for p, e in sympy.factorint(d["base"]).items()
        )
    number, zeros = sympy.factorial(d["n"]), 0
    while number % d["base"] == 0:
        number //= d["base"]
        zeros += 1
    return zeros


def lattice_paths(d: Data) -> int:
    closed = {tuple(point) for point in d["closed"]}
    ends = {(0, 0): 1}
    for _ in range(d["width"] + d["height"]):
        after: dict[tuple[int, int], int] = {}
        for (x, y), ways in ends.items():
            for there in ((x + 1, y), (x, y + 1)):
                inside = there[0] <= d["width"] and there[1] <= d["height"]
                if inside and there not in closed:
                    after[there] = after.get(there, 0) + ways
        ends = after
    return ends.get((d["width"], d["height"]), 0)


def letters(d: Data) -> int | None:
    word, clause = d["word"], d["clause"]
    if len(word) > 8:
        return None
    found = {"".join(one) for one in permutations(word)}
    if clause.startswith("^"):
        return sum(one.startswith(clause[1]) for one in found)
    return sum(clause * 2 not in one for one in found) if clause else len(found)


def seating(d: Data) -> int | None:
    n, friends = d["people"], d["together"]
    if n > 8:
        return None
    count = 0
    for row in permutations(range(n)):
        places = sorted(row[k] for k in range(friends))
        others = sorted(row[k] for k in range(friends, friends + d["apart"]))
        together = places[-1] - places[0] == friends - 1
        count += together and all(b - a > 1 for a, b in pairwise(others))
    return count


def committee(d: Data) -> int:
    total = 0
    for women in range(d["size"] + 1):
        if d["least"] <= women <= d["most"]:
            total += comb(d["women"], women) * comb(d["men"], d["size"] - women)
    return total


def divisible(d: Data) -> int:
    hits = [any(n % k == 0 for k in d["divisors"]) for n in range(d["low"], d["high"] + 1)]
    return hits.count(not d["none"])


def tilings(d: Data) -> int | None:
    """Whole rows of tiles, one after the other."""
    rows, count = [((), 0)], 0
    while rows:
        row, length = rows.pop()
        count += length == d["length"]
        for piece in d["pieces"]:
            twice = d["ban"] and piece == d["pieces"][-1] and row[-1:] == (piece,)
            if length + piece <= d["length"] and not twice:
                rows.append(((piece,), length + piece))
        if count > 20_000:
            return None
    return count


def strings(d: Data) -> int | None:
    if len(d["alphabet"]) ** d["length"] > 20_000:
        return None
    words = map("".join, product(d["alphabet"], repeat=d["length"]))
    return sum("A" * d["run"] not in word for word in words)


def distributions(d: Data) -> int:
    most = d["things"] if d["most"] is None else d["most"]
    one = sympy.Poly(sum(X**k for k in range(d["least"], most + 1)), X)
    return (one ** d["people"]).coeff_monomial(X ** d["things"])


def urn(d: Data) -> Fraction:
    balls = "r" * d["red"] + "x" * d["rest"]
    chance, wanted, draws = Fraction(0), d["wanted"], d["draws"]
    for order in product("rx", repeat=draws):
        if order.count("r") == wanted:
            left, ways = {"r": d["red"], "x": d["rest"]}, Fraction(1)
            for k, colour in enumerate(order):
                ways *= Fraction(max(left[colour], 0), len(balls) - k)
                left[colour] -= 1
            chance += ways
    return chance


def same_colour(d: Data) -> Fraction:
    total, draws = sum(d["counts"]), d["draws"]
    return sum(
        (prod((Fraction(n - k, total - k) for k in range(draws)), start=Fraction(1)))
        for n in d["counts"]
    )


def dice_sum(d: Data) -> Fraction:
    rolls = [sum(roll) for roll in product(*(range(1, side + 1) for side in d["sides"]))]
    test: Callable[[int], bool] = {
        "exactly": lambda total: total == d["target"],
        "at least": lambda total: total >= d["target"],
        "divisible": lambda total: total % d["target"] == 0,
    }[d["event"]]
    return Fraction(sum(map(test, rolls)), len(rolls))


def biased_coin(d: Data) -> Fraction:
    chance, total = Fraction(d["chance"]), Fraction(0)
    for toss in product((0, 1), repeat=d["tosses"]):
        heads = sum(toss)
        if heads == d["wanted"] or (d["least"] and heads > d["wanted"]):
            total += chance**heads * (1 - chance) ** (d["tosses"] - heads)
    return total


def which_machine(d: Data) -> Fraction:
    parts = [Fraction(s) * Fraction(f) for s, f in zip(d["shares"], d["faults"], strict=True)]
    assert sum(map(Fraction, d["shares"])) == 1
    return parts[d["asked"]] / sum(parts)


def numbered_cards(d: Data) -> Fraction:
    pairs = list(combinations(range(1, d["n"] + 1), 2))
    join = sum if d["event"] == "sum" else prod
    return Fraction(sum(join(pair) % d["divisor"] == 0 for pair in pairs), len(pairs))


def mean_of_game(d: Data) -> Fraction:
    pay = [d["factor"] * f if f > d["limit"] else -d["loss"] for f in range(1, d["sides"] + 1)]
    games = [sum(game) for game in product(pay, repeat=d["rolls"])]
    return Fraction(sum(games), len(games))
