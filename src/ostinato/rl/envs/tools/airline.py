"""The desk of an airline: bookings, changes, baggage, fare rules; its tools and its policy."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

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

FEES = {"basic": 60, "standard": 30, "flex": 0}
FREE_BAGS = {"basic": 0, "standard": 1, "flex": 2}
BAG_PRICE, MOST_BAGS = 40, 3

ROLE = (
    "You work at the service desk of Pelican Regional, an airline. You serve one customer with the "
    "tools that you have."
)
REASONS = {
    "too_late": "the fare does not allow it so shortly before departure",
    "not_refundable": "the fare is not paid back",
    "no_seats": "the flight is full",
    "too_many_bags": "more bags than a booking may have",
    "other_route": "the flight does not go where the booking goes",
    "over_limit": "it would cost more than the customer wants to spend",
}


def policy(now: str, *, exceptions: bool) -> str:
    """The rules that hold, and the time."""
    lines = [
        f"It is {now}. All times are local, all prices whole euros. Rules of the airline:",
        "- A booking can be changed to another flight of the same route (else: other_route) that "
        "has a seat left (else: no_seats). The charge is the fee of the fare (basic 60, standard "
        "30, flex 0) plus what the new flight's price is above that of the flight booked now; a "
        "cheaper flight lowers nothing.",
        "- Basic fares are not changed within 24 hours before the departure of the flight booked: "
        "too_late.",
        "- A cancelled flex booking is refunded in full, a standard one half of what was paid, "
        "rounded down. Basic ones are not refunded: not_refundable, and the booking stays.",
        "- Free bags of a booking: basic none, standard 1, flex 2. Every bag beyond these costs "
        f"40, paid when it is added. No booking has more than {MOST_BAGS} bags: too_many_bags.",
        "- If the customer names a limit and the charge would be above it: over_limit.",
    ]
    if exceptions:
        lines += [
            "- Exception: a booking made no more than 24 hours ago is refunded in full when "
            "cancelled, whatever its fare.",
            "- Exception: customers of tier gold pay no fee for a change (but the difference in "
            "price), and have one free bag more.",
        ]
    return "\n".join(lines)


def when(text: str) -> datetime:
    """A time of the database."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M")


def change_charge(database: Database, code: str, flight: str) -> int:
    """What changing a booking to a flight costs."""
    row = database["bookings"][code]
    flights = database["flights"]
    fee = 0 if row["tier"] == "gold" else FEES[row["fare"]]
    return fee + max(0, flights[flight]["price"] - flights[row["flight"]]["price"])


def bags_charge(database: Database, code: str, bags: int) -> int:
    """What adding so many bags costs."""
    row = database["bookings"][code]
    free = FREE_BAGS[row["fare"]] + (row["tier"] == "gold")
    return BAG_PRICE * (max(0, row["bags"] + bags - free) - max(0, row["bags"] - free))


def refund(database: Database, code: str, now: str) -> int:
    """What is paid back when a booking is cancelled."""
    row = database["bookings"][code]
    if row["fare"] == "flex" or _fresh(database, code, now):
        return row["paid"]
    return row["paid"] // 2 if row["fare"] == "standard" else 0


def _fresh(database: Database, code: str, now: str) -> bool:
    """Whether a booking falls under the exception for recent ones."""
    made = when(database["bookings"][code]["booked"])
    return database["rules"]["exceptions"] and when(now) - made <= timedelta(hours=24)


def objections(database: Database, now: str, call: ToolCall, limit: int | None) -> list[str]:
    """Every reason that the policy has against a change, written apart from the tools."""
    given, found = call.arguments, list[str]()
    row = database["bookings"][given["code"]]
    flight = database["flights"][row["flight"]]
    if call.name == "change_flight":
        new = database["flights"][given["flight"]]
        if [new["origin"], new["destination"]] != [flight["origin"], flight["destination"]]:
            found.append("other_route")
        if new["seats"] < 1:
            found.append("no_seats")
        if row["fare"] == "basic" and when(flight["departs"]) - when(now) < timedelta(hours=24):
            found.append("too_late")
    if call.name == "cancel_booking" and row["fare"] == "basic":
        found += ["not_refundable"] * (not _fresh(database, given["code"], now))
    if call.name == "add_bags" and row["bags"] + given["bags"] > MOST_BAGS:
        found.append("too_many_bags")
    if limit is not None and given.get("charge", 0) > limit:
        found.append("over_limit")
    return found


def _get_booking(database: Database, given: Arguments) -> object:
    row = pick(database["bookings"], given["code"], "booking")
    return {"code": given["code"], **row, "flight": _shown(database, row["flight"])}


def _shown(database: Database, flight: str) -> dict[str, object]:
    return {"flight": flight, **pick(database["flights"], flight, "flight")}


