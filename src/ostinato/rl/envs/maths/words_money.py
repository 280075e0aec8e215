"""Word problems about money and ages: several tellings each, exact answers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from random import Random

from ostinato.rl.envs.maths.family import (
    FRACTION,
    INTEGER,
    Problem,
    counted,
    decimal,
    fraction,
    listed,
)

_PEOPLE = ("Ravi", "Sofia", "Tomas", "Uma", "Viktor", "Wanda", "Yusuf", "Zoe")


def ages(rng: Random, level: int) -> Problem:
    """Two ages from a sum or a difference and a ratio at another time."""
    who, other = rng.sample(_PEOPLE, 2)
    ratio = rng.randint(2, 2 + (level + 1) // 2)
    young_then = rng.randint(2, 8 + 2 * level)
    old_then = ratio * young_then + (rng.randint(0, level) if level > 2 else 0)
    extra = old_then - ratio * young_then
    past = rng.randint(1, 6 + 2 * level)
    old, young = old_then + past, young_then + past
    plus = f", plus {counted(extra, 'year')}" if extra else ""
    if rng.randrange(2):
        fact = f"Today {who} and {other} are together {old + young} years old"
    else:
        fact = f"{who} is {old - young} years older than {other}"
    asked = rng.randrange(2)
    return Problem(
        f"{fact}. Exactly {counted(past, 'year')} ago, the age of {who} was {ratio} "
        f"times the age of {other} at that time{plus}. How old is "
        f"{(who, other)[asked]} today, in years?",
        str((old, young)[asked]),
        INTEGER,
        {
            "sum": old + young,
            "difference": old - young,
            "by_sum": "together" in fact,
            "past": past,
            "ratio": ratio,
            "extra": extra,
            "asked": asked,
        },
    )


def change(rng: Random, level: int) -> Problem:
    """Coins of two kinds, from level 3 three, from their number and their sum."""
    coins = sorted(rng.sample((1, 2, 5, 10, 20, 50), 2 if level < 3 else 3))
    counts = [rng.randint(2, 6 + 5 * level) for _ in coins]
    total = sum(coin * count for coin, count in zip(coins, counts, strict=True))
    kinds = listed([f"{coin}-cent" for coin in coins])
    extra = ""
    if level >= 3:
        extra = f", {counts[0]} of them {coins[0]}-cent coins"
    asked = len(coins) - 1
    return Problem(
        f"A jar holds only {kinds} coins: {sum(counts)} coins{extra}, worth {total} cents in all. "
        f"How many {coins[asked]}-cent coins are in it?",
        str(counts[asked]),
        INTEGER,
        {"coins": coins, "number": sum(counts), "total": total, "first": counts[0]},
    )


def percent_profit(rng: Random, level: int) -> Problem:
    """A mark-up, discounts, a tax; forwards at first, then backwards."""
    steps = [rng.choice((1, 2, 3, 4, 5, 6, 8)) * 5]
    steps += [-5 * rng.randint(1, 10) for _ in range((level + 1) // 2)]
    cost = rng.randint(2, 40 + 20 * level) * 10
    price = Fraction(cost)
    for step in steps:
        price *= 1 + Fraction(step, 100)
    thing = rng.choice(("violin", "lamp", "bicycle", "carpet", "telescope"))
    cuts = ", and then another ".join(f"{-step}%" for step in steps[1:])
    story = f"adds {steps[0]}% to what a {thing} cost, and in a sale takes off {cuts}"
    story += (
        " of the price that it then has" if len(steps) == 2 else ", each time of the last price"
    )
    if level < 3:
        question = f"A shop bought it for {cost} pounds. For how many pounds is it sold?"
        answer = price
    else:
        question = (
            f"It is sold for {decimal(price)} pounds. For how many pounds did the shop buy it?"
        )
        answer = Fraction(cost)
    return Problem(
        f"A shop {story}. {question}",
        fraction(answer),
        FRACTION,
        {"steps": steps, "number": str(cost if level < 3 else price), "backwards": level >= 3},
    )


def savings(rng: Random, level: int) -> Problem:
    """Deposits with interest once a year."""
    years = (1, 2, 2, 3, 3, 4)[level - 1]
    rate = rng.choice((2, 4, 5, 10, 20))
    start = rng.randint(2, 30) * 100
    deposit = rng.randint(1, 20) * 50 if level > 2 else 0
    amount = Fraction(start)
    for _ in range(years):
        amount = amount * (1 + Fraction(rate, 100)) + deposit
    who = rng.choice(_PEOPLE)
    habit = (
        f" Right after the interest, {who} pays in {deposit} more euros each time."
        if deposit
        else ""
    )
    return Problem(
        f"{who} puts {start} euros into an account. At the end of each year, {rate}% interest of "
        f"what is in the account is added, without rounding.{habit} How many euros are in the "
        f"account after {counted(years, 'year')}?",
        fraction(amount),
        FRACTION,
        {"start": start, "rate": rate, "years": years, "deposit": deposit},
    )


def sharing(rng: Random, level: int) -> Problem:
    """An amount in a ratio, or by fractions of what is left."""
    people = rng.sample(_PEOPLE, 3)
    if level < 3:
        parts = rng.sample(range(1, 7 + level), 3)
        unit = rng.randint(3, 20 * level)
        difference = abs(parts[0] - parts[1]) * unit
        richer, poorer = (0, 1) if parts[0] > parts[1] else (1, 0)
        return Problem(
            f"{people[0]}, {people[1]} and {people[2]} share a prize in the ratio {parts[0]} : "
            f"{parts[1]} : {parts[2]}, in this order. {people[richer]} gets {difference} pounds "
            f"more than {people[poorer]}. How many pounds is the whole prize?",
            str(sum(parts) * unit),
            INTEGER,
            {"parts": parts, "difference": difference},
        )
    shares = [Fraction(rng.randint(1, b - 1), b) for b in rng.sample(range(2, 4 + level), 2)]
    gifts = [rng.randint(1, 10 * level) for _ in shares]
    left = rng.randint(5, 40 * level)
    whole = Fraction(left)
    for share, gift in zip(reversed(shares), reversed(gifts), strict=True):
        whole = (whole + gift) / (1 - share)
    return Problem(
        f"{people[0]} takes {shares[0]} of the money in a chest and then {gifts[0]} pounds more. "
        f"{people[1]} takes {shares[1]} of what remains and then {gifts[1]} pounds more. The last "
        f"{left} pounds are left for {people[2]}. How many pounds were in the chest at first?",
        fraction(whole),
        FRACTION,
        {"shares": list(map(str, shares)), "gifts": gifts, "left": left},
    )


def stock(rng: Random, level: int) -> Problem:
    """Prices of two or three things from bills."""
    things = rng.sample(("pencil", "notebook", "ruler", "folder", "stamp"), 2 if level < 4 else 3)
    prices = [rng.randint(2, 15 + 10 * level) for _ in things]
    size = len(things)
    while True:
        bills = [[rng.randint(1, 3 + level) for _ in things] for _ in things]
        if _independent(bills):
            break
    totals = [sum(n * p for n, p in zip(bill, prices, strict=True)) for bill in bills]
    lines = " ".join(
        f"The price of {_goods(bill, things)} is {total} cents."
        for bill, total in zip(bills, totals, strict=True)
    )
    asked = [rng.randint(1, 6) for _ in things]
    cost = sum(n * p for n, p in zip(asked, prices, strict=True))
    return Problem(
        f"In a shop, things of one kind have one price. {lines} What is the price "
        f"of {_goods(asked, things)}, in cents?",
        str(cost),
        INTEGER,
        {"bills": bills, "totals": totals, "asked": asked, "size": size},
    )


def _goods(numbers: Sequence[int], things: Sequence[str]) -> str:
    return listed([counted(n, thing) for n, thing in zip(numbers, things, strict=True)])


def _independent(rows: list[list[int]]) -> bool:
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] != rows[0][1] * rows[1][0]
    (a, b, c), (d, e, f), (g, h, i) = rows
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g) != 0
