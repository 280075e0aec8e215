"""A simulated service: tools over a database of plain values, each checked against its schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ostinato.chat.messages import Tool, ToolCall

Database = dict[str, Any]
"""Tables by name, of plain values: copied deeply, compared by equality."""

Arguments = dict[str, Any]


class ServiceError(Exception):
    """What a service answers instead of doing what it was asked: shown to who called."""


@dataclass(frozen=True)
class Param:
    """One argument of a tool; every argument is required."""

    about: str
    kind: str = "string"
    """``string``, ``integer``, ``strings`` (a list, its order without meaning) or ``object``."""
    choices: tuple[str, ...] = ()
    """Of a string: what it may be; empty for anything."""

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON schema."""
        if self.kind == "strings":
            shape: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
        else:
            shape = {"type": self.kind}
        if self.choices:
            shape["enum"] = list(self.choices)
        return {**shape, "description": self.about}

    def read(self, name: str, value: object) -> Any:
        """The value in its normal form: text stripped, lists sorted without repetitions."""
        match self.kind:
            case "string" if isinstance(value, str) and _whole(value):
                if self.choices and value.strip() not in self.choices:
                    raise ServiceError(f"{name}: expected one of {', '.join(self.choices)}")
                return value.strip()
            case "integer" if isinstance(value, int) and not isinstance(value, bool):
                return value
            case "strings" if isinstance(value, list):
                items: list[object] = list(value)
                texts = [item.strip() for item in items if isinstance(item, str) and _whole(item)]
                if len(texts) == len(items):
                    return sorted({*texts})
            case "object" if isinstance(value, dict):
                return value
            case _:
                pass
        expected = "list of strings" if self.kind == "strings" else self.kind
        raise ServiceError(f"{name}: expected {expected}")


@dataclass(frozen=True)
class ServiceTool:
    """One function of a service."""

    name: str
    about: str
    params: Mapping[str, Param]
    run: Callable[[Database, Arguments], object] | None = None
    """Acts on the database with checked arguments, or raises `ServiceError` and leaves it as it
    was; what it returns is shown as JSON. None for what the desk itself does.
    """
    writes: bool = False

    @property
    def tool(self) -> Tool:
        """As the agent is told of it."""
        properties = {name: param.schema for name, param in self.params.items()}
        required = list(self.params)
        parameters = {"type": "object", "properties": properties, "required": required}
        return Tool({"name": self.name, "description": self.about, "parameters": parameters})

    def read(self, arguments: Mapping[str, object]) -> Arguments:
        """The arguments in normal form; `ServiceError` where one is missing, odd or too many."""
        for name in arguments:
            if name not in self.params:
                raise ServiceError(f"{self.name} has no argument {name[:40]!r}")
        for name in self.params:
            if name not in arguments:
                raise ServiceError(f"{self.name}: the argument {name} is missing")
        return {name: param.read(name, arguments[name]) for name, param in self.params.items()}


@dataclass(frozen=True)
class Service:
    """What a desk can do, and what it may do."""

    name: str
    role: str
    """Who the agent is: the first lines of the prompt."""
    tools: tuple[ServiceTool, ...]
    reasons: Mapping[str, str]
    """Why a request is declined: codes and what they mean."""
    blind: Callable[[Database, Random], ToolCall]
    """A plausible change drawn at random, from what the database holds."""
    example: str
    """What an exact piece of information looks like."""
    by_name: Mapping[str, ServiceTool] = field(init=False)

    def __post_init__(self) -> None:
        by_name = {tool.name: tool for tool in self.tools}
        assert len(by_name) == len(self.tools), "one tool per name"
        object.__setattr__(self, "by_name", by_name)

    @property
    def changes(self) -> tuple[str, ...]:
        """The names of the tools that write."""
        return tuple(tool.name for tool in self.tools if tool.writes)

    def normal(self, call: ToolCall) -> ToolCall:
        """The call with its arguments in normal form."""
        tool = self.by_name.get(call.name)
        if tool is None:
            raise ServiceError(f"there is no tool {call.name[:40]!r}")
        return ToolCall(call.name, tool.read(call.arguments))

    def run(self, database: Database, call: ToolCall) -> object:
        """Run a call on the database: the service knows no policy."""
        normal = self.normal(call)
        run = self.by_name[normal.name].run
        assert run is not None, "the desk runs its own tools"
        return run(database, normal.arguments)


def _whole(text: str) -> bool:
    """Whether it can be shown again: halves of characters cannot."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def copied(value: Any) -> Any:
    """A deep copy of plain values: many times faster than the general one."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def pick(table: Mapping[str, Any], key: str, what: str) -> Any:
    """A row of a table, or a `ServiceError` that says what is unknown."""
    if key not in table:
        raise ServiceError(f"no {what} {key[:40]!r}")
    return table[key]
