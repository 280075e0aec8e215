"""Liars: along the statements about one person each, then through those about two.

Where somebody's honesty is told, it decides that of everybody along the statements about one
person. Where it is not, one person is supposed to tell the truth or to lie, everybody else
follows, and the statements about two are tested: a ``no`` turns everybody round.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ostinato.rl.traces.logic.solution import Solution, paragraph

_TOLD = re.compile(r"- (\w+) (tells the truth|lies)\.")
_SAYS = re.compile(r"- (\w+) says: (.+)")
_ONE = re.compile(r"(\w+) (tells the truth|lies)\.")
_TWO = {
    "alike": re.compile(r"(\w+) and (\w+) either both lie or both tell the truth\."),
    "differ": re.compile(r"Exactly one of (\w+) and (\w+) lies\."),
    "one true": re.compile(r"At least one of (\w+) and (\w+) tells the truth\."),
    "both lie": re.compile(r"Both (\w+) and (\w+) lie\."),
}
_LETTER = {"tells the truth": "T", "lies": "L"}
_OTHER = {"T": "L", "L": "T"}


@dataclass(frozen=True)
class _Two:
    """What is said of two people."""

    speaker: str
    what: str
    one: str
    other: str

    def tested(self, honest: Mapping[str, str]) -> tuple[str, bool]:
        """The test in words, and whether the speaker may say this."""
        one, other = honest[self.one], honest[self.other]
        true = {
            "alike": one == other,
            "differ": one != other,
            "one true": "T" in (one, other),
            "both lie": (one, other) == ("L", "L"),
        }[self.what]
        letter = "T" if true else "L"
        may = letter == honest[self.speaker]
        told = f"{self.what}, {self.one} {one} {self.other} {other}: {letter}"
        return f"{self.speaker} {honest[self.speaker]}: {told} {'ok' if may else 'no'}", may


def solve(prompt: str, rng: Random) -> Solution:
    """See ``Solve``. Who is supposed to be what is drawn by lot."""
    first = prompt.partition(" either always ")[0].removeprefix("Each of ")
    people = re.split(", | and ", first)
    told, ones, twos = _read(paragraph(prompt, "This is known:"))
    if told:
        honest = dict([told])
        lines = [f"{told[0]} {told[1]}"]
    else:
        honest = {rng.choice(people): rng.choice("TL")}
        lines = [f"suppose {name} {letter}" for name, letter in honest.items()]
    lines += _follow(honest, ones)
    lines.append(_state(people, honest))
    if not told:
        tests = _test(twos, honest)
        lines += tests
        if tests[-1].endswith("no"):
            honest = {name: _OTHER[letter] for name, letter in honest.items()}
            lines += ["turn all", _state(people, honest), *_test(twos, honest)]
    return Solution(
        lines, "".join(honest[name] for name in people), _check(ones, twos if told else [], honest)
    )


def _read(
    known: Sequence[str],
) -> tuple[tuple[str, str] | None, dict[str, tuple[str, str]], list[_Two]]:
    """Whose honesty is told, what each says of one other, what is said of two."""
    told, ones, twos = None, dict[str, tuple[str, str]](), list[_Two]()
    for line in known:
        if match := _TOLD.fullmatch(line):
            told = match[1], _LETTER[match[2]]
            continue
        says = _SAYS.fullmatch(line)
        assert says, f"an unknown line: {line}"
        speaker, words = says.groups()
        if match := _ONE.fullmatch(words):
            ones[speaker] = match[1], _LETTER[match[2]]
        for what, form in _TWO.items():
            if match := form.fullmatch(words):
                twos.append(_Two(speaker, what, match[1], match[2]))
    return told, ones, twos


def _follow(honest: dict[str, str], ones: Mapping[str, tuple[str, str]]) -> list[str]:
    """Forwards from who is known to whom they speak of, then backwards to who speaks of them."""
    first = next(iter(honest))
    speakers = {one: speaker for speaker, (one, _) in ones.items()}
    lines: list[str] = []
    at = first
    while at in ones:
        one, letter = ones[at]
        honest[one] = letter if honest[at] == "T" else _OTHER[letter]
        lines.append(f"{at} {honest[at]}: {one} {letter} -> {one} {honest[one]}")
        at = one
    if first in speakers:
        lines.append(f"back to {first}")
    at = first
    while at in speakers:
        speaker = speakers[at]
        letter = ones[speaker][1]
        honest[speaker] = "T" if letter == honest[at] else "L"
        lines.append(f"{at} {honest[at]}: {speaker} says {letter} -> {speaker} {honest[speaker]}")
        at = speaker
    return lines


def _state(people: Sequence[str], honest: Mapping[str, str]) -> str:
    return " ".join(f"{name} {honest[name]}" for name in people)


def _check(
    ones: Mapping[str, tuple[str, str]], twos: Sequence[_Two], honest: Mapping[str, str]
) -> str:
    """The statements about two where they were not needed before, else those about one."""
    if twos:
        return "; ".join(_test(twos, honest))
    return "; ".join(
        f"{speaker} {honest[speaker]}: {one} {letter}, {one} {honest[one]} ok"
        for speaker, (one, letter) in ones.items()
    )


def _test(twos: Sequence[_Two], honest: Mapping[str, str]) -> list[str]:
    """The tests up to the first that fails."""
    lines: list[str] = []
    for two in twos:
        line, may = two.tested(honest)
        lines.append(line)
        if not may:
            break
    return lines
