"""The claim: MIDI bytes become compound words at over a thousand files a second on one core.

Run as ``python benchmarks/music.py FOLDER``; prints what ``ostinato bench music`` measures and
keeps it, dated, in ``benchmarks/results``. Refuses to while the words of any file are wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path

from keep import keep, measured


def main() -> None:
    """Measure on the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.exit("usage: python benchmarks/music.py FOLDER, a folder of MIDI files")
    folder = Path(sys.argv[1])
    keep("music", {**measured("music", folder), "data": folder.name})


if __name__ == "__main__":
    main()
