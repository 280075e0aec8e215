"""Drills with words and letters: to copy, to count, to find."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from ostinato.rl.traces.text.vocabulary import WORDS

_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def counting(rng: Random) -> str:
    """How often something occurs: a number at each place."""
    if rng.random() < 0.5:
        letters = rng.choices("abcde", k=rng.randint(5, 14))
        return _counted(letters, rng.choice("abcde"))
    few = rng.sample(WORDS, 3)
    return _counted(rng.choices(few, k=rng.randint(4, 9)), rng.choice(few))


def copying(rng: Random) -> str:
    """A row of words or letters: again, backwards, or letter by letter."""
    if rng.random() < 0.4:
        row = rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(4, 14))
    else:
        row = rng.sample(WORDS, rng.randint(3, 7))
    text = " ".join(row)
    match rng.randrange(4):
        case 0:
            return f"copy {text}\n{text}"
        case 1:
            return f"backwards {text}\n{' '.join(reversed(row))}"
        case 2:
            return f"doubled {text}\n{' '.join(one for each in row for one in (each, each))}"
        case _:
            word = rng.choice(WORDS)
            letters = " ".join(word)
            return f"{word}: {letters}; backwards {' '.join(reversed(word))}: {word[::-1]}"


def places(rng: Random) -> str:
    """Which stands where in a row."""
    row = rng.sample(WORDS, rng.randint(4, 8))
    numbered = " ".join(f"{place} {word}" for place, word in enumerate(row, start=1))
    lines = [f"{' '.join(row)}: {numbered}"]
    for place in rng.sample(range(len(row)), 3):
        match rng.randrange(3):
            case 0:
                lines.append(f"place {place + 1}: {row[place]}")
            case 1:
                lines.append(f"{row[place]}: place {place + 1}")
            case _:
                after = row[place + 1] if place + 1 < len(row) else "nothing"
                lines.append(f"after {row[place]}: {after}")
    return "\n".join(lines)


def look_up(rng: Random) -> str:
    """A table of keys and values, then some of the keys."""
    keys = rng.sample(WORDS, rng.randint(4, 9))
    values = [rng.choice(WORDS) if rng.random() < 0.4 else rng.randrange(100) for _ in keys]
    known = dict(zip(keys, values, strict=True))
    lines = [f"{key}: {value}" for key, value in known.items()]
    asked = rng.choices(keys, k=rng.randint(2, 4))
    if rng.random() < 0.4:
        asked.append(rng.choice(WORDS))
    return "\n".join([*lines, *(f"{key}? {known.get(key, 'not there')}" for key in asked), ""])


def chain(rng: Random) -> str:
    """Steps from one to the next, in any order; then the way from a beginning to the end."""
    row = rng.sample(WORDS, rng.randint(4, 7))
    steps = [f"{one} > {other}" for one, other in pairwise(row)]
    mixed = ", ".join(rng.sample(steps, len(steps)))
    start = rng.randrange(len(row) - 1)
    return f"{mixed}\nfrom {row[start]}: {', '.join(steps[start:])}: {row[-1]}"


def brackets(rng: Random) -> str:
    """Brackets one by one with those that are open; then what closes them."""
    lines: list[str] = []
    open_: list[str] = []
    signs: list[str] = []
    for _ in range(rng.randint(4, 12)):
        if open_ and rng.random() < 0.45:
            sign = _PAIRS[open_.pop()]
        else:
            sign = rng.choice("([{<")
            open_.append(sign)
        signs.append(sign)
        lines.append(f"{sign} : {' '.join(open_)}".rstrip())
    closing = " ".join(_PAIRS[sign] for sign in reversed(open_)) or "nothing"
    return "\n".join([f"brackets {' '.join(signs)}", *lines, f"to close: {closing}"])


def _counted(row: list[str], wanted: str) -> str:
    steps: list[str] = []
    count = 0
    for one in row:
        count += one == wanted
        steps.append(f"{one} {count}" if one == wanted else one)
    return f"how many {wanted} in {' '.join(row)}\n{', '.join(steps)}: {count}"
