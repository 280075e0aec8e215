"""What the desks' policies say, at their edges."""

from __future__ import annotations

from typing import Any

import pytest

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools import airline, calendar, shop


@pytest.mark.parametrize(
    ("tier", "delivered", "late"),
    [
        ("standard", "2031-03-01", False),
        ("standard", "2031-02-28", True),
        ("gold", "2031-01-30", False),
        ("gold", "2031-01-29", True),
    ],
)
def test_the_last_day_for_a_return(tier: str, delivered: str, late: bool) -> None:
    database: dict[str, Any] = {
        "customers": {"C1": {"tier": tier}},
        "orders": {"W1": {"customer": "C1", "delivered": delivered, "payment": "card"}},
        "products": {"S-1": {"final_sale": False}},
    }
    wish = ToolCall("return_item", {"order_id": "W1", "sku": "S-1", "refund_to": "card"})
    assert shop.objections(database, "2031-03-31", wish) == ["too_late"] * late


@pytest.mark.parametrize(
    ("fare", "tier", "price", "charge"),
    [
        ("basic", "none", 100, 60),
        ("basic", "none", 90, 60),
        ("standard", "none", 125, 55),
        ("flex", "none", 125, 25),
        ("basic", "gold", 125, 25),
    ],
)
def test_what_a_change_costs(fare: str, tier: str, price: int, charge: int) -> None:
    database: dict[str, Any] = {
        "flights": {"old": {"price": 100}, "new": {"price": price}},
        "bookings": {"A": {"fare": fare, "tier": tier, "flight": "old"}},
    }
    assert airline.change_charge(database, "A", "new") == charge


@pytest.mark.parametrize(
    ("fare", "tier", "has", "more", "charge"),
    [
        ("basic", "none", 0, 2, 80),
        ("standard", "none", 0, 2, 40),
        ("standard", "none", 2, 1, 40),
        ("flex", "none", 1, 1, 0),
        ("standard", "gold", 1, 2, 40),
    ],
)
def test_what_bags_cost(fare: str, tier: str, has: int, more: int, charge: int) -> None:
    database: dict[str, Any] = {"bookings": {"A": {"fare": fare, "tier": tier, "bags": has}}}
    assert airline.bags_charge(database, "A", more) == charge


@pytest.mark.parametrize(
    ("start", "attendees", "reasons"),
    [
        ("10:00", ["A B", "C D"], []),
        ("08:30", ["A B", "C D"], ["outside_hours"]),
        ("16:30", ["A B", "C D"], ["outside_hours"]),
        ("11:00", ["A B", "C D"], ["conflict"]),
        ("12:00", ["A B", "C D"], []),
        ("10:00", ["A B", "C D", "E F"], ["no_room"]),
    ],
)
def test_meetings_that_touch_do_not_overlap(
    start: str, attendees: list[str], reasons: list[str]
) -> None:
    meeting = {"day": "2031-03-03", "start": "11:00", "minutes": 60, "room": "Elm"}
    database: dict[str, Any] = {
        "rooms": {"Elm": {"seats": 2}, "Fir": {"seats": 2}},
        "meetings": {"M1": {**meeting, "organiser": "C D", "attendees": ["C D", "E F"]}},
    }
    given = {**meeting, "start": start, "attendees": attendees}
    wish = ToolCall("create_meeting", given)
    assert calendar.objections(database, "A B", wish, None) == reasons
