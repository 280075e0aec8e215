"""The claim: MIDI bytes become compound words at over a thousand files a second on one core.

Run as ``python benchmarks/music.py FOLDER``; prints what ``ostinato bench music`` measures and
keeps it, dated, in ``benchmarks/results``. Refuses to while the words of any file are wrong.
"""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import subprocess
import sys
from pathlib import Path

from ostinato.jobs.bench import bench

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Measure on the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/music.py FOLDER, a folder of MIDI files")
    held = io.StringIO()
    with contextlib.redirect_stdout(held):
        bench("music", Path(sys.argv[1]), as_json=True)
    today = datetime.date.today().isoformat()
    told = json.loads(held.getvalue())
    measured = {"date": today, "commit": commit(), **told, "data": Path(sys.argv[1]).name}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"music-{today}.json"
    path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    print(path.read_text(encoding="utf-8"), end="")
    print(f"kept in {path}", file=sys.stderr)


def commit() -> str:
    """The commit that is measured, marked where the tree differs from it."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=True,
    )
    return told.stdout.strip()


if __name__ == "__main__":
    main()
