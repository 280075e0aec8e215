"""What customers want of the shop, drawn by level."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.case import LEVELS, Case, Fact, Request, draw_wishes
from ostinato.rl.envs.tools.shop import DAYS, PAYMENTS, last_day
from ostinato.rl.envs.tools.shop_world import ShopWorld, address


def draw_case(level: int, rng: Random) -> Case:
    """A customer with the requests of a level."""
    shop = ShopWorld(LEVELS[level], rng)
    reasons = {
        kind: [code for code in codes if shop.level.exceptions or code != "final_sale"]
        for kind, codes in _REASONS.items()
    }
    wishes = draw_wishes(shop.level, rng, reasons)
    return shop.case([_KINDS[kind](shop, reason) for kind, reason in wishes])


def _days(shop: ShopWorld, reason: str | None) -> int:
    """Days since a delivery, for a return that is in time, or is not."""
    if reason == "too_late":
        return shop.rng.randint(shop.window + 1, shop.window + 15)
    return shop.rng.randint(DAYS + 1 if shop.gold else 1, shop.window)


def _return(shop: ShopWorld, reason: str | None) -> Request:
    order, sku, twin = shop.bought("delivered", _days(shop, reason))
    shop.database["products"][sku]["final_sale"] = reason == "final_sale"
    own = shop.database["orders"][order]["payment"]
    to, money = own, "get my money back"
    if reason == "other_payment":
        to = shop.rng.choice([payment for payment in PAYMENTS if payment != own])
        money = f"get my money back by {to}, and in no other way"
    twin_sku = next(iter(shop.database["orders"][twin]["items"]))
    call = ToolCall("return_item", {"order_id": order, "sku": sku, "refund_to": to})
    return shop.request(
        reason,
        call,
        text=f"I want to return {shop.called(sku)}{shop.of_order(order)} and {money}.",
        looks=shop.looks(order),
        cares=("order_id", "sku", "refund_to")
        if reason == "other_payment"
        else ("order_id", "sku"),
        wrong=ToolCall("return_item", {"order_id": twin, "sku": twin_sku, "refund_to": own}),
    )


def _exchange(shop: ShopWorld, reason: str | None) -> Request:
    order, sku, twin = shop.bought("delivered", _days(shop, reason))
    products = shop.database["products"]
    products[sku]["final_sale"] = reason == "final_sale"
    variants = shop.variants(products[sku]["name"])
    new, wrong = variants[2], variants[3]
    products[new]["stock"] = 0 if reason == "out_of_stock" else shop.rng.randint(1, 5)
    colour = f"The {products[new]['colour']} one, please."
    wanted = (
        "for another colour" if shop.level.exceptions else f"for the {products[new]['colour']} one"
    )
    looks = [*shop.looks(order), ToolCall("find_products", {"name": products[new]["name"]})]
    if shop.level.exceptions:
        looks.insert(0, "Which colour would you like instead?")
    del twin
    return shop.request(
        reason,
        ToolCall("exchange_item", {"order_id": order, "sku": sku, "new_sku": new}),
        text=f"I want to exchange {shop.called(sku)}{shop.of_order(order)} {wanted}.",
        looks=tuple(looks),
        facts=(Fact(("colour", "color", "variant", "which one"), colour),),
        cares=("order_id", "sku", "new_sku"),
        wrong=ToolCall("exchange_item", {"order_id": order, "sku": sku, "new_sku": wrong}),
    )


def _move(shop: ShopWorld, reason: str | None) -> Request:
    status = "shipped" if reason else "processing"
    order, sku, twin = shop.bought(status, 1)
    new = address(shop.rng)
    where = f'It should go to "{new}".'
    text = f"The order with {shop.called(sku)}{shop.of_order(order)} should go to another address."
    looks = shop.looks(order)
    if shop.level.looked_up:
        looks = ("What is the new address, please?", *looks)
    return shop.request(
        reason,
        ToolCall("change_address", {"order_id": order, "address": new}),
        text=text if shop.level.looked_up else f"{text} {where}",
        looks=looks,
        facts=(Fact(("address", "where", "street"), where),),
        cares=("order_id", "address"),
        wrong=ToolCall("change_address", {"order_id": twin, "address": new}),
    )


def _cancel(shop: ShopWorld, reason: str | None) -> Request:
    order, sku, twin = shop.bought("shipped" if reason else "processing", 1)
    return shop.request(
        reason,
        ToolCall("cancel_order", {"order_id": order}),
        text=f"Please cancel the order with {shop.called(sku)}{shop.of_order(order)}.",
        looks=shop.looks(order),
        cares=("order_id",),
        wrong=ToolCall("cancel_order", {"order_id": twin}),
    )


def _ask(shop: ShopWorld, reason: str | None) -> Request:
    del reason
    order, sku, _ = shop.bought("delivered", _days(shop, None))
    name, looks = shop.called(sku), shop.looks(order)
    match shop.rng.randrange(3):
        case 0:
            ask = f"What is the last day on which I may return {name}{shop.of_order(order)}? "
            ask += "Give me the date as in 2030-06-30."
            told = last_day(shop.database, order).isoformat()
        case 1:
            ask = f"What did I pay in all for the order with {name}{shop.of_order(order)}? "
            ask += "The bare number of euros, please."
            items = shop.database["orders"][order]["items"].values()
            told = str(sum(item["paid"] for item in items))
        case _:
            row = shop.database["products"][sku]
            ask = f"How many pieces of {name} do you have in stock? The bare number, please."
            told = str(row["stock"])
            looks = (ToolCall("find_products", {"name": row["name"]}),)
    return Request(text=ask, looks=looks, told=told)


_KINDS: dict[str, Callable[[ShopWorld, str | None], Request]] = {
    "return": _return,
    "exchange": _exchange,
    "address": _move,
    "cancel": _cancel,
    "information": _ask,
}
_REASONS: dict[str, tuple[str, ...]] = {
    "return": ("too_late", "final_sale", "other_payment"),
    "exchange": ("too_late", "final_sale", "out_of_stock"),
    "address": ("already_shipped",),
    "cancel": ("already_shipped",),
    "information": (),
}
