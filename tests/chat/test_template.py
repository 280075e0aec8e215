from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conversations import conversations, parts, texts, tools
from hypothesis import assume, given
from hypothesis import strategies as st
from jinja2 import Environment

from ostinato.base.errors import UserError
from ostinato.chat.jinja import chat_template, render_jinja
from ostinato.chat.messages import (
    Message,
    Tool,
    ToolCall,
    ToolResult,
    from_openai,
    json_line,
    to_openai,
    tools_from_openai,
)
from ostinato.chat.template import Marker, pieces, render


@pytest.fixture(scope="session")
def published(shared: Path) -> str:
    path = shared / "golden" / "minimax-m1" / "tokenizer_config.json"
    return json.loads(path.read_text(encoding="utf-8"))["chat_template"]


def test_a_whole_conversation() -> None:
    weather = {"name": "weather", "parameters": {"type": "object"}}
    conversation = (
        Message("system", "Be brief."),
        Message("user", "Rain in Kyōto?"),
        Message("assistant", "Let me see.", (ToolCall("weather", {"city": "Kyōto"}),), "Ask."),
        Message("tool", results=(ToolResult("weather", "rain"), ToolResult("weather", "12 °C"))),
        Message("system", " Be kind."),
    )
    assert render(conversation, [Tool(weather)]) == (
        "<begin_of_document>"
        "<beginning_of_sentence>system ai_setting=assistant\nBe brief. Be kind.<end_of_sentence>\n"
        "<beginning_of_sentence>system tool_setting=tools\nYou are provided with these tools:\n"
        '<tools>\n{"name": "weather", "parameters": {"type": "object"}}\n</tools>\n\n'
        "If you need to call tools, please respond with <tool_calls></tool_calls> XML tags, and "
        "provide tool-name and json-object of arguments, following the format below:\n"
        '<tool_calls>\n{"name": "<tool-name-1>", "arguments": '
        '{"<argument-name-1>": "<argument-value-1>"}}\n...\n</tool_calls><end_of_sentence>\n'
        "<beginning_of_sentence>user name=user\nRain in Kyōto?<end_of_sentence>\n"
        "<beginning_of_sentence>ai name=assistant\n<think>\nAsk.\n</think>\nLet me see.\n"
        '<tool_calls>\n{"name": "weather", "arguments": {"city": "Kyōto"}}\n</tool_calls>'
        "<end_of_sentence>\n"
        "<beginning_of_sentence>tool name=tools\ntool name: weather\ntool result: rain\n\n"
        "tool name: weather\ntool result: 12 °C\n\n<end_of_sentence>\n"
        "<beginning_of_sentence>ai name=assistant\n"
    )


def test_the_example_of_a_call_is_json() -> None:
    lines = render([], [Tool({"name": "f"})]).splitlines()
    example = json.loads(lines[lines.index("<tool_calls>") + 1])
    assert set(example) == {"name", "arguments"} and isinstance(example["arguments"], dict)


@given(conversations, tools, st.booleans())
def test_the_jinja_template_gives_the_same_text(
    conversation: list[dict[str, Any]], offered: list[dict[str, Any]], prompt: bool
) -> None:
    messages, schemas = from_openai(conversation), tools_from_openai(offered)
    text = render(messages, schemas, add_generation_prompt=prompt)
    template = chat_template()
    for same in (conversation, to_openai(messages)):
        rendered = render_jinja(template, same, offered, add_generation_prompt=prompt)
        assert rendered == text


def test_the_jinja_template_needs_no_particular_environment() -> None:
    conversation = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
    environment = Environment()
    plain = environment.from_string(chat_template()).render(
        messages=conversation, add_generation_prompt=True
    )
    assert plain == render(from_openai(conversation))


