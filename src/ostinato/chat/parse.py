"""A reply taken apart: thinking, content and tool calls, whole or while it is being written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from ostinato.chat.calls import BadLine, CallReader
from ostinato.chat.messages import Message, ToolCall
from ostinato.chat.template import CALLS, CALLS_END, THINK, THINK_END


@dataclass(frozen=True)
class ThinkingDelta:
    """More thinking."""

    text: str


@dataclass(frozen=True)
class ContentDelta:
    """More content."""

    text: str


Event = ThinkingDelta | ContentDelta | ToolCall | BadLine


@dataclass(frozen=True)
class Parsed:
    """A reply, or as much of it as there is."""

    thinking: str | None  # all sections joined; None: there was none
    content: str
    tool_calls: tuple[ToolCall, ...]
    bad_lines: tuple[str, ...]  # of the blocks of calls, as they stood
    thinking_open: bool  # the reply ended inside a section: it never came to an answer
    calls_open: bool  # it ended inside a block of calls

    def message(self) -> Message:
        """The turn to go on from; bad lines are left out."""
        return Message("assistant", self.content, self.tool_calls, self.thinking)


def parse(text: str, *, thinking_open: bool = False) -> Parsed:
    """Take a whole reply apart; ``thinking_open``: the prompt had already opened ``<think>``."""
    parser = StreamParser(thinking_open=thinking_open)
    parser.feed(text)
    parser.close()
    return parser.result()


_Mode = Literal["content", "thinking", "calls"]


class _Way(NamedTuple):
    """A marker, what follows it, and whether the line end before it belongs to it."""

    marker: str
    mode: _Mode
    owns_line_end: bool


_WAYS = {
    "content": (_Way(THINK, "thinking", False), _Way(CALLS, "calls", True)),
    "thinking": (_Way(THINK_END, "content", True),),
}


class StreamParser:
    """The events of a reply that arrives in deltas; joined, they are `parse` of the whole.

    Markers are matched on text, for they are no tokens. Text is held back only while it may be
    the beginning of a marker. One line end after each marker, and one before ``</think>`` and
    ``<tool_calls>``, belong to the marker; no other text is lost. A call is told once its line
    is whole.
    """

    def __init__(self, *, thinking_open: bool = False) -> None:
        self._mode: _Mode = "thinking" if thinking_open else "content"
        self._buffer = ""
        self._after_marker = False
        self._calls = CallReader()
        self._thought = thinking_open
        self._told: list[Event] = []

    def feed(self, delta: str) -> list[Event]:
        """What ``delta`` settles."""
        searched = len(self._buffer)
        self._buffer += delta
        return self._advance(searched, final=False)

    def close(self) -> list[Event]:
        """The reply is over: what was held back is text, what is left of a block is read."""
        return self._advance(0, final=True)

    def result(self) -> Parsed:
        """Everything told so far."""
        thinking = "".join(e.text for e in self._told if isinstance(e, ThinkingDelta))
        return Parsed(
            thinking if self._thought else None,
            "".join(e.text for e in self._told if isinstance(e, ContentDelta)),
            tuple(e for e in self._told if isinstance(e, ToolCall)),
            tuple(e.text for e in self._told if isinstance(e, BadLine)),
            self._mode == "thinking",
            self._mode == "calls",
        )

    def _advance(self, searched: int, *, final: bool) -> list[Event]:
        events: list[Event] = []
        going = True
        while going:
            if self._after_marker and self._buffer:
                self._buffer = self._buffer.removeprefix("\n")
                self._after_marker = False
            if self._mode == "calls":
                going = self._read_line(events, searched, final=final)
            else:
                going = self._read_text(events, final=final)
            searched = 0
        self._told += events
        return events

    def _read_text(self, events: list[Event], *, final: bool) -> bool:
        """Tell text up to the next marker and pass it; False: there is none yet."""
        ways = _WAYS[self._mode]
        found = [(i, way) for way in ways if (i := self._buffer.find(way.marker)) >= 0]
        if not found:
            kept = 0 if final else _held_back(self._buffer, ways)
            self._tell(events, self._buffer[: len(self._buffer) - kept])
            self._buffer = self._buffer[len(self._buffer) - kept :]
            return False
        at, way = min(found)
        text = self._buffer[:at]
        self._tell(events, text.removesuffix("\n") if way.owns_line_end else text)
        self._pass_marker(at + len(way.marker), way.mode)
        return True

    def _read_line(self, events: list[Event], searched: int, *, final: bool) -> bool:
        """Read one line of a block, or its end; False: neither is there yet."""
        ends = self._buffer.find("\n", searched)
        whole = ends >= 0 or final
        line = self._buffer[:ends] if ends >= 0 else self._buffer
        at = self._end_of_block(line) if whole else _end_at_start(line)
        if at is not None:
            self._end_block(events, line[:at])
            self._pass_marker(at + len(CALLS_END), "content")
            return True
        if ends >= 0:
            events += self._calls.push(line)
        elif final:
            self._end_block(events, line)
        else:
            return False
        self._buffer = self._buffer[len(line) + 1 :]
        return ends >= 0

    def _end_block(self, events: list[Event], last: str) -> None:
        if last.strip():
            events += self._calls.push(last)
        events += self._calls.close()

    def _end_of_block(self, line: str) -> int | None:
        """Where ``</tool_calls>`` stands outside strings, or where no string could hold it."""
        at = line.find(CALLS_END)
        while at >= 0:
            alone = not line[:at].strip() or not line[at + len(CALLS_END) :].strip()
            if alone or not self._calls.inside_string(line[:at]):
                return at
            at = line.find(CALLS_END, at + 1)
        return None

    def _pass_marker(self, end: int, mode: _Mode) -> None:
        self._buffer = self._buffer[end:]
        self._mode = mode
        self._after_marker = True
        self._thought = self._thought or mode == "thinking"

    def _tell(self, events: list[Event], text: str) -> None:
        if text:
            events.append(ThinkingDelta(text) if self._mode == "thinking" else ContentDelta(text))


def _end_at_start(line: str) -> int | None:
    """Where an unfinished line begins with the end of the block: nothing after can change that."""
    stripped = line.lstrip()
    return len(line) - len(stripped) if stripped.startswith(CALLS_END) else None


def _held_back(text: str, ways: tuple[_Way, ...]) -> int:
    """The length of the longest end of ``text`` that a marker may begin with."""
    beginnings = [way.marker for way in ways]
    beginnings += ["\n" + way.marker for way in ways if way.owns_line_end]
    longest = max(map(len, beginnings)) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(beginning.startswith(text[-length:]) for beginning in beginnings):
            return length
    return 0
