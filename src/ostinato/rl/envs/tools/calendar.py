"""The desk of a calendar: people, rooms, meetings, conflicts; its tools and its policy.

All times of the calendar are those of the head office; other offices are whole hours off.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.service import (
    Arguments,
    Database,
    Param,
    Service,
    ServiceError,
    ServiceTool,
    pick,
)

OPEN, CLOSE, QUIET = 9 * 60, 17 * 60, 14 * 60

ROLE = (
    "You keep the calendar of Tamarind Instruments, a maker of measuring devices. You serve one "
    "employee, called the customer below, with the tools that you have."
)
REASONS = {
    "not_organiser": "only the organiser may do this",
    "conflict": "somebody is in another meeting then",
    "outside_hours": "it is not within the hours for meetings",
    "no_room": "no room is free then that is large enough",
    "quiet_time": "Friday afternoon is kept free of meetings",
}


def policy(today: str, *, exceptions: bool) -> str:
    """The rules that hold, and the date."""
    lines = [
        f"Today is {today}. Rules of the calendar:",
        "- All times are those of the head office, in the form HH:MM; a meeting that ends at "
        "10:00 and one that starts at 10:00 do not overlap.",
        "- The organiser of a meeting is one of its attendees. The customer organises what the "
        "customer asks for.",
        "- Nobody is in two meetings at once. If an attendee is: conflict.",
        "- A meeting starts at 09:00 or later and ends by 17:00. Otherwise: outside_hours.",
        "- A new meeting gets the smallest room with a seat for every attendee that is free for "
        "the whole time. If there is none: no_room. A meeting that is moved keeps its room and its "
        "length; if the room is taken then: no_room.",
        "- Only the organiser may move or cancel a meeting or add somebody to it. Otherwise: "
        "not_organiser. Somebody can be added if the room has a seat; if not: no_room.",
    ]
    if exceptions:
        lines += [
            "- Exception: on Fridays no meeting that is new or moved ends after 14:00. Otherwise: "
            "quiet_time (also where the end would be after 17:00).",
            "- Customers may give times of their own office: local time is head-office time plus "
            "the office's offset. The calendar still takes head-office time.",
        ]
    return "\n".join(lines)


def minutes(time: str) -> int:
    """Minutes since midnight of a time as in 09:30; `ServiceError` for another form."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", time):
        raise ServiceError("expected a time in the form HH:MM")
    return int(time[:2]) * 60 + int(time[3:])


def clock(at: int) -> str:
    """The other way round."""
    return f"{at // 60:02}:{at % 60:02}"


def meets(row: dict[str, Any], day: str, start: int, length: int) -> bool:
    """Whether a meeting overlaps a time."""
    begins = minutes(row["start"])
    return row["day"] == day and begins < start + length and start < begins + row["minutes"]


def busy(database: Database, day: str, start: int, length: int, but: str = "") -> set[str]:
    """Everybody and every room that is taken at a time, by other meetings than ``but``."""
    taken: set[str] = set()
    for number, row in database["meetings"].items():
        if number != but and meets(row, day, start, length):
            taken |= {row["room"], *row["attendees"]}
    return taken


def best_room(database: Database, day: str, start: int, length: int, people: int) -> str | None:
    """The smallest free room with enough seats; no two rooms have as many."""
    taken = busy(database, day, start, length)
    seats = {name: row["seats"] for name, row in database["rooms"].items() if name not in taken}
    fit = [(count, name) for name, count in seats.items() if count >= people]
    return min(fit)[1] if fit else None


def objections(database: Database, customer: str, call: ToolCall, friday: str | None) -> list[str]:
    """Every reason that the policy has against a change, written apart from the tools.

    ``friday`` is the day on which the exception holds, None where there is none.
    """
    given = call.arguments
    if call.name == "create_meeting":
        start, length = minutes(given["start"]), given["minutes"]
        taken = busy(database, given["day"], start, length)
        found = ["conflict"] * bool(taken & set(given["attendees"]))
        found += _hours(given["day"], start, length, friday)
        room = best_room(database, given["day"], start, length, len(given["attendees"]))
        return found + ["no_room"] * (room is None)
    meeting = database["meetings"][given["meeting_id"]]
    found = ["not_organiser"] * (meeting["organiser"] != customer)
    start, length = minutes(meeting["start"]), meeting["minutes"]
    if call.name == "add_attendee":
        taken = busy(database, meeting["day"], start, length)
        full = len(meeting["attendees"]) >= database["rooms"][meeting["room"]]["seats"]
        found += ["conflict"] * (given["person"] in taken) + ["no_room"] * full
    if call.name == "move_meeting":
        start = minutes(given["start"])
        taken = busy(database, given["day"], start, length, given["meeting_id"])
        found += ["conflict"] * bool(taken & set(meeting["attendees"]))
        found += ["no_room"] * (meeting["room"] in taken)
        found += _hours(given["day"], start, length, friday)
    return found


