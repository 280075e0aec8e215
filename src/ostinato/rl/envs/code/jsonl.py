"""A user's own exercises: a file with one JSON object a line.

``{"prompt": "...", "tests": [{"input": "3 4\\n", "output": "7\\n"}]}`` is a program;
``{"prompt": "...", "function": "add", "tests": [{"args": [3, 4], "expected": 7}]}`` is a function.
Optional: ``"solution"``, the source of a program that passes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from keyword import iskeyword
from pathlib import Path
from typing import Any, NoReturn, cast

from ostinato.base.errors import UserError
from ostinato.grading.code import CASE_LIMITS, Case, Comparison
from ostinato.rl.envs.code.task import CodeTask
from ostinato.rl.envs.registry import Environment, Kind
from ostinato.rl.types import Task
from ostinato.sandbox.types import Limits

_KEYS = {"prompt", "function", "tests", "solution"}


@dataclass(frozen=True, kw_only=True)
class Given:
    """An ``Exercise`` as it was given."""

    prompt: str
    tests: tuple[Case, ...]
    function: str | None = None
    solution: str | None = None
    comparison: Comparison = field(default_factory=Comparison)
    limits: Limits = CASE_LIMITS

    def examples(self) -> Sequence[Case]:
        """None: whatever the prompt shows, it shows by itself."""
        return ()

    def cases(self) -> Sequence[Case]:
        """See ``Exercise``."""
        return self.tests


def read_tasks(
    path: Path,
    *,
    comparison: Comparison | None = None,
    limits: Limits | None = None,
    partial: bool = False,
) -> tuple[CodeTask, ...]:
    """The tasks of a file; how outputs are compared, and what a test may use, hold for all."""
    exercises = read_exercises(path, comparison=comparison, limits=limits)
    return tuple(CodeTask(given, seed, partial) for seed, given in enumerate(exercises))


def environment(path: Path) -> Environment:
    """``code/STEM``: one level, the exercises by seed, from the first again after the last."""
    tasks = read_tasks(path)

    def make(level: int, seed: int) -> Task:
        assert level == 1, "a file has one level"
        return tasks[seed % len(tasks)]

    return Environment(
        name=f"code/{path.stem}",
        kind=Kind.CODE,
        summary=f"{len(tasks)} exercises of {path.name}",
        truth="the tests of the file, each in a fresh sandbox",
        levels=1,
        make=make,
    )


def read_exercises(
    path: Path, *, comparison: Comparison | None = None, limits: Limits | None = None
) -> tuple[Given, ...]:
    """The exercises of a file, empty lines left out; UserError names the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected a readable file of UTF-8 text, got {error}") from None
    read: list[Given] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            read.append(_exercise(line, where, comparison or Comparison(), limits or CASE_LIMITS))
    if not read:
        raise UserError(f"{path}: expected one exercise or more, a JSON object a line, got none")
    return tuple(read)


def _exercise(line: str, where: str, comparison: Comparison, limits: Limits) -> Given:
    fields = _object(_json(line, where), where)
    if unknown := sorted(fields.keys() - _KEYS):
        raise UserError(f"{where}: expected the keys {', '.join(sorted(_KEYS))}, got {unknown[0]}")
    function = fields.get("function")
    if function is not None and not (
        isinstance(function, str) and function.isidentifier() and not iskeyword(function)
    ):
        raise UserError(f"{where}: expected the name of a function, got {function!r}")
    tests = fields.get("tests")
    if not isinstance(tests, list) or not tests:
        raise UserError(f"{where}: expected 'tests', a list of one or more, got {tests!r}")
    solution = fields.get("solution")
    return Given(
        prompt=_text(fields, "prompt", where),
        tests=tuple(
            _case(test, function, f"{where}, test {number}")
            for number, test in enumerate(cast("list[object]", tests), start=1)
        ),
        function=function,
        solution=None if solution is None else _text(fields, "solution", where),
        comparison=comparison,
        limits=limits,
    )


def _case(test: object, function: str | None, where: str) -> Case:
    fields = _object(test, where)
    keys = {"input", "output"} if function is None else {"args", "expected"}
    if set(fields) != keys:
        wanted = " and ".join(sorted(keys))
        raise UserError(f"{where}: expected the keys {wanted}, got {', '.join(fields) or 'none'}")
    try:
        if function is None:
            return Case(
                stdin=_text(fields, "input", where, empty=True),
                expected=_text(fields, "output", where, empty=True),
            )
        if not isinstance(fields["args"], list):
            raise UserError(f"expected 'args' as a list, got {fields['args']!r}")
        return Case(args=tuple(cast("list[Any]", fields["args"])), expected=fields["expected"])
    except UserError as error:
        reason = str(error)
        raise UserError(reason if reason.startswith(where) else f"{where}: {reason}") from None


def _json(line: str, where: str) -> object:
    try:
        return json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where}: expected one JSON object, got {error}") from None


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text}, which is no JSON")


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise UserError(f"{where}: expected an object, got {value!r}")
    return cast("Mapping[str, Any]", value)


def _text(fields: Mapping[str, Any], key: str, where: str, *, empty: bool = False) -> str:
    value = fields.get(key)
    if not isinstance(value, str) or not (empty or value.strip()):
        raise UserError(f"{where}: expected {key!r} as text, got {value!r}")
    return value
