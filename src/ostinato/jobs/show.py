"""How a job speaks to its user: tables and lines on standard output, or one JSON value.

Names of files and tracks are strangers' text: ``printable`` before they are shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ostinato.base.errors import UserError

Row = Sequence[object]

_REPLACED, _MORE = "\N{REPLACEMENT CHARACTER}", "\N{HORIZONTAL ELLIPSIS}"


def console() -> Console:
    """The terminal, or plain text where the output goes to a file: tables of a fixed width,
    and lines that are never broken.
    """
    stdout = Console(highlight=False)
    return stdout if stdout.is_terminal else Console(highlight=False, width=110, soft_wrap=True)


def table(
    columns: Sequence[str], rows: Sequence[Row], *, title: str = "", left: Sequence[str] = ()
) -> Table:
    """A table whose columns, except the first and those in ``left``, are right-aligned."""
    made = Table(title=title or None, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for number, name in enumerate(columns):
        made.add_column(
            escape(shortened(printable(name))),
            justify="left" if number == 0 or name in left else "right",
        )
    for row in rows:
        made.add_row(*(escape(shortened(printable(str(cell)))) for cell in row))
    return made


def printable(text: str) -> str:
    """On one line, and without the control characters that would steer the terminal."""
    return "".join(one if one.isprintable() else _REPLACED for one in " ".join(text.split()))


def shortened(text: str, most: int = 60) -> str:
    """The beginning of a text that is longer than a table's cell should be."""
    return text if len(text) <= most else text[: most - 1] + _MORE


def print_json(value: object) -> None:
    """One JSON value on standard output and nothing else, for programs to read.

    In plain ASCII where the output's encoding cannot hold it otherwise.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(value, indent=2)
    sys.stdout.write(text + "\n")


@contextmanager
def naming(file: Path | str) -> Generator[None]:
    """Put the file's name before a complaint from below, where only its notes are known."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{file}: {error}") from error


def percent(share: float) -> str:
    """A share in 0..1 as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def counted(number: int, singular: str, plural: str) -> str:
    """A number and the words for what it counts: ``1 note``, ``1,200 notes``."""
    return f"{number:,} {singular if number == 1 else plural}"
