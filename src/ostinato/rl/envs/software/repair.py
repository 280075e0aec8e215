"""Repair a small repository: what is asked, and who solves it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random

from ostinato.chat.messages import Message, ToolCall
from ostinato.rl.agents import Script, says
from ostinato.rl.envs.software.cheats import cheats
from ostinato.rl.envs.software.episode import RepositoryEnv
from ostinato.rl.envs.software.mutate import mutations
from ostinato.rl.envs.software.table import Case, Edit, Mutant, mutated, names, repository
from ostinato.rl.envs.software.verdict import HiddenCases
from ostinato.rl.envs.software.workspace import TESTS, Bounds
from ostinato.rl.types import Agent
from ostinato.sandbox.types import Sandbox

LEVELS = 5
BUGS = (1, 1, 1, 2, 3)
"""How many, by level. Level 1 tells the function, 2 the module, the others what was observed."""

ISSUE_TEST = "tests/test_issue.py"

_ASKED = """\
You are at work on the Python repository `{name}`. {about}

{symptoms}

`{test}` has the same as a failing test; README.md and the docstrings say how everything is meant \
to behave.

Find the cause with the tools and repair it, then call `submit`. Hidden tests decide: many more \
calls like those above, and all that works now must still work. Repair the modules, not the tests: \
if a file that is in tests/ now is changed, nothing counts (new files are welcome). You have \
{turns} turns; a turn without a tool call ends the work, and nothing is submitted."""

_ABOUT = (
    "There is a bug in it.",
    "There are two bugs in it, in different places; here is a sign of each.",
    "There are three bugs in it, in different places; here is a sign of each.",
)


@dataclass(frozen=True)
class RepairTask:
    """One repository with its bugs."""

    name: str
    """Of the repository."""
    mutant: Mutant
    level: int
    bounds: Bounds = field(default_factory=Bounds)
    sandbox: Sandbox | None = None
    """None: the best one that this machine has."""

    @property
    def answer(self) -> None:
        """None: it is not answered in one turn."""
        return None

    def shown(self) -> list[tuple[Case, str]]:
        """The failing cases that the agent is told, and what they come to now."""
        every = self.mutant.shown
        if self.level >= 3:  # one for each bug
            every = every[: len(self.mutant.edits)]
        cases = repository(self.name).cases
        return [(cases[number], got) for number, got in every]

    def files(self) -> dict[str, str]:
        """What the agent finds."""
        files = mutated(repository(self.name).files, self.mutant.edits)
        return files | {ISSUE_TEST: issue_test([case for case, _ in self.shown()])}

    def prompt(self) -> str:
        """What the agent is asked."""
        return _ASKED.format(
            name=self.name,
            about=self._about(),
            symptoms="\n\n".join(symptom(case, got) for case, got in self.shown()),
            test=ISSUE_TEST,
            turns=self.bounds.turns,
        )

    def env(self) -> RepositoryEnv:
        """See ``Task``."""
        files = self.files()
        shown = tuple(self.mutant.shown[: len(self.shown())])
        mutant = Mutant(self.mutant.edits, self.mutant.broken, shown)
        verdict = HiddenCases(repository(self.name), mutant, files)
        return RepositoryEnv(self.prompt(), files, verdict, TESTS, self.bounds, self.sandbox)

    def perfect(self) -> Agent:
        """Takes the bugs out again, through the tools."""
        calls = [ToolCall("edit_file", edit) for edit in self.repairs()]
        calls.append(ToolCall("submit"))
        return Script([Message("assistant", tool_calls=(call,)) for call in calls])

    def repairs(self) -> list[dict[str, str]]:
        """Arguments of ``edit_file`` that undo the bugs, one after the other."""
        original, current = repository(self.name).files, self.files()
        calls: list[dict[str, str]] = []
        for edit in sorted(self.mutant.edits, key=lambda edit: (edit.path, edit.start)):
            call = _repair(edit, original[edit.path], current[edit.path])
            current[edit.path] = current[edit.path].replace(call["old"], call["new"])
            calls.append(call)
        return calls

    def cheats(self) -> Mapping[str, Agent]:
        """See ``Task``."""
        return cheats(self.files(), self.mutant.edits, self.shown())

    def says(self, answer: str) -> Agent:
        """Talks, and calls no tool."""
        return says(answer)

    def guess(self, rng: Random) -> Agent:
        """Changes one place somewhere, and submits."""
        files = self.files()
        path = rng.choice(sorted(p for p in files if p.endswith(".py") and "/" not in p))
        edit = rng.choice(mutations(path, files[path]))
        changed = files[path][: edit.start] + edit.text + files[path][edit.end :]
        calls = (ToolCall("write_file", {"path": path, "text": changed}), ToolCall("submit"))
        return Script([Message("assistant", tool_calls=(call,)) for call in calls])

    def _about(self) -> str:
        first = self.mutant.edits[0]
        if self.level == 1 and first.function:
            source = repository(self.name).files[first.path]
            behaviour = _summary(source, first.function)
            is_to = f" Its description: {behaviour}" if behaviour else ""
            return f"The function `{first.function}` in `{first.path}` is wrong.{is_to}"
        if self.level <= 2:
            return f"Something in `{first.path}` is wrong."
        return _ABOUT[len(self.mutant.edits) - 1]


HELD_OUT = ("calculator", "ledger", "routes")
"""Repositories that only ``software/repair-unseen`` asks for."""


def repair(
    level: int,
    seed: int,
    *,
    unseen: bool = False,
    bounds: Bounds | None = None,
    sandbox: Sandbox | None = None,
) -> RepairTask:
    """The task of a level and a seed; seeds in a row differ until all mutants were drawn.

    ``unseen``: of the repositories that are held out, which the other tasks never show.
    """
    every = _mutants(level, unseen)
    name, mutant = every[seed % len(every)]
    return RepairTask(name, mutant, level, bounds or Bounds(), sandbox)


def count(level: int, *, unseen: bool = False) -> int:
    """How many different tasks a level has."""
    return len(_mutants(level, unseen))


@cache
def _mutants(level: int, unseen: bool) -> tuple[tuple[str, Mutant], ...]:
    bugs = BUGS[level - 1]
    chosen = [name for name in names() if (name in HELD_OUT) == unseen]
    every = [(name, mutant) for name in chosen for mutant in repository(name).mutants[bugs - 1]]
    Random(f"software/repair {level}").shuffle(every)
    return tuple(every)


def symptom(case: Case, got: str) -> str:
    """A failing case for people."""
    script = "\n".join(f"    {line}" for line in case.script.splitlines())
    wanted, actual = (_told(case.expected, "raise", "give"), _told(got, "raises", "gives"))
    return f"The last line of\n\n{script}\n\nshould {wanted}\n\nbut {actual}"


def _told(outcome: str, raises: str, gives: str) -> str:
    name = outcome.removeprefix("raises ")
    return f"{gives}\n\n    {outcome}" if name == outcome else f"{raises} {name}"


def issue_test(cases: list[Case]) -> str:
    """The failing cases as a test."""
    parts = ["import unittest", "", "", "class IssueTest(unittest.TestCase):"]
    for number, case in enumerate(cases, start=1):
        *lines, last = case.script.splitlines()
        body = [f"    def test_{number}(self):", *(f"        {line}" for line in lines)]
        if case.expected.startswith("raises "):
            name = case.expected.removeprefix("raises ")
            body += ["        with self.assertRaises(Exception) as caught:"]
            body += [f"            {last}"]
            body += [f'        self.assertEqual(type(caught.exception).__name__, "{name}")']
        else:
            body += [f"        self.assertEqual({last}, {case.expected})"]
        parts += [*body, ""]
    return "\n".join(parts)


def _repair(edit: Edit, original: str, current: str) -> dict[str, str]:
    """All edits before this one in the file are undone, so its place is that of the original."""
    start, end = edit.start, edit.start + len(edit.text)
    low, high = current.rfind("\n", 0, start) + 1, _line_end(current, end)
    while current.count(current[low:high]) > 1:
        low, high = current.rfind("\n", 0, max(low - 1, 0)) + 1, _line_end(current, high)
    new = current[low:start] + original[edit.start : edit.end] + current[end:high]
    return {"path": edit.path, "old": current[low:high], "new": new}


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _summary(source: str, function: str) -> str:
    """The description of a function on one line; empty if it has none."""
    node: ast.AST = ast.parse(source)
    for part in function.split("."):
        node = next(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and child.name == part
        )
    assert isinstance(node, (ast.FunctionDef, ast.ClassDef)), "a path of functions and classes"
    return " ".join((ast.get_docstring(node) or "").split())
