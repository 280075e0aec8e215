"""What the programs beside this share: they run ``ostinato bench`` and keep what it tells."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def measured(name: str, data: Path | None = None) -> dict[str, Any]:
    """What ``ostinato bench NAME --json`` prints."""
    from ostinato.jobs.bench import bench

    held = io.StringIO()
    with contextlib.redirect_stdout(held):
        bench(name, data, as_json=True)
    return json.loads(held.getvalue())


def keep(name: str, told: Mapping[str, Any]) -> Path:
    """Print it with date and commit, and write it to ``results/NAME-DATE.json``."""
    today = datetime.date.today().isoformat()
    text = json.dumps({"date": today, "commit": commit(), **told}, indent=2) + "\n"
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}-{today}.json"
    path.write_text(text, encoding="utf-8")
    print(text, end="")
    print(f"kept in {path}", file=sys.stderr)
    return path


def commit() -> str:
    """The commit that is measured, marked where the tree differs from it; of a copy that knows no
    commits, the environment's ``COMMIT``.
    """
    if "COMMIT" in os.environ:
        return os.environ["COMMIT"]
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()