def _hours(day: str, start: int, length: int, friday: str | None) -> list[str]:
    if day == friday and start + length > QUIET:
        return ["quiet_time"] + ["outside_hours"] * (start < OPEN)
    return ["outside_hours"] * (start < OPEN or start + length > CLOSE)


def _find_person(database: Database, given: Arguments) -> object:
    row = pick(database["people"], given["name"], "person")
    return {"name": given["name"], **row, **database["offices"][row["office"]]}


def _list_meetings(database: Database, given: Arguments) -> object:
    name, day = given["name"], given["day"]
    if name not in database["people"]:
        pick(database["rooms"], name, "person or room")
    found = [
        {"meeting_id": number, **row}
        for number, row in database["meetings"].items()
        if row["day"] == day and (name == row["room"] or name in row["attendees"])
    ]
    return sorted(found, key=lambda row: row["start"])


def _list_rooms(database: Database, given: Arguments) -> object:
    del given
    return database["rooms"]


def _create_meeting(database: Database, given: Arguments) -> object:
    length = given["minutes"]
    if not 0 < length <= 8 * 60 or minutes(given["start"]) + length >= 24 * 60:
        raise ServiceError("expected a meeting that ends on the day on which it starts")
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given["day"]):
        raise ServiceError("expected a day in the form YYYY-MM-DD")
    for name in (*given["attendees"], given["organiser"]):
        pick(database["people"], name, "person")
    pick(database["rooms"], given["room"], "room")
    database["counters"]["meetings"] += 1
    number = f"M{database['counters']['meetings']}"
    database["meetings"][number] = dict(given)
    return {"meeting_id": number}


def _move_meeting(database: Database, given: Arguments) -> object:
    meeting = pick(database["meetings"], given["meeting_id"], "meeting")
    minutes(given["start"])
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given["day"]):
        raise ServiceError("expected a day in the form YYYY-MM-DD")
    meeting |= {"day": given["day"], "start": given["start"]}
    return meeting


def _cancel_meeting(database: Database, given: Arguments) -> object:
    pick(database["meetings"], given["meeting_id"], "meeting")
    return {"cancelled": database["meetings"].pop(given["meeting_id"])}


def _add_attendee(database: Database, given: Arguments) -> object:
    meeting = pick(database["meetings"], given["meeting_id"], "meeting")
    pick(database["people"], given["person"], "person")
    meeting["attendees"] = sorted({*meeting["attendees"], given["person"]})
    return meeting


def _blind(database: Database, rng: Random) -> ToolCall:
    number = rng.choice(sorted(database["meetings"]))
    people = sorted(database["people"])
    day, start = database["meetings"][number]["day"], clock(rng.randrange(OPEN, CLOSE, 30))
    match rng.randrange(4):
        case 0:
            attendees = sorted(rng.sample(people, 2))
            new = {"title": "Planning", "organiser": attendees[0], "attendees": attendees}
            new |= {"day": day, "start": start, "minutes": 60}
            return ToolCall(
                "create_meeting", {**new, "room": rng.choice(sorted(database["rooms"]))}
            )
        case 1:
            return ToolCall("move_meeting", {"meeting_id": number, "day": day, "start": start})
        case 2:
            return ToolCall("cancel_meeting", {"meeting_id": number})
        case _:
            return ToolCall("add_attendee", {"meeting_id": number, "person": rng.choice(people)})


_DAY = Param("as in 2030-06-30")
_START = Param("head-office time, as in 09:30")
_MEETING = Param("number of the meeting, as in M123")

CALENDAR = Service(
    name="calendar",
    role=ROLE,
    tools=(
        ServiceTool(
            "find_person",
            "A person's office and how many hours it is ahead of the head office.",
            {"name": Param("first and last name")},
            _find_person,
        ),
        ServiceTool(
            "list_meetings",
            "The meetings of a person, or in a room, on one day.",
            {"name": Param("a person's or a room's name"), "day": _DAY},
            _list_meetings,
        ),
        ServiceTool("list_rooms", "All rooms and their seats.", {}, _list_rooms),
        ServiceTool(
            "create_meeting",
            "Puts a new meeting into the calendar.",
            {
                "title": Param("as the customer calls it, word for word"),
                "organiser": Param("first and last name"),
                "attendees": Param("first and last names, the organiser's too", "strings"),
                "day": _DAY,
                "start": _START,
                "minutes": Param("its length", "integer"),
                "room": Param("name of the room"),
            },
            _create_meeting,
            writes=True,
        ),
        ServiceTool(
            "move_meeting",
            "Moves a meeting to another time.",
            {"meeting_id": _MEETING, "day": _DAY, "start": _START},
            _move_meeting,
            writes=True,
        ),
        ServiceTool(
            "cancel_meeting",
            "Takes a meeting out of the calendar.",
            {"meeting_id": _MEETING},
            _cancel_meeting,
            writes=True,
        ),
        ServiceTool(
            "add_attendee",
            "Adds a person to a meeting.",
            {"meeting_id": _MEETING, "person": Param("first and last name")},
            _add_attendee,
            writes=True,
        ),
    ),
    reasons=REASONS,
    blind=_blind,
    example="09:30 or Cedar",
)
