"""How a job speaks to its user: tables and lines on standard output, or one JSON value."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Sequence[object]


def console() -> Console:
    """The terminal, or plain text of a fixed width where the output goes to a file."""
    stdout = Console(highlight=False)
    return stdout if stdout.is_terminal else Console(highlight=False, width=110)


def table(
    columns: Sequence[str], rows: Sequence[Row], *, title: str = "", left: Sequence[str] = ()
) -> Table:
    """A table whose columns, except the first and those in ``left``, are right-aligned."""
    made = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for number, name in enumerate(columns):
        made.add_column(name, justify="left" if number == 0 or name in left else "right")
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return made


def print_json(value: object) -> None:
    """One JSON value on standard output and nothing else, for programs to read."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def percent(share: float) -> str:
    """A share in 0..1 as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def counted(number: int, singular: str, plural: str) -> str:
    """A number and the words for what it counts: ``1 note``, ``1,200 notes``."""
    return f"{number:,} {singular if number == 1 else plural}"
