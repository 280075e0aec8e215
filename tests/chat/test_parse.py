from __future__ import annotations

import json
from itertools import pairwise

import pytest
from conversations import arguments, texts
from hypothesis import given
from hypothesis import strategies as st

from ostinato.chat.calls import BadLine
from ostinato.chat.messages import Message, ToolCall
from ostinato.chat.parse import ContentDelta, Event, Parsed, StreamParser, ThinkingDelta, parse
from ostinato.chat.template import reply

F = '{"name": "f", "arguments": {}}'
G = '{"name": "g", "arguments": {"a": 1}}'
CALL_F, CALL_G = ToolCall("f"), ToolCall("g", {"a": 1})


def parsed(
    content: str = "",
    *calls: ToolCall,
    thinking: str | None = None,
    bad: tuple[str, ...] = (),
    in_thinking: bool = False,
    in_calls: bool = False,
) -> Parsed:
    return Parsed(thinking, content, calls, bad, in_thinking, in_calls)


def block(*lines: str) -> str:
    return "\n".join(["<tool_calls>", *lines, "</tool_calls>"])


CASES = {
    "": parsed(),
    "a\n\n b\n": parsed("a\n\n b\n"),
    "<think>\na\n</think>\nb": parsed("b", thinking="a"),
    "<think>a</think>b": parsed("b", thinking="a"),
    "<think>\n\na\n\n\n</think>\n\nb\n": parsed("\nb\n", thinking="\na\n\n"),
    "<think>\n</think>": parsed(thinking=""),
    "<think>\n\n</think>\n": parsed(thinking=""),
    "a<think>b</think>c<think>d</think>e": parsed("ace", thinking="bd"),
    # Unclosed thinking is reasoning; an end without a beginning is text.
    "<think>\na\nb\n": parsed(thinking="a\nb\n", in_thinking=True),
    "<think>": parsed(thinking="", in_thinking=True),
    "a</think>b": parsed("a</think>b"),
    # What could have become a marker, and did not.
    "a <thin": parsed("a <thin"),
    "a\n<tool_call": parsed("a\n<tool_call"),
    "a <<think>b</thin</think>": parsed("a <", thinking="b</thin"),
    "<think>a\n</think": parsed(thinking="a\n</think", in_thinking=True),
    "<tool_calls": parsed("<tool_calls"),
    # Calls.
    block(F): parsed("", CALL_F),
    block(F, G): parsed("", CALL_F, CALL_G),
    f"a\n{block(F)}\nb": parsed("ab", CALL_F),
    f"a\n\n{block(F)}\n\nb\n{block(G)}": parsed("a\n\nb", CALL_F, CALL_G),
    f"<think>\na\n</think>\n{block(F)}": parsed("", CALL_F, thinking="a"),
    f"<think>\n{block(F)}\n</think>\n{block(G)}": parsed("", CALL_G, thinking=block(F)),
    f"<think>\n{block(F)}": parsed(thinking=block(F), in_thinking=True),
    f"<tool_calls>{F}</tool_calls>a": parsed("a", CALL_F),
    f"<tool_calls>\n{F}\n{G}": parsed("", CALL_F, CALL_G, in_calls=True),
    f"<tool_calls>\n{F}\n": parsed("", CALL_F, in_calls=True),
    "<tool_calls>": parsed(in_calls=True),
    block(): parsed(),
    block("", f"  {F},", "", G + "\r"): parsed("", CALL_F, CALL_G),
    block(F + " " + G): parsed("", CALL_F, CALL_G),
    block('{"name": "f"}', '{"name": "f", "arguments": null}'): parsed("", CALL_F, CALL_F),
    block('{"name": "g", "arguments": "{\\"a\\": 1}"}'): parsed("", CALL_G),
    # Nesting, strings, several lines.
    block('{"name": "g", "arguments": {"a": {"b": [{"c": "}{\\"]"}]}}}'): parsed(
        "", ToolCall("g", {"a": {"b": [{"c": '}{"]'}]}})
    ),
    block('{"name": "g", "arguments": {"a": "</tool_calls>"}}', F): parsed(
        "", ToolCall("g", {"a": "</tool_calls>"}), CALL_F
    ),
    block('{"name": "g", "arguments": {"a": "<think>"}}'): parsed(
        "", ToolCall("g", {"a": "<think>"})
    ),
    block("{", '  "name": "g",', "", '  "arguments": {"a":', "    1}", "}", F): parsed(
        "", CALL_G, CALL_F
    ),
    block('{"name": "g", "arguments": {"a": "one', '{two"}}'): parsed(
        "", ToolCall("g", {"a": "one\n{two"})
    ),
    # Bad lines are skipped, and reported.
    block("no", F): parsed("", CALL_F, bad=("no",)),
    block("```json", F, "```"): parsed("", CALL_F, bad=("```json", "```")),
    block("[1]", "{}", '{"name": ""}', '{"name": 1}'): parsed(
        bad=("[1]", "{}", '{"name": ""}', '{"name": 1}')
    ),
    block('{"name": "f", "arguments": [1]}', G): parsed(
        "", CALL_G, bad=('{"name": "f", "arguments": [1]}',)
    ),
    block('{"name": "f", "arguments": "[1]"}'): parsed(bad=('{"name": "f", "arguments": "[1]"}',)),
    block(F + "}", G): parsed("", CALL_F, CALL_G, bad=("}",)),
    block("{'name': 'f'}", G): parsed("", CALL_G, bad=("{'name': 'f'}",)),
    block('{"name": "f", "arguments": {"a": 1}', G): parsed(
        "", CALL_G, bad=('{"name": "f", "arguments": {"a": 1}',)
    ),
    block('{"name": "f, "arguments": {}}', G): parsed(
        "", CALL_G, bad=('{"name": "f, "arguments": {}}',)
    ),
    block('{"name": "f') + "a": parsed("a", bad=('{"name": "f',)),
    '<tool_calls>{"name": "f</tool_calls>\na': parsed("a", bad=('{"name": "f',)),
    '<tool_calls>\n{"name": "f", "argu': parsed(bad=('{"name": "f", "argu',), in_calls=True),
    '<tool_calls>\n{"name": "f",\n': parsed(bad=('{"name": "f",',), in_calls=True),
    block('{"name": "f", "arguments": {"a": NaN}}'): parsed(
        bad=('{"name": "f", "arguments": {"a": NaN}}',)
    ),
}


