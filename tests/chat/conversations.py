"""Conversations drawn at random, in OpenAI's form."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

MARKS = ["<think>", "</think>", "<tool_calls>", "</tool_calls>", "<end_of_sentence>", "\n", "\n\n"]
texts = st.one_of(
    st.text(max_size=8),
    st.lists(st.sampled_from([*MARKS, "<beginning_of_sentence>", "{}", "'", "\\n", " a"])).map(
        "".join
    ),
)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
arguments = st.dictionaries(texts, json_values, max_size=3)
names = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


def parts(text: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Any]:
    part = text.map(lambda t: {"type": "text", "text": t})
    return text | st.lists(part, max_size=3)


@st.composite
def calls(draw: st.DrawFn) -> dict[str, Any]:
    value: Any = draw(arguments)
    if draw(st.booleans()):
        value = json.dumps(value, ensure_ascii=False)
    function = {"name": draw(names), "arguments": value}
    if draw(st.booleans()):
        return function
    return {"id": draw(st.sampled_from("ab")), "type": "function", "function": function}


@st.composite
def assistants(draw: st.DrawFn) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": draw(st.none() | parts())}
    if draw(st.booleans()):
        message["reasoning_content"] = draw(texts)
    if draw(st.booleans()):
        message["tool_calls"] = draw(st.lists(calls(), max_size=3))
    return message


@st.composite
def tool_messages(draw: st.DrawFn) -> dict[str, Any]:
    named = st.fixed_dictionaries(
        {"type": st.just("text"), "text": texts}, optional={"name": names}
    )
    content = draw(texts | st.lists(named, max_size=3))
    return {"role": "tool", "name": draw(names), "content": content}


plain = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user"]), "content": parts()}
)
conversations = st.lists(plain | assistants() | tool_messages(), max_size=6)
function = st.fixed_dictionaries({"name": names, "parameters": json_values})
tools = st.lists(function | function.map(lambda f: {"type": "function", "function": f}), max_size=2)
