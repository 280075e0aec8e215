"""The one turn of a tracer, taken apart."""

from __future__ import annotations

from random import Random

from ostinato.rl.agents import Script
from ostinato.rl.traces.types import Tracer
from ostinato.rl.types import Task


def one_turn(tracer: Tracer, task: Task) -> tuple[str, str]:
    """Its thinking and its content; there is one turn, with both."""
    agent = tracer(task, Random(0))
    assert isinstance(agent, Script) and len(agent.lines) == 1
    thinking, content = agent.lines[0].thinking, agent.lines[0].content
    assert thinking and content
    return thinking, content
