"""The airline while it is being filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.airline import objections, policy
from ostinato.rl.envs.tools.case import Case, Fact, Level, Request
from ostinato.rl.envs.tools.service import Database

_TOWNS = (
    "Norbury",
    "Easthaven",
    "Kestrel Bay",
    "Lower Wick",
    "Stonebridge",
    "Port Alder",
    "Marrow Falls",
    "Saint Ivel",
    "Greyhaven",
    "Tarn",
)
_FIRST = ("Abel", "Britta", "Cosmo", "Dora", "Emil", "Flora", "Gustav", "Hedda", "Ivo", "Juno")
_LAST = ("Arden", "Birk", "Clay", "Dahl", "Easton", "Frey", "Glass", "Hood", "Innes", "Kerr")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass
class AirlineWorld:
    """Flights and bookings; one customer who matters, and others."""

    level: Level
    rng: Random
    database: Database = field(init=False)
    now: datetime = field(init=False)
    name: str = field(init=False)
    email: str = field(init=False)
    tier: str = field(init=False)
    home: str = field(init=False)
    towns: list[str] = field(init=False)
    spare: str = field(init=False)
    """A booking of the customer's that no request is about."""

    def __post_init__(self) -> None:
        rng = self.rng
        self.now = datetime(2031, 1, 10, 10, 0) + timedelta(rng.randrange(300))
        rules = {"exceptions": self.level.exceptions}
        self.database = {
            "flights": {},
            "bookings": {},
            "charges": {},
            "refunds": {},
            "rules": rules,
        }
        towns: list[str] = rng.sample(_TOWNS, len(_TOWNS))
        self.home, self.towns = towns[0], towns[1:]
        people = rng.sample([f"{a} {b}" for a in _FIRST for b in _LAST], 1 + self.level.others)
        self.name, *others = people
        self.email = _email(self.name)
        self.tier = self._tier()
        for other in others:
            origin, to = rng.sample(self.towns[:4], 2)
            flight = self.flight(origin, to, self.later(), seats=rng.randint(1, 40))
            self.book(other, self._tier(), flight, rng.choice(("basic", "standard", "flex")))
        flight = self.flight(self.home, self.towns[0], self.later(), seats=5)
        self.spare = self.book(self.name, self.tier, flight, "flex")

    @property
    def stamp(self) -> str:
        """What time it is."""
        return _stamp(self.now)

    def _tier(self) -> str:
        return "gold" if self.level.exceptions and self.rng.random() < 0.5 else "none"

    def later(self) -> datetime:
        """A departure in some days, at a full or half hour."""
        midnight = self.now.replace(hour=0)
        half_hours = self.rng.randrange(12, 44)
        return midnight + timedelta(self.rng.randint(3, 30), minutes=30 * half_hours)

    def soon(self) -> datetime:
        """A departure within 24 hours, though not about to leave."""
        return self.now + timedelta(minutes=30 * self.rng.randint(8, 46))

    def flight(
        self, origin: str, to: str, departs: datetime, seats: int, price: int | None = None
    ) -> str:
        """A flight, at a price drawn at random if none is given: its number."""
        while True:
            number = f"P{self.rng.randint(100, 999)}-{departs:%m%d}"
            if number not in self.database["flights"]:
                break
        self.database["flights"][number] = {
            "origin": origin,
            "destination": to,
            "departs": _stamp(departs),
            "price": self.rng.randint(60, 260) if price is None else price,
            "seats": seats,
        }
        return number

    def book(
        self, name: str, tier: str, flight: str, fare: str, bags: int = 0, hours: int = 0
    ) -> str:
        """A booking made so many hours ago; weeks, for 0."""
        while (code := "".join(self.rng.choices(_LETTERS, k=6))) in self.database["bookings"]:
            pass
        booked = self.now - timedelta(hours=hours or self.rng.randint(72, 900))
        self.database["bookings"][code] = {
            "passenger": name,
            "email": _email(name),
            "tier": tier,
            "flight": flight,
            "fare": fare,
            "bags": bags,
            "paid": self.database["flights"][flight]["price"],
            "booked": _stamp(booked),
            "status": "active",
        }
        return code

    def own(self, fare: str, departs: datetime, bags: int = 0, hours: int = 0) -> str:
        """A booking of the customer's to a town of its own."""
        flight = self.flight(self.home, self.towns.pop(), departs, seats=self.rng.randint(0, 9))
        return self.book(self.name, self.tier, flight, fare, bags, hours)

    def to(self, code: str) -> str:
        """Where a booking goes."""
        return self.database["flights"][self.database["bookings"][code]["flight"]]["destination"]

    def called(self, code: str) -> str:
        """A booking as the customer names it."""
        name = f"my flight to {self.to(code)}"
        return name if self.level.looked_up else f"{name} (booking {code})"

    def looks(self, code: str) -> list[str | ToolCall]:
        """How the booking is found."""
        look = ToolCall("get_booking", {"code": code})
        if not self.level.looked_up:
            return [look]
        find = ToolCall("find_bookings", {"email": self.email})
        return ["What is your e-mail address, please?", find, look]

    def request(
        self, reason: str | None, call: ToolCall, limit: int | None = None, **rest: Any
    ) -> Request:
        """A request for a change: one to be declined, if there is a reason."""
        found = objections(self.database, self.stamp, call, limit)
        assert found == [reason] * bool(reason), "there is the reason that was wanted, and no other"
        if reason is None:
            return Request(change=call, **rest)
        return Request(reason=reason, forbidden=call, agrees=reason != "over_limit", **rest)

    def case(self, requests: list[Request]) -> Case:
        """The conversation."""
        email = f"My e-mail address is {self.email}."
        greeting = f"Hello, I am {self.name}."
        database = {name: dict(sorted(rows.items())) for name, rows in self.database.items()}
        return Case(
            policy=policy(self.stamp, exceptions=self.level.exceptions),
            greeting=greeting if self.level.looked_up else f"{greeting} {email}",
            facts=(
                Fact(("e-mail", "email", "mail"), email),
                Fact(("code", "booking number", "reference"), "I have no code at hand."),
            ),
            requests=tuple(requests),
            database=database,
        )


def _email(name: str) -> str:
    return f"{name.replace(' ', '.')}@post.example".lower()


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