def _find_bookings(database: Database, given: Arguments) -> object:
    email = given["email"].lower()
    return [
        {"code": code, "flight": row["flight"], "status": row["status"]}
        for code, row in database["bookings"].items()
        if row["email"] == email
    ]


def _get_flight(database: Database, given: Arguments) -> object:
    return _shown(database, given["flight"])


def _find_flights(database: Database, given: Arguments) -> object:
    return [
        {"flight": number, **row}
        for number, row in database["flights"].items()
        if row["origin"] == given["origin"]
        and row["destination"] == given["destination"]
        and row["departs"].startswith(f"{given['day']} ")
    ]


def _booking(database: Database, code: str) -> dict[str, int | str]:
    row = pick(database["bookings"], code, "booking")
    if row["status"] != "active":
        raise ServiceError("this booking is cancelled")
    return row


def _charge(database: Database, given: Arguments) -> None:
    if not 0 <= given["charge"] <= 10_000:
        raise ServiceError("charge: expected 0 to 10000 euros")
    if given["charge"]:
        charges = database["charges"]
        charges[given["code"]] = charges.get(given["code"], 0) + given["charge"]


def _change_flight(database: Database, given: Arguments) -> object:
    row = _booking(database, given["code"])
    new = pick(database["flights"], given["flight"], "flight")
    if row["flight"] == given["flight"]:
        raise ServiceError("the booking is on this flight already")
    _charge(database, given)
    database["flights"][row["flight"]]["seats"] += 1
    new["seats"] -= 1
    row["flight"] = given["flight"]
    return {"code": given["code"], **row}


def _cancel_booking(database: Database, given: Arguments) -> object:
    row = _booking(database, given["code"])
    if not 0 <= given["refund"] <= 10_000:
        raise ServiceError("refund: expected 0 to 10000 euros")
    row["status"] = "cancelled"
    database["flights"][row["flight"]]["seats"] += 1
    database["refunds"][given["code"]] = given["refund"]
    return {"code": given["code"], **row}


def _add_bags(database: Database, given: Arguments) -> object:
    row = _booking(database, given["code"])
    if not 1 <= given["bags"] <= 9:
        raise ServiceError("bags: expected 1 to 9")
    _charge(database, given)
    row["bags"] += given["bags"]
    return {"code": given["code"], **row}


def _blind(database: Database, rng: Random) -> ToolCall:
    code = rng.choice(sorted(database["bookings"]))
    charge = rng.choice((0, 30, 40, 60, 80))
    match rng.randrange(3):
        case 0:
            flight = rng.choice(sorted(database["flights"]))
            given = {"code": code, "flight": flight, "charge": charge}
            return ToolCall("change_flight", given)
        case 1:
            paid = database["bookings"][code]["paid"]
            refunded = rng.choice((paid, paid // 2))
            return ToolCall("cancel_booking", {"code": code, "refund": refunded})
        case _:
            bags = rng.randint(1, 2)
            return ToolCall("add_bags", {"code": code, "bags": bags, "charge": charge})


_CODE = Param("code of the booking, as in ABCDEF")
_FLIGHT = Param("number of the flight, as in P123-0630")
_TOWN = Param("the town")
_CHARGED = Param("what the customer pays for it, in whole euros; 0 for nothing", "integer")

AIRLINE = Service(
    name="airline",
    role=ROLE,
    tools=(
        ServiceTool(
            "find_bookings",
            "Codes of the bookings made with an e-mail address.",
            {"email": Param("the e-mail address")},
            _find_bookings,
        ),
        ServiceTool(
            "get_booking", "One booking and its flight in full.", {"code": _CODE}, _get_booking
        ),
        ServiceTool("get_flight", "One flight.", {"flight": _FLIGHT}, _get_flight),
        ServiceTool(
            "find_flights",
            "All flights of a route on one day, with prices and seats left.",
            {"origin": _TOWN, "destination": _TOWN, "day": Param("as in 2030-06-30")},
            _find_flights,
        ),
        ServiceTool(
            "change_flight",
            "Moves a booking to another flight.",
            {"code": _CODE, "flight": _FLIGHT, "charge": _CHARGED},
            _change_flight,
            writes=True,
        ),
        ServiceTool(
            "cancel_booking",
            "Cancels a booking and pays money back.",
            {"code": _CODE, "refund": Param("what is paid back, in whole euros", "integer")},
            _cancel_booking,
            writes=True,
        ),
        ServiceTool(
            "add_bags",
            "Adds bags to a booking.",
            {"code": _CODE, "bags": Param("how many more", "integer"), "charge": _CHARGED},
            _add_bags,
            writes=True,
        ),
    ),
    reasons=REASONS,
    blind=_blind,
    example="42 or 09:30",
)
