"""Which tasks validate a run: never trained on, at the levels of now or at all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ostinato.base.config import from_dict
from ostinato.jobs import rl_validation
from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.rl.envs.catalogue import find
from ostinato.rl.split import kept

NAMES = ("logic/dyck_language", "maths/equations")


def recipe(levels: str) -> RlRecipe:
    plain: dict[str, Any] = {
        "run": Path("run"),
        "init": Path("init"),
        "steps": 1,
        "curriculum": {
            "entries": [
                {"environment": NAMES[0], "top": 3},
                {"environment": NAMES[1], "level": 2, "top": 3},
            ]
        },
        "windows": {"stages": [{"tokens": 64}]},
        "validation": {"tasks": 7, "levels": levels},
    }
    return from_dict(RlRecipe, plain)


def asked(levels: str, reached: int) -> list[tuple[str, int, int]]:
    environments = {name: find(name) for name in NAMES}
    found = rl_validation.asks(recipe(levels), environments, dict.fromkeys(NAMES, reached))
    assert all(kept(one.task) for one in found)
    assert len({(one.environment, one.level, one.seed) for one in found}) == len(found)
    return [(one.environment, one.level, one.seed) for one in found]


def test_of_the_level_that_was_reached() -> None:
    for reached in (1, 3):
        found = asked("current", reached)
        assert [name for name, _, _ in found] == [name for name in NAMES for _ in range(7)]
        assert {level for _, level, _ in found} == {reached}
        assert all(seed >= rl_validation.FIRST for *_, seed in found)


def test_of_all_levels_whatever_was_reached() -> None:
    found = asked("fixed", 1)
    assert found == asked("fixed", 3)
    levels = [level for _, level, _ in found]
    assert levels == [1, 2, 3, 1, 2, 3, 1, 2, 3, 2, 3, 2, 3, 2]
