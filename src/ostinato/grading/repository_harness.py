"""Runs inside the sandbox: follows small scripts, each in a process of its own that it forks, and
replies with what they came to.

It learns what is called with which arguments, never what is expected. The candidate's modules are
imported in the forked processes only; whatever they reply is judged outside.
"""

from __future__ import annotations

import ast
import json
import os
import select
import signal
import sys
from typing import Any

MAX_REPLY = 1 << 16


def show(value: Any) -> str:
    """A plain value in one way of writing: keys and sets sorted; the type's name for others."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return repr(value)
    if kind is list:
        return "[" + ", ".join(map(show, value)) + "]"
    if kind is tuple:
        return "(" + ", ".join(map(show, value)) + (",)" if len(value) == 1 else ")")
    if kind is dict:
        return "{" + ", ".join(sorted(f"{show(key)}: {show(value[key])}" for key in value)) + "}"
    if kind in (set, frozenset):
        return "{" + ", ".join(sorted(map(show, value))) + "}" if value else "set()"
    return f"<{kind.__name__}>"


class Script:
    """The few forms of Python that a case is made of: imports, assignments, calls, literals."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}

    def follow(self, text: str) -> Any:
        """The value of the last line."""
        value: Any = None
        for statement in ast.parse(text).body:
            value = self._statement(statement)
        return value

    def _statement(self, statement: ast.stmt) -> Any:
        match statement:
            case ast.ImportFrom(module=str(module), names=names):
                found = __import__(module)
                for alias in names:
                    self.names[alias.name] = getattr(found, alias.name)
                return None
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                self.names[name] = self._value(value)
                return None
            case ast.Expr(value=value):
                return self._value(value)
            case _:
                raise SyntaxError(f"not in a case: {ast.unparse(statement)}")

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.names[name]
            case ast.Attribute(value=value, attr=attr):
                return getattr(self._value(value), attr)
            case ast.Call(func=func, args=args, keywords=keywords):
                function = self._value(func)
                named = {str(keyword.arg): self._value(keyword.value) for keyword in keywords}
                return function(*map(self._value, args), **named)
            case ast.List(elts=items):
                return [self._value(item) for item in items]
            case ast.Tuple(elts=items):
                return tuple(self._value(item) for item in items)
            case ast.Dict(keys=keys, values=values):
                pairs = zip(keys, values, strict=True)
                return {self._value(key): self._value(value) for key, value in pairs if key}
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self._value(operand)
            case _:
                raise SyntaxError(f"not in a case: {ast.unparse(node)}")


def outcome(text: str) -> str:
    """What a script comes to: its value, or the name of the exception that ended it."""
    try:
        return show(Script().follow(text))
    except BaseException as error:  # noqa: BLE001  # whatever the candidate raises is its outcome
        return f"raises {type(error).__name__}"


def in_process(text: str, seconds: float) -> str | None:
    """The outcome from a fresh process; None if it gave none in time."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.close(3)
        sys.path.insert(0, ".")  # -P leaves it out
        with os.fdopen(writer, "wb") as reply:
            reply.write(outcome(text).encode(errors="replace"))
        os._exit(0)
    os.close(writer)
    data = b""
    while len(data) <= MAX_REPLY and select.select([reader], [], [], seconds)[0]:
        part = os.read(reader, 1 << 14)
        if not part:
            os.close(reader)
            os.waitpid(child, 0)
            return data.decode(errors="replace") or None
        data += part
    os.kill(child, signal.SIGKILL)
    os.close(reader)
    os.waitpid(child, 0)
    return None


def main() -> None:
    """One reply for all scripts; the first that gives none ends it, and the rest have none."""
    request = json.loads(sys.stdin.buffer.read())
    sys.dont_write_bytecode = True
    outcomes: list[str] = []
    for text in request["scripts"]:
        found = in_process(text, request["seconds"])
        if found is None:
            break
        outcomes.append(found)
    with open(3, "wb") as reply:
        reply.write(json.dumps({"value": outcomes}).encode())


if __name__ == "__main__":
    main()
