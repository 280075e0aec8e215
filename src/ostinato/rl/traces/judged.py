"""Tracers for the tasks that a judge grades: totals or facts first, then plain sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from ostinato.chat.messages import Message
from ostinato.rl.agents import Script
from ostinato.rl.envs.judged.task import JudgedTask
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.types import Tracers

_SENTENCES = {
    "most": "{} took the most, {} coins.",
    "least": "{} took the least, {} coins.",
    "best": "The best month was {}, with {} coins.",
    "worst": "The worst month was {}, with {} coins.",
    "grew": "{} grew by {} coins.",
    "altogether": "They took {} coins altogether.",
}
_FACTS = {
    "the delivery comes {}": "It comes on {}.",
    "van gets there {}": "It comes at {}.",
    "must use {}": "It comes to {}.",
    "we send {}": "It brings {}.",
    "it is all {}": "It holds {}.",
    "{} drives": "{} is the driver.",
    "for trouble call {}": "For help, call {}.",
}
"""By the words of the note: what a message says of such a fact."""
_END = "Could you please be there to help?"
_INSTEAD = " - no wait, scratch that, "


def _summary(task: JudgedTask, rng: Random) -> Script:
    """Only those totals are worked out that a point asks for."""
    del rng  # there is one layout
    prompt = task.asked.question.prompt
    words = re.findall(r"^- .* \((\w+)\)$", prompt, re.MULTILINE)
    head, *lines = [line.split(" | ") for line in prompt.split("\n\n")[1].splitlines()]
    months = head[1:]
    table = {name: [int(number) for number in numbers] for name, *numbers in lines}
    work = Work()
    work.say(f"points: {' '.join(words)}")
    totals: dict[str, Mapping[str, int]] = {}
    by_month = set(words) & {"best", "worst"}
    if set(words) & {"most", "least"} or ("altogether" in words and not by_month):
        totals["stalls"] = {name: _total(work, name, row) for name, row in table.items()}
    if by_month:
        columns = {month: [row[at] for row in table.values()] for at, month in enumerate(months)}
        totals["months"] = {month: _total(work, month, one) for month, one in columns.items()}
    if "grew" in words:
        totals["growth"] = {name: _growth(work, name, row) for name, row in table.items()}
    sentences = [_SENTENCES[word].format(*_point(work, word, totals)) for word in words]
    return _said(task, " ".join(sentences), work)


def _total(work: Work, name: str, numbers: list[int]) -> int:
    work.say(f"{name}: {' '.join(map(str, numbers))}")
    total = work.total(numbers)
    work.say(f"{name} is {total}")
    return total


def _growth(work: Work, name: str, numbers: list[int]) -> int:
    work.say(f"{name}: {numbers[0]} to {numbers[-1]}")
    grown = work.subtract(numbers[-1], numbers[0])
    work.say(f"{name} grew {grown}")
    return grown


def _point(work: Work, word: str, totals: Mapping[str, Mapping[str, int]]) -> list[object]:
    """What the sentence for a point holds."""
    if word == "altogether":
        parts = list((totals.get("stalls") or totals["months"]).values())
        work.say(f"{word}: {' '.join(map(str, parts))}")
        return [work.total(parts)]
    what = {"most": "stalls", "least": "stalls", "grew": "growth"}.get(word, "months")
    return _extreme(work, word, totals[what], -1 if word in ("least", "worst") else 1)


def _extreme(work: Work, word: str, values: Mapping[str, int], sign: int) -> list[object]:
    """The name with the greatest value, or with the least: each is compared with the best yet."""
    (name, value), *others = values.items()
    work.say(f"{word}: {name} {value}")
    for other, number in others:
        better = (number - value) * sign > 0
        if better:
            name, value = other, number
        work.say(f"{other} {number} {'yes' if better else 'no'}")
    work.say(f"{word} {name} {value}")
    return [name, value]


def _rewrite(task: JudgedTask, rng: Random) -> Script:
    """Fragment by fragment; what was taken back gives way to what stands behind it."""
    del rng  # there is one layout
    prompt = task.asked.question.prompt
    note = prompt.split("\n\n")[1]
    person = prompt.partition('"Dear ')[2].partition(',"')[0]
    work = Work()
    sentences = [f"Dear {person}, this is about a delivery."]
    for fragment in note.replace(_INSTEAD, _INSTEAD.replace(", ", ",")).split(", "):
        text = fragment.replace(",", ", ")
        work.say(text)
        sentences.append(_fact(text))
        work.say(sentences[-1])
    return _said(task, " ".join([*sentences, _END]), work)


def _fact(fragment: str) -> str:
    """The sentence of a fragment."""
    first, _, second = fragment.partition(_INSTEAD)
    for words, sentence in _FACTS.items():
        pattern = re.escape(words).replace(
            r"\{\}", r"(\w+:\w+|(?:gate|extension) \w+|\w+ crates|\w+)"
        )
        found = re.search(rf"\b{pattern}$", first)
        if found:
            return sentence.format(second.removesuffix(" instead") or found[1])
    raise AssertionError(f"a fragment of no known kind: {fragment}")


def _said(task: JudgedTask, answer: str, work: Work) -> Script:
    content = task.asked.form.mark(answer)
    return Script((Message("assistant", content, thinking=work.text),))


TRACERS: Tracers = {"judged/summary": _summary, "judged/rewrite": _rewrite}

LEVELS: dict[str, int] = {"judged/summary": 3, "judged/rewrite": 5}
"""The highest level that each serves: the tables of later ones take too many sums."""
