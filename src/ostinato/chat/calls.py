"""Tool calls from the lines between ``<tool_calls>`` and its end, good or bad."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ostinato.chat.messages import ToolCall, read_object, read_value


@dataclass(frozen=True)
class BadLine:
    """Text inside a block that is no call."""

    text: str


class CallReader:
    """Calls from lines. An object may span lines; braces inside strings do not count.

    A line that is a whole call from its first column on ends an object left open above it.
    """

    def __init__(self) -> None:
        self._pending: list[str] = []
        self._depth = 0
        self._in_string = False

    def push(self, line: str) -> list[ToolCall | BadLine]:
        """The next line, without its line end."""
        if self._pending:
            call = _call(read_object(line)) if line.startswith("{") else None
            if call is not None:
                return [*self.close(), call]
        elif not line.strip():
            return []
        elif not line.lstrip().startswith("{"):
            return [BadLine(line)]
        self._pending.append(line)
        self._depth, self._in_string = self._scan(line)
        if self._in_string or self._depth > 0:
            return []
        text = "\n".join(self._pending)
        self._forget()
        return list(_calls(text))

    def close(self) -> list[ToolCall | BadLine]:
        """No more lines: what is still open is bad."""
        bad: list[ToolCall | BadLine] = []
        if self._pending:
            bad.append(BadLine("\n".join(self._pending)))
        self._forget()
        return bad

    def inside_string(self, start: str) -> bool:
        """Whether a line that begins with ``start`` is inside a JSON string after it."""
        return self._scan(start)[1]

    def _scan(self, text: str) -> tuple[int, bool]:
        depth, in_string, escaped = self._depth, self._in_string, False
        for letter in text:
            if escaped:
                escaped = False
            elif in_string:
                escaped = letter == "\\"
                in_string = letter != '"'
            elif letter == '"':
                in_string = True
            else:
                depth += (letter in "{[") - (letter in "]}")
        return depth, in_string

    def _forget(self) -> None:
        self._pending, self._depth, self._in_string = [], 0, False


def _calls(text: str) -> Iterator[ToolCall | BadLine]:
    """Usually one; several objects side by side are tolerated, as is a comma after one."""
    position = 0
    while rest := text[position:].lstrip(" \t\r\n,"):
        position = len(text) - len(rest)
        try:
            value, end = read_value(text, position)
        except ValueError:
            yield BadLine(rest)
            return
        call = _call(value)
        yield BadLine(text[position:end]) if call is None else call
        position = end


def _call(value: object) -> ToolCall | None:
    if not isinstance(value, dict):
        return None
    name, arguments = value.get("name"), value.get("arguments")
    if isinstance(arguments, str):  # encoded twice, as vLLM's template teaches
        arguments = read_object(arguments)
    elif arguments is None:
        arguments = {}
    if not isinstance(name, str) or not name.strip() or not isinstance(arguments, dict):
        return None
    return ToolCall(name, arguments)
