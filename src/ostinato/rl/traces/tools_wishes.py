"""What a customer of the shop wants, read from the customer's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

_THING = r"the (?P<colour>\w+) (?P<name>[a-z ]+?)(?: \(order (?P<order>W\d+)\))?"
_WISHES = {
    "return": rf"I want to return {_THING} and get my money back"
    r"(?: by (?P<payment>[a-z ]+), and in no other way)?\.",
    "exchange": rf"I want to exchange {_THING} for (?:another colour|the (?P<new>\w+) one)\.",
    "address": rf"The order with {_THING} should go to another address\."
    r'(?: It should go to "(?P<address>[^"]+)"\.)?',
    "cancel": rf"Please cancel the order with {_THING}\.",
    "last day": rf"What is the last day on which I may return {_THING}\?",
    "paid": rf"What did I pay in all for the order with {_THING}\?",
    "stock": rf"How many pieces of {_THING} do you have in stock\?",
}


@dataclass
class Wish:
    """One wish of the customer, as far as it is known."""

    kind: str
    colour: str
    name: str
    order: str | None
    payment: str | None = None
    """Where the customer insists on the money going."""
    new: str | None = None
    """The colour that is wanted instead."""
    address: str | None = None

    @property
    def product(self) -> str:
        """As the customer calls it."""
        return f"{self.colour} {self.name}"

    @property
    def words(self) -> str:
        """The wish in few words, with everything that is known of it."""
        known = (
            ("order", self.order),
            ("pay to", self.payment),
            ("new colour", self.new),
            ("new address", self.address),
        )
        parts = [self.kind, self.product, *(f"{name} {value}" for name, value in known if value)]
        return ", ".join(parts)


def wishes_in(text: str) -> list[Wish]:
    """The wishes in the order in which they are told."""
    found: list[tuple[int, Wish]] = []
    for kind, pattern in _WISHES.items():
        if match := re.search(pattern, text):
            found.append((match.start(), Wish(kind, **match.groupdict())))
    return [wish for _, wish in sorted(found, key=lambda pair: pair[0])]
