"""A program in a Python of its own, where sets and dictionaries of text have another order."""

from __future__ import annotations

import os
import subprocess
import sys


def printed(program: str, *arguments: str, hash_seed: str) -> str:
    """What it prints, without space around it."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
