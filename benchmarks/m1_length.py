"""The claim: lightning layers decode as fast after a million tokens as after a thousand.

Run as ``python benchmarks/m1_length.py`` on a quiet machine; prints what ``ostinato bench
m1-length`` measures, keeps it, dated, in ``benchmarks/results`` and draws it to
``docs/pictures/m1_by_length.png``. With a file of results as argument it only draws.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from keep import keep, measured

from ostinato.jobs.m1_length_figure import figure

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "m1_by_length.png"


def main() -> None:
    """Measure, unless there is a file; draw."""
    if len(sys.argv) > 2:
        sys.exit("usage: python benchmarks/m1_length.py [RESULTS.json]")
    path = Path(sys.argv[1]) if len(sys.argv) == 2 else keep("m1-length", measured("m1-length"))
    figure(json.loads(path.read_text(encoding="utf-8")), PICTURE)
    print(f"drawn to {PICTURE}", file=sys.stderr)


if __name__ == "__main__":
    main()
