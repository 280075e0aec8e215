"""The shop while it is being filled."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.case import Case, Fact, Level, Request
from ostinato.rl.envs.tools.service import Database
from ostinato.rl.envs.tools.shop import DAYS, GOLD_DAYS, PAYMENTS, objections, policy

_NAMES = (
    "desk lamp",
    "rain jacket",
    "tea set",
    "backpack",
    "wool scarf",
    "wall clock",
    "garden chair",
    "bicycle bell",
    "picture frame",
    "travel pillow",
    "water bottle",
    "floor cushion",
)
_COLOURS = ("red", "green", "blue", "grey", "yellow", "black")
_FIRST = ("Ada", "Bruno", "Carla", "Dario", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas")
_LAST = ("Amsel", "Brook", "Castell", "Dorn", "Ekberg", "Falk", "Grove", "Holm", "Ivers", "Jarvi")
_STREETS = ("Mill Lane", "Harbour Road", "Orchard Street", "Station Square", "Chapel Hill")
_TOWNS = ("Norbury", "Easthaven", "Kestrel Bay", "Lower Wick", "Stonebridge")


def address(rng: Random) -> str:
    """Somewhere to live."""
    return f"{rng.randint(1, 99)} {rng.choice(_STREETS)}, {rng.choice(_TOWNS)}"


@dataclass
class ShopWorld:
    """Products, customers and orders; one customer who matters, and others."""

    level: Level
    rng: Random
    database: Database = field(init=False)
    today: date = field(init=False)
    customer: str = field(init=False)
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        rng = self.rng
        self.today = date(2031, 1, 1) + timedelta(rng.randrange(300))
        self.database = {"customers": {}, "products": {}, "orders": {}, "refunds": {}}
        numbers = iter(rng.sample(range(100, 1000), len(_NAMES) * 4))
        for name in _NAMES:
            price = rng.randint(8, 120)
            for colour in rng.sample(_COLOURS, 4):
                self.database["products"][f"S-{next(numbers)}"] = {
                    "name": name,
                    "colour": colour,
                    "price": price,
                    "stock": rng.randint(1, 40),
                    "final_sale": self.level.exceptions and rng.random() < 0.15,
                }
        people = rng.sample([(a, b) for a in _FIRST for b in _LAST], 1 + self.level.others)
        for number, (first, last) in zip(
            rng.sample(range(100, 1000), len(people)), people, strict=True
        ):
            self.database["customers"][f"C{number}"] = {
                "name": f"{first} {last}",
                "email": f"{first}.{last}@post.example".lower(),
                "tier": "gold" if self.level.exceptions and rng.random() < 0.5 else "standard",
                "address": address(rng),
            }
        self.customer = next(iter(self.database["customers"]))
        self.names = rng.sample(_NAMES, len(_NAMES))

    @property
    def gold(self) -> bool:
        """Whether the customer has more time."""
        return self.database["customers"][self.customer]["tier"] == "gold"

    @property
    def window(self) -> int:
        """Days that the customer has for a return."""
        return GOLD_DAYS if self.gold else DAYS

    def variants(self, name: str) -> list[str]:
        """The numbers of all colours of a product."""
        return [k for k, row in self.database["products"].items() if row["name"] == name]

    def order(self, customer: str, skus: list[str], status: str, days: int) -> str:
        """Puts in an order that was delivered so many days ago (or placed, if it was not)."""
        rng = self.rng
        while (number := f"W{rng.randint(10000, 99999)}") in self.database["orders"]:
            pass
        delivered = self.today - timedelta(days) if status == "delivered" else None
        placed = (delivered or self.today) - timedelta(rng.randint(2, 5))
        products = self.database["products"]
        self.database["orders"][number] = {
            "customer": customer,
            "status": status,
            "placed": placed.isoformat(),
            "delivered": delivered and delivered.isoformat(),
            "address": self.database["customers"][customer]["address"],
            "payment": rng.choice(PAYMENTS),
            "items": {sku: {"paid": products[sku]["price"], "state": "kept"} for sku in skus},
        }
        return number

    def bought(self, status: str, days: int) -> tuple[str, str, str]:
        """A product of the customer's: order, variant, and an order of it in another colour."""
        name = self.names.pop()
        sku, twin = self.variants(name)[:2]
        self.database["products"][sku]["final_sale"] = False
        other = self.names[0]  # never asked for: those come from the end
        with_it = [self.variants(other)[0]] if self.rng.random() < 0.5 else []
        order = self.order(self.customer, [sku, *with_it], status, days)
        return order, sku, self.order(self.customer, [twin], status, max(1, days // 2))

    def called(self, sku: str) -> str:
        """A product as the customer names it."""
        row = self.database["products"][sku]
        return f"the {row['colour']} {row['name']}"

    def looks(self, order: str) -> tuple[str | ToolCall, ...]:
        """How the order is found."""
        look = ToolCall("get_order", {"order_id": order})
        if not self.level.looked_up:
            return (look,)
        email = self.database["customers"][self.customer]["email"]
        return (
            "What is your e-mail address, please?",
            ToolCall("find_customer", {"email": email}),
            ToolCall("list_orders", {"customer_id": self.customer}),
            look,
        )

    def of_order(self, order: str) -> str:
        """The number of an order, if the customer tells it."""
        return "" if self.level.looked_up else f" (order {order})"

    def request(self, reason: str | None, call: ToolCall, **rest: Any) -> Request:
        """A request for a change: one to be declined, if there is a reason."""
        assert objections(self.database, self.today.isoformat(), call) == [reason] * bool(reason)
        if reason is None:
            return Request(change=call, **rest)
        return Request(reason=reason, forbidden=call, **rest)

    def case(self, requests: list[Request]) -> Case:
        """The conversation, among orders that matter to nobody."""
        rng, row = self.rng, self.database["customers"][self.customer]
        for number in list(self.database["customers"]):
            for _ in range(1 + self.level.others // 8):
                skus = rng.sample(self.variants(rng.choice(self.names[:3])), 2)
                status = rng.choice(("processing", "shipped", "delivered"))
                self.order(number, skus, status, rng.randint(1, 90))
        email = f"My e-mail address is {row['email']}."
        greeting = f"Hello, this is {row['name']}."
        if not self.level.looked_up:
            greeting = f"{greeting} {email}"
        database = {name: dict(sorted(rows.items())) for name, rows in self.database.items()}
        return Case(
            policy=policy(self.today.isoformat(), exceptions=self.level.exceptions),
            greeting=greeting,
            facts=(
                Fact(("e-mail", "email", "mail"), email),
                Fact(("order number", "order id", "number of"), "I have no number at hand."),
            ),
            requests=tuple(requests),
            database=database,
        )
