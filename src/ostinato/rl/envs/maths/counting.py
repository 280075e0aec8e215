"""Combinatorics: lattice paths, arrangements, selections, inclusion and exclusion, recurrences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb, factorial, lcm, prod
from random import Random

from ostinato.rl.envs.maths.family import INTEGER, MathsFamily, Problem, listed

_WORDS = (
    "level",
    "banana",
    "pepper",
    "kettle",
    "tomato",
    "coffee",
    "cookie",
    "papaya",
    "letter",
    "summer",
    "bubble",
    "rabbit",
    "balloon",
    "success",
    "pattern",
    "pudding",
    "address",
    "college",
    "kangaroo",
    "assesses",
    "tomorrow",
    "mammoth",
    "sleepless",
)


def lattice_paths(rng: Random, level: int) -> Problem:
    """Shortest paths in a grid with closed crossings."""
    width, height = rng.randint(2 + level, 5 + level), rng.randint(2 + level, 5 + level)
    inner = [(x, y) for x in range(width + 1) for y in range(height + 1)]
    inner.remove((0, 0))
    inner.remove((width, height))
    while True:
        closed = sorted(rng.sample(inner, level))
        count = _paths(width, height, closed)
        if count:
            break
    word = "point" if level == 1 else "points"
    return Problem(
        f"A path goes from (0, 0) to ({width}, {height}) in steps of one unit to the right or one "
        f"unit up. How many such paths avoid the {word} {listed(closed)}?",
        str(count),
        INTEGER,
        {"width": width, "height": height, "closed": closed},
    )


def _paths(width: int, height: int, closed: Sequence[tuple[int, int]]) -> int:
    ways = {(0, 0): 1}
    for x in range(width + 1):
        for y in range(height + 1):
            if (x, y) != (0, 0):
                open_here = (x, y) not in closed
                both = ways.get((x - 1, y), 0) + ways.get((x, y - 1), 0)
                ways[x, y] = both if open_here else 0
    return ways[width, height]


def letters(rng: Random, level: int) -> Problem:
    """Arrangements of a word's letters, from level 3 with two equal letters kept apart."""
    longest = (6, 7, 7, 8, 8, 9)[level - 1]
    word = rng.choice([word for word in _WORDS if longest - 2 <= len(word) <= longest])
    repeated = sorted({letter for letter in word if word.count(letter) == 2})
    count = factorial(len(word)) // prod(factorial(word.count(x)) for x in set(word))
    clause, apart = "", ""
    if level >= 3 and repeated:
        apart = rng.choice(repeated)
        count -= count * 2 // len(word)  # the pair is together in 2/n of the arrangements
        clause = f" in which the two letters {apart.upper()} do not stand next to each other"
    elif level == 2 or rng.randrange(2):
        first = rng.choice(word)
        count = count * word.count(first) // len(word)
        clause, apart = f" that begin with the letter {first.upper()}", f"^{first}"
    return Problem(
        f"How many different arrangements of all the letters of the word {word.upper()} are "
        f"there{clause}? Equal letters cannot be told apart.",
        str(count),
        INTEGER,
        {"word": word, "clause": apart},
    )


def seating(rng: Random, level: int) -> Problem:
    """People in a row: some together, some apart."""
    people = rng.randint(4 + level, 8 + level)
    together = rng.randint(2, min(4, people - 3))
    count = factorial(people - together + 1) * factorial(together)
    clause = f"{together} of them, all friends, must occupy {together} adjacent chairs"
    apart = 0
    if level >= 3:
        apart = rng.randint(2, 2 + (level > 4))
        others = people - together - apart
        if others + 1 + 1 < apart or others < 0:
            apart = 0
    if apart:
        units = people - together - apart + 1
        count = factorial(units) * factorial(together)
        count *= prod(units + 1 - i for i in range(apart))
        some = "two" if apart == 2 else f"no two of {apart}"
        clause += (
            f", and {some} certain other people may {'not ' if apart == 2 else ''}be neighbours"
        )
    return Problem(
        f"In how many ways can {people} different people sit in a row of {people} chairs, if "
        f"{clause}?",
        str(count),
        INTEGER,
        {"people": people, "together": together, "apart": apart},
    )


def committee(rng: Random, level: int) -> Problem:
    """Selections with a least number of each kind."""
    women, men = rng.randint(3 + level, 5 + 2 * level), rng.randint(3 + level, 5 + 2 * level)
    size = rng.randint(3, 3 + level)
    least = rng.randint(1, 2)
    most = rng.randint(least, size - 1)
    count = sum(
        comb(women, k) * comb(men, size - k) for k in range(least, most + 1) if size - k <= men
    )
    bound = f"at least {least} and at most {most}" if least < most else f"exactly {least}"
    women_word = "woman" if bound == "exactly 1" else "women"
    return Problem(
        f"A committee of {size} is chosen from {women} women and {men} men. How many committees "
        f"have {bound} {women_word}?",
        str(count),
        INTEGER,
        {"women": women, "men": men, "size": size, "least": least, "most": most},
    )


