"""Writes the tables: what each case comes to, and bugs that are proved to break some of them.

Run as ``python -m ostinato.rl.envs.software.build`` after a change of a repository or its cases.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import combinations, zip_longest
from random import Random
from typing import Any

from ostinato.base.files import write_json
from ostinato.grading.repository import observe
from ostinato.rl.envs.software.mutate import mutations
from ostinato.rl.envs.software.table import (
    TABLES,
    Edit,
    Mutant,
    digest,
    mutated,
    names,
    read_files,
    read_scripts,
)
from ostinato.sandbox import best
from ostinato.sandbox.types import Sandbox

SINGLES, PAIRS, TRIPLES = 14, 8, 5
"""How many mutants of a repository have one bug, two, three."""
EACH_KIND, EACH_FUNCTION = 3, 2
MOST_BROKEN, MOST_CRASHES = 0.4, 0.25
"""Of all cases, and of the broken ones: a program that is broken all over is no riddle."""
CRASHES = tuple(
    f"raises {kind}Error" for kind in ("Attribute", "Import", "Name", "Type", "UnboundLocal")
)
"""What gives a bug away."""


class Builder:
    """The table of one repository."""

    def __init__(self, name: str, sandbox: Sandbox) -> None:
        self.name = name
        self.sandbox = sandbox
        self.files = read_files(name)
        self.scripts = read_scripts(name)
        outcomes = observe(self.files, self.scripts, sandbox=sandbox)
        assert None not in outcomes, f"{name}: a case hangs"
        self.expected = [str(outcome) for outcome in outcomes]
        crashed = [s for s, e in zip(self.scripts, self.expected, strict=True) if e in CRASHES]
        assert not crashed, f"{name}: a case crashes: {crashed}"

    def table(self) -> dict[str, Any]:
        """Everything, as plain values."""
        singles = list(self._singles())
        groups = [
            singles,
            list(self._combined(singles, 2, PAIRS)),
            list(self._combined(singles, 3, TRIPLES)),
        ]
        cases = zip(self.scripts, self.expected, strict=True)
        return {
            "digest": digest(self.name),
            "cases": [{"script": script, "expected": expected} for script, expected in cases],
            "mutants": [[asdict(mutant) for mutant in group] for group in groups],
        }

    def outcomes(self, edits: tuple[Edit, ...]) -> dict[int, str] | None:
        """The cases that the edits break and what they come to; None if the program does not
        compile, hangs or dies.
        """
        files = mutated(self.files, edits)
        if not all(_compiles(files[path]) for path in {edit.path for edit in edits}):
            return None
        found = observe(files, self.scripts, sandbox=self.sandbox)
        broken: dict[int, str] = {}
        for number, (outcome, expected) in enumerate(zip(found, self.expected, strict=True)):
            if outcome is None:
                return None
            if outcome != expected:
                broken[number] = outcome
        return broken

    def _singles(self) -> Iterator[Mutant]:
        modules = [path for path in self.files if path.endswith(".py") and "/" not in path]
        edits = [edit for path in modules for edit in mutations(path, self.files[path])]
        edits = _varied(edits, Random(f"mutants of {self.name}"))
        kinds, functions = Counter[str](), Counter[str]()
        found = 0
        for edit in edits:
            if kinds[edit.kind] == EACH_KIND or functions[edit.function] == EACH_FUNCTION:
                continue
            broken = self.outcomes((edit,))
            if broken is None or not self._fair(broken):
                continue
            order = sorted(broken, key=self._length)
            shown = order[: min(2, len(order) - 1)]
            yield _mutant((edit,), broken, shown)
            kinds[edit.kind] += 1
            functions[edit.function] += 1
            found += 1
            if found == SINGLES:
                return

    def _combined(self, singles: list[Mutant], size: int, count: int) -> Iterator[Mutant]:
        """Bugs together, in at least two modules: each breaks two cases that no other one does."""
        choices = list(combinations(singles, size))
        Random(f"{size} mutants of {self.name}").shuffle(choices)
        uses = Counter[Edit]()
        found = 0
        for parts in choices:
            edits = tuple(part.edits[0] for part in parts)
            places = {(edit.path, edit.function) for edit in edits}
            if len({edit.path for edit in edits}) < 2 or len(places) < size:
                continue
            if any(uses[edit] == count // 2 for edit in edits):
                continue
            own = [self._own(part, parts) for part in parts]
            if min(map(len, own)) < 2:
                continue
            broken = self.outcomes(edits)
            if broken is None or not all(set(numbers) <= set(broken) for numbers in own):
                continue
            shown = [min(numbers, key=self._length) for numbers in own]
            yield _mutant(edits, broken, shown)
            uses.update(edits)
            found += 1
            if found == count:
                return

    def _fair(self, broken: dict[int, str]) -> bool:
        crashes = sum(outcome in CRASHES for outcome in broken.values())
        few = 2 <= len(broken) <= MOST_BROKEN * len(self.scripts)
        return few and crashes <= MOST_CRASHES * len(broken)

    def _own(self, part: Mutant, parts: tuple[Mutant, ...]) -> list[int]:
        others = {number for other in parts if other is not part for number in other.broken}
        return [number for number in part.broken if number not in others]

    def _length(self, number: int) -> tuple[int, int]:
        return len(self.scripts[number]) + len(self.expected[number]), number


def verify(name: str, sandbox: Sandbox, table: dict[str, Any]) -> list[str]:
    """What in a table is not so; nothing if all of it is."""
    builder = Builder(name, sandbox)
    wrong: list[str] = []
    if table["digest"] != digest(name):
        wrong.append(f"{name}: the table is older than the repository or its cases")
    if [case["expected"] for case in table["cases"]] != builder.expected:
        wrong.append(f"{name}: cases come to something else")
    for group in table["mutants"]:
        for number, item in enumerate(group):
            edits = tuple(Edit(**edit) for edit in item["edits"])
            broken = builder.outcomes(edits)
            if broken is None or list(broken) != list(item["broken"]):
                wrong.append(f"{name}: mutant {number} of {len(edits)} bugs breaks other cases")
            elif any(broken[case] != got for case, got in item["shown"]):
                wrong.append(f"{name}: mutant {number} of {len(edits)} bugs shows something else")
    return wrong


def build(sandbox: Sandbox) -> None:
    """Write every table."""
    for name in names():
        write_json(TABLES / f"{name}.json", Builder(name, sandbox).table())


def _varied(edits: list[Edit], rng: Random) -> list[Edit]:
    """In random order, but one of each kind after the other."""
    rng.shuffle(edits)
    kinds: dict[str, list[Edit]] = {}
    for edit in edits:
        kinds.setdefault(edit.kind, []).append(edit)
    rounds = zip_longest(*kinds.values())
    return [edit for each in rounds for edit in each if edit is not None]


def _compiles(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "mutant", "exec")
        except SyntaxError:
            return False
    return True


def _mutant(edits: tuple[Edit, ...], broken: dict[int, str], shown: list[int]) -> Mutant:
    return Mutant(edits, tuple(broken), tuple((number, broken[number]) for number in shown))


if __name__ == "__main__":
    build(best())
