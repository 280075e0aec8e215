"""A user's own repository, judged by the user's own test command.

The command runs in the sandbox on what the agent hands in, with the test files put back as they
were. But tests and code share a process there, so the code can forge the result (leave with exit
code 0, patch the test library): the grade says so, ``trusted=False``. Train on it only if you look
at what the policy does; the built-in tasks do not have this hole.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random

from ostinato.base.errors import UserError
from ostinato.chat.messages import Message, ToolCall
from ostinato.grading.types import Grade
from ostinato.rl.agents import Script, says
from ostinato.rl.envs.registry import Environment, Kind
from ostinato.rl.envs.software.episode import RepositoryEnv
from ostinato.rl.envs.software.workspace import Bounds, Workspace, report
from ostinato.rl.types import Agent
from ostinato.sandbox.types import Command, Sandbox

TESTS = (
    *("tests/*", "*/tests/*", "test_*.py", "*/test_*.py", "*_test.py"),
    *("conftest.py", "*/conftest.py"),
)
"""What is a test, by path; ``*`` stands for slashes too."""
MAX_FILES = 300
MAX_BYTES = 4_000_000
SKIPPED = ("__pycache__", "node_modules", "venv", "build", "dist")

_ASKED = """\
{issue}

You are at work on a repository through tools. When you are done, call `submit`: then {tests}. \
Test files are put back as they were first. You have {turns} turns; a turn without a tool call \
ends the work, and nothing is submitted."""


@dataclass(frozen=True)
class CommandPasses:
    """The test command exits with 0: a claim of the tested code's own process."""

    command: tuple[str, ...]
    tests: Mapping[str, str]
    globs: tuple[str, ...]

    def __call__(self, work: Workspace) -> Grade:
        """See ``Verdict``."""
        files = {path: text for path, text in work.files.items() if not matches(path, self.globs)}
        data = {path: text.encode() for path, text in (files | dict(self.tests)).items()}
        limits = work.bounds.run
        outcome = work.sandbox.run(Command(argv=self.command, files=data, limits=limits))
        last = report(outcome, limits).splitlines()
        return Grade(float(outcome.ok), f"{last[0]}: {last[-1][:200]}", trusted=False)


@dataclass(frozen=True)
class OwnTask:
    """The one task of a user's repository."""

    issue: str
    files: Mapping[str, str]
    command: tuple[str, ...]
    globs: tuple[str, ...]
    solution: Mapping[str, str] | None = None
    """Files as they are when all is done, if known."""
    bounds: Bounds = field(default_factory=Bounds)
    sandbox: Sandbox | None = None

    @property
    def answer(self) -> None:
        """None: it is not answered in one turn."""
        return None

    def env(self) -> RepositoryEnv:
        """See ``Task``."""
        tests = {path: text for path, text in self.files.items() if matches(path, self.globs)}
        shown = " ".join(self.command)
        prompt = _ASKED.format(
            issue=self.issue.strip(),
            tests="the tests decide" if len(shown) > 200 else f"`{shown}` decides",
            turns=self.bounds.turns,
        )
        verdict = CommandPasses(self.command, tests, self.globs)
        return RepositoryEnv(prompt, self.files, verdict, self.command, self.bounds, self.sandbox)

    def perfect(self) -> Agent:
        """Writes the solution; UserError if none was given."""
        if self.solution is None:
            raise UserError("expected a solution directory to make a perfect agent from, got none")
        return _writes(
            {path: text for path, text in self.solution.items() if self.files.get(path) != text}
        )

    def cheats(self) -> Mapping[str, Agent]:
        """Those that fail here; an agent that forges the exit code would not."""
        tests = [path for path in self.files if matches(path, self.globs)]
        return {
            "submits at once": _writes({}),
            "empties the tests": _writes(dict.fromkeys(tests, "")),
        }

    def says(self, answer: str) -> Agent:
        """Talks, and calls no tool."""
        return says(answer)

    def guess(self, rng: Random) -> None:
        """None: a patch is not guessed."""
        del rng


def from_directory(
    path: Path | str,
    command: Sequence[str],
    *,
    issue: str,
    name: str = "software/own",
    tests: Sequence[str] = TESTS,
    solution: Path | str | None = None,
    bounds: Bounds | None = None,
    sandbox: Sandbox | None = None,
) -> Environment:
    """An environment of one task: the text files of ``path``, copied now; ``issue`` is what the
    agent is asked.

    ``command`` passes if it exits with 0, as ``("python", "-m", "unittest", "discover", "-s",
    "tests", "-t", ".")`` does; ``python`` is isolated there, without packages. Files matched by
    ``tests`` are put back before it runs, and new ones like them removed. ``solution`` is a
    directory like ``path`` with everything done, for the perfect agent. Hidden folders, links and
    files that are not UTF-8 are left out. Its grades are never ``trusted``.
    """
    if isinstance(command, str) or not command:
        raise UserError(f"{name}: expected the test command as a list of words, got {command!r}")
    solved = None if solution is None else read_directory(solution)
    task = OwnTask(
        issue,
        read_directory(path),
        tuple(command),
        tuple(tests),
        solved,
        bounds or Bounds(),
        sandbox,
    )

    def make(level: int, seed: int) -> OwnTask:
        del level, seed
        return task

    return Environment(
        name=name,
        kind=Kind.SOFTWARE,
        summary="work on your own repository, through tools",
        truth="your test command, which the tested code could forge",
        levels=1,
        make=make,
    )


def read_directory(path: Path | str) -> dict[str, str]:
    """The text files below a directory, by relative path, sorted; UserError if they are many or
    large.
    """
    root = Path(path)
    if not root.is_dir():
        raise UserError(f"expected a directory with a repository, got {str(path)!r}")
    files: dict[str, str] = {}
    size = 0
    for folder, folders, found in os.walk(root):
        folders[:] = sorted(f for f in folders if f[0] != "." and f not in SKIPPED)
        for name in sorted(found):
            file = Path(folder, name)
            if file.is_symlink() or not file.is_file():
                continue
            size += file.stat().st_size
            if len(files) == MAX_FILES or size > MAX_BYTES:
                raise UserError(
                    f"{root}: expected at most {MAX_FILES} text files and {MAX_BYTES} bytes in "
                    "all, got more; give a smaller directory"
                )
            text = _text(file)
            if text is not None:
                files[file.relative_to(root).as_posix()] = text
    if not files:
        raise UserError(f"{root}: expected a directory with text files, got none")
    return dict(sorted(files.items()))


def matches(path: str, globs: Sequence[str]) -> bool:
    """Whether a path fits one of the globs."""
    return any(fnmatchcase(path, glob) for glob in globs)


def _text(file: Path) -> str | None:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        return None


def _writes(files: Mapping[str, str]) -> Script:
    calls = [ToolCall("write_file", {"path": p, "text": text}) for p, text in files.items()]
    return Script([Message("assistant", tool_calls=(*calls, ToolCall("submit")))])
