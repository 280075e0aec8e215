"""Problems about small notations: durations, brackets, packed texts."""

from __future__ import annotations

from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _durations(rng: Random, n: int, _p: Params) -> tuple[Any, ...]:
    parts = [f"{rng.randint(0, 10 ** rng.randint(1, 1 + n // 8))}{unit}" for unit in "wdh"]
    parts = [part for part in parts if rng.random() < 0.7] or parts[:1]
    if rng.random() < 0.3:
        rng.shuffle(parts)
    if rng.random() < 0.2:
        parts.append(rng.choice(["h", "7", "3h", "2m", " 1h", "-1h"]))
    return ("".join(parts),)


def _hours(text: str, *, days: int, hours: int) -> int:
    worth = {"w": days * hours, "d": hours, "h": 1}
    total, digits, left = 0, "", "wdh"
    for letter in text:
        if letter in "0123456789":
            digits += letter
        elif digits and letter in left:
            total += int(digits) * worth[letter]
            left = left[left.index(letter) + 1 :]
            digits = ""
        else:
            return -1
    return -1 if digits or not text else total


def _brackets(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    pairs = [p["pairs"][:2], p["pairs"][2:]]
    text, waiting = "", list[str]()
    while len(text) + len(waiting) < n:
        if waiting and rng.random() < 0.4:
            text += waiting.pop()
        elif n - len(text) - len(waiting) < 2 or rng.random() < 0.2:
            text += rng.choice("xy")
        else:
            opening, closing = rng.choice(pairs)
            text += opening
            waiting.append(closing)
    text += "".join(reversed(waiting))
    if rng.random() < 0.7:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", p["pairs"][rng.randrange(4)]]) + text[at + 1 :]
    return (text or "x",)


def _first_fault(text: str, *, pairs: str, unclosed: str, base: int) -> int:
    closes = {pairs[1]: pairs[0], pairs[3]: pairs[2]}
    waiting: list[int] = []
    for at, letter in enumerate(text):
        if letter in closes:
            if not waiting or text[waiting[-1]] != closes[letter]:
                return at + base
            waiting.pop()
        elif letter in pairs:
            waiting.append(at)
    if waiting:
        return waiting[0 if unclosed == "first" else -1] + base
    return -1


def _packed(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    opening, closing = p["pair"]

    def part(size: int, depth: int) -> str:
        text = ""
        while size > 0:
            if depth < 3 and size > 2 and rng.random() < 0.5:
                inner = rng.randint(1, size // 2)
                count = rng.choice(["", "2", "3"]) if depth else rng.choice(["", "2", "4", "11"])
                body = f"{opening}{part(inner, depth + 1)}{closing}"
                text += count + body if p["place"] == "before" else body + count
                size -= inner + 1
            else:
                text += rng.choice("abcxyz")
                size -= 1
        return text

    return (part(n, 0),)


def _unpack(text: str, *, pair: str, place: str, silent: int, turn: bool) -> str:
    parts = [""]
    counts: list[int] = []
    digits = ""
    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter.isdigit():
            digits += letter
        elif letter == pair[0]:
            counts.append(int(digits or silent))
            digits = ""
            parts.append("")
        elif letter == pair[1]:
            body, count = parts.pop(), counts.pop()
            if place == "after":
                end = at
                while end < len(text) and text[end].isdigit():
                    end += 1
                count = int(text[at:end] or silent)
                at = end
            parts[-1] += body[:: -1 if turn else 1] * count
        else:
            parts[-1] += letter
    return parts[0]


PROBLEMS = (
    Problem(
        name="hours",
        signature="(text: str) -> int",
        first=1,
        sizes=(6, 16, 40, 40),
        choices={"days": (4, 5, 6, 8), "hours": (8, 9, 10, 12)},
        statement="""\
that reads a duration such as 2w3d5h and returns it in hours; here a week (w) has {days} days \
(d), and a day has {hours} hours (h). A duration is one or more parts; a part is one or more \
digits 0 to 9 and then one of the letters w, d, h; weeks come before days and days before hours, \
and each letter comes at most once. Any number may stand before a letter (12h is right whatever \
a day has). Return -1 for a text that is not a duration.""",
        generate=_durations,
        solve=_hours,
    ),
    Problem(
        name="first_fault",
        signature="(text: str) -> int",
        first=1,
        sizes=(12, 50, 400, 400),
        choices={
            "pairs": ("()[]", "()<>", "[]<>", "(){}", "[]{}", "<>{}"),
            "unclosed": ("first", "last"),
            "base": (0, 1, 10),
        },
        statement="""\
that looks for the first fault in the brackets of a text. There are two kinds of brackets, \
written here as opening and closing one after the other: {pairs}. All other characters mean \
nothing. A closing bracket closes the last opening bracket before it that is not closed yet; it \
is a fault if there is none, or if that one is of the other kind. Return the place of the first \
such fault. If there is none, but some opening brackets are never closed, return the place of \
the {unclosed} of those. If there is no fault at all, return -1. The first character of the text \
has the place {base}.

The text has 1 to {n} characters.""",
        generate=_brackets,
        solve=_first_fault,
        example_size=7,
    ),
    Problem(
        name="unpack",
        signature="(text: str) -> str",
        first=2,
        sizes=(10, 25, 60, 300),
        choices={
            "pair": ("[]", "()", "<>"),
            "place": ("before", "after"),
            "silent": (1, 2, 3),
            "turn": (False, True),
        },
        words={
            "place": {
                "before": "directly before the opening bracket",
                "after": "directly behind the closing bracket",
            },
            "turn": {
                False: "as it is each time",
                True: "backwards each time (first write the groups in it in full, then turn the "
                "whole round)",
            },
        },
        statement="""\
that writes a packed text in full. A packed text is small letters and groups. A group is a \
packed text between the brackets {pair}. How many times it is to be written stands {place}; \
where no number stands there, it is written {silent} time(s). What is in the brackets is written \
{turn}. Groups may stand inside groups.

The text has at most {n} letters; numbers are from 2 to 11, and groups are nested at most 3 \
deep.""",
        generate=_packed,
        solve=_unpack,
    ),
)
