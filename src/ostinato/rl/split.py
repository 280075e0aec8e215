"""Which tasks are for training, and which are kept to be asked: no prompt is ever both.

Seeds alone do not keep them apart. Easy levels have so few tasks that the prompts of other seeds
come again: nine in ten of 100 level-1 boards of ``logic/campsite`` are among 10,000 others. So a
prompt decides for itself: it is kept for evaluation if its CRC-32 is divisible by four.
"""

from __future__ import annotations

from itertools import count
from zlib import crc32

from ostinato.base.errors import UserError
from ostinato.chat.template import render
from ostinato.rl.envs.registry import Environment
from ostinato.rl.types import Task

KEPT = 4
"""One prompt in so many is kept for evaluation."""

TRIES = 1_000
"""So many tasks in a row on the other side, and an environment has none on this one."""

_STRIDE = (1 << 40) + 15
"""From a seed that is not for training to the next one: further than seeds are counted up, and a
prime, so that an environment that goes round a list of tasks is led to all of them.
"""


def prompt(task: Task) -> str:
    """All that an agent is told before its first turn, as one text."""
    asked = task.env().begin()
    return render(asked.messages, asked.tools)


def kept(task: Task) -> bool:
    """Whether a task is for evaluation, and must not be trained on."""
    return crc32(prompt(task).encode("utf-8", "replace")) % KEPT == 0


def training_task(environment: Environment, level: int, seed: int) -> tuple[int, Task]:
    """The task of a seed, if it is for training; else that of the first seed far behind it that
    is. Different seeds (below 2^40) come to different seeds.
    """
    return _first(environment, level, count(seed, _STRIDE), wanted=False)


def kept_task(environment: Environment, level: int, seed: int) -> tuple[int, Task]:
    """The task of the first seed from this one on that is kept for evaluation."""
    return _first(environment, level, count(seed), wanted=True)


def _first(
    environment: Environment, level: int, seeds: count[int], *, wanted: bool
) -> tuple[int, Task]:
    for _ in range(TRIES):
        seed = next(seeds)
        task = environment.task(level, seed)
        if kept(task) is wanted:
            return seed, task
    side = "for training" if wanted else "kept for evaluation"
    raise UserError(
        f"{environment.name}, level {level}: of {TRIES:,} tasks in a row every one is {side}: it "
        "has too few of them to be divided"
    )
