"""Probability with exact fractions: urns, dice, cards with numbers, coins, conditions, means."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from math import comb, prod
from random import Random

from ostinato.rl.envs.maths.family import MathsFamily, Problem, counted, fraction, listed

PROBABILITY_NOTE = (
    "Give the exact probability as a fraction in lowest terms, for example 5/12 (or 0 or 1)."
)
MEAN_NOTE = "Give the exact value as an integer or a fraction in lowest terms, for example 35/12."


def urn(rng: Random, level: int) -> Problem:
    """Draws without replacement: exactly so many of a colour."""
    red, blue = rng.randint(2 + level, 5 + 2 * level), rng.randint(2 + level, 5 + 2 * level)
    green = rng.randint(1, 2 + level) if level > 2 else 0
    draws = rng.randint(2, min(2 + level // 2, red))
    wanted = rng.randint(1, draws)
    rest = blue + green
    chance = Fraction(comb(red, wanted) * comb(rest, draws - wanted), comb(red + rest, draws))
    colours = listed([f"{red} red", f"{blue} blue", *([f"{green} green"] if green else [])])
    return Problem(
        f"An urn holds {colours} balls. {draws} balls are drawn at random without being put back. "
        f"What is the probability that exactly {wanted} of them {_is_are(wanted)} red?",
        fraction(chance),
        PROBABILITY_NOTE,
        {"red": red, "rest": rest, "draws": draws, "wanted": wanted},
    )


def same_colour(rng: Random, level: int) -> Problem:
    """All balls drawn have one colour, or all differ."""
    counts = [rng.randint(3, 5 + 2 * level) for _ in range(2 + (level + 1) // 3)]
    draws = 2 if level < 4 else 3
    words = listed(
        [
            f"{n} {colour}"
            for n, colour in zip(counts, ("red", "blue", "green", "white"), strict=False)
        ]
    )
    chance = Fraction(sum(comb(count, draws) for count in counts), comb(sum(counts), draws))
    return Problem(
        f"A bag holds {words} balls. {draws} balls are drawn at random without being put back. "
        "What is the probability that all of them have the same colour?",
        fraction(chance),
        PROBABILITY_NOTE,
        {"counts": counts, "draws": draws},
    )


def dice_sum(rng: Random, level: int) -> Problem:
    """The sum of two or three fair dice of different sizes."""
    sides = [rng.randint(4, 6 + 2 * level) for _ in range(2 if level < 4 else 3)]
    ways = _sums(sides)
    kind = rng.choice(("exactly", "at least", "divisible"))
    target = rng.randint(len(sides) + 2, sum(sides) - 2)
    if kind == "divisible":
        target = rng.randint(3, 4 + level)
        count = sum(number for total, number in ways.items() if total % target == 0)
        clause = f"divisible by {target}"
    else:
        at_least = kind == "at least"
        count = sum(
            n for total, n in ways.items() if total == target or (at_least and total > target)
        )
        clause = f"{kind} {target}"
    names = listed([f"one with the faces 1 to {side}" for side in sides])
    return Problem(
        f"{'Two' if len(sides) == 2 else 'Three'} fair dice are rolled: {names}. "
        f"What is the probability that the sum is {clause}?",
        fraction(Fraction(count, prod(sides))),
        PROBABILITY_NOTE,
        {"sides": sides, "event": kind, "target": target},
    )


def _sums(sides: list[int]) -> dict[int, int]:
    ways = {0: 1}
    for side in sides:
        after: dict[int, int] = {}
        for total, count in ways.items():
            for face in range(1, side + 1):
                after[total + face] = after.get(total + face, 0) + count
        ways = after
    return ways


def biased_coin(rng: Random, level: int) -> Problem:
    """So many heads with a coin that is not fair."""
    bottom = rng.randint(3, 4 + level)
    chance = Fraction(rng.randint(1, bottom - 1), bottom)
    tosses = rng.randint(2 + level // 2, 3 + level)
    least = level > 2
    wanted = rng.randint(1, tosses - 1)
    total = sum(
        comb(tosses, k) * chance**k * (1 - chance) ** (tosses - k)
        for k in (range(wanted, tosses + 1) if least else (wanted,))
    )
    return Problem(
        f"A coin shows heads with probability {chance}. It is tossed {tosses} times. What is the "
        f"probability of {'at least' if least else 'exactly'} {wanted} "
        f"{'head' if wanted == 1 else 'heads'}?",
        fraction(Fraction(total)),
        PROBABILITY_NOTE,
        {"chance": str(chance), "tosses": tosses, "wanted": wanted, "least": least},
    )


def which_machine(rng: Random, level: int) -> Problem:
    """The probability of a cause, given what was seen."""
    count = 2 if level < 3 else 3
    shares = _shares(rng, count)
    faults = [Fraction(n, 100) for n in rng.sample(range(1, 5 + 2 * level), count)]
    joint = [share * fault for share, fault in zip(shares, faults, strict=True)]
    names = "ABC"[:count]
    lines = " ".join(
        f"Machine {name} makes {share * 100}% of the parts; {fault * 100}% of its parts are faulty."
        for name, share, fault in zip(names, shares, faults, strict=True)
    )
    asked = rng.randrange(count)
    return Problem(
        f"A workshop has {count} machines. {lines} A part picked at random is faulty. What is the "
        f"probability that machine {names[asked]} made it?",
        fraction(joint[asked] / sum(joint)),
        PROBABILITY_NOTE,
        {"shares": list(map(str, shares)), "faults": list(map(str, faults)), "asked": asked},
    )


def _shares(rng: Random, count: int) -> list[Fraction]:
    """Positive multiples of 5% that make 100%."""
    edges = [0, *sorted(rng.sample(range(1, 20), count - 1)), 20]
    return [Fraction(b - a, 20) for a, b in pairwise(edges)]


def numbered_cards(rng: Random, level: int) -> Problem:
    """Two cards with numbers: what their sum or product is."""
    n = rng.randint(6 + level, 8 + 5 * level)
    divisor = rng.randint(3, 4 + level)
    event = rng.choice(("sum", "product"))
    good = sum(
        ((a + b) if event == "sum" else a * b) % divisor == 0
        for a, b in combinations(range(1, n + 1), 2)
    )
    return Problem(
        f"Of cards numbered 1 to {n}, two different ones are drawn at random. What is the "
        f"probability that the {event} of their numbers is divisible by {divisor}?",
        fraction(Fraction(good, comb(n, 2))),
        PROBABILITY_NOTE,
        {"n": n, "divisor": divisor, "event": event},
    )


def mean_of_game(rng: Random, level: int) -> Problem:
    """The mean of what a game pays."""
    sides = rng.randint(5, 6 + 2 * level)
    limit = rng.randint(2, sides - 2)
    factor, loss = rng.randint(2, 3 + level), rng.randint(1, 3 + 2 * level)
    rolls = 1 if level < 4 else 2
    total = sum(factor * face if face > limit else -loss for face in range(1, sides + 1))
    mean = Fraction(total, sides) * rolls
    return Problem(
        f"A fair die has the faces 1 to {sides}. After each roll, a player receives {factor} "
        f"pounds times the face if it is greater than {limit}, and pays "
        f"{counted(loss, 'pound')} otherwise. What is the player's expected gain, in pounds, from "
        f"{counted(rolls, 'roll')} (negative for a loss)?",
        fraction(mean),
        MEAN_NOTE,
        {"sides": sides, "limit": limit, "factor": factor, "loss": loss, "rolls": rolls},
    )


def _is_are(count: int) -> str:
    return "is" if count == 1 else "are"


PROBABILITY = MathsFamily(
    (urn, same_colour, dice_sum, biased_coin, which_machine, numbered_cards, mean_of_game)
)
