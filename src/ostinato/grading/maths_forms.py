r"""The forms that exact answers come in: with a unit, after ``x =``, in lists, tuples, sets,
intervals; and when two of them say the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ostinato.grading.maths_exact import Value, read_value

MOST_ITEMS = 200


@dataclass(frozen=True)
class Scalar:
    """One value."""

    value: Value
    unit: str = ""
    name: str = ""
    """The letter before ``=``, if any."""


@dataclass(frozen=True)
class Several:
    """Some values."""

    brackets: str
    """Empty, ``()``, ``[]``, ``[)``, ``(]`` or ``{}``."""
    items: tuple[Exact, ...]

    @property
    def ordered(self) -> bool:
        """A list without brackets and a set are not."""
        return self.brackets not in ("", "{}")


Exact = Scalar | Several


def read_exact(text: str) -> Exact | None:
    """A right answer, if it is one of the forms that are read here."""
    text = tidy(text)
    return _scalar(text, "", free_unit=True) or _several(text, 0, free_unit=True)


def read_like(text: str, model: Exact) -> Exact | None:
    """An answer read as ``model`` was: what is a comma in a list marks thousands in a number."""
    text = tidy(text)
    if isinstance(model, Scalar):
        return _scalar(text, model.unit)
    if not model.ordered:
        text = _WORDS_BETWEEN.sub(",", text)
    return _several(text, 0) or (_scalar(text, "") if len(model.items) == 1 else None)


def same(given: Exact, right: Exact) -> bool:
    """The answer says what the right one says, with nothing left undone."""
    if isinstance(given, Scalar) and isinstance(right, Scalar):
        return _same_scalar(given, right)
    if isinstance(given, Scalar):
        given = Several("", (given,))
    if isinstance(right, Scalar) or given.brackets not in _accepted(right):
        return False
    if len(given.items) != len(right.items):
        return False
    if len(_names(given)) > 1 or len(_names(right)) > 1:
        return _same_by_name(given, right)
    if right.ordered or given.ordered:
        return all(same(a, b) for a, b in zip(given.items, right.items, strict=True))
    left = list(right.items)
    for item in given.items:
        match = next((other for other in left if same(item, other)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def tidy(text: str) -> str:
    r"""Without the marks of LaTeX that change nothing."""
    text = text.strip()
    for first, last in (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), (r"\[", r"\]")):
        wrapped = len(text) > len(first + last) and text.startswith(first) and text.endswith(last)
        if wrapped:
            text = text[len(first) : -len(last)].strip()
            break
    text = text.translate(_LETTERS)
    text = _NOISE.sub(" ", text)
    text = _SPACE_BETWEEN_DIGITS.sub(" ", text)
    text = re.sub(r"\\[dt]frac(?![a-zA-Z])", r"\\frac", text)
    text = re.sub(r"\\frac\s*(\d)\s*(\d)(?!\d)", r"\\frac{\1}{\2}", text, flags=re.ASCII)
    text = re.sub(r"\\frac\s*(\d)\s*\{", r"\\frac{\1}{", text, flags=re.ASCII)
    text = re.sub(r"(\\frac\s*\{[^{}]*\})\s*(\d)(?!\d)", r"\1{\2}", text, flags=re.ASCII)
    text = re.sub(r"\\sqrt\s*(\d)(?!\d)", r"\\sqrt{\1}", text, flags=re.ASCII)
    text = re.sub(r"^(-?\d+) +(\d+)/(\d+)$", r"\1\\frac{\2}{\3}", text, flags=re.ASCII)
    text = text.replace(r"\%", "%").strip()
    return text[:-1].rstrip() if text.endswith(".") else text


_LETTERS = str.maketrans({"−": "-", "π": r"\pi ", "∞": r"\infty ", "×": r"\times ", "·": r"\cdot "})
_NOISE = re.compile(r"\\(?:left|right|displaystyle)(?![a-zA-Z])|\\[;:! ](?<!,\\!)|~")
_SPACE_BETWEEN_DIGITS = re.compile(r"\\,(?!\d{3}(?!\d))", re.ASCII)
_WORDS_BETWEEN = re.compile(
    r"\s*,?\s*(?:\\text\s*\{\s*(?:and|or)\s*\}|(?<![a-zA-Z\\])(?:and|or)(?![a-zA-Z]))\s*"
)
_ELEMENT = re.compile(r"^\s*[a-zA-Z]\s*\\in(?![a-zA-Z])")
_PLUS_MINUS = re.compile(r"\\pm(?![a-zA-Z])")
_NAME = re.compile(r"\s*([a-zA-Z])\s*=\s*")
_WORDED_UNIT = re.compile(
    r"\s*\\(?:text|mathrm|textrm|mbox)\s*\{\s*(?P<unit>[a-zA-Z]+)\.?\s*\}"
    r"(?:\^\{?(?P<power>[23])\}?)?$"
)
_BARE_UNIT = re.compile(r"(?<=[\d}\s])(?P<unit>[a-zA-Z]+)(?:\^\{?(?P<power>[23])\}?)?$", re.ASCII)
_DEGREES = re.compile(r"\s*(?:\^\s*\{?\s*\\circ\s*\}?|°)$")
_MONEY = re.compile(r"^(-?)\s*(?:\\?\$|€|£)\s*(?=[\d.])", re.ASCII)

_UNITS = {
    word: words.split()[0]
    for words in (
        "mm millimetre millimetres millimeter millimeters",
        "cm centimetre centimetres centimeter centimeters",
        "m metre metres meter meters",
        "km kilometre kilometres kilometer kilometers",
        "in inch inches",
        "ft foot feet",
        "mile miles mi",
        "g gram grams",
        "kg kilogram kilograms",
        "ml millilitre millilitres milliliter milliliters",
        "l litre litres liter liters L",
        "s second seconds sec",
        "min minute minutes",
        "h hour hours",
        "day days",
        "week weeks",
        "year years",
        "degree degrees",
        "unit units",
        "dollar dollars",
        "euro euros",
        "pound pounds",
        "cent cents",
    )
    for word in words.split()
}
_SYMBOLS = {"$": "dollar", "€": "euro", "£": "pound"}


def _scalar(text: str, unit: str, *, free_unit: bool = False) -> Scalar | None:
    name = _NAME.match(text)
    rest, found = _without_unit(text[name.end() :] if name else text, unit, free_unit)
    value = read_value(_without_brackets(rest))
    return Scalar(value, found, name[1] if name else "") if value else None


def _without_unit(text: str, allowed: str, free: bool) -> tuple[str, str]:
    """What is left, and the unit in its first spelling."""
    if degrees := _DEGREES.search(text):
        return text[: degrees.start()], "degree"
    if money := _MONEY.search(text):
        symbol = money.group().strip("-\\ ")
        return money[1] + text[money.end() :], _SYMBOLS[symbol]
    found = _WORDED_UNIT.search(text) or _BARE_UNIT.search(text)
    if found is None or text[: found.start("unit")].endswith("\\"):
        return text, ""
    word = _UNITS.get(found["unit"], found["unit"])
    unit = word + (found["power"] or "")
    worded = "{" in found.group()
    apart = len(word) > 2 and text[found.start("unit") - 1].isspace()
    if free and not worded and (len(word) < 2 or not (word in _UNITS or apart)):
        return text, ""  # 5m and 5xyz may be products
    if not (free or found["unit"] in _UNITS or unit == allowed):
        return text, ""
    return text[: found.start()], unit


def _without_brackets(text: str) -> str:
    text = text.strip()
    if text.startswith("(") and _closing(text, 0) == len(text) - 1:
        return text[1:-1]
    return text


def _several(text: str, depth: int, *, free_unit: bool = False) -> Several | None:
    text = text.replace(r"\lbrace", r"\{").replace(r"\rbrace", r"\}").strip()
    brackets, inside = _outer_brackets(_ELEMENT.sub("", text).strip() if depth == 0 else text)
    parts = [both for part in _split(inside) for both in _both_signs(part)]
    if depth > 3 or (not brackets and len(parts) < 2) or len(parts) > MOST_ITEMS:
        return None
    items: list[Exact] = []
    for part in parts:
        # within a list, commas end items
        item = _several(part, depth + 1) or _scalar(part, "", free_unit=free_unit)
        if item is None:
            return None
        items.append(item)
    if len(items) == 1 and brackets == "()":
        return None
    return Several(brackets, tuple(items))


def _both_signs(part: str) -> list[str]:
    r"""``\pm`` stands for two values."""
    return [_PLUS_MINUS.sub(sign, part) for sign in "+-"] if part.count(r"\pm") == 1 else [part]


def _outer_brackets(text: str) -> tuple[str, str]:
    """The brackets around the whole of it, and what they hold."""
    if text.startswith(r"\{") and text.endswith(r"\}"):
        inside = text[2:-2]
        return ("{}", inside) if r"\}" not in inside else ("", text)
    if text[:1] in ("(", "[") and text[-1:] in (")", "]") and _closing(text, 0) == len(text) - 1:
        return text[0] + text[-1], text[1:-1]
    return "", text


def _closing(text: str, start: int) -> int:
    """Where the bracket at ``start`` is closed, by ``)`` or ``]``; -1 if nowhere."""
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] in "([") - (text[at] in ")]")
        if depth == 0:
            return at
    return -1


def _split(text: str) -> list[str]:
    """At the commas and semicolons outside brackets; ``{,}`` stands inside."""
    parts, depth, start = list[str](), 0, 0
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and letter in ",;" and text[at - 1 : at] != "\\":
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def _same_scalar(given: Scalar, right: Scalar) -> bool:
    one, two = given.value, right.value
    if given.unit and right.unit and given.unit != right.unit:
        return False
    if given.name and right.name and given.name != right.name:
        return False
    spelled_out = (one.plain or not two.plain) and (one.finished or not two.finished)
    return spelled_out and dict(one.terms) == dict(two.terms)


def _accepted(right: Several) -> Sequence[str]:
    """The brackets that an answer may have."""
    match right.brackets:
        case "":
            return ("", "()", "[]", "{}")
        case "{}":
            return ("", "{}")
        case "()":
            return ("", "()")
        case "[]" if len(right.items) != 2:
            return ("", "()", "[]")
        case other:
            return (other,)


def _names(several: Several) -> set[str]:
    return {item.name for item in several.items if isinstance(item, Scalar)} - {""}


def _same_by_name(given: Several, right: Several) -> bool:
    """``x = 1, x = 2`` is a list; ``x = 1, y = 2`` says which is which, in any order."""
    one = {item.name: item for item in given.items if isinstance(item, Scalar)}
    two = {item.name: item for item in right.items if isinstance(item, Scalar)}
    whole = len(one) == len(given.items) and one.keys() == two.keys()
    return whole and "" not in one and all(_same_scalar(one[name], two[name]) for name in one)
