"""What a solver that thinks aloud is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from ostinato.rl.types import Agent, Task

Tracer = Callable[[Any, Random], Agent]
"""From a task of its environment to an agent that solves it: every turn has its thinking. The
thinking says only what follows from what the agent has been told; the numbers drawn vary its way.
"""

Tracers = Mapping[str, Tracer]
"""By the name of the environment."""


def is_solved(task: Task, agent: Agent) -> bool:
    """Whether an agent solves a task."""
    from ostinato.rl.episode import play

    return play(task.env(), agent).grade.correct
