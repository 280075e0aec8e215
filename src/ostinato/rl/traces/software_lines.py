"""A module as functions and lines, and a bug as lines to change."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ostinato.rl.envs.software.repair import RepairTask
from ostinato.rl.envs.software.table import Edit, repository


@dataclass(frozen=True)
class Part:
    """A function, or what is in no function."""

    name: str
    """As in ``Stock.reserve``; empty for what is in none."""
    lines: tuple[tuple[int, str], ...]
    """Number and text of its lines of code, without the indentation."""


@dataclass(frozen=True)
class Bug:
    """A piece of a module that was changed, and what it was before."""

    path: str
    start: int
    """In the original."""
    wrong: str
    right: str
    kind: str

    def at(self, left: Sequence[Bug]) -> int:
        """Where it is in a module that still has the bugs ``left``."""
        before = (bug for bug in left if bug.path == self.path and bug.start < self.start)
        return self.start + sum(len(bug.wrong) - len(bug.right) for bug in before)

    def line(self, source: str, left: Sequence[Bug]) -> int:
        """The number of its line, from 1."""
        early = len(self.wrong) - len(self.wrong.lstrip("\n"))
        return source.count("\n", 0, self.at(left) + early) + 1

    def edit(self, source: str, left: Sequence[Bug], *, unique: bool = True) -> tuple[str, str]:
        """The old and the new text for ``edit_file``: its lines, from the first letter on.
        ``unique``: with lines around them until the old text stands in the module once.
        """
        start = self.at(left)
        end = start + len(self.wrong)
        low, high = source.rfind("\n", 0, start) + 1, source.find("\n", end)
        while True:
            first = low + len(source[low:high]) - len(source[low:high].lstrip())
            first = min(first, start)
            old = source[first:high]
            if not unique or source.count(old) == 1:
                return old, source[first:start] + self.right + source[end:high]
            low = source.rfind("\n", 0, max(low - 1, 0)) + 1


def bugs(task: RepairTask) -> list[Bug]:
    """The bugs of a task."""
    files = repository(task.name).files
    return [bug_of(edit, files[edit.path]) for edit in task.mutant.edits]


def bug_of(edit: Edit, original: str) -> Bug:
    """An edit of a module, given the module before it."""
    right, start, wrong = original[edit.start : edit.end], edit.start, edit.text
    if wrong.startswith(f"{right}\n"):  # a line too many
        start, wrong, right = start + len(right), wrong[len(right) :], ""
    return Bug(edit.path, start, wrong, right, edit.kind)


def parts(source: str) -> list[Part]:
    """The functions of a module in order, each with the lines that are in no function inside it;
    last what is in none. Blank lines, comments and descriptions are left out.
    """
    owners: dict[int, str] = {}
    described: set[int] = set()
    for name, node in _functions(ast.parse(source), ""):
        owners |= dict.fromkeys(range(_first(node), _last(node) + 1), name)
    for node in ast.walk(ast.parse(source)):
        described.update(_description(node))
    lines: dict[str, list[tuple[int, str]]] = {name: [] for name in owners.values()}
    lines.pop("", None)
    lines[""] = []
    for number, line in enumerate(source.splitlines(), start=1):
        text = line.strip()
        if text and not text.startswith("#") and number not in described:
            lines[owners.get(number, "")].append((number, text))
    return [Part(name, tuple(found)) for name, found in lines.items()]


def _functions(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The outer before the inner."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
            name = f"{owner}.{child.name}" if owner else child.name
            if isinstance(child, ast.FunctionDef):
                yield name, child
            yield from _functions(child, name)


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(one.lineno for one in node.decorator_list)])


def _last(node: ast.stmt) -> int:
    assert node.end_lineno is not None, "parsed from text"
    return node.end_lineno


def _description(node: ast.AST) -> range:
    """The numbers of the lines of a docstring."""
    if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)):
        return range(0)
    match node.body:
        case [ast.Expr(value=ast.Constant(value=str())) as text, *_]:
            return range(text.lineno, _last(text) + 1)
        case _:
            return range(0)
