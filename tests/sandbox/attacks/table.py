"""What came of every attack, in every tier, for people."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from attacks.lab import Verdict

_NARROWEST = 9
"""The longest word of a verdict."""


def table(
    rows: Sequence[tuple[str, str]], columns: Sequence[str], words: Mapping[tuple[str, str], str]
) -> str:
    """``rows`` are a kind and a name; ``words`` has what came of a name in a column."""
    lines = [["kind", "attack", *columns]]
    lines += [[kind, name, *(words.get((name, c), "-") for c in columns)] for kind, name in rows]
    widths = [max(_NARROWEST, *map(len, column)) for column in zip(*lines, strict=True)]
    padded = (map(str.ljust, line, widths) for line in lines)
    return "\n".join(" ".join(cells).rstrip() for cells in padded)


def footnotes(verdicts: Mapping[tuple[str, str], Verdict]) -> str:
    """Why attacks were not tried."""
    skipped = [(name, tier, v.skipped) for (name, tier), v in verdicts.items() if v.skipped]
    return "\n".join(f"{name} in {tier}: {reason}" for name, tier, reason in skipped)


def publish(text: str, path: Path) -> None:
    """To the terminal (under ``-s``), and into a file in any case."""
    path.write_text(text + "\n")
    sys.stdout.write(f"\n{text}\n(also in {path})\n")
