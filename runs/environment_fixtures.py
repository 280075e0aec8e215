"""Writes ``tests/rl/environments.json``: five tasks of every environment, as they are today.

Run as ``python runs/environment_fixtures.py``, after a change that is meant to make other tasks.
The test beside the file makes the tasks anew: whoever trained or measured with a seed has the
same task as long as it passes.
"""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

from ostinato.base.files import write_text
from ostinato.base.log import progress
from ostinato.rl.envs.catalogue import environments
from ostinato.rl.envs.registry import Environment

FILE = Path(__file__).parents[1] / "tests" / "rl" / "environments.json"
ITEMS = 5


def items(environment: Environment) -> list[dict[str, object]]:
    """Tasks from the lowest level to the highest, of seeds that the tests use nowhere else."""
    chosen = [1 + number * (environment.levels - 1) // (ITEMS - 1) for number in range(ITEMS)]
    found: list[dict[str, object]] = []
    for seed, level in enumerate(chosen, start=9000):
        begun = environment.task(level, seed).env().begin()
        prompt = "\n".join(message.content for message in begun.messages)
        found.append({"level": level, "seed": seed, "prompt": f"{crc32(prompt.encode()):08x}"})
    return found


if __name__ == "__main__":
    made: dict[str, list[dict[str, object]]] = {}
    with progress(len(environments()), "environments") as advance:
        for name, environment in environments().items():
            made[name] = items(environment)
            advance(1)
    lines = (f"{json.dumps(name)}: {json.dumps(tasks)}" for name, tasks in made.items())
    write_text(FILE, "{\n" + ",\n".join(lines) + "\n}\n")
