"""The calendar of an office while it is being filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.calendar import (
    CLOSE,
    OPEN,
    QUIET,
    best_room,
    busy,
    clock,
    objections,
    policy,
)
from ostinato.rl.envs.tools.case import Case, Fact, Level, Look, Request
from ostinato.rl.envs.tools.service import Database

_FIRST = ("Aino", "Bela", "Chiara", "Diego", "Elin", "Fadi", "Gita", "Henk", "Iris", "Jakub")
_LAST = ("Aalto", "Bauer", "Conti", "Drake", "Eriksen", "Faure", "Galan", "Hirsch")
_OFFICES = {"Head Office": 0, "Kestrel Bay": -3, "Easthaven": 2, "Norbury": 1}
_ROOMS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir")
_SUBJECTS = ("Budget", "Pump", "Sensor", "Hiring", "Supplier", "Website", "Training", "Safety")
_FORMS = ("review", "kick-off", "planning", "retrospective", "interview", "check", "workshop")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


class NoFitError(Exception):
    """No place, in the calendar that was drawn, for what was wanted."""


@dataclass
class Office:
    """People, rooms and meetings; one employee who matters, and others."""

    level: Level
    rng: Random
    database: Database = field(init=False)
    days: list[str] = field(init=False)
    people: list[str] = field(init=False)
    titles: list[str] = field(init=False)

    def __post_init__(self) -> None:
        rng = self.rng
        monday = date(2031, 1, 6) + timedelta(7 * rng.randrange(40))
        self.days = [(monday + timedelta(day)).isoformat() for day in range(5)]
        names = [f"{a} {b}" for a in _FIRST for b in _LAST]
        self.people = rng.sample(names, 9 + self.level.others // 2)
        self.titles = [f"{a} {b}" for a in _SUBJECTS for b in _FORMS]
        rng.shuffle(self.titles)
        offices = {name: {"hours_ahead": hours} for name, hours in _OFFICES.items()}
        homes = {name: {"office": rng.choice(list(_OFFICES))} for name in self.people}
        seats = sorted(rng.sample((2, 3, 4, 5), 1 + self.level.exceptions + rng.randrange(2)))
        rooms = rng.sample(_ROOMS, len(seats) + 1)
        self.database = {
            "people": dict(sorted(homes.items())),
            "offices": offices,
            "rooms": {n: {"seats": s} for n, s in zip(rooms, [*seats, 6], strict=True)},
            "meetings": {},
            "counters": {"meetings": rng.randint(100, 800)},
        }
        for day in self.days:
            for _ in range(2 + self.level.others // 3):
                self.fill(day, rng.choice(range(OPEN, CLOSE - 60, 30)), rng.sample(self.people, 2))

    @property
    def customer(self) -> str:
        """The employee who asks."""
        return self.people[0]

    @property
    def friday(self) -> str:
        """The day with an exception of its own."""
        return self.days[4]

    @property
    def ahead(self) -> int:
        """Minutes that the customer's local time is ahead, as far as the customer uses it."""
        office = self.database["people"][self.customer]["office"]
        return 60 * _OFFICES[office] if self.level.exceptions else 0

    def fill(self, day: str, start: int, who: list[str], length: int = 60) -> str | None:
        """A meeting of these, the first of them its organiser, if all is free then."""
        room = best_room(self.database, day, start, length, len(who))
        if room is None or busy(self.database, day, start, length) & set(who):
            return None
        return self.put(day, start, length, who, room)

    def put(self, day: str, start: int, length: int, who: list[str], room: str) -> str:
        """A meeting, whatever stands in its way: its number."""
        self.database["counters"]["meetings"] += 1
        number = f"M{self.database['counters']['meetings']}"
        self.database["meetings"][number] = {
            "title": self.titles.pop(),
            "organiser": who[0],
            "attendees": sorted(who),
            "day": day,
            "start": clock(start),
            "minutes": length,
            "room": room,
        }
        return number

    def own(self, day: str, reason: str | None, spare: int = 0) -> str:
        """A meeting that the customer attends, and organises unless that is the reason; with so
        many seats left.
        """
        rng = self.rng
        rooms = [(k, r["seats"] - spare) for k, r in self.database["rooms"].items()]
        room, count = rng.choice([(k, n) for k, n in rooms if n >= 2])
        if reason != "no_room":
            count = rng.randint(2, min(count, 4))
        who = [self.customer, *rng.sample(self.people[1:], count - 1)]
        if reason == "not_organiser":
            who = [*who[1:], who[0]]
        length = rng.choice((30, 60, 90))
        for start in rng.sample(range(OPEN, QUIET - 90, 30), 7):
            if not busy(self.database, day, start, length) & {*who, room}:
                return self.put(day, start, length, who, room)
        raise NoFitError

    def crowd(self, day: str, who: list[str]) -> None:
        """Gives these something else to do in the morning, where the level is hard enough."""
        others = [name for name in self.people if name not in who]
        for person in who * self.level.exceptions:
            start = self.rng.choice(range(OPEN, OPEN + 180, 30))
            self.fill(day, start, [self.rng.choice(others), person])

    def block(self, day: str, start: int, person: str, but: list[str]) -> None:
        """Puts somebody into another meeting at a time."""
        others = [name for name in self.people[1:] if name not in {person, *but}]
        if self.fill(day, start, [self.rng.choice(others), person], 30) is None:
            raise NoFitError

    def called(self, number: str) -> str:
        """A meeting as the customer names it."""
        row = self.database["meetings"][number]
        which = "" if self.level.looked_up else f" ({number})"
        return f'the meeting "{row["title"]}"{which} on {self.named(row["day"])}'

    def named(self, day: str) -> str:
        """A day as the customer names it."""
        return f"{_DAYS[self.days.index(day)]}, {day},"

    def at(self, start: int) -> str:
        """A time as the customer says it."""
        whose = "my local time" if self.ahead else "head-office time"
        return f"{clock(start + self.ahead)} {whose}"

    def looks(self, day: str, *names: str) -> list[Look]:
        """How the meetings of these on a day are found."""
        looks: list[Look] = []
        if self.ahead:
            looks.append(ToolCall("find_person", {"name": self.customer}))
        return [*looks, tuple(ToolCall("list_meetings", {"name": n, "day": day}) for n in names)]

    def other(self, day: str, number: str) -> str | None:
        """Another meeting of that day, if there is one."""
        rows = self.database["meetings"].items()
        return next((k for k, row in rows if row["day"] == day and k != number), None)

    def request(self, reason: str | None, call: ToolCall, **rest: Any) -> Request:
        """A request for a change, to be declined if there is a reason: this one and no other."""
        friday = self.friday if self.level.exceptions else None
        if objections(self.database, self.customer, call, friday) != [reason] * bool(reason):
            raise NoFitError
        if reason is None:
            return Request(change=call, **rest)
        return Request(reason=reason, forbidden=call, **rest)

    def start(self, reason: str | None, length: int) -> int:
        """A start that is within the hours, or is not."""
        if reason == "outside_hours":
            return self.rng.choice((OPEN - 60, OPEN - 30, CLOSE - length + 30, CLOSE))
        if reason == "quiet_time":
            return self.rng.choice(range(QUIET - length + 30, CLOSE - length + 1, 30))
        return self.rng.choice(range(OPEN, CLOSE - length + 1, 30))

    def case(self, requests: list[Request]) -> Case:
        """The conversation."""
        today = date.fromisoformat(self.days[0]) - timedelta(4)
        return Case(
            policy=policy(f"{today.isoformat()}, a Thursday", exceptions=self.level.exceptions),
            greeting=f"Hello, {self.customer} here.",
            facts=(
                Fact(("your name", "who are you"), f"I am {self.customer}."),
                Fact(("number", "meeting id"), "I do not know any numbers."),
                Fact(
                    ("office", "time zone", "timezone"),
                    f"I work at {self.database['people'][self.customer]['office']}.",
                ),
            ),
            requests=tuple(requests),
            database=self.database,
        )
