"""What passengers want of the airline, drawn by level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from random import Random

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.airline import (
    FREE_BAGS,
    MOST_BAGS,
    bags_charge,
    change_charge,
    refund,
    when,
)
from ostinato.rl.envs.tools.airline_world import AirlineWorld
from ostinato.rl.envs.tools.case import LEVELS, Case, Fact, Request, draw_wishes

_REASONS: dict[str, tuple[str, ...]] = {
    "change": ("too_late", "no_seats", "other_route", "over_limit"),
    "cancel": ("not_refundable",),
    "bags": ("too_many_bags", "over_limit"),
    "information": (),
}
_PAID_FARES = ("standard", "flex")


def draw_case(level: int, rng: Random) -> Case:
    """A passenger with the requests of a level."""
    world = AirlineWorld(LEVELS[level], rng)
    reasons = {
        kind: [code for code in codes if LEVELS[level].exceptions or code != "over_limit"]
        for kind, codes in _REASONS.items()
    }
    wishes = draw_wishes(LEVELS[level], rng, reasons)
    return world.case([_KINDS[kind](world, reason) for kind, reason in wishes])


def _change(world: AirlineWorld, reason: str | None) -> Request:
    rng = world.rng
    fare = "basic" if reason == "too_late" else rng.choice(("basic", *_PAID_FARES))
    soon = reason == "too_late" or (fare != "basic" and rng.random() < 0.4)
    code = world.own(fare, world.soon() if soon else world.later())
    if reason == "other_route":
        return _reroute(world, code)
    flights = _offers(world, code, reason)
    named, which = _named(world, flights, reason)
    look = world.looks(code)
    row = world.database["flights"][named]
    route = {"origin": row["origin"], "destination": row["destination"]}
    look.append(ToolCall("find_flights", {**route, "day": row["departs"][:10]}))
    charge = change_charge(world.database, code, named)
    limit, condition = _limit(world, reason, charge)
    given = {"code": code, "flight": named, "charge": charge}
    by_name = "flight at" in which or not world.level.looked_up
    return world.request(
        reason,
        ToolCall("change_flight", given),
        limit,
        text=f"Please change {world.called(code)} to {which}{condition}.",
        looks=tuple(look),
        cares=("code", "flight") if by_name else ("code",),
        wrong=ToolCall("change_flight", {**given, "charge": charge + 10}),
    )


def _offers(world: AirlineWorld, code: str, reason: str | None) -> list[str]:
    """Flights of the booking's route on one later day: the second cheapest is the one that is
    asked for, the cheapest is full.
    """
    rng = world.rng
    booked = world.database["flights"][world.database["bookings"][code]["flight"]]
    day = when(booked["departs"]).replace(hour=0, minute=0) + timedelta(rng.randint(1, 6))
    count = 3 + world.level.exceptions
    times = rng.sample(range(12, 44), count)
    base = booked["price"] + rng.randint(5 if reason == "over_limit" else -40, 60)
    flights: list[str] = []
    for number, half_hours in enumerate(times):
        price = max(20, base) + 7 * number + rng.randint(0, 6)
        seats = 0 if number == 0 or (reason == "no_seats" and number == 1) else rng.randint(1, 9)
        at = day + timedelta(minutes=30 * half_hours)
        flights.append(world.flight(booked["origin"], booked["destination"], at, seats, price))
    return flights


def _named(world: AirlineWorld, flights: list[str], reason: str | None) -> tuple[str, str]:
    """The flight that is asked for, and how."""
    named = flights[1]
    departs = world.database["flights"][named]["departs"]
    day, time = departs.split(" ")
    if not world.level.looked_up:
        return named, f"flight {named}"
    if world.level.exceptions and reason != "no_seats" and world.rng.random() < 0.6:
        return named, f"the cheapest flight on {day} that has a seat left"
    return named, f"the flight at {time} on {day}"


def _limit(world: AirlineWorld, reason: str | None, charge: int) -> tuple[int | None, str]:
    """What the customer is ready to pay: told sometimes."""
    if reason == "over_limit":
        limit = max(0, charge - world.rng.randint(1, 15))
    elif world.level.exceptions and world.rng.random() < 0.4:
        limit = charge + world.rng.randint(0, 15)
    else:
        return None, ""
    return limit, f", provided that it costs no more than {limit} euros in all"


def _reroute(world: AirlineWorld, code: str) -> Request:
    """To somewhere else, which no fare allows."""
    town = world.towns[1]
    departs = world.later()
    other = world.flight(world.home, town, departs, seats=world.rng.randint(1, 9))
    day = f"{departs:%Y-%m-%d}"
    charge = change_charge(world.database, code, other)
    route = {"origin": world.home, "destination": town, "day": day}
    return world.request(
        "other_route",
        ToolCall("change_flight", {"code": code, "flight": other, "charge": charge}),
        text=f"Please change {world.called(code)} so that I go to {town} on {day} instead.",
        looks=(*world.looks(code), ToolCall("find_flights", route)),
        cares=("code", "flight"),
    )


def _cancel(world: AirlineWorld, reason: str | None) -> Request:
    rng = world.rng
    fresh = reason is None and world.level.exceptions and rng.random() < 0.5
    fare = "basic" if reason else rng.choice(("basic", "standard") if fresh else _PAID_FARES)
    code = world.own(fare, world.later(), hours=rng.randint(1, 22) if fresh else 0)
    given = {"code": code, "refund": refund(world.database, code, world.stamp)}
    return world.request(
        reason,
        ToolCall("cancel_booking", given),
        text=f"Please cancel {world.called(code)} and pay back what I am due.",
        looks=tuple(world.looks(code)),
        cares=("code",),
        wrong=ToolCall("cancel_booking", {**given, "code": world.spare}),
    )


def _bags(world: AirlineWorld, reason: str | None) -> Request:
    rng = world.rng
    fare = "basic" if reason == "over_limit" else rng.choice(list(FREE_BAGS))
    has = rng.randint(1, 2) if reason == "over_limit" else rng.randint(0, 2)
    most = MOST_BAGS - has
    bags = most + rng.randint(1, 2) if reason == "too_many_bags" else rng.randint(1, most)
    code = world.own(fare, world.later(), bags=has)
    charge = bags_charge(world.database, code, bags)
    limit, condition = _limit(world, reason, charge)
    how_many = f"{bags} more bag{'s' * (bags > 1)}"
    given = {"code": code, "bags": bags, "charge": charge}
    ask = "How many bags would you like to add?"
    fact = Fact(("how many", "number of bags"), f"I need {how_many}.")
    later = world.level.exceptions
    text = f"I need {'more baggage' if later else how_many} on {world.called(code)}{condition}."
    return world.request(
        reason,
        ToolCall("add_bags", given),
        limit,
        text=text,
        looks=(*([ask] if later else []), *world.looks(code)),
        facts=(fact,),
        cares=("code", "bags"),
        wrong=ToolCall("add_bags", {**given, "code": world.spare}),
    )


def _ask(world: AirlineWorld, reason: str | None) -> Request:
    """What a change would cost, which is not to be made."""
    del reason
    kind = world.rng.choice(("change", "cancel", "bags"))
    if kind == "cancel":
        request = _cancel(world, None)
        code, amount = _amount(request, "refund")
        text = f"How much would I get back if I cancelled {world.called(code)}?"
    elif kind == "change":
        request = _change(world, None)
        code, amount = _amount(request, "charge")
        wish = request.text.removeprefix("Please change ").partition(", provided")[0].rstrip(".")
        text = f"What would it cost to change {wish}?"
    else:
        request = _bags(world, None)
        code, amount = _amount(request, "charge")
        assert request.change is not None, "it may be made"
        bags = request.change.arguments["bags"]
        text = f"What would {bags} more bag{'s' * (bags > 1)} on {world.called(code)} cost?"
    looks = tuple(look for look in request.looks if look != "How many bags would you like to add?")
    text += " I only want to know. The bare number of euros, please."
    return replace(
        request, text=text, looks=looks, facts=(), change=None, told=str(amount), wrong=None
    )


def _amount(request: Request, name: str) -> tuple[str, int]:
    assert request.change is not None, "it may be made"
    return request.change.arguments["code"], request.change.arguments[name]


_KINDS: dict[str, Callable[[AirlineWorld, str | None], Request]] = {
    "change": _change,
    "cancel": _cancel,
    "bags": _bags,
    "information": _ask,
}
