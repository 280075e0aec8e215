"""The claim: the bundled models label a file on a CPU within seconds.

Run as ``python benchmarks/label.py`` on a quiet machine; prints what ``ostinato bench label``
measures and keeps it, dated, in ``benchmarks/results``.
"""

from __future__ import annotations

from keep import keep, measured

if __name__ == "__main__":
    keep("label", measured("label"))
