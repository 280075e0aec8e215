"""Find the way through a building in which there is only one."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.words import ROOMS, named
from ostinato.rl.envs.question import Question

_LEVELS = ((8, 0, 3), (12, 0, 4), (18, 1, 5), (26, 3, 6), (38, 6, 7), (50, 10, 8))
"""Rooms, rebuilt doors, least rooms on the way."""


class SpaceReasoningTree:
    """All rooms on the only way from one to another, in order."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, rebuilt, least = _LEVELS[level - 1]
        while True:  # until there is a way that is long enough
            rooms = rng.sample(ROOMS, count)
            parents = {
                room: rng.choice(rooms[max(0, i - 5) : i]) for i, room in enumerate(rooms) if i
            }
            told = _told(parents, rng, shuffled=level > 1)
            changes = [_rebuild(rooms, parents, rng) for _ in range(rebuilt)]
            pairs = [(one, other) for one in rooms for other in rooms if one != other]
            far = [pair for pair in pairs if len(_way(parents, *pair)) >= least]
            if far:
                break
        start, goal = rng.choice(far)
        way = _way(parents, start, goal)
        later = "\n".join(f"{i}. {line}" for i, line in enumerate(changes, start=1))
        prompt = (
            f"A large house has {count} rooms. These are all its doors:\n\n{told}\n\n"
            + (f"Then it is rebuilt, step by step:\n\n{later}\n\n" if changes else "")
            + "Every door can be used in both directions. There is only one way from the "
            f"{start} to the {goal} that enters no room twice. Give all rooms on this way in "
            f"order, the {start} first and the {goal} last, with > between, in a form such as: "
            "cave > bridge > island"
        )
        doors = [[room, parent] for room, parent in parents.items()]
        data = {"doors": doors, "start": start, "goal": goal}
        return Question(prompt, " > ".join(way), data)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        given = [part.strip().lower() for part in answer.split(">")]
        doors: list[list[str]] = question.data["doors"]
        rooms = {room for door in doors for room in door}
        if not set(given) <= rooms:
            return malformed("expected names of rooms with > between")
        if len(set(given)) < len(given):
            return wrong("a room is entered twice")
        open_doors = {(one, other) for one, other in doors} | {(b, a) for a, b in doors}
        steps = pairwise(given)
        if [given[0], given[-1]] != [question.data["start"], question.data["goal"]]:
            return wrong("the way starts or ends elsewhere")
        return right() if all(s in open_doors for s in steps) else wrong("there is no such door")

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        start, goal = question.data["start"], question.data["goal"]
        rooms = sorted({room for door in question.data["doors"] for room in door} - {start, goal})
        return " > ".join([start, *rng.sample(rooms, rng.randint(1, 3)), goal])


def _told(parents: dict[str, str], rng: Random, *, shuffled: bool) -> str:
    """The doors, told room by room."""
    lines: list[str] = []
    for parent in dict.fromkeys(parents.values()):
        names = [f"the {room}" for room, other in parents.items() if other == parent]
        doors = "a door leads" if len(names) == 1 else "doors lead"
        lines.append(f"- From the {parent} {doors} to {named(names)}.")
    if shuffled:
        rng.shuffle(lines)
    return "\n".join(lines)


def _above(parents: dict[str, str], room: str) -> list[str]:
    """The room and all that lie between it and the root, and the root."""
    found = [room]
    while found[-1] in parents:
        found.append(parents[found[-1]])
    return found


def _way(parents: dict[str, str], start: str, goal: str) -> list[str]:
    """The rooms from one to the other."""
    up, down = _above(parents, start), _above(parents, goal)
    fork = next(room for room in up if room in down)
    return up[: up.index(fork) + 1] + down[: down.index(fork)][::-1]


def _rebuild(rooms: list[str], parents: dict[str, str], rng: Random) -> str:
    """Hang a part of the house elsewhere."""
    while True:
        room = rng.choice([one for one in rooms if one in parents])
        others = [one for one in rooms if room not in _above(parents, one)]
        others = [one for one in others if one != parents[room]]
        if others:
            break
    old, parents[room] = parents[room], rng.choice(others)
    return (
        f"The door between the {old} and the {room} is walled up, and a new one is made between "
        f"the {room} and the {parents[room]}."
    )
