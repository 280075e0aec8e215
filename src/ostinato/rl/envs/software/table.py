"""The repositories, their hidden cases and the bugs that were proved to break them.

All of it is data that ``build`` wrote: making a task runs nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORIES = Path(__file__).with_name("repositories")
CASES = Path(__file__).with_name("cases")
TABLES = Path(__file__).with_name("tables")


@dataclass(frozen=True)
class Case:
    """A hidden test: a small script and what it comes to in the repository as it should be."""

    script: str
    expected: str
    """In the one way of writing of ``grading.repository``: ``[1, 2]``, ``raises KeyError``."""


@dataclass(frozen=True)
class Edit:
    """One bug: characters ``start`` to ``end`` of a file were replaced."""

    path: str
    start: int
    end: int
    text: str
    kind: str
    """Of the mutator: ``comparison``, ``off by one`` ..."""
    function: str
    """Where it is, as in ``Stock.reserve``; empty at the top of the module."""


@dataclass(frozen=True)
class Mutant:
    """A repository with bugs in it."""

    edits: tuple[Edit, ...]
    broken: tuple[int, ...]
    """The numbers of the cases that fail."""
    shown: tuple[tuple[int, str], ...]
    """Those of them that the issue may tell, and what they come to with the bugs: at least one
    for each bug, and for each bug one is left that is not told.
    """


@dataclass(frozen=True)
class Repository:
    """A small program with tests."""

    name: str
    files: dict[str, str]
    """By path, as the agent sees them, before any bug."""
    cases: tuple[Case, ...]
    mutants: tuple[tuple[Mutant, ...], ...]
    """Those with one bug, with two, with three."""


def names() -> tuple[str, ...]:
    """Every repository, sorted."""
    return tuple(sorted(path.name for path in REPOSITORIES.iterdir() if path.is_dir()))


def read_files(name: str) -> dict[str, str]:
    """The files of a repository by path, sorted."""
    root = REPOSITORIES / name
    paths = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".md"))
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in paths}


def read_scripts(name: str) -> list[str]:
    """The scripts of the hidden cases: blocks between blank lines, the first of which holds the
    imports; each script gets those that it uses.
    """
    first, *blocks = (CASES / f"{name}.txt").read_text("utf-8").strip().split("\n\n")
    imports: dict[str, str] = {}
    for line in first.splitlines():
        module, _, found = line.removeprefix("from ").partition(" import ")
        imports |= dict.fromkeys(found.split(", "), module)
    scripts: list[str] = []
    for block in blocks:
        used: dict[str, list[str]] = {}
        for each, module in imports.items():
            if f"{each}(" in block:
                used.setdefault(module, []).append(each)
        lines = [f"from {module} import {', '.join(found)}" for module, found in used.items()]
        scripts.append("\n".join([*lines, block.strip("\n")]))
    return scripts


def mutated(files: dict[str, str], edits: tuple[Edit, ...]) -> dict[str, str]:
    """The files with these bugs: at most one edit per place."""
    changed = dict(files)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = changed[edit.path]
        changed[edit.path] = text[: edit.start] + edit.text + text[edit.end :]
    return changed


def digest(name: str) -> str:
    """Of everything that the table was built from."""
    text = json.dumps([read_files(name), read_scripts(name)])
    return hashlib.sha256(text.encode()).hexdigest()


def read_table(name: str) -> dict[str, Any]:
    """The table as it was written."""
    return json.loads((TABLES / f"{name}.json").read_text("utf-8"))


@cache
def repository(name: str) -> Repository:
    """A repository with everything that the table says of it."""
    table = read_table(name)
    cases = tuple(Case(case["script"], case["expected"]) for case in table["cases"])
    mutants = tuple(tuple(_mutant(item) for item in group) for group in table["mutants"])
    return Repository(name, read_files(name), cases, mutants)


def _mutant(item: dict[str, Any]) -> Mutant:
    edits = tuple(Edit(**edit) for edit in item["edits"])
    shown = tuple((number, got) for number, got in item["shown"])
    return Mutant(edits, tuple(item["broken"]), shown)
