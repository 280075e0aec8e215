"""Problems of the package's own environments with their answers, and nothing between."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from random import Random

from ostinato.rl.envs.catalogue import find
from ostinato.rl.envs.registry import Environment
from ostinato.rl.split import training_task

SOURCES = (
    "logic/arrow_maze",
    "logic/boolean_expressions",
    "logic/buggy_tables",
    "logic/calcudoku",
    "logic/campsite",
    "logic/cipher",
    "logic/dyck_errors",
    "logic/dyck_language",
    "logic/dyck_reasoning",
    "logic/goods_exchange",
    "logic/math_path",
    "logic/minesweeper",
    "logic/numbrix",
    "logic/object_properties",
    "logic/skyscrapers",
    "logic/space_reasoning",
    "logic/space_reasoning_tree",
    "logic/star_placement",
    "logic/time_sequence",
    "logic/web_of_lies",
    "logic/word_sorting_mistake",
    "logic/wordscapes",
    "maths/arithmetic",
    "maths/calculus",
    "maths/counting",
    "maths/equations",
    "maths/geometry",
    "maths/numbers",
    "maths/polynomials",
    "maths/probability",
    "maths/sequences",
    "maths/words",
)
"""All of logic and mathematics but ``logic/norinori`` and ``logic/number_wall``: to make a problem
of those takes ten times as long as to make any of these.
"""
LEVELS = 3
FIRST_SEED = 1_000_000_000
"""Far from the seeds that anybody would train on or measure with."""
SEEDS = 1_000_000_000


@dataclass
class Statements:
    """Problems with their answers, of random levels; ``without`` names what is held out."""

    without: Collection[str] = ()

    def __call__(self, rng: Random) -> str:
        """One of them."""
        environment = rng.choice(self._environments)
        level = 1 + rng.randrange(min(LEVELS, environment.levels))
        _, task = training_task(environment, level, FIRST_SEED + rng.randrange(SEEDS))
        asked = task.env().begin()
        answer = task.perfect().act(asked).message.content
        return f"{asked.messages[-1].content}\n{answer}\n"

    @cached_property
    def _environments(self) -> list[Environment]:
        return [find(name) for name in SOURCES if name not in self.without]