def streamed(pieces: list[str], *, thinking_open: bool = False) -> tuple[list[Event], Parsed]:
    parser = StreamParser(thinking_open=thinking_open)
    events = [event for piece in pieces for event in parser.feed(piece)]
    return [*events, *parser.close()], parser.result()


def joined(events: list[Event]) -> tuple[str, str, list[ToolCall], list[str]]:
    return (
        "".join(e.text for e in events if isinstance(e, ThinkingDelta)),
        "".join(e.text for e in events if isinstance(e, ContentDelta)),
        [e for e in events if isinstance(e, ToolCall)],
        [e.text for e in events if isinstance(e, BadLine)],
    )


@pytest.mark.parametrize("text", CASES)
def test_whole(text: str) -> None:
    assert parse(text) == CASES[text]


@pytest.mark.parametrize("text", CASES)
def test_streaming_at_every_split_and_by_characters_is_the_whole(text: str) -> None:
    want = CASES[text]
    for pieces in ([text[:i], text[i:]] for i in range(len(text) + 1)):
        assert streamed(pieces)[1] == want
    events, result = streamed(list(text))
    assert result == want
    assert joined(events) == (
        want.thinking or "",
        want.content,
        list(want.tool_calls),
        list(want.bad_lines),
    )


fragments = st.sampled_from(
    [
        "<think>",
        "</think>",
        "<tool_calls>",
        "</tool_calls>",
        "\n",
        "<",
        " ",
        "a",
        F,
        G,
        '"',
        "{",
        "}",
    ]
)
replies = st.lists(fragments | st.text(max_size=2), max_size=12).map("".join)


@given(replies, st.lists(st.integers(0, 200)), st.booleans())
def test_streaming_in_any_pieces_is_the_whole(text: str, cuts: list[int], opened: bool) -> None:
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(ends)]
    events, result = streamed(pieces, thinking_open=opened)
    assert result == parse(text, thinking_open=opened)
    assert joined(events)[:2] == (result.thinking or "", result.content)


@given(replies)
def test_no_text_is_lost(text: str) -> None:
    """But for markers, white space around them and calls, every letter is told in its order."""
    told = "".join(
        e.json_line() if isinstance(e, ToolCall) else e.text for e in streamed([text])[0]
    )

    def letters(of: str) -> str:
        for mark in ("<think>", "</think>", "<tool_calls>", "</tool_calls>", " ", ","):
            of = of.replace(mark, "")
        return "".join(of.split())

    assert letters(told) == letters(text)


@given(st.text(alphabet="ab \n<>/{\"'"))
def test_text_without_markers_is_content(text: str) -> None:
    assert parse(text) == parsed(text)


unmarked = st.text(alphabet="ab é\n<>/{}\"'", max_size=20)


@given(unmarked, st.none() | unmarked, st.lists(st.builds(ToolCall, st.just("f"), arguments)))
def test_reply_and_back(content: str, thinking: str | None, calls: list[ToolCall]) -> None:
    message = Message("assistant", content, tuple(calls), thinking)
    text = reply(message)
    read = parse(text)
    assert read.message() == message
    assert not (read.bad_lines or read.thinking_open or read.calls_open)
    assert streamed(list(text))[1] == read


@given(arguments)
def test_a_call_on_many_lines(values: dict[str, object]) -> None:
    call = ToolCall("f", values)
    pretty = json.dumps({"name": "f", "arguments": values}, indent=2)
    assert parse(block(pretty)) == parsed("", call)


def test_a_prompt_that_opened_thinking() -> None:
    assert parse("a\n</think>\nb", thinking_open=True) == parsed("b", thinking="a")
    assert parse("", thinking_open=True) == parsed(thinking="", in_thinking=True)


def test_events_come_as_early_as_they_can() -> None:
    parser = StreamParser()
    assert parser.feed("<think>\nhm") == [ThinkingDelta("hm")]
    assert parser.feed("\n</thi") == []
    assert parser.feed("nk>\nSo: 1 <") == [ContentDelta("So: 1 ")]
    assert parser.feed("2\n<tool_calls>\n" + F) == [ContentDelta("<2")]
    assert parser.feed("\n") == [CALL_F]
    assert parser.feed("no\n</tool_calls>") == [BadLine("no")]
    assert parser.feed("bye") == [ContentDelta("bye")]
    assert parser.result() == parsed("So: 1 <2bye", CALL_F, thinking="hm", bad=("no",))
    assert parser.close() == []


@given(texts)
def test_a_forged_end_in_arguments_does_not_end_the_block(text: str) -> None:
    calls = (ToolCall("f", {"a": text}), ToolCall("g", {text: "</tool_calls>"}))
    assert parse(reply(Message("assistant", "", calls))).tool_calls == calls


def test_a_long_call_in_many_deltas() -> None:
    value = "x{" * 50_000
    text = reply(Message("assistant", "", (ToolCall("f", {"a": value}),)))
    pieces = [text[i : i + 4] for i in range(0, len(text), 4)]
    assert streamed(pieces)[1].tool_calls == (ToolCall("f", {"a": value}),)
