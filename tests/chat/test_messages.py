from __future__ import annotations

from typing import Any

import pytest
from conversations import conversations
from hypothesis import given

from ostinato.base.errors import UserError
from ostinato.chat.messages import (
    Message,
    Tool,
    ToolCall,
    ToolResult,
    from_openai,
    read_object,
    to_openai,
    tools_from_openai,
)


def text(*texts: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": t} for t in texts]


def test_text_and_parts_are_the_same() -> None:
    read = from_openai(
        [
            {"role": "developer", "content": text("be ", "brief")},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": None, "reasoning": "hm"},
        ]
    )
    assert read == (
        Message("system", "be brief"),
        Message("user", "hi"),
        Message("assistant", "", thinking="hm"),
    )


@pytest.mark.parametrize("arguments", [{"a": [1]}, '{"a": [1]}', ' {"a":[1]}\n'])
def test_arguments_are_an_object_however_they_come(arguments: object) -> None:
    call = {"id": "7", "type": "function", "function": {"name": "f", "arguments": arguments}}
    (read,) = from_openai([{"role": "assistant", "content": "", "tool_calls": [call]}])
    assert read.tool_calls == (ToolCall("f", {"a": [1]}),)


@pytest.mark.parametrize("arguments", [None, "", "{}", {}])
def test_no_arguments(arguments: object) -> None:
    call = {"name": "f", "arguments": arguments}
    (read,) = from_openai([{"role": "assistant", "tool_calls": [call]}])
    assert read.tool_calls == (ToolCall("f"),)


def test_results_are_named_by_part_message_or_the_latest_call_of_their_id() -> None:
    def call(name: str) -> dict[str, Any]:
        function = {"name": name, "arguments": "{}"}
        return {"role": "assistant", "tool_calls": [{"id": "call_0", "function": function}]}

    named = [{"name": "f", "type": "text", "text": "1"}, *text("2"), {"name": "g", "text": "3"}]
    read = from_openai(
        [
            call("old"),
            {"role": "tool", "tool_call_id": "call_0", "content": "x"},
            call("new"),
            {"role": "tool", "tool_call_id": "call_0", "content": text("y", "z")},
            {"role": "tool", "name": "h", "content": "w"},
            {"role": "tool", "content": named},
        ]
    )
    assert [m.results for m in read if m.role == "tool"] == [
        (ToolResult("old", "x"),),
        (ToolResult("new", "yz"),),
        (ToolResult("h", "w"),),
        (ToolResult("f", "12"), ToolResult("g", "3")),
    ]


def test_tools_are_read_bare_or_wrapped() -> None:
    schema = {"name": "f", "parameters": {"type": "object"}}
    wrapped = {"type": "function", "function": schema}
    assert tools_from_openai([schema, wrapped]) == (Tool(schema), Tool(schema))


def assistant(call: object) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": [call]}


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("hi", "message 2: expected an object, got 'hi'"),
        ({"role": "robot"}, "message 2: expected a role .*, got 'robot'"),
        ({"role": "user"}, "message 2: expected text or a list, got None"),
        ({"role": "user", "content": [{"type": "image_url"}]}, "message 2: expected .*text"),
        ({"role": "user", "content": [{"type": "text"}]}, "message 2: expected .*text"),
        ({"role": "user", "content": ["hi"]}, "message 2: expected .*text.*, got 'hi'"),
        ({"role": "assistant", "reasoning": 3}, "message 2: expected the reasoning as text"),
        (assistant("f"), "message 2, tool call: expected an object, got 'f'"),
        (assistant({"function": {}}), "message 2, tool call: expected the tool's name"),
        (assistant({"name": "a\nb"}), "message 2, tool call: expected the tool's name on one line"),
        (assistant({"name": "f", "arguments": "[1]"}), "message 2, call of f: expected its arg"),
        (assistant({"name": "f", "arguments": "{"}), "message 2, call of f: expected its arg"),
        (assistant({"name": "f", "arguments": '{"a": NaN}'}), "call of f: expected its arg"),
        ({"role": "tool", "content": "x"}, "message 2, tool result: expected the tool's name"),
        ({"role": "tool", "name": "f"}, "message 2: expected text or a list"),
    ],
)
def test_bad_messages(message: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        from_openai([{"role": "user", "content": "fine"}, message])


def test_bad_lists() -> None:
    with pytest.raises(UserError, match="messages: expected text or a list, got 'hi'"):
        from_openai("hi")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="tool 1: expected the tool's name"):
        tools_from_openai([{"type": "function", "function": {"description": "?"}}])


@given(conversations)
def test_there_and_back(conversation: list[dict[str, Any]]) -> None:
    messages = from_openai(conversation)
    assert from_openai(to_openai(messages)) == messages


@pytest.mark.parametrize(
    "bad", ["", "1", "{} {}", '{"a": "\\ud800"}', '{"a": 1e999}', '{"a":' + "[" * 100_000]
)
def test_no_object(bad: str) -> None:
    assert read_object(bad) is None


def test_a_number_too_long_for_python_is_no_object() -> None:
    assert read_object('{"a": ' + "9" * 5000 + "}") is None
