"""Functions of the repositories that are to be repaired, with a wrong line in each.

Any bug that fits is taken: whether it breaks anything is not asked. The repositories that are held
out never occur.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from random import Random

from ostinato.rl.envs.software.mutate import mutations
from ostinato.rl.envs.software.repair import HELD_OUT
from ostinato.rl.envs.software.table import Edit, names, read_files
from ostinato.rl.traces.software_lines import Bug, Part, bug_of, parts

MOVED = 100
"""A function is moved down by fewer lines: what is wrong is not to be told by its number."""


@dataclass(frozen=True)
class _Module:
    path: str
    source: str
    edits: tuple[Edit, ...]


def mutant(rng: Random) -> str:
    """A function with a wrong line, gone through until it is found."""
    while True:
        module = rng.choice(_modules())
        edit = rng.choice(module.edits)
        wrong = module.source[: edit.start] + edit.text + module.source[edit.end :]
        bug = bug_of(edit, module.source)
        number = bug.line(wrong, [bug])
        for part in parts(wrong) if edit.function and _parses(wrong) else ():
            if part.name and any(place == number for place, _ in part.lines):
                return _told(module.path, wrong, part, bug, rng.randrange(MOVED))


def _told(path: str, source: str, part: Part, bug: Bug, moved: int) -> str:
    first, last = part.lines[0][0], part.lines[-1][0]
    shown = source.splitlines()[first - 1 : last]
    wrong = bug.line(source, [bug])
    return "\n".join(
        [
            f"{part.name} in {path} is wrong.",
            *(f"{number}\t{line}" for number, line in enumerate(shown, start=first + moved)),
            *(f"{number + moved} {line}" for number, line in part.lines if number <= wrong),
            f"{bug.kind.capitalize()}. Right:",
            bug.edit(source, [bug], unique=False)[1],
            "",
        ]
    )


@cache
def _modules() -> tuple[_Module, ...]:
    found: list[_Module] = []
    for name in names():
        files = {} if name in HELD_OUT else read_files(name)
        for path, source in files.items():
            if path.endswith(".py") and "/" not in path:
                found.append(_Module(path, source, tuple(mutations(path, source))))
    return tuple(found)


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True
