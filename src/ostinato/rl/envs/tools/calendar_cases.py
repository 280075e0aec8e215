"""What employees want of the calendar, drawn by level."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.calendar import (
    CLOSE,
    OPEN,
    best_room,
    busy,
    clock,
    minutes,
    objections,
)
from ostinato.rl.envs.tools.calendar_world import NoFitError, Office
from ostinato.rl.envs.tools.case import LEVELS, Case, Fact, Request, draw_wishes

_REASONS: dict[str, tuple[str, ...]] = {
    "create": ("conflict", "outside_hours", "no_room", "quiet_time"),
    "move": ("not_organiser", "conflict", "outside_hours", "quiet_time"),
    "cancel": ("not_organiser",),
    "invite": ("not_organiser", "conflict", "no_room"),
    "information": (),
}


def draw_case(level: int, rng: Random) -> Case:
    """An employee with the requests of a level."""
    reasons = {
        kind: [code for code in codes if LEVELS[level].exceptions or code != "quiet_time"]
        for kind, codes in _REASONS.items()
    }
    wishes = draw_wishes(LEVELS[level], rng, reasons)
    while True:
        try:
            office = Office(LEVELS[level], rng)
            # Each on a day of its own: none stands in the way of another.
            days = rng.sample(office.days[:4], 4)
            quiet = [number for number, (_, why) in enumerate(wishes) if why == "quiet_time"]
            days.insert(quiet[0] if quiet else rng.randrange(5), office.friday)
            requests = [
                _KINDS[kind](office, day, reason)
                for (kind, reason), day in zip(wishes, days, strict=False)
            ]
        except NoFitError:
            continue
        return office.case(requests)


def _create(office: Office, day: str, reason: str | None) -> Request:
    rng = office.rng
    seats = sorted(room["seats"] for room in office.database["rooms"].values())
    count = seats[-2] + 1 if reason == "no_room" else rng.randint(2, 3)
    who = sorted([office.customer, *rng.sample(office.people[1:], count - 1)])
    length = rng.choice((30, 60, 90))
    title = office.titles.pop()
    office.crowd(day, who)
    start = office.start(reason, length)
    _hinder(office, day, reason, start, length, who)
    given = {"title": title, "organiser": office.customer, "attendees": who}
    given |= {"day": day, "minutes": length}
    earliest = reason is None and office.level.exceptions and rng.random() < 0.5
    if earliest:
        start = _earliest(office, given)
    room = best_room(office.database, day, start, length, count) or next(
        iter(office.database["rooms"])
    )
    wrong_room = next(name for name in office.database["rooms"] if name != room)
    given |= {"start": clock(start), "room": room}
    when = f"at {office.at(start)}"
    if earliest:
        when = (
            "at the earliest full or half hour at which everybody is free, a room is too, and the "
            "rules allow it"
        )
    guests = " and ".join(name for name in who if name != office.customer)
    names = f"It is with {guests}."
    late = office.level.looked_up
    text = f'Please set up a meeting "{title}" of {length} minutes on {office.named(day)} {when}.'
    fit = [name for name, room in office.database["rooms"].items() if room["seats"] >= count]
    of_rooms = tuple(ToolCall("list_meetings", {"name": name, "day": day}) for name in fit)
    looks = [*office.looks(day, *who), ToolCall("list_rooms"), of_rooms]
    return office.request(
        reason,
        ToolCall("create_meeting", given),
        text=text if late else f"{text} {names}",
        looks=tuple(["Who is to attend?", *looks] if late else looks),
        facts=(Fact(("attend", "invite", "who ", "with whom", "participant", "people"), names),),
        cares=tuple(
            name for name in given if name != "room" and not (earliest and name == "start")
        ),
        wrong=ToolCall("create_meeting", {**given, "room": wrong_room}) if reason is None else None,
    )


def _hinder(
    office: Office, day: str, reason: str | None, start: int, length: int, who: list[str]
) -> None:
    """Puts something in the way of a meeting, where the reason wants that."""
    if reason == "conflict":
        office.block(day, start, next(name for name in who if name != office.customer), who)
    if reason == "no_room":
        big = max(office.database["rooms"].items(), key=lambda room: room[1]["seats"])[0]
        others = [name for name in office.people if name not in who]
        if busy(office.database, day, start, length) & {big, *others[:2]}:
            raise NoFitError
        office.put(day, start, length, others[:2], big)


def _earliest(office: Office, given: dict[str, Any]) -> int:
    """The first start at which the rules have nothing against a new meeting."""
    friday = office.friday if office.level.exceptions else None
    for start in range(OPEN, CLOSE, 30):
        call = ToolCall("create_meeting", {**given, "start": clock(start)})
        if not objections(office.database, office.customer, call, friday):
            return start
    raise NoFitError


def _move(office: Office, day: str, reason: str | None) -> Request:
    number = office.own(day, reason)
    row = office.database["meetings"][number]
    start = office.start(reason, row["minutes"])
    if start == minutes(row["start"]):
        raise NoFitError
    if reason == "conflict":
        guest = next(name for name in row["attendees"] if name != office.customer)
        office.block(day, start, guest, row["attendees"])
    call = ToolCall("move_meeting", {"meeting_id": number, "day": day, "start": clock(start)})
    earlier = {**call.arguments, "start": clock(start - 30)}
    return office.request(
        reason,
        call,
        text=f"Please move {office.called(number)} to {office.at(start)} on the same day.",
        looks=tuple(office.looks(day, *row["attendees"], row["room"])),
        cares=("meeting_id", "day", "start"),
        wrong=ToolCall("move_meeting", earlier) if reason is None else None,
    )


def _cancel(office: Office, day: str, reason: str | None) -> Request:
    number = office.own(day, reason)
    other = office.other(day, number)
    return office.request(
        reason,
        ToolCall("cancel_meeting", {"meeting_id": number}),
        text=f"Please cancel {office.called(number)} for me.",
        looks=tuple(office.looks(day, office.customer)),
        cares=("meeting_id",),
        wrong=ToolCall("cancel_meeting", {"meeting_id": other}) if other else None,
    )


def _invite(office: Office, day: str, reason: str | None) -> Request:
    number = office.own(day, reason, spare=0 if reason == "no_room" else 1)
    row = office.database["meetings"][number]
    person = office.rng.choice([name for name in office.people if name not in row["attendees"]])
    if reason == "conflict":
        office.block(day, minutes(row["start"]), person, row["attendees"])
    other = office.other(day, number)
    given = {"meeting_id": number, "person": person}
    return office.request(
        reason,
        ToolCall("add_attendee", given),
        text=f"Please add {person} to {office.called(number)}.".replace(",.", "."),
        looks=(*office.looks(day, office.customer, person), ToolCall("list_rooms")),
        cares=("meeting_id", "person"),
        wrong=ToolCall("add_attendee", {**given, "meeting_id": other}) if other else None,
    )


def _ask(office: Office, day: str, reason: str | None) -> Request:
    number = office.own(day, reason)
    row = office.database["meetings"][number]
    guest = next(name for name in row["attendees"] if name != office.customer)
    match office.rng.randrange(3 if office.level.exceptions else 2):
        case 0:
            text = f"In which room is {office.called(number)} held? The bare name, please."
            told, names = row["room"], (office.customer,)
        case 1:
            text = f"When does the first meeting of {guest} on {office.named(day)} start? Tell me "
            text += "the head-office time as in 09:30."
            rows = office.database["meetings"].values()
            told = min(r["start"] for r in rows if r["day"] == day and guest in r["attendees"])
            names = (guest,)
        case _:
            text = (
                f"{guest} and I want to meet for 90 minutes on {office.named(day)} between 09:00 "
            )
            text += "and 17:00, head-office time. At what full or half hour can we start at the "
            text += "earliest, going by our other meetings alone? Tell me the time as in 09:30."
            names = (office.customer, guest)
            office.crowd(day, [*names])
            starts = range(OPEN, CLOSE - 89, 30)
            free = [at for at in starts if not busy(office.database, day, at, 90) & {*names}]
            if not free:
                raise NoFitError
            told = clock(free[0])
    return Request(text=text, looks=tuple(office.looks(day, *names)), told=told)


_KINDS: dict[str, Callable[[Office, str, str | None], Request]] = {
    "create": _create,
    "move": _move,
    "cancel": _cancel,
    "invite": _invite,
    "information": _ask,
}
