"""The claim: MIDI bytes become compound words at over a thousand files a second on one core.

Run as ``python benchmarks/music.py FOLDER``; prints what ``ostinato bench music`` measures and
keeps it, dated, in ``benchmarks/results``. Refuses to while the words of any file are wrong.
"""

from __future__ import annotations

import contextlib
import datetime
import io
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
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"music-{datetime.date.today():%Y-%m-%d}.json"
    path.write_text(held.getvalue(), encoding="utf-8")
    print(held.getvalue(), end="")
    print(f"kept in {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
