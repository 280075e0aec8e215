"""Every tracer by the name of its environment, and the levels that it serves."""

from __future__ import annotations

from ostinato.rl.traces import code, judged, logic, maths, software, tools
from ostinato.rl.traces.types import Tracers

TRACERS: Tracers = {
    **logic.TRACERS,
    **maths.TRACERS,
    **code.TRACERS,
    **software.TRACERS,
    **tools.TRACERS,
    **judged.TRACERS,
}

LEVELS: dict[str, int] = {
    **logic.LEVELS,
    **maths.LEVELS,
    **code.LEVELS,
    **software.LEVELS,
    **tools.LEVELS,
    **judged.LEVELS,
}
"""The highest level of each that its tracer serves."""
