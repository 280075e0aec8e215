"""Tasks of slow generators on disk, so that each is made once on a machine."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Lock
from typing import Any, cast

from ostinato.base.files import write_text

Entry = dict[str, Any]
_LOCK = Lock()


def cache_file(version: str, name: str, level: int) -> Path:
    """Where the tasks of a level lie: under ``XDG_CACHE_HOME``, or ``~/.cache``."""
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "ostinato" / "reasoning_gym" / version / f"{name}-{level}.jsonl"


def read_entry(path: Path, seed: int) -> Entry | None:
    """The task of a seed, if the file has it. Lines that are not whole are passed over."""
    return _read(path).get(seed)


def write_entry(path: Path, seed: int, entry: Entry) -> None:
    """Add a task to the file. Where nothing can be written, nothing is kept: that is no error.

    Two processes that add at the same time may lose one of the two tasks; it is made again.
    """
    with _LOCK:
        entries = _read(path) | {seed: entry}
        lines = [json.dumps({"seed": key, "entry": entries[key]}) + "\n" for key in sorted(entries)]
        try:
            write_text(path, "".join(lines))
        except OSError:  # read-only or full: the task itself is at hand
            return


def _read(path: Path) -> dict[int, Entry]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[int, Entry] = {}
    for line in text.splitlines():
        try:
            row = cast(object, json.loads(line))
        except ValueError:
            continue
        match row:
            case {"seed": int(seed), "entry": {"question": str(), "answer": str()} as entry}:
                found[seed] = cast(Entry, entry)
            case _:
                continue
    return found
