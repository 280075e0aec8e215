"""The desk of a shop: orders, returns, exchanges, addresses, stock; its tools and its policy."""

from __future__ import annotations

from datetime import date, timedelta
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

DAYS, GOLD_DAYS = 30, 60
PAYMENTS = ("card", "bank transfer", "gift card", "wallet")

ROLE = (
    "You work at the help desk of Fenwick & Daughters, a mail-order shop. You serve one customer "
    "with the tools that you have."
)
REASONS = {
    "too_late": "the time for it is over",
    "final_sale": "the product was sold for good",
    "other_payment": "the money would go elsewhere than where it came from",
    "out_of_stock": "what is wanted is not in stock",
    "already_shipped": "the order has left the house",
}


def policy(today: str, *, exceptions: bool) -> str:
    """The rules that hold, and the date."""
    lines = [
        f"Today is {today}. Prices are in whole euros. Rules of the shop:",
        "- Find the customer by the e-mail address, and act only on that customer's orders. The "
        "customer names products; look up the order and the sku (the number of the variant).",
        f"- A delivered product can be returned or exchanged up to {DAYS} days after its delivery "
        f"(delivered on 1 March: up to and including 31 March). Later: too_late.",
        "- A return is paid back to the payment method of the order, never to another. If the "
        "customer insists on another: other_payment.",
        "- A product is exchanged for the same product in another colour, if that is in stock. "
        "Otherwise: out_of_stock.",
        "- The address of an order can be changed, and an order be cancelled, while its status is "
        "processing. Later: already_shipped.",
    ]
    if exceptions:
        lines += [
            f"- Exception: customers of tier gold have {GOLD_DAYS} days instead of {DAYS}.",
            "- Exception: a product marked final_sale can be neither returned nor exchanged, "
            "whoever the customer is: final_sale.",
        ]
    return "\n".join(lines)


def last_day(database: Database, order: str) -> date:
    """The last day on which what was delivered with an order can be returned."""
    row = database["orders"][order]
    gold = database["customers"][row["customer"]]["tier"] == "gold"
    return date.fromisoformat(row["delivered"]) + timedelta(GOLD_DAYS if gold else DAYS)


def objections(database: Database, today: str, call: ToolCall) -> list[str]:
    """Every reason that the policy has against a change, written apart from the tools."""
    given, found = call.arguments, list[str]()
    order = database["orders"][given["order_id"]]
    if call.name in ("return_item", "exchange_item"):
        if date.fromisoformat(today) > last_day(database, given["order_id"]):
            found.append("too_late")
        if database["products"][given["sku"]]["final_sale"]:
            found.append("final_sale")
    elif order["status"] != "processing":
        found.append("already_shipped")
    if call.name == "return_item" and given["refund_to"] != order["payment"]:
        found.append("other_payment")
    if call.name == "exchange_item" and database["products"][given["new_sku"]]["stock"] < 1:
        found.append("out_of_stock")
    return found


def _find_customer(database: Database, given: Arguments) -> object:
    email = given["email"].lower()
    for number, row in database["customers"].items():
        if row["email"] == email:
            return {"customer_id": number, **row}
    raise ServiceError("no customer with this e-mail address")


def _list_orders(database: Database, given: Arguments) -> object:
    pick(database["customers"], given["customer_id"], "customer")
    return [
        {"order_id": number, "placed": row["placed"], "status": row["status"]}
        for number, row in database["orders"].items()
        if row["customer"] == given["customer_id"]
    ]


def _get_order(database: Database, given: Arguments) -> object:
    row = pick(database["orders"], given["order_id"], "order")
    products = database["products"]
    items = [{"sku": sku, **products[sku], **item} for sku, item in row["items"].items()]
    shown = [{k: v for k, v in item.items() if k != "stock"} for item in items]
    return {"order_id": given["order_id"], **row, "items": shown}


def _find_products(database: Database, given: Arguments) -> object:
    name = given["name"].lower()
    found = [{"sku": k, **row} for k, row in database["products"].items() if row["name"] == name]
    if not found:
        names = sorted({row["name"] for row in database["products"].values()})
        raise ServiceError(f"no such product; there are: {', '.join(names)}")
    return found


