"""MiniMax-M1's prompt format: turns between two markers, in text or in pieces to be encoded.

The published chat template with its defects repaired; docs/chat.md lists them. Wherever that
template works (content as a list of one text part, no tools, no calls), this gives its text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from ostinato.chat.messages import Message, Tool, json_line


class Marker(StrEnum):
    """The special tokens. Only a `Marker` is one; equal text from a user is text."""

    BEGIN_DOCUMENT = "<begin_of_document>"
    END_DOCUMENT = "<end_of_document>"
    BEGIN = "<beginning_of_sentence>"
    END = "<end_of_sentence>"


SYSTEM = "system ai_setting=assistant\n"
TOOLS = "system tool_setting=tools\n"
USER = "user name=user\n"
ASSISTANT = "ai name=assistant\n"
RESULTS = "tool name=tools\n"

TOOLS_BEFORE = "You are provided with these tools:\n<tools>\n"
TOOLS_AFTER = (
    "</tools>\n\nIf you need to call tools, please respond with <tool_calls></tool_calls> XML tags,"
    " and provide tool-name and json-object of arguments, following the format below:\n"
    "<tool_calls>\n"
    '{"name": "<tool-name-1>", "arguments": {"<argument-name-1>": "<argument-value-1>"}}\n'
    "...\n</tool_calls>"
)

THINK, THINK_END = "<think>", "</think>"  # ordinary text, as are the next two
CALLS, CALLS_END = "<tool_calls>", "</tool_calls>"


def render(
    messages: Sequence[Message], tools: Sequence[Tool] = (), *, add_generation_prompt: bool = True
) -> str:
    """The prompt as text.

    In text a user's ``<end_of_sentence>`` looks like ours, so whoever encodes it with special
    tokens lets users forge turns; `ostinato.chat.encode` encodes from `pieces` instead.
    """
    return "".join(pieces(messages, tools, add_generation_prompt=add_generation_prompt))


def pieces(
    messages: Sequence[Message], tools: Sequence[Tool] = (), *, add_generation_prompt: bool = True
) -> Iterator[str | Marker]:
    """Markers, and between them text; an assistant's header and reply are two pieces.

    So the ids of a conversation begin with those of the prompt that a reply answered.
    """
    yield Marker.BEGIN_DOCUMENT
    system = "".join(message.content for message in messages if message.role == "system")
    if system:
        yield from _turn(SYSTEM + system)
    if tools:
        lines = "".join(json_line(tool.schema) + "\n" for tool in tools)
        yield from _turn(TOOLS + TOOLS_BEFORE + lines + TOOLS_AFTER)
    for message in messages:
        if message.role == "user":
            yield from _turn(USER + message.content)
        elif message.role == "assistant":
            yield from _turn(ASSISTANT, reply(message))
        elif message.role == "tool":
            results = (f"tool name: {r.name}\ntool result: {r.text}\n\n" for r in message.results)
            yield from _turn(RESULTS + "".join(results))
    if add_generation_prompt:
        yield Marker.BEGIN
        yield ASSISTANT


def reply(message: Message) -> str:
    """What an assistant wrote: thinking, content and calls. `parse` is the inverse."""
    thinking = "" if message.thinking is None else f"{THINK}\n{message.thinking}\n{THINK_END}\n"
    if not message.tool_calls:
        return thinking + message.content
    newline = "\n" if message.content else ""
    calls = "".join(call.json_line() + "\n" for call in message.tool_calls)
    return f"{thinking}{message.content}{newline}{CALLS}\n{calls}{CALLS_END}"


def _turn(*texts: str) -> Iterator[str | Marker]:
    yield Marker.BEGIN
    yield from texts
    yield Marker.END
    yield "\n"
