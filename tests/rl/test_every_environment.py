"""Every environment, by five tasks of a file: the same today, solved by their perfect agent, and
by nobody who says nothing, too little or too much.
"""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from ostinato.rl.envs import catalogue
from ostinato.rl.envs.catalogue import environments, find, mixture
from ostinato.rl.envs.checks import nobody
from ostinato.rl.envs.logic.reasoning_gym_table import SLOW
from ostinato.rl.envs.registry import Kind
from ostinato.rl.episode import play

FIXTURES: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "environments.json").read_text(encoding="utf-8")
)
RUNS_CODE = (Kind.CODE, Kind.SOFTWARE)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def _names() -> list[object]:
    slow = {f"gym/{name}" for name in SLOW}
    return [pytest.param(n, marks=pytest.mark.long) if n in slow else n for n in FIXTURES]


def test_the_file_has_every_environment() -> None:
    assert list(FIXTURES) == list(environments())
    assert all(len(items) == 5 for items in FIXTURES.values())


@pytest.mark.parametrize("name", _names())
def test_tasks_are_as_they_were_and_graded_as_they_should_be(name: str) -> None:
    environment = find(name)
    for item in FIXTURES[name]:
        task = environment.task(item["level"], item["seed"])
        begun = task.env().begin()
        prompt = "\n".join(message.content for message in begun.messages)
        assert f"{crc32(prompt.encode()):08x}" == item["prompt"]
        assert play(task.env(), task.perfect()).reward.total == 1
        assert play(task.env(), nobody()).reward.total <= 0
        assert play(task.env(), task.says("?")).reward.total <= 0
        assert pickle.loads(pickle.dumps(task)).env().begin() == begun  # noqa: S301
        if environment.kind not in RUNS_CODE:  # theirs run programs: in tests of their own
            for cheat in task.cheats().values():
                assert play(task.env(), cheat).reward.total <= 0


def test_names_kinds_and_the_default_mixture() -> None:
    for name, environment in environments().items():
        assert environment.name == name
        assert name.startswith(("gym/", f"{environment.kind}/"))
        assert environment.levels >= 1
        assert environment.summary
        assert environment.truth
    assert {environment.kind for environment in mixture()} == set(Kind)
    assert not any(environment.guessable or environment.extra for environment in mixture())


def test_what_a_constant_answer_solves_is_in_no_default_mixture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = environments()
    marked = {
        name: replace(one, guessable=name.startswith("logic/")) for name, one in known.items()
    }
    monkeypatch.setattr(catalogue, "environments", lambda: marked)
    assert Kind.LOGIC not in {environment.kind for environment in mixture()}
    assert len(mixture()) == sum(one.extra is None for one in known.values()) - 24
