"""The conversation at a desk: tools, a scripted customer, and an end state that is checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from ostinato.chat.messages import Message, ToolCall, ToolResult, json_line
from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.tools.case import Case, Outcome, expected
from ostinato.rl.envs.tools.service import (
    Database,
    Param,
    Service,
    ServiceError,
    ServiceTool,
    copied,
)
from ostinato.rl.types import Action, Observation, Step

MAX_CALLS = 8
"""In one message; further ones are not run."""
PATIENCE = 2
"""The customer leaves at this many proposals that do not fit."""

_RULES = """
How the desk works
- What you write without a tool call goes to the customer, who answers. Text beside tool calls is \
shown to nobody.
- The changing tools are {changes}. Before every change, call propose with the tool and exactly \
the arguments that you will use. The result is the customer's answer. Only after a yes, in a later \
message, make that very change. The customer leaves at the second proposal that does not fit.
- The customer's yes does not overrule these rules. Where they forbid a request, change nothing \
for it and call decline, once, with the reason that applies. Serve the other requests all the same.
- Where the customer asks for a piece of information, call tell_customer, exactly once, with the \
bare value, as in {example}; never call it otherwise.
- Change nothing that was not asked for. When every request is settled, call end_conversation: \
nothing counts before that. The conversation has at most {turns} messages of yours, of at most \
{calls} tool calls each."""


def desk_tools(service: Service) -> dict[str, ServiceTool]:
    """The four tools that every desk has beside its service's own."""
    changes, reasons = service.changes, service.reasons
    meaning = "; ".join(f"{code}: {text}" for code, text in reasons.items())
    tools = (
        ServiceTool(
            "propose",
            "Shows a change to the customer, before it is made, and returns the answer.",
            {
                "tool": Param("the changing tool", choices=changes),
                "arguments": Param("its arguments", "object"),
            },
        ),
        ServiceTool(
            "tell_customer",
            "States the one piece of information that the customer asked for.",
            {"value": Param(f"the bare value, as in {service.example}")},
        ),
        ServiceTool(
            "decline",
            f"Records that a request is declined. {meaning}.",
            {"reason": Param("the reason that applies", choices=tuple(reasons))},
        ),
        ServiceTool("end_conversation", "Ends the conversation; the last call of all.", {}),
    )
    return {tool.name: tool for tool in tools}


def turns(case: Case) -> int:
    """How many messages the agent has: twice what an expert needs, and some."""
    return 8 + 8 * len(case.requests)


@dataclass
class DeskEnv:
    """One conversation."""

    service: Service
    case: Case
    _database: Database = field(default_factory=dict[str, object], init=False)
    _own: dict[str, ServiceTool] = field(default_factory=dict[str, ServiceTool], init=False)
    _told: list[str] = field(default_factory=list[str], init=False)
    _declined: list[str] = field(default_factory=list[str], init=False)
    _agreed: list[ToolCall] = field(default_factory=list[ToolCall], init=False)
    _agreed_now: list[ToolCall] = field(default_factory=list[ToolCall], init=False)
    _against: str = field(default="", init=False)
    _refused: int = field(default=0, init=False)
    _turns: int = field(default=0, init=False)
    _ended: bool = field(default=False, init=False)

    def begin(self) -> Observation:
        """See ``Env``."""
        self._database = copied(self.case.database)
        self._own = desk_tools(self.service)
        rules = _RULES.format(
            changes=", ".join(self.service.changes),
            example=self.service.example,
            turns=turns(self.case),
            calls=MAX_CALLS,
        )
        system = f"{self.service.role}\n\n{self.case.policy}\n{rules}"
        tools = (*self.service.tools, *self._own.values())
        return Observation(
            (Message("system", system), Message("user", self.case.opening)),
            tuple(tool.tool for tool in tools),
        )

    def step(self, action: Action) -> Step:
        """See ``Env``."""
        if action.stop.truncated:
            return Step(grade=malformed(f"stopped ({action.stop})"))
        self._turns += 1
        said = action.message
        if said.tool_calls:
            results, errors = self._results(said.tool_calls)
            heard = Message("tool", results=results)
        elif said.content.strip():
            heard, errors = Message("user", self.case.reply(said.content)), 0
        else:
            return Step(grade=malformed("said nothing and called nothing"))
        metrics = {"bad_calls": float(errors)}
        if self._ended:
            return Step(grade=self._verdict(), metrics=metrics)
        if self._refused >= PATIENCE:
            return Step(
                grade=wrong("the customer left: proposals that do not fit"), metrics=metrics
            )
        if self._turns >= turns(self.case):
            return Step(grade=malformed("the conversation was not ended"), metrics=metrics)
        return Step(Observation((heard,)), metrics=metrics)

    def _results(self, calls: tuple[ToolCall, ...]) -> tuple[tuple[ToolResult, ...], int]:
        """What the calls of one message give, and how many were bad."""
        results: list[ToolResult] = []
        errors = 0
        for number, call in enumerate(calls):
            try:
                if number >= MAX_CALLS:
                    raise ServiceError(f"not run: more than {MAX_CALLS} calls in one message")
                text = json_line(self._call(call))
            except ServiceError as error:
                errors += 1
                text = json_line({"error": str(error)})
            results.append(ToolResult(call.name, text))
            if self._ended:
                break
        self._agreed += self._agreed_now
        self._agreed_now = []
        return tuple(results), errors

    def _call(self, call: ToolCall) -> object:
        own = self._own.get(call.name)
        if own is not None:
            return self._desk(ToolCall(call.name, own.read(call.arguments)))
        call = self.service.normal(call)
        result = self.service.run(self._database, call)
        if self.service.by_name[call.name].writes:
            if call in self._agreed:
                self._agreed.remove(call)
            else:
                self._against = f"{call.name} without the customer's yes"
        return result

    def _desk(self, call: ToolCall) -> object:
        match call.name:
            case "propose":
                return self._propose(ToolCall(call.arguments["tool"], call.arguments["arguments"]))
            case "tell_customer":
                self._told.append(call.arguments["value"])
            case "decline":
                self._declined.append(call.arguments["reason"])
            case _:
                self._ended = True
        return {"done": True}

    def _propose(self, call: ToolCall) -> object:
        call = self.service.normal(call)
        if not self.case.agrees(call):
            self._refused += 1
            return {"customer": "No, that is not what I asked for."}
        self._agreed_now.append(call)
        return {"customer": "Yes, please do that."}

    def _verdict(self) -> Grade:
        if self._against:
            return wrong(self._against)
        end = Outcome(self._database, tuple(self._told), tuple(self._declined))
        difference = end.differs(expected(self.service, self.case))
        return wrong(difference) if difference else right("the end state is as expected")
