"""The claim: on a CPU our M1 is faster than transformers' with the same weights, in less memory.

Run as ``python benchmarks/m1_cpu.py`` on a quiet machine; prints what ``ostinato bench m1-cpu``
measures and keeps it, dated, in ``benchmarks/results``. Refuses to while the logits differ, and
where transformers is not installed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from keep import keep, measured


def main() -> None:
    """Measure."""
    if find_spec("transformers") is None:
        sys.exit("transformers is not installed: pip install transformers to measure beside it")
    keep("m1-cpu", measured("m1-cpu"))


if __name__ == "__main__":
    main()
