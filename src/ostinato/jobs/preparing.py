"""What the jobs that prepare share: a folder is for one corpus, and what is bad has its reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ostinato.base.errors import UserError
from ostinato.base.files import read_object, write_json, write_text

QUARANTINE = "quarantine.jsonl"  # what could not be read, and why


def claim(out: Path, plan: dict[str, object]) -> None:
    """Mark a folder as that of ``plan``; refuse one that holds anything else."""
    path = out / "prepare.json"
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder for the shards; it is a file")
    if path.exists():
        if read_object(path, "remove the folder, and prepare again") != plan:
            raise UserError(
                f"{out} holds shards of other files or settings: choose an empty folder"
            )
    elif out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: expected an empty folder or one that prepare has begun")
    else:
        write_json(path, plan)
    for cut_off in out.glob(".shard-*"):
        cut_off.unlink()


def quarantine(out: Path, row: Mapping[str, object]) -> None:
    """Append what could not be read, with its reason, to ``quarantine.jsonl``."""
    with (out / QUARANTINE).open("a", encoding="utf-8", errors="backslashreplace") as lines:
        lines.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_quarantine(
    out: Path, keep: Callable[[dict[str, Any]], bool] = lambda _: True
) -> list[dict[str, Any]]:
    """What an earlier run gave up. Rows that are not to be kept, and half a line left by a
    killed run, are removed; afterwards the file is there.
    """
    path = out / QUARANTINE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    kept = [line for line in text.split("\n")[:-1] if keep(json.loads(line))]
    whole = "".join(f"{line}\n" for line in kept)
    if whole != text or not path.exists():
        write_text(path, whole)
    return [json.loads(line) for line in kept]
