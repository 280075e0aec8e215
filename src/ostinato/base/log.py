"""What a long job leaves behind (rows of numbers) and shows meanwhile (a bar)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol

from ostinato.base.errors import UserError
from ostinato.base.files import write_text

LINE_SECONDS = 60.0  # between two lines where no bar can be shown

_bar_is_open: ContextVar[bool] = ContextVar("_bar_is_open", default=False)


class MetricsFile:
    """JSON lines, one object with its ``step`` per line; every row is written at once."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, step: int, **values: float | int | str | None) -> None:
        """Append one row."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def resume(self, step: int) -> None:
        """Drop the rows after ``step``: what a job did after its last checkpoint it does again."""
        if self.path.exists():
            kept = [row for row in read_metrics(self.path) if row["step"] <= step]
            write_text(self.path, "".join(json.dumps(row) + "\n" for row in kept))


def read_metrics(path: Path | str) -> list[dict[str, Any]]:
    """The rows in order. A last line that a killed job left half written is no row."""
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    return [_row(path, number, line) for number, line in enumerate(lines, start=1)]


def _row(path: Path | str, number: int, line: str) -> dict[str, Any]:
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        raise UserError(f"{path}: line {number} is no JSON object; remove it to go on") from None


class Advance(Protocol):
    """Tell the bar that ``steps`` more are done, and optionally what to show beside it."""

    def __call__(self, steps: int = 1, *, note: str = "") -> None: ...


@contextmanager
def progress(total: int | None, description: str) -> Generator[Advance]:
    """A bar on standard error while that is a terminal, else a line there each minute. ``total``
    None: unknown.

    A bar inside another stays silent: the outer one tells how far the whole is.
    """
    if _bar_is_open.get():
        yield _silent
        return
    if not sys.stderr.isatty():
        with _only_bar():
            yield _Lines(total, description)
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with _only_bar(), Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task(description, total=total, note="")

        def advance(steps: int = 1, *, note: str = "") -> None:
            bars.advance(task, steps)
            if note:
                bars.update(task, note=note)

        yield advance


@contextmanager
def _only_bar() -> Generator[None]:
    # Not by a token: who reads from a generator may close it in another context than it began in.
    before = _bar_is_open.get()
    _bar_is_open.set(True)
    try:
        yield
    finally:
        _bar_is_open.set(before)


def _silent(steps: int = 1, *, note: str = "") -> None:
    del steps, note


class _Lines:
    """How far it is, for a file or a pipe."""

    def __init__(self, total: int | None, description: str) -> None:
        self._of = "" if total is None else f" of {total:,}"
        self._description, self._done, self._note = description, 0, ""
        self._next = time.perf_counter() + LINE_SECONDS

    def __call__(self, steps: int = 1, *, note: str = "") -> None:
        self._done += steps
        self._note = note or self._note
        if time.perf_counter() < self._next:
            return
        self._next = time.perf_counter() + LINE_SECONDS
        note = f", {self._note}" if self._note else ""
        sys.stderr.write(f"{self._description}: {self._done:,}{self._of}{note}\n")
        sys.stderr.flush()
