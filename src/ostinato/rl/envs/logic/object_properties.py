"""Keep track of what things look like and where they are."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_items
from ostinato.rl.envs.logic.words import COLOURS, GOODS, ROOMS, SIZES
from ostinato.rl.envs.question import Question

_LEVELS = ((4, 3, 2), (6, 5, 4), (8, 8, 5), (11, 14, 6), (15, 24, 7), (22, 40, 7))
"""Things, events, how many kinds of events may occur."""
_COUNTS = tuple(str(i) for i in range(100))


@dataclass
class _Thing:
    name: str
    colour: str
    size: str
    room: str


@dataclass
class _House:
    things: list[_Thing]
    colours: list[str]
    rooms: list[str]
    spare: list[str]
    """Names of things that may still come."""

    def count(self, **wanted: str) -> int:
        """How many things have all these properties."""
        return sum(
            all(getattr(thing, key) == value for key, value in wanted.items())
            for thing in self.things
        )


class ObjectProperties:
    """Three things are asked at once: a property, a place and a number, or others of the kind."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, events, kinds = _LEVELS[level - 1]
        colours = rng.sample(COLOURS, 4 + level // 2)
        rooms = rng.sample(ROOMS, 4 + level // 2)
        names = rng.sample(GOODS, min(len(GOODS), 2 * count))
        things = [
            _Thing(name, rng.choice(colours), rng.choice(SIZES), rng.choice(rooms))
            for name in names[:count]
        ]
        house = _House(things, colours, rooms, names[count:])
        start = "\n".join(
            f"- The {one.name} is {one.size} and {one.colour}, and is in the {one.room}."
            for one in things
        )
        told = [_EVENTS[rng.randrange(kinds)](house, rng) for _ in range(events)]
        lines = "\n".join(f"{i}. {line}" for i, line in enumerate(told, start=1))
        asked = [ask(house, rng) for ask in rng.sample(_QUESTIONS, 3)]
        questions = "\n".join(f"({'abc'[i]}) {text}" for i, (text, _, _) in enumerate(asked))
        prompt = (
            f"In a house there are these things, and no others:\n\n{start}\n\n"
            f"Then this happens, one after the other:\n\n{lines}\n\n"
            f"How is it in the end?\n\n{questions}\n\n"
            "Answer the three questions in this order with commas between: a colour, a size or a "
            "room as one word, a count as a number in digits. An example of the form: "
            "green, 2, cellar"
        )
        answers = [answer for _, answer, _ in asked]
        allowed = [list(words) for _, _, words in asked]
        return Question(prompt, ", ".join(answers), {"answers": answers, "allowed": allowed})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return grade_items(answer, question.data["answers"], question.data["allowed"])

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        allowed: list[list[str]] = question.data["allowed"]
        return ", ".join(rng.choice(words[:6]) for words in allowed)


def _paint(house: _House, rng: Random) -> str:
    thing = rng.choice(house.things)
    thing.colour = rng.choice([one for one in house.colours if one != thing.colour])
    return f"The {thing.name} is painted {thing.colour}."


def _move(house: _House, rng: Random) -> str:
    thing = rng.choice(house.things)
    thing.room = rng.choice([one for one in house.rooms if one != thing.room])
    return f"The {thing.name} is carried to the {thing.room}."


def _swap_rooms(house: _House, rng: Random) -> str:
    one, other = rng.sample(house.things, 2)
    one.room, other.room = other.room, one.room
    return f"The {one.name} and the {other.name} change places: each goes to where the other was."


def _match_colour(house: _House, rng: Random) -> str:
    one, other = rng.sample(house.things, 2)
    one.colour = other.colour
    return f"The {one.name} is painted in the colour that the {other.name} has now."


def _move_all(house: _House, rng: Random) -> str:
    colour = rng.choice(house.things).colour
    source, target = rng.sample(house.rooms, 2)
    for thing in house.things:
        if thing.colour == colour and thing.room == source:
            thing.room = target
    return f"Everything {colour} that is in the {source} is carried to the {target}."


def _paint_all(house: _House, rng: Random) -> str:
    sample = rng.choice(house.things)
    size, room = sample.size, sample.room
    colour = rng.choice(house.colours)
    for thing in house.things:
        if thing.size == size and thing.room == room:
            thing.colour = colour
    return f"Everything {size} in the {room} is painted {colour}."


def _replace(house: _House, rng: Random) -> str:
    if not house.spare:
        return _paint(house, rng)
    gone = house.things.pop(rng.randrange(len(house.things)))
    room, colour = rng.choice(house.rooms), rng.choice(house.colours)
    new = _Thing(house.spare.pop(), colour, gone.size, room)
    house.things.append(new)
    return (
        f"The {gone.name} is given away. Into the {new.room} comes a {new.name}: {new.colour}, "
        f"and of the size that the {gone.name} had."
    )


_EVENTS = (_paint, _move, _swap_rooms, _match_colour, _move_all, _paint_all, _replace)


def _ask_colour(house: _House, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    thing = rng.choice(house.things)
    return f"What colour is the {thing.name}?", thing.colour, COLOURS


def _ask_room(house: _House, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    thing = rng.choice(house.things)
    return f"In which room is the {thing.name}?", thing.room, ROOMS


def _ask_size(house: _House, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    thing = house.things[-1] if rng.random() < 0.5 else rng.choice(house.things)
    return f"What size is the {thing.name}?", thing.size, SIZES


def _count_room(house: _House, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    room = rng.choice(house.rooms)
    return f"How many things are in the {room}?", str(house.count(room=room)), _COUNTS


def _count_colour(house: _House, rng: Random) -> tuple[str, str, tuple[str, ...]]:
    colour = rng.choice(house.colours)
    return f"How many things are {colour}?", str(house.count(colour=colour)), _COUNTS


_QUESTIONS = (_ask_colour, _ask_room, _ask_size, _count_room, _count_colour)
