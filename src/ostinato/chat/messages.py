"""What a conversation is made of, and reading it from the form that OpenAI's clients send."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from ostinato.base.errors import UserError

Role = Literal["system", "user", "assistant", "tool"]

ROLES = {
    "system": "system",
    "developer": "system",  # OpenAI's newer word for it
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}


@dataclass(frozen=True)
class ToolCall:
    """What the model asks to be run."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])  # a JSON object

    def json_line(self) -> str:
        """The call as the model writes it, on one line."""
        return json_line({"name": self.name, "arguments": self.arguments})


@dataclass(frozen=True)
class ToolResult:
    """What running one call gave; ``name`` is the tool's."""

    name: str
    text: str


@dataclass(frozen=True)
class Tool:
    """A tool on offer: an object with ``name``, ``description`` and ``parameters`` (JSON schema).

    The prompt shows ``schema`` as it is, in the order of its keys.
    """

    schema: dict[str, Any]


@dataclass(frozen=True)
class Message:
    """One turn."""

    role: Role
    content: str = ""  # of role tool: empty, the ``results`` hold it
    tool_calls: tuple[ToolCall, ...] = ()  # of role assistant only, after the content
    thinking: str | None = None  # of role assistant only, before the content; None: no section
    results: tuple[ToolResult, ...] = ()  # of role tool only


def from_openai(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    """Messages with string content or text parts, tool calls and tool results.

    Arguments of calls may be an object or its JSON text. A result takes the tool's name from its
    part, from its message or, through ``tool_call_id``, from the latest call with that id.
    ``reasoning_content`` (or ``reasoning``) of an assistant is its thinking.
    """
    read: list[Message] = []
    names: dict[str, str] = {}
    for number, message in enumerate(_sequence(messages, "messages"), start=1):
        where = f"message {number}"
        fields = _mapping(message, where)
        role = ROLES.get(str(fields.get("role")))
        if role is None:
            expected = ", ".join(ROLES)
            raise UserError(f"{where}: expected a role ({expected}), got {fields.get('role')!r}")
        if role == "assistant":
            read.append(_assistant(fields, where, names))
        elif role == "tool":
            read.append(Message("tool", results=_results(fields, where, names)))
        else:
            read.append(Message(cast(Role, role), _text(fields.get("content"), where)))
    return tuple(read)


def tools_from_openai(tools: Sequence[Mapping[str, Any]]) -> tuple[Tool, ...]:
    """Tools as ``{"type": "function", "function": {...}}`` or as the inner object alone."""
    read: list[Tool] = []
    for number, tool in enumerate(_sequence(tools, "tools"), start=1):
        outer = _mapping(tool, f"tool {number}")
        schema = dict(_mapping(outer.get("function", outer), f"tool {number}"))
        _name(schema.get("name"), f"tool {number}")
        read.append(Tool(schema))
    return tuple(read)


def to_openai(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """What `from_openai` reads back, and what a chat template expects: arguments are objects."""
    return [_plain(message) for message in messages]


def json_line(value: object) -> str:
    """JSON on one line, letters as they are: as the published template's ``tojson`` writes it."""
    return json.dumps(value, ensure_ascii=False)


def read_object(text: str) -> dict[str, Any] | None:
    """The JSON object that ``text`` is, or None; strings may hold raw line ends."""
    try:
        value, end = read_value(text, len(text) - len(text.lstrip()))
    except ValueError:
        return None
    return value if isinstance(value, dict) and not text[end:].strip() else None


def read_value(text: str, start: int) -> tuple[Any, int]:
    """A JSON value at ``start`` and where it ends; ValueError if there is none.

    NaN, infinity and halves of surrogate pairs are refused too: they could not be written again.
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value, end


_DECODER = json.JSONDecoder(strict=False)


def _assistant(fields: Mapping[str, Any], where: str, names: dict[str, str]) -> Message:
    content = fields.get("content")
    thinking = fields.get("reasoning_content", fields.get("reasoning"))
    if thinking is not None and not isinstance(thinking, str):
        raise UserError(f"{where}: expected the reasoning as text, got {thinking!r}")
    calls: list[ToolCall] = []
    for item in _sequence(fields.get("tool_calls") or [], f"{where}, tool_calls"):
        outer = _mapping(item, f"{where}, tool call")
        inner = _mapping(outer.get("function", outer), f"{where}, tool call")
        name = _name(inner.get("name"), f"{where}, tool call")
        calls.append(ToolCall(name, _arguments(inner.get("arguments"), f"{where}, call of {name}")))
        if isinstance(outer.get("id"), str):
            names[outer["id"]] = name
    text = "" if content is None else _text(content, where)
    return Message("assistant", text, tuple(calls), thinking)


def _arguments(value: object, where: str) -> dict[str, Any]:
    if value is None or value == "":
        return {}
    read = read_object(value) if isinstance(value, str) else value
    if not isinstance(read, Mapping):
        raise UserError(f"{where}: expected its arguments as a JSON object, got {value!r}")
    return dict(cast("Mapping[str, Any]", read))


def _results(
    fields: Mapping[str, Any], where: str, names: Mapping[str, str]
) -> tuple[ToolResult, ...]:
    """A part with a name begins a result; one without continues it."""
    content = fields.get("content")
    fallback = fields.get("name") or names.get(str(fields.get("tool_call_id")))
    if isinstance(content, str):
        return (ToolResult(_name(fallback, f"{where}, tool result"), content),)
    results: list[ToolResult] = []
    for part in _sequence(content, where):
        text = _part(part, where)
        name = part.get("name") if isinstance(part, Mapping) else None
        if name or not results:
            results.append(ToolResult(_name(name or fallback, f"{where}, tool result"), text))
        else:
            results[-1] = ToolResult(results[-1].name, results[-1].text + text)
    return tuple(results)


def _text(content: object, where: str) -> str:
    if isinstance(content, str):
        return content
    return "".join(_part(part, where) for part in _sequence(content, where))


def _part(part: object, where: str) -> str:
    if isinstance(part, Mapping):
        fields = cast("Mapping[str, Any]", part)
        if fields.get("type", "text") == "text" and isinstance(fields.get("text"), str):
            return fields["text"]
    raise UserError(f'{where}: expected {{"type": "text", "text": ...}}, got {part!r}')


def _name(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise UserError(f"{where}: expected the tool's name on one line, got {value!r}")
    return value


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UserError(f"{where}: expected an object, got {value!r}")
    return cast("Mapping[str, Any]", value)


def _sequence(value: object, where: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise UserError(f"{where}: expected text or a list, got {value!r}")
    return cast("Sequence[Any]", value)


def _plain(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        parts = [{"name": r.name, "type": "text", "text": r.text} for r in message.results]
        return {"role": "tool", "content": parts}
    plain: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.thinking is not None:
        plain["reasoning_content"] = message.thinking
    if message.tool_calls:
        plain["tool_calls"] = [
            {"type": "function", "function": {"name": c.name, "arguments": c.arguments}}
            for c in message.tool_calls
        ]
    return plain
