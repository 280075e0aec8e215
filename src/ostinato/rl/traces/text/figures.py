"""Drills with numbers, in the layout in which problems are worked out."""

from __future__ import annotations

from random import Random

from ostinato.rl.traces.arithmetic import Work


def working(rng: Random) -> str:
    """A calculation, digit by digit."""
    work = Work()
    match rng.randrange(8):
        case 0 | 1 | 2:
            work.add(_number(rng, 5), _number(rng, 5))
        case 3 | 4:
            work.subtract(_number(rng, 5), _number(rng, 5))
        case 5:
            work.multiply(_number(rng, 4), _number(rng, 2))
        case 6:
            work.divide(_number(rng, 4), rng.randint(2, 9))
        case _:
            numbers = [_number(rng, 3) for _ in range(rng.randint(3, 5))]
            work.say("+".join(map(str, numbers)))
            work.total(numbers)
    return work.text


def facts(rng: Random) -> str:
    """What is known by heart, in random order."""
    return " ".join(_fact(rng) for _ in range(8))


def comparison(rng: Random) -> str:
    """Which of two numbers is greater, from the left."""
    one = _number(rng, 5)
    other = _near(rng, one) if rng.random() < 0.6 else _number(rng, 5)
    left, right = str(one), str(other)
    if len(left) != len(right):
        sign = _sign(len(left), len(right))
        return f"{left} or {right}: {len(left)}{sign}{len(right)} digits: {left}{sign}{right}"
    steps: list[str] = []
    for x, y in zip(left, right, strict=True):
        steps.append(f"{x}{_sign(int(x), int(y))}{y}")
        if x != y:
            break
    return f"{left} or {right}: {' '.join(steps)}: {left}{_sign(one, other)}{right}"


def sorting(rng: Random) -> str:
    """A row of numbers in order: the least of what is left, again and again."""
    left = [_number(rng, 2) for _ in range(rng.randint(3, 7))]
    steps = [f"sort {' '.join(map(str, left))}"]
    done: list[int] = []
    while left:
        least = min(left)
        left.remove(least)
        done.append(least)
        steps.append(f"{least} | {' '.join(map(str, left))}".rstrip())
    return "\n".join([*steps, f"sorted {' '.join(map(str, done))}"])


def _number(rng: Random, digits: int) -> int:
    """A number of one to so many digits, each count as frequent as the others."""
    return int(rng.random() * 10 ** (1 + int(rng.random() * digits)))


def _near(rng: Random, number: int) -> int:
    """A number with one digit changed."""
    digits = list(str(number))
    digits[int(rng.random() * len(digits))] = str(int(rng.random() * 10))
    return int("".join(digits))


def _fact(rng: Random) -> str:
    a, b = int(rng.random() * 11), int(rng.random() * 11)
    match int(rng.random() * 4):
        case 0:
            return f"{a}+{b}={a + b}"
        case 1:
            return f"{a + b}-{b}={a}"
        case 2:
            return f"{a}*{b}={a * b}"
        case _:
            rest = int(rng.random() * (b + 1))
            return f"{a * (b + 1) + rest}={b + 1}*{a}+{rest}"


def _sign(one: int, other: int) -> str:
    return "=" if one == other else "<" if one < other else ">"
