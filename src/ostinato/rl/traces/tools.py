"""The clerk of the shop, thinking aloud: asks, looks up, holds the rules against what was found.

The clerk knows nothing but the prompt and the replies: wishes are read from the customer's words,
and every decision follows from the rules as they are told.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ostinato.chat.messages import Message, ToolCall
from ostinato.rl.envs.tools.task import DeskTask
from ostinato.rl.traces.arithmetic import Work
from ostinato.rl.traces.conversation import Thinker, Turns, calling, result
from ostinato.rl.traces.tools_steps import days_later, later
from ostinato.rl.traces.tools_wishes import Wish, wishes_in
from ostinato.rl.traces.types import Tracers
from ostinato.rl.types import Agent, Observation

LEVELS = {"tools/shop": 3}
"""The highest level that is served: whole episodes, prompt and tools included, of about 10,000
characters (12,200 at most). The clerk settles all five.
"""

_STATUSES = {
    "return": ("delivered",),
    "exchange": ("delivered",),
    "last day": ("delivered",),
    "address": ("processing", "shipped"),
    "cancel": ("processing", "shipped"),
    "paid": ("delivered", "processing", "shipped"),
}
"""In which orders a wish can have its product."""

_END = ToolCall("end_conversation")


def shop(task: DeskTask, rng: Random) -> Agent:
    """A clerk for any case of the shop; the random numbers are not needed."""
    del task, rng
    return Thinker(_serve)


TRACERS: Tracers = {"tools/shop": shop}
"""By the name of the environment."""


def _serve(prompt: Observation) -> Turns[None]:
    system, opening = (message.content for message in prompt.messages)
    clerk = _Clerk(system)
    yield from clerk.serve(wishes_in(opening))


@dataclass
class _Clerk:
    """What has been found out so far. ``said`` is the beginning of the next thinking."""

    system: str
    said: str = ""
    orders: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    """Those that were read in full."""
    listed: list[dict[str, Any]] | None = None
    """Number, date and status of all orders, once they are listed."""
    email: str | None = None
    tier: str = "standard"

    def serve(self, wishes: list[Wish]) -> Turns[None]:
        """Settle all, one after the other, and end."""
        self.say("Wishes:" if len(wishes) > 1 else "Wish:", *(f"{one.words}." for one in wishes))
        yield from self._asked(wishes)
        for number, wish in enumerate(wishes):
            if number:
                self.say(f"Next: {wish.words}.")
            yield from self._settled(wish)
        yield self.turn("All is settled.", _END)

    def say(self, *words: str) -> None:
        """Think something before the next turn."""
        self.said = " ".join([*([self.said] if self.said else []), *words])

    def turn(self, words: str, *calls: ToolCall) -> Message:
        """A turn that thinks what was to be said, then ``words``."""
        self.say(words)
        thinking, self.said = self.said, ""
        return calling(thinking, *calls)

    def _asked(self, wishes: list[Wish]) -> Turns[None]:
        """Ask for all that is missing at once."""
        missing: dict[str, str] = {}
        if any(wish.kind != "stock" and wish.order is None for wish in wishes):
            missing["e-mail address"] = "What is your e-mail address, please?"
        if any(wish.kind == "exchange" and wish.new is None for wish in wishes):
            missing["colour"] = "Which colour would you like instead?"
        if any(wish.kind == "address" and wish.address is None for wish in wishes):
            missing["new address"] = "What is the new address, please?"
        if not missing:
            return
        self.say(f"Not known: {', '.join(missing)}. Ask.")
        thinking, self.said = self.said, ""
        heard = yield Message("assistant", " ".join(missing.values()), thinking=thinking)
        reply = heard.messages[-1].content
        colour, address = re.search(r"The (\w+) one", reply), re.search(r'go to "([^"]+)"', reply)
        email = re.search(r"My e-mail address is (\S+)\.", reply)
        self.email = email and email[1]
        for wish in wishes:
            if wish.kind == "exchange" and colour:
                wish.new = colour[1]
                self.say(f"The new colour is {wish.new}.")
            if wish.kind == "address" and address:
                wish.address = address[1]
                self.say(f"The new address is {wish.address}.")

    def _settled(self, wish: Wish) -> Turns[None]:
        if wish.kind == "stock":
            row = yield from self._variant(wish.name, wish.colour)
            yield from self._told(f"Stock of {wish.product}: {row['stock']}.", row["stock"])
            return
        number = yield from self._found(wish)
        order = self.orders[number]
        item = next(one for one in order["items"] if _called(one) == wish.product)
        match wish.kind:
            case "return":
                yield from self._return(wish, number, order, item)
            case "exchange":
                yield from self._exchange(wish, number, order, item)
            case "last day":
                last = self._last_day(order)
                yield from self._told(f"It is {last}.", last)
            case "paid":
                yield from self._paid(order)
            case _:
                yield from self._moved(wish, number, order)

    def _found(self, wish: Wish) -> Turns[str]:
        """The number of the order that has the product."""
        numbers = [wish.order] if wish.order else (yield from self._candidates(wish))
        for number in numbers:
            if number not in self.orders:
                read = ToolCall("get_order", {"order_id": number})
                self.orders[number] = json.loads(result((yield self.turn(f"Read {number}.", read))))
            items = self.orders[number]["items"]
            has = " and ".join(map(_called, items))
            sku = next((item["sku"] for item in items if _called(item) == wish.product), None)
            self.say(f"{number}: {has}: yes, {sku}." if sku else f"{number}: {has}: no.")
            if sku:
                return number
        raise AssertionError("a customer has the product that is spoken of")

    def _candidates(self, wish: Wish) -> Turns[list[str]]:
        if self.listed is None:
            email = ToolCall("find_customer", {"email": self.email})
            heard = yield self.turn(f"E-mail address {self.email}. Find the customer.", email)
            customer = json.loads(result(heard))
            number, self.tier = customer["customer_id"], customer["tier"]
            orders = ToolCall("list_orders", {"customer_id": number})
            heard = yield self.turn(
                f"Customer {number}, tier {self.tier}. List the orders.", orders
            )
            self.listed = json.loads(result(heard))
            assert self.listed is not None, "a list"
        statuses = _STATUSES[wish.kind]
        numbers = [row["order_id"] for row in self.listed if row["status"] in statuses]
        self.say(f"Orders that are {' or '.join(statuses)}: {', '.join(numbers)}.")
        return numbers

    def _variant(self, name: str, colour: str) -> Turns[dict[str, Any]]:
        """A product in a colour, from all of its variants."""
        find = ToolCall("find_products", {"name": name})
        heard = yield self.turn(f"Find the {colour} {name}.", find)
        row = next(row for row in json.loads(result(heard)) if row["colour"] == colour)
        self.say(f"{colour} is {row['sku']}, stock {row['stock']}.")
        return row

    def _return(
        self, wish: Wish, number: str, order: dict[str, Any], item: dict[str, Any]
    ) -> Turns[None]:
        if reason := self._refused(order, item):
            yield from self._declined(reason)
        elif wish.payment and wish.payment != order["payment"]:
            self.say(f"Paid by {order['payment']}, wanted by {wish.payment}: not the same.")
            yield from self._declined("other_payment")
        else:
            self.say(f"Paid by {order['payment']}.")
            given = {"order_id": number, "sku": item["sku"], "refund_to": order["payment"]}
            yield from self._changed(ToolCall("return_item", given))

    def _exchange(
        self, wish: Wish, number: str, order: dict[str, Any], item: dict[str, Any]
    ) -> Turns[None]:
        if reason := self._refused(order, item):
            yield from self._declined(reason)
            return
        assert wish.new is not None, "the colour was asked for"
        row = yield from self._variant(wish.name, wish.new)
        if row["stock"] < 1:
            yield from self._declined("out_of_stock")
            return
        given = {"order_id": number, "sku": item["sku"], "new_sku": row["sku"]}
        yield from self._changed(ToolCall("exchange_item", given))

    def _moved(self, wish: Wish, number: str, order: dict[str, Any]) -> Turns[None]:
        """An address is changed, or an order cancelled."""
        self.say(f"Its status is {order['status']}.")
        if order["status"] != "processing":
            yield from self._declined("already_shipped")
        elif wish.kind == "cancel":
            yield from self._changed(ToolCall("cancel_order", {"order_id": number}))
        else:
            given = {"order_id": number, "address": wish.address}
            yield from self._changed(ToolCall("change_address", given))

    def _paid(self, order: dict[str, Any]) -> Turns[None]:
        paid = [item["paid"] for item in order["items"]]
        work = Work()
        total = work.total(paid)
        self.say(f"Paid: {', '.join([*map(str, paid), *work.lines])}.")
        yield from self._told(f"In all {total}.", total)

    def _refused(self, order: dict[str, Any], item: dict[str, Any]) -> str | None:
        """Why an item cannot come back, if it cannot."""
        if "marked final_sale" in self.system:
            self.say(f"final_sale is {json.dumps(item['final_sale'])}.")
            if item["final_sale"]:
                return "final_sale"
        last = self._last_day(order)
        today = self._today
        late, compared = later(today, last)
        self.say(f"Today {today}, last {last}: {compared}: {'too late' if late else 'in time'}.")
        return "too_late" if late else None

    def _last_day(self, order: dict[str, Any]) -> str:
        last, steps = days_later(order["delivered"], self._days())
        self.say(f"Last day: {order['delivered']}: {steps}.")
        return last

    @property
    def _today(self) -> str:
        found = re.search(r"Today is (\d{4}-\d\d-\d\d)", self.system)
        assert found, "the prompt tells the date"
        return found[1]

    def _days(self) -> int:
        """How long the customer may return something."""
        usual = re.search(r"up to (\d+) days after its delivery", self.system)
        assert usual, "the rules tell the days"
        gold = re.search(r"customers of tier gold have (\d+) days", self.system)
        if gold:
            days = gold[1] if self.tier == "gold" else usual[1]
            self.say(f"Tier {self.tier}: {days} days.")
            return int(days)
        return int(usual[1])

    def _declined(self, reason: str) -> Turns[None]:
        yield self.turn(f"The rules forbid it: {reason}.", ToolCall("decline", {"reason": reason}))
        self.say("Declined.")

    def _told(self, words: str, value: object) -> Turns[None]:
        yield self.turn(words, ToolCall("tell_customer", {"value": str(value)}))
        self.say("Told.")

    def _changed(self, call: ToolCall) -> Turns[None]:
        proposal = ToolCall("propose", {"tool": call.name, "arguments": call.arguments})
        yield self.turn("The rules allow it. Propose it.", proposal)
        yield self.turn("The customer says yes. Do it.", call)
        self.say("Done.")


def _called(item: Mapping[str, Any]) -> str:
    """An item as a customer names it."""
    return f"{item['colour']} {item['name']}"
