"""Polite messages out of hasty notes, compared with a reference that lacks something."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ostinato.rl.envs.question import Question

_PEOPLE = ("Mrs Okafor", "Mr Lindholm", "Ms Petrova", "Mr Takeda", "Mrs Amado", "Dr Feld")
_SLANG: tuple[str, ...] = ("um", "gonna", "btw", "kinda", "yeah", "stuff", "asap", "wanna")
_SIZES = {1: (3, 0, 2), 2: (4, 0, 3), 3: (5, 1, 3), 4: (6, 2, 4), 5: (7, 3, 5)}
"""By level: facts, facts that were corrected, words of slang."""


@dataclass(frozen=True)
class _Slot:
    """One kind of fact."""

    values: tuple[str, ...]
    note: str
    sentence: str


_SLOTS = {
    "day": _Slot(
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday"),
        "the delivery comes {}",
        "The delivery will come on {}.",
    ),
    "time": _Slot(
        ("07:30", "08:15", "09:45", "13:20", "14:30", "16:50"),
        "van gets there {}",
        "The van is expected at {}.",
    ),
    "gate": _Slot(
        ("gate 2", "gate 3", "gate 4", "gate 6", "gate 9"),
        "must use {}",
        "It will arrive at {}.",
    ),
    "load": _Slot(
        ("11 crates", "12 crates", "18 crates", "25 crates", "40 crates"),
        "we send {}",
        "It will bring {}.",
    ),
    "goods": _Slot(
        ("apples", "cherries", "pears", "plums", "walnuts"),
        "it is all {}",
        "The goods are {}.",
    ),
    "driver": _Slot(
        ("Aron", "Bettina", "Cyril", "Dunja", "Elias"),
        "{} drives",
        "The driver is called {}.",
    ),
    "phone": _Slot(
        ("extension 117", "extension 243", "extension 386", "extension 415", "extension 590"),
        "for trouble call {}",
        "In case of trouble, call {}.",
    ),
}

_PROMPT = """This note was left in a hurry:

{note}

Turn it into a polite message to {person}. The message
- begins with "Dear {person},";
- states every fact of the note that still holds, with days, times, gates, numbers, goods and \
names as they stand in the note, in plain sentences that deny nothing;
- mentions nothing that was taken back, and no other days, gates, goods, names or numbers;
- holds the word "please";
- holds none of these, which are the note's own: {own};
- has {shortest} to {longest} words.
It will be compared with another message by the same points, and has to be the better one."""


@dataclass(frozen=True)
class Rewrite:
    """See ``Source``."""

    @property
    def levels(self) -> int:
        """See ``Source``."""
        return len(_SIZES)

    @property
    def pairwise(self) -> bool:
        """See ``Source``."""
        return True

    def make(self, level: int, rng: Random) -> Question:
        """See ``Source``."""
        count, corrected, slang_count = _SIZES[level]
        kinds = rng.sample(list(_SLOTS), count)
        drawn = {kind: rng.sample(_SLOTS[kind].values, 2) for kind in kinds}
        facts = {kind: values[0] for kind, values in drawn.items()}
        old = {kind: drawn[kind][1] for kind in rng.sample(kinds, corrected)}
        person = rng.choice(_PEOPLE)
        slang = rng.sample(_SLANG, slang_count)
        own = [*slang, *(_SLOTS[kind].note.replace("{}", "").strip() for kind in kinds)]
        size = sum(len(value.split()) for value in facts.values())
        shortest, longest = size + 14, 10 * count + 25
        answer = _message(person, facts)
        lost = rng.choice(kinds)
        reference = _message(person, {k: v for k, v in facts.items() if k != lost})
        criteria = [
            f"words: {shortest} to {longest}",
            f"begins with: Dear {person},",
            *(f"mentions: {value}" for value in [*facts.values(), "please"]),
            *(f"avoids: {value}" for value in [*old.values(), *own]),
            f"vocabulary: {'; '.join(value for slot in _SLOTS.values() for value in slot.values)}",
        ]
        prompt = _PROMPT.format(
            note=_note(facts, old, slang, rng),
            person=person,
            own=", ".join(own),
            shortest=shortest,
            longest=longest,
        )
        data = {"reference": reference, "criteria": "\n".join(criteria)}
        return Question(prompt, answer, {**data, "person": person, "kinds": kinds})

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Source``."""
        facts = {kind: rng.choice(_SLOTS[kind].values) for kind in question.data["kinds"]}
        return _message(question.data["person"], facts)


def _message(person: str, facts: dict[str, str]) -> str:
    sentences = [_SLOTS[kind].sentence.format(value) for kind, value in facts.items()]
    end = "Would you please make sure that somebody is there to help with it?"
    return " ".join([f"Dear {person}, this is about a delivery.", *sentences, end])


def _note(facts: dict[str, str], old: dict[str, str], slang: list[str], rng: Random) -> str:
    """The facts in fragments, with slang between them; corrections follow what they correct."""
    fragments: list[str] = []
    for kind, value in facts.items():
        text = _SLOTS[kind].note
        if kind in old:
            fragments.append(f"{text.format(old[kind])} - no wait, scratch that, {value} instead")
        else:
            fragments.append(text.format(value))
    for word in slang:
        at = rng.randrange(len(fragments))
        fragments[at] = f"{word} {fragments[at]}"
    return ", ".join(fragments)
