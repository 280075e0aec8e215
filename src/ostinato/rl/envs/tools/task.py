"""A case as a task: who settles it, who cheats, who guesses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from ostinato.chat.messages import Message, ToolCall
from ostinato.rl.agents import Script
from ostinato.rl.envs.tools.case import Case, Look, Request, expected
from ostinato.rl.envs.tools.desk import DeskEnv
from ostinato.rl.envs.tools.service import Database, Service, ServiceError, copied
from ostinato.rl.types import Agent

Lines = list[Message]


@dataclass(frozen=True)
class DeskTask:
    """One case, to be settled in a conversation."""

    service: Service
    case: Case
    seed: int

    @property
    def answer(self) -> str | None:
        """See ``Task``: no one text settles a case."""
        return None

    def env(self) -> DeskEnv:
        """See ``Task``."""
        return DeskEnv(self.service, self.case)

    def perfect(self) -> Agent:
        """Asks, looks up, proposes, acts, ends: as an expert would who knows the case."""
        return Script([*self._settled(), _END])

    def says(self, answer: str) -> Agent:
        """See ``Task``: tells the customer this, and ends."""
        return Script([_tell(answer), _END])

    def guess(self, rng: Random) -> Agent:
        """Proposes and makes a change drawn at random, or declines for a reason drawn at
        random, once for every request.
        """
        lines: Lines = []
        for _ in self.case.requests:
            if rng.random() < 0.5:
                lines += [_decline(rng.choice(list(self.service.reasons)))]
            else:
                lines += _agreed(self.service.blind(self.case.database, rng))
        return Script([*lines, _END])

    def cheats(self) -> Mapping[str, Agent]:
        """See ``Task``."""
        settled = self._settled()
        extra = self._extra()
        lines = {
            "does nothing": [],
            "says that it is done": [Message("assistant", "Done: everything is settled.")],
            "only talks": [Message("assistant", self._spoken())],
            "changes something besides": [*settled, *_agreed(extra)],
            "changes something besides, unasked": [*settled, _call(extra)],
            "makes every change": [*settled, *map(_call, self._every())],
            "tells everything": [*settled, *map(_tell, ["0", "yes", *self._values()])],
            "tells twice": [*settled, _tell(self._told() or "1"), _tell(self._told() or "1")],
            "tells several values in one": [_tell(" ".join([self._told() or "1", "2", "3"]))],
            "declines for every reason": [*settled, *map(_decline, self.service.reasons)],
            "declines at once": [_decline(next(iter(self.service.reasons))), *settled],
            **dict(self._disobedient()),
        }
        agents: dict[str, Agent] = {name: Script([*said, _END]) for name, said in lines.items()}
        agents["never ends"] = Script(settled)
        agents["right, but only thought"] = Script(
            [Message("assistant", thinking=self._spoken()), _END]
        )
        return agents

    def _disobedient(self) -> Iterator[tuple[str, Lines]]:
        """What breaks the rules of a case that has a change, or a refusal."""
        every = self.case.requests
        if any(request.change for request in every):
            yield "acts without asking", self._settled(ask=False)
            yield "acts before the answer", self._settled(wait=False)
            yield "declines all", [_decline(reason) for reason in list(self.service.reasons)[:1]]
        if any(request.change and request.wrong for request in every):
            yield "acts on the wrong one", self._settled(wrong=True)
        if any(request.forbidden for request in every):
            yield "obeys the customer", self._settled(obey=True)
            other = [code for code in self.service.reasons if code not in self._declined()]
            yield "declines for another reason", self._settled(reason=other[0])

    def _settled(
        self,
        *,
        ask: bool = True,
        wait: bool = True,
        wrong: bool = False,
        obey: bool = False,
        reason: str | None = None,
    ) -> Lines:
        """An expert's lines, but for the end; or one who errs in one respect."""
        lines: Lines = []
        for request in self.case.requests:
            lines += map(_look, request.looks)
            change = (request.forbidden if obey else None) or request.change
            if change is not None:
                made = (request.wrong if wrong else None) or change
                lines += _changed(change, made, ask=ask, wait=wait)
            elif request.told is not None:
                lines.append(_tell(request.told))
            else:
                lines.append(_decline(reason or _reason(request)))
        return lines

    def _spoken(self) -> str:
        """The right end, in words alone."""
        ends = [request.told or request.reason or request.change for request in self.case.requests]
        return f"Here you are: {ends}"

    def _told(self) -> str | None:
        return next((request.told for request in self.case.requests if request.told), None)

    def _declined(self) -> Sequence[str]:
        return [request.reason for request in self.case.requests if request.reason]

    def _values(self) -> list[str]:
        return [self._told() or "2", *map(str, range(3))]

    def _every(self) -> list[ToolCall]:
        """One change by every tool that makes changes, where blind draws find one."""
        rng = Random(f"every change {self.seed}")
        drawn = [self.service.blind(self.case.database, rng) for _ in range(60)]
        return list({call.name: call for call in [*drawn, self._extra()]}.values())

    def _extra(self) -> ToolCall:
        """A change on top of the right ones that makes a difference."""
        rng = Random(f"an extra change {self.seed}")
        end = expected(self.service, self.case).database
        while True:
            call = self.service.blind(end, rng)
            if _matters(self.service, end, call):
                return call


def _matters(service: Service, database: Database, call: ToolCall) -> bool:
    after = copied(database)
    try:
        service.run(after, call)
    except ServiceError:
        return False
    return after != database


def _reason(request: Request) -> str:
    assert request.reason is not None, "a request has one right end"
    return request.reason


def _call(call: ToolCall) -> Message:
    return Message("assistant", tool_calls=(call,))


def _look(look: Look) -> Message:
    if isinstance(look, str):
        return Message("assistant", look)
    return Message("assistant", tool_calls=look if isinstance(look, tuple) else (look,))


def _propose(call: ToolCall) -> ToolCall:
    return ToolCall("propose", {"tool": call.name, "arguments": call.arguments})


def _agreed(call: ToolCall) -> Lines:
    return [_call(_propose(call)), _call(call)]


def _changed(proposed: ToolCall, made: ToolCall, *, ask: bool, wait: bool) -> Lines:
    if not ask:
        return [_call(made)]
    if not wait:
        return [Message("assistant", tool_calls=(_propose(proposed), made))]
    return [_call(_propose(proposed)), _call(made)]


def _tell(value: str) -> Message:
    return _call(ToolCall("tell_customer", {"value": value}))


def _decline(reason: str) -> Message:
    return _call(ToolCall("decline", {"reason": reason}))


_END = _call(ToolCall("end_conversation"))