def divisible(rng: Random, level: int) -> Problem:
    """How many integers of a range are divisible by none, or at least one, of some numbers."""
    divisors = sorted(rng.sample(range(2, 8 + 3 * level), 2 + level // 3))
    low = rng.randint(1, 50 * level)
    high = low + rng.randint(50, 10 ** (1 + (level + 1) // 2) * 3)
    some = 0
    for size in range(1, len(divisors) + 1):
        for chosen in combinations(divisors, size):
            step = lcm(*chosen)
            some -= (-1) ** size * (high // step - (low - 1) // step)
    none = bool(rng.randrange(2))
    words = "none" if none else "at least one"
    return Problem(
        f"How many integers from {low} to {high}, both included, are divisible by {words} of the "
        f"numbers {listed(divisors)}?",
        str(high - low + 1 - some if none else some),
        INTEGER,
        {"divisors": divisors, "low": low, "high": high, "none": none},
    )


def tilings(rng: Random, level: int) -> Problem:
    """Ways to write a length as an ordered sum of allowed pieces."""
    pieces = sorted(rng.sample(range(1, 6 + level // 2), 2 + level // 4))
    ban = level >= 4
    while True:
        length = rng.randint(6 + level, 16 + 3 * level)
        count = _sums(length, pieces, ban)
        if count:
            break
    clause = f", if two tiles of length {pieces[-1]} may not be next to each other" if ban else ""
    return Problem(
        f"A strip of length {length} is to be covered from left to right, without gap or overlap, "
        f"with tiles of the lengths {listed(pieces)}; tiles of one length look the same. In how "
        f"many ways can that be done{clause}?",
        str(count),
        INTEGER,
        {"length": length, "pieces": pieces, "ban": ban},
    )


def _sums(length: int, pieces: Sequence[int], ban: bool) -> int:
    """By the last piece; the longest may not follow itself if banned."""
    ends = [dict.fromkeys(pieces, 0) for _ in range(length + 1)]
    for total in range(1, length + 1):
        for piece in pieces:
            if piece == total:
                ends[total][piece] = 1
            elif piece < total:
                before = ends[total - piece]
                twice = before[piece] if ban and piece == pieces[-1] else 0
                ends[total][piece] = sum(before.values()) - twice
    return sum(ends[length].values())


def strings(rng: Random, level: int) -> Problem:
    """Words over a small alphabet without a run of one letter."""
    alphabet = rng.choice(["AB", "ABC", "ABCD"] if level > 1 else ["AB", "ABC"])
    run = rng.randint(2, 3 + level // 2)
    length = rng.randint(3 + run, 5 + 2 * level + run)
    # by the length of the run of A at the end
    ends = [1] + [0] * (run - 1)
    for _ in range(length):
        ends = [sum(ends) * (len(alphabet) - 1), *ends[:-1]]
    return Problem(
        f"How many strings of {length} letters, each one of {listed(list(alphabet))}, do not "
        f"contain {'A' * run} (that is, {run} letters A in a row)?",
        str(sum(ends)),
        INTEGER,
        {"alphabet": alphabet, "run": run, "length": length},
    )


def distributions(rng: Random, level: int) -> Problem:
    """Equal things given to different people, each at least and at most some."""
    people = rng.randint(2 + level // 2, 3 + level // 2)
    least = rng.randint(0, 2)
    most = least + rng.randint(3, 3 + level) if level > 1 else None
    things = people * least + rng.randint(4, 8 + 2 * level)
    if most is not None:
        things = rng.randint(max(people * least, most) + 1, people * most - 1)
    free = things - people * least
    room = free if most is None else most - least
    count = sum(
        (-1) ** k * comb(people, k) * comb(free - k * (room + 1) + people - 1, people - 1)
        for k in range(people + 1)
        if free >= k * (room + 1)
    )
    bound = f"at least {least}" if least else "any number, none included,"
    if most is not None:
        bound = f"at least {least} and at most {most}"
    return Problem(
        f"In how many ways can {things} equal coins be shared among {people} different children, "
        f"if each child gets {bound} of them "
        "and all are given away?",
        str(count),
        INTEGER,
        {"things": things, "people": people, "least": least, "most": most},
    )


COUNTING = MathsFamily(
    (lattice_paths, letters, seating, committee, divisible, tilings, strings, distributions)
)