def _kept(database: Database, given: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
    """An order and a delivered item of it that the customer still has."""
    order = pick(database["orders"], given["order_id"], "order")
    item = pick(order["items"], given["sku"], "item of this order")
    if order["status"] != "delivered" or item["state"] != "kept":
        raise ServiceError("this item is not delivered, or no longer with the customer")
    return order, item


def _return_item(database: Database, given: Arguments) -> object:
    _, item = _kept(database, given)
    item["state"] = "returned"
    return _refund(database, given["order_id"], item["paid"], given["refund_to"])


def _exchange_item(database: Database, given: Arguments) -> object:
    _, item = _kept(database, given)
    product = pick(database["products"], given["new_sku"], "product")
    if given["sku"] == given["new_sku"]:
        raise ServiceError("this is the same product in the same colour")
    product["stock"] -= 1
    item["state"] = f"exchanged for {given['new_sku']}"
    return {"order_id": given["order_id"], "state": item["state"]}


def _change_address(database: Database, given: Arguments) -> object:
    order = pick(database["orders"], given["order_id"], "order")
    order["address"] = given["address"]
    return {"order_id": given["order_id"], "address": order["address"]}


def _cancel_order(database: Database, given: Arguments) -> object:
    order = pick(database["orders"], given["order_id"], "order")
    if order["status"] == "cancelled":
        raise ServiceError("this order is cancelled already")
    order["status"] = "cancelled"
    amount = sum(item["paid"] for item in order["items"].values())
    return _refund(database, given["order_id"], amount, order["payment"])


def _refund(database: Database, order: str, amount: int, to: str) -> object:
    """Refunds are kept by order: it does not matter which order comes first."""
    paid = {"amount": amount, "to": to}
    database["refunds"].setdefault(order, []).append(paid)
    return {"order_id": order, "refund": paid}


def _blind(database: Database, rng: Random) -> ToolCall:
    number = rng.choice(sorted(database["orders"]))
    order = database["orders"][number]
    sku = rng.choice(sorted(order["items"]))
    match rng.randrange(4):
        case 0:
            arguments = {"order_id": number, "sku": sku, "refund_to": order["payment"]}
            return ToolCall("return_item", arguments)
        case 1:
            arguments = {"order_id": number, "sku": sku}
            new = rng.choice(sorted(database["products"]))
            return ToolCall("exchange_item", {**arguments, "new_sku": new})
        case 2:
            other = rng.choice(sorted(database["customers"]))
            address = database["customers"][other]["address"]
            return ToolCall("change_address", {"order_id": number, "address": address})
        case _:
            return ToolCall("cancel_order", {"order_id": number})


_ORDER = Param("number of the order, as in W12345")
_SKU = Param("number of the product's variant, as in S-123")

SHOP = Service(
    name="shop",
    role=ROLE,
    tools=(
        ServiceTool(
            "find_customer",
            "The customer with an e-mail address.",
            {"email": Param("the e-mail address")},
            _find_customer,
        ),
        ServiceTool(
            "list_orders",
            "Numbers, dates and statuses of a customer's orders.",
            {"customer_id": Param("number of the customer, as in C123")},
            _list_orders,
        ),
        ServiceTool("get_order", "One order in full.", {"order_id": _ORDER}, _get_order),
        ServiceTool(
            "find_products",
            "All variants of a product, with price and stock.",
            {"name": Param("the product without its colour, as in tea set")},
            _find_products,
        ),
        ServiceTool(
            "return_item",
            "Takes back a delivered item and pays what was paid for it.",
            {
                "order_id": _ORDER,
                "sku": _SKU,
                "refund_to": Param("where the money goes", choices=PAYMENTS),
            },
            _return_item,
            writes=True,
        ),
        ServiceTool(
            "exchange_item",
            "Exchanges a delivered item for another variant.",
            {"order_id": _ORDER, "sku": _SKU, "new_sku": _SKU},
            _exchange_item,
            writes=True,
        ),
        ServiceTool(
            "change_address",
            "Changes where an order goes.",
            {"order_id": _ORDER, "address": Param("the new address, word for word")},
            _change_address,
            writes=True,
        ),
        ServiceTool(
            "cancel_order",
            "Cancels a whole order and pays back what was paid.",
            {"order_id": _ORDER},
            _cancel_order,
            writes=True,
        ),
    ),
    reasons=REASONS,
    blind=_blind,
    example="2030-06-30 or 42",
)
