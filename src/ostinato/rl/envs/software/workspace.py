"""A repository in memory, and the tools that change it.

The files are text by path, held on our side: a tool call changes the dictionary and nothing else.
To run something, the whole of it is written to the fresh directory of a sandbox, so there is no
state outside and no path that leads anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ostinato.chat.messages import Tool, ToolCall
from ostinato.sandbox import best
from ostinato.sandbox.types import MIB, Command, Limits, Outcome, Sandbox, Status

PATH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)
MAX_PATH = 100
_SECONDS = re.compile(r" in \d+\.\d+s\b")

RUN_CODE = """
import sys
code = sys.stdin.read()
sys.path.insert(0, ".")
sys.dont_write_bytecode = True
exec(compile(code, "<code>", "exec"), {"__name__": "__main__"})
"""
RUN_TESTS = """
import sys, unittest
sys.path.insert(0, ".")
sys.dont_write_bytecode = True
unittest.main(module=None, argv=["unittest", "discover", "-s", "tests"])
"""
TESTS = ("python", "-c", RUN_TESTS)
"""The command that runs ``unittest`` on the folder ``tests``."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What one episode may use."""

    turns: int = 20
    runs: int = 8  # of code or tests in one turn; further ones are refused
    output: int = 8000
    """Characters of one tool result; what is longer loses its middle."""
    text: int = 100_000
    """Characters of one file, and of the code of one run."""
    total: int = 8_000_000
    """Characters of all files together."""
    files: int = 300
    run: Limits = field(
        default_factory=lambda: Limits(
            wall_seconds=10.0, cpu_seconds=5.0, memory_bytes=256 * MIB, output_bytes=1 << 18
        )
    )
    """Of one run of code or tests."""


class CallError(Exception):
    """A tool call that makes no sense; the text tells the agent why."""


@dataclass(frozen=True)
class Parameter:
    """Of a tool."""

    description: str
    kind: str = "string"
    required: bool = True


_PATH = Parameter("Path of the file, from the top of the repository, as list_files gives it.")

TOOLS: dict[str, tuple[str, dict[str, Parameter]]] = {
    "list_files": ("List the path and the number of lines of every file.", {}),
    "read_file": (
        "Read a file, or a range of its lines. Each line is shown after its number and a tab.",
        {
            "path": _PATH,
            "first": Parameter("First line to read, from 1.", "integer", required=False),
            "last": Parameter("Last line to read, included.", "integer", required=False),
        },
    ),
    "edit_file": (
        "Replace a piece of a file. The old text must stand in the file exactly once, spaces and "
        "line ends included; take in lines around it if it does not.",
        {
            "path": _PATH,
            "old": Parameter("The text to replace, exactly as it stands (without line numbers)."),
            "new": Parameter("The text to put in its place."),
        },
    ),
    "write_file": (
        "Write a whole file, new or in place of an old one.",
        {"path": _PATH, "text": Parameter("All of its text.")},
    ),
    "run_python": (
        "Run Python code at the top of the repository, whose modules it can import. What it prints "
        "comes back; the files stay as they are. No other packages, no network, a few seconds.",
        {"code": Parameter("The code. Print what you want to see.")},
    ),
    "run_tests": ("Run the visible tests and see what fails.", {}),
    "submit": ("Hand in the repository as it is now. This ends the work.", {}),
}


def schemas() -> tuple[Tool, ...]:
    """The tools as the agent is told of them."""
    return tuple(_schema(name, about, given) for name, (about, given) in TOOLS.items())


