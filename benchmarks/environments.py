"""The claim: tasks are made and graded fast, and a sandbox starts in under 60 ms.

Run as ``python benchmarks/environments.py`` on a quiet machine; prints what ``ostinato bench env``
measures and keeps it, dated, in ``benchmarks/results``.
"""

from __future__ import annotations

from keep import keep, measured

if __name__ == "__main__":
    keep("environments", measured("env"))
