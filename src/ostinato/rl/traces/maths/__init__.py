"""Tracers for mathematics: arithmetic, equations and sequences, all kinds of problem in each."""

from __future__ import annotations

from ostinato.rl.traces.maths.arithmetic import ARITHMETIC
from ostinato.rl.traces.maths.equations import EQUATIONS
from ostinato.rl.traces.maths.sequences import SEQUENCES
from ostinato.rl.traces.types import Tracers

TRACERS: Tracers = {
    "maths/arithmetic": ARITHMETIC,
    "maths/equations": EQUATIONS,
    "maths/sequences": SEQUENCES,
}

LEVELS: dict[str, int] = {"maths/arithmetic": 3, "maths/equations": 6, "maths/sequences": 5}
"""The highest level that each serves: what it writes there is still less than 6,000 characters."""