def test_the_jinja_template_names_results_by_the_latest_call_of_their_id() -> None:
    def turn(name: str) -> list[dict[str, Any]]:
        call = {"id": "call_0", "function": {"name": name, "arguments": {}}}
        result = {"role": "tool", "tool_call_id": "call_0", "content": "x"}
        return [{"role": "assistant", "content": None, "tool_calls": [call]}, result]

    conversation = [*turn("old"), *turn("new")]
    text = render_jinja(chat_template(), conversation)
    assert text == render(from_openai(conversation))
    assert text.count("tool name: old\n") == text.count("tool name: new\n") == 1


@pytest.mark.parametrize(
    "message",
    [
        {"role": "robot", "content": ""},
        {"role": "user", "content": [{"type": "image_url", "image_url": "x"}]},
        {"role": "tool", "content": "a result of what?"},
    ],
)
def test_the_jinja_template_refuses_what_the_reader_refuses(message: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="message 1"):
        from_openai([message])
    with pytest.raises(UserError, match="chat template fails on this conversation: expected"):
        render_jinja(chat_template(), [message])


@pytest.mark.parametrize("source", ["{{", "{{ messages[0].content + 1 }}", "{{ ''.__class__.x }}"])
def test_a_broken_template(source: str) -> None:
    with pytest.raises(UserError, match="chat template fails"):
        render_jinja(source, [{"role": "user", "content": "a"}])


one_part = texts.map(lambda text: [{"type": "text", "text": text}])
works_in_published = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user"]), "content": one_part})
    | st.fixed_dictionaries(
        {
            "role": st.just("assistant"),
            "content": parts().filter(lambda content: not isinstance(content, str)),
        }
    )
    | st.fixed_dictionaries(
        {
            "role": st.just("tool"),
            "content": st.lists(
                st.fixed_dictionaries(
                    {"name": st.just("f"), "type": st.just("text"), "text": texts}
                )
            ),
        }
    ),
    max_size=6,
)


@given(works_in_published, st.booleans())
def test_where_the_published_template_works_ours_is_the_same(
    published: str, conversation: list[dict[str, Any]], prompt: bool
) -> None:
    theirs = render_jinja(published, conversation, add_generation_prompt=prompt)
    assert render(from_openai(conversation), add_generation_prompt=prompt) == theirs


def test_with_tools_only_the_example_differs_from_the_published_template(published: str) -> None:
    schema = {"name": "f", "description": "<é>"}
    theirs = render_jinja(published, [], [schema]).splitlines()
    ours = render([], [Tool(schema)]).splitlines()
    assert [a for a, b in zip(theirs, ours, strict=True) if a != b] == [
        "{name: <tool-name-1>, arguments: <args-json-object-1>}"
    ]


def test_the_published_template_has_the_defects_that_we_repair(published: str) -> None:
    with pytest.raises(UserError, match="no attribute 'text'"):
        render_jinja(published, [{"role": "user", "content": "hi"}])
    called = {"role": "assistant", "content": "hi", "tool_calls": [{"name": "f"}]}
    text = render_jinja(published, [called], add_generation_prompt=False)
    assert text.endswith("ai name=assistant\n<end_of_sentence>\n")


@given(texts)
def test_only_our_own_markers_are_markers(text: str) -> None:
    assume(text)
    forged = [Message("user", text), Message("assistant", text, thinking=text)]
    markers = [piece for piece in pieces(forged) if isinstance(piece, Marker)]
    assert markers == [
        Marker.BEGIN_DOCUMENT,
        Marker.BEGIN,
        Marker.END,
        Marker.BEGIN,
        Marker.END,
        Marker.BEGIN,
    ]


def test_a_marker_given_as_text_is_text() -> None:
    end = Marker.END
    forged = [Message("user", end), Message("assistant", end), Message("system", end)]
    markers = [piece for piece in pieces(forged) if isinstance(piece, Marker)]
    assert markers.count(Marker.END) == 3
    assert json_line({"a": end}) == '{"a": "<end_of_sentence>"}'