class Workspace:
    """One agent's copy of a repository."""

    def __init__(
        self,
        files: Mapping[str, str],
        tests: tuple[str, ...],
        bounds: Bounds,
        sandbox: Sandbox | None,
    ) -> None:
        self.files = dict(files)
        self._given = sandbox
        self.bounds = bounds
        self.tests = tests
        self.runs = 0  # in this turn

    @cached_property
    def sandbox(self) -> Sandbox:
        """The one that was given, or the best of this machine, found when it is first needed."""
        return self._given or best()

    def call(self, call: ToolCall) -> str:
        """The result of any call but ``submit``, as text; what is wrong with it, if it is."""
        try:
            arguments = checked(call)
            tools: dict[str, Callable[..., str]] = {
                "list_files": self.list_files,
                "read_file": self.read_file,
                "edit_file": self.edit_file,
                "write_file": self.write_file,
                "run_python": self.run_python,
                "run_tests": self.run_tests,
            }
            return shortened(tools[call.name](**arguments), self.bounds.output)
        except CallError as error:
            return f"error: {error}"

    def list_files(self) -> str:
        """A line per file."""
        lines = [f"{path}  {len(_lines(text))} lines" for path, text in sorted(self.files.items())]
        return "\n".join(lines)

    def read_file(self, path: str, first: int = 1, last: int | None = None) -> str:
        """Numbered lines."""
        lines = _lines(self._text(path))
        end = len(lines) if last is None else min(last, len(lines))
        if not lines:
            return "(the file is empty)"
        if not 1 <= first <= end:
            raise CallError(f"there are no lines {first} to {last}: {path} has {len(lines)} lines")
        return "\n".join(f"{n}\t{lines[n - 1]}" for n in range(first, end + 1))

    def edit_file(self, path: str, old: str, new: str) -> str:
        """Replace what stands there exactly once."""
        text = self._text(path)
        if not old:
            raise CallError("'old' is empty: give the text to replace, or use write_file")
        at = text.find(old)
        if at < 0:
            raise CallError(
                f"'old' does not stand in {path}: read the file again and copy the text exactly, "
                "spaces included and line numbers left out"
            )
        if text.find(old, at + 1) >= 0:
            raise CallError(f"'old' stands in {path} more than once: take in lines around it")
        self._store(path, text[:at] + new + text[at + len(old) :])
        return f"{path} is changed from line {text.count(chr(10), 0, at) + 1} on"

    def write_file(self, path: str, text: str) -> str:
        """Make or replace a file."""
        name = path.removeprefix("./")
        known = name in self.files
        if not known and (len(name) > MAX_PATH or not PATH.fullmatch(name)):
            raise CallError(
                f"{path[:200]!r} is no path inside the repository: expected names of letters, "
                f"digits, '_', '-' and '.' with '/' between them, {MAX_PATH} characters at most"
            )
        parts = name.split("/")
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if above & self.files.keys() or any(other.startswith(name + "/") for other in self.files):
            raise CallError(f"{path} would be a file and a folder at once")
        if not known and len(self.files) >= self.bounds.files:
            raise CallError(f"there are {len(self.files)} files already, and no more are allowed")
        self._store(name, text)
        return f"{name} is {'replaced' if known else 'new'}: {len(_lines(text))} lines"

    def run_python(self, code: str) -> str:
        """What some code prints, run in a fresh copy."""
        self._check(code, "'code'")
        return self._run(("python", "-c", RUN_CODE), code)

    def run_tests(self) -> str:
        """What the visible tests say, run in a fresh copy, but not how long they took: an episode
        that is played again must read the same.
        """
        return _SECONDS.sub("", self._run(self.tests, ""))

    def _run(self, argv: tuple[str, ...], stdin: str) -> str:
        self.runs += 1
        if self.runs > self.bounds.runs:
            raise CallError(f"not run: more than {self.bounds.runs} runs in one turn")
        files = {path: text.encode() for path, text in self.files.items()}
        command = Command(argv=argv, files=files, stdin=stdin.encode(), limits=self.bounds.run)
        return report(self.sandbox.run(command), self.bounds.run)

    def _text(self, path: str) -> str:
        name = path.removeprefix("./")
        if name not in self.files:
            raise CallError(f"there is no file {path[:200]!r}: list_files names all of them")
        return self.files[name]

    def _store(self, path: str, text: str) -> None:
        self._check(text, path)
        name = path.removeprefix("./")
        others = sum(len(other) for known, other in self.files.items() if known != name)
        if others + len(text) > self.bounds.total:
            raise CallError(f"all files together have more than {self.bounds.total} characters")
        self.files[name] = text

    def _check(self, text: str, what: str) -> None:
        if len(text) > self.bounds.text:
            raise CallError(f"{what} has more than {self.bounds.text} characters")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            raise CallError(f"{what} holds halves of characters, which are no text")


def checked(call: ToolCall) -> dict[str, Any]:
    """The arguments of a call, if they are what the tool takes."""
    if call.name not in TOOLS:
        raise CallError(f"there is no tool {call.name[:100]!r}: there are {', '.join(TOOLS)}")
    _, parameters = TOOLS[call.name]
    for name in call.arguments:
        if name not in parameters:
            takes = ", ".join(parameters) or "no arguments"
            raise CallError(f"{call.name} has no argument {name[:100]!r}: it takes {takes}")
    arguments: dict[str, Any] = {}
    for name, parameter in parameters.items():
        value = call.arguments.get(name)
        if value is None:
            if parameter.required:
                raise CallError(f"{call.name} needs the argument '{name}': {parameter.description}")
            continue
        if type(value) is not {"string": str, "integer": int}[parameter.kind]:
            found = type(value).__name__
            wanted = f"'{name}' of {call.name} must be of type {parameter.kind}"
            raise CallError(f"{wanted}, not {found}")
        arguments[name] = value
    return arguments


def report(outcome: Outcome, limits: Limits) -> str:
    """The outcome of a run in words, then what it wrote."""
    ends = {
        Status.EXITED: f"exit code {outcome.exit_code}",
        Status.SIGNALLED: f"ended by signal {outcome.signal}",
        Status.WALL: f"stopped after {limits.wall_seconds:g} seconds",
        Status.CPU: f"stopped after {limits.cpu_seconds:g} seconds of processor time",
        Status.MEMORY: f"stopped: more than {limits.memory_bytes // MIB} MiB of memory",
        Status.PROCESSES: "stopped: too many processes",
        Status.DISK: "stopped: it wrote too much to its files",
        Status.OUTPUT: "stopped: it printed too much",
    }
    parts = [ends[outcome.status]]
    for name, data in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if text := data.decode(errors="replace").rstrip():
            parts.append(f"--- {name}\n{text}")
    return "\n".join(parts)


def shortened(text: str, limit: int) -> str:
    """The text, or its beginning and its end."""
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _schema(name: str, about: str, parameters: dict[str, Parameter]) -> Tool:
    properties = {
        key: {"type": value.kind, "description": value.description}
        for key, value in parameters.items()
    }
    required = [key for key, value in parameters.items() if value.required]
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool({"name": name, "description": about, "parameters": schema})
