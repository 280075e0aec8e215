"""What a model was trained on, as its directory says (``tasks.json``), and what suites ask of it.

::

    {"trained":     [{"environment": "logic/campsite", "levels": [1, 2, 3]}, ...],
     "held_levels": [{"environment": "logic/campsite", "levels": [4]}, ...],
     "held_kinds":  [{"environment": "logic/norinori", "levels": [1]}, "logic/numbrix", ...]}

A name alone, and one without levels, stands for all levels.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.eval.reasoning.types import Entry, Standing
from ostinato.rl.envs.catalogue import find, mixture
from ostinato.rl.envs.registry import Kind

FILE = "tasks.json"

SUITES: dict[str, tuple[Kind, ...]] = {
    "reason": (Kind.LOGIC, Kind.MATHS),
    "code": (Kind.CODE,),
    "swe": (Kind.SOFTWARE,),
    "tools": (Kind.TOOLS,),
    "judged": (Kind.JUDGED,),
}
"""The kinds of environments that each suite asks of."""


@dataclass(frozen=True)
class Levels:
    """Some levels of an environment."""

    environment: str
    levels: tuple[int, ...] = ()  # none: all of them

    def entry(self, standing: Standing) -> Entry:
        """As a row of a suite; UserError where there is no such environment or level."""
        environment = find(self.environment)
        every = tuple(range(1, environment.levels + 1))
        if unknown := [level for level in self.levels if level not in every]:
            raise UserError(
                f"{self.environment}: expected levels of 1 to {environment.levels}, got "
                f"{unknown[0]}"
            )
        return Entry(self.environment, self.levels or every, standing)


@dataclass(frozen=True)
class TaskList:
    """What a model was trained on, and what was kept from it to be asked."""

    trained: tuple[Levels, ...]
    held_levels: tuple[Levels, ...] = ()
    held_kinds: tuple[Levels, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of it, what was trained on first."""
        return (
            *(one.entry(Standing.TRAINED) for one in self.trained),
            *(one.entry(Standing.HELD_LEVELS) for one in self.held_levels),
            *(one.entry(Standing.HELD_KINDS) for one in self.held_kinds),
        )

    def write(self, folder: Path) -> None:
        """Put it into a model's directory."""
        write_json(folder / FILE, to_dict(self))


def read_tasks(folder: Path) -> TaskList | None:
    """What a model's directory says; None where it says nothing."""
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        read: object = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path}: expected JSON, but {error}") from None
    if not isinstance(read, dict):
        raise UserError(f"{path}: expected an object of lists, got {type(read).__name__}")
    try:
        found = from_dict(TaskList, {key: _in_full(value) for key, value in read.items()})
        assert found.entries is not None, "every entry can be made"
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return found


def _in_full(listed: object) -> object:
    """Names as tables; what is no list `from_dict` will refuse."""
    if not isinstance(listed, list):
        return listed
    return [{"environment": one} if isinstance(one, str) else one for one in listed]


def entries(suite: str, tasks: TaskList | None) -> tuple[Entry, ...]:
    """What a suite asks: what the model's list has of its kinds, else all of the package's.

    Those are without what a constant answer solves or an extra is needed for, at all levels.
    """
    if suite not in SUITES:
        raise UserError(f"there is no suite {suite!r} of environments; expected {_listed(SUITES)}")
    kinds = SUITES[suite]
    listed = [] if tasks is None else [one for one in tasks.entries if one.kind in kinds]
    if listed:
        return tuple(listed)
    standing = Standing.UNKNOWN if tasks is None else Standing.HELD_KINDS
    return tuple(Levels(one.name).entry(standing) for one in mixture() if one.kind in kinds)


def chosen(listed: Sequence[Entry], names: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of some kinds or environments: ``maths``, ``logic/campsite``."""
    known = dict.fromkeys(name for one in listed for name in (one.kind.value, one.environment))
    if unknown := [name for name in names if name not in known]:
        raise UserError(f"the suite asks nothing of {unknown[0]!r}: expected {_listed(known)}")
    return tuple(one for one in listed if one.kind.value in names or one.environment in names)


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
