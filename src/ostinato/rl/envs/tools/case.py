"""A case at a desk: what the customer wants and knows, and how it is settled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ostinato.chat.messages import ToolCall
from ostinato.rl.envs.tools.service import Database, Service, copied

Look = str | ToolCall | tuple[ToolCall, ...]
"""A question, a call, or several calls in one message."""


@dataclass(frozen=True)
class Fact:
    """Something that the customer says when asked."""

    words: tuple[str, ...]
    """Any of these in a question asks for it."""
    reply: str

    def asked(self, text: str) -> bool:
        """Whether a text asks for it: a word begins with one of ``words``, upper or lower case."""
        return any(re.search(rf"\b{re.escape(word)}", text, re.IGNORECASE) for word in self.words)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One wish of the customer, with its right end: a change, a refusal or a piece of
    information.
    """

    text: str
    looks: tuple[Look, ...]
    """What an expert asks and looks up before acting."""
    facts: tuple[Fact, ...] = ()
    change: ToolCall | None = None
    """The right change."""
    told: str | None = None
    """The right information."""
    reason: str | None = None
    """Why it is to be declined."""
    forbidden: ToolCall | None = None
    """Of a request to be declined: what would be done against the policy."""
    cares: tuple[str, ...] = ()
    """The arguments of the change that the customer can judge; the others are the desk's."""
    agrees: bool = True
    """Whether the customer would say yes to what is forbidden."""
    wrong: ToolCall | None = None
    """As ``change``, on something else of the same kind."""

    def __post_init__(self) -> None:
        ends = [self.change, self.told, self.reason]
        assert sum(end is not None for end in ends) == 1, "a request has one right end"
        assert (self.reason is None) == (self.forbidden is None), "what is declined is forbidden"

    @property
    def wanted(self) -> ToolCall | None:
        """What the customer says yes to, in the arguments that he or she can judge."""
        call = self.change or (self.forbidden if self.agrees else None)
        return call and ToolCall(call.name, {name: call.arguments[name] for name in self.cares})


@dataclass(frozen=True, kw_only=True)
class Case:
    """One conversation."""

    policy: str
    """The rules of the service and the date, as the agent is told."""
    greeting: str
    """Who the customer is."""
    facts: tuple[Fact, ...]
    """What the customer knows whatever the request."""
    requests: tuple[Request, ...]
    database: Database

    @property
    def opening(self) -> str:
        """The customer's first words."""
        return " ".join([self.greeting, *(request.text for request in self.requests)])

    def reply(self, text: str) -> str:
        """What the customer answers: the facts asked for, or else the wish again."""
        facts = [*self.facts, *(fact for request in self.requests for fact in request.facts)]
        told = [fact.reply for fact in facts if fact.asked(text)]
        wishes = " ".join(request.text for request in self.requests)
        return " ".join(told) if told else f"I can only say it again: {wishes}"

    def agrees(self, call: ToolCall) -> bool:
        """Whether a proposed change, in normal form, is one that the customer wants."""
        return any(
            wanted is not None
            and wanted.name == call.name
            and all(call.arguments[name] == value for name, value in wanted.arguments.items())
            for wanted in (request.wanted for request in self.requests)
        )


@dataclass(frozen=True)
class Outcome:
    """How a conversation ended, as far as it counts."""

    database: Database
    told: tuple[str, ...]
    declined: tuple[str, ...]

    def differs(self, other: Outcome) -> str:
        """What is not the same; nothing if all is."""
        if self.told != other.told:
            return f"told the customer {self.told}, not {other.told}"
        if self.declined != other.declined:
            return f"declined {self.declined}, not {other.declined}"
        tables = [name for name, rows in self.database.items() if rows != other.database[name]]
        return f"the database differs in {', '.join(tables)}" if tables else ""


def expected(service: Service, case: Case) -> Outcome:
    """The right end: the right changes made on a copy of the database, and no other."""
    database = copied(case.database)
    for request in case.requests:
        if request.change is not None:
            service.run(database, request.change)
    told = [request.told for request in case.requests if request.told is not None]
    declined = [request.reason for request in case.requests if request.reason is not None]
    assert len(told) <= 1 and len(declined) <= 1, "one of each, so that no order is asked for"
    return Outcome(database, tuple(told), tuple(declined))


@dataclass(frozen=True)
class Level:
    """What a level asks for, in every service."""

    requests: int
    """How many wishes at once."""
    declined: float
    """The chance that one of them is to be declined."""
    others: int
    """How much the database holds that matters to nobody: people, orders, bookings."""
    looked_up: bool
    """The customer names no numbers; they are to be asked for and looked up."""
    exceptions: bool
    """The policy has exceptions, and they matter."""


LEVELS: Mapping[int, Level] = {
    1: Level(1, 0.0, 2, looked_up=False, exceptions=False),
    2: Level(1, 0.3, 4, looked_up=True, exceptions=False),
    3: Level(1, 0.45, 8, looked_up=True, exceptions=True),
    4: Level(2, 0.5, 12, looked_up=True, exceptions=True),
    5: Level(3, 0.6, 20, looked_up=True, exceptions=True),
}


def draw_wishes(
    level: Level, rng: Random, reasons: Mapping[str, Sequence[str]]
) -> list[tuple[str, str | None]]:
    """Kinds of requests, all different, and with at most one of them why it is to be declined;
    ``reasons`` has those of every kind.
    """
    declined: list[tuple[str, str | None]] = []
    if rng.random() < level.declined:
        # The reason first: no one of them is so frequent that it is worth guessing.
        reason = rng.choice(sorted({code for codes in reasons.values() for code in codes}))
        kind = rng.choice([kind for kind, codes in reasons.items() if reason in codes])
        declined.append((kind, reason))
    taken = [kind for kind, _ in declined]
    rest = rng.sample([kind for kind in reasons if kind not in taken], level.requests - len(taken))
    wishes = [*declined, *((kind, None) for kind in rest)]
    rng.shuffle(wishes)
    return wishes
