"""A run's directory: what goes on, and what a fresh run takes away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.train.run import open_run


@dataclass(frozen=True)
class Recipe:
    rate: float = 1.0
    init: str | Path | None = None
    fresh: bool = False


KEPT = ("model-8-copy", "model-best", "models", "other")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that has ended, and folders in it that are none of its own."""
    run = tmp_path / "run"
    open_run(run, Recipe(), fresh=False)
    for name in ("model", "model-8", "model-512", *KEPT):
        (run / name).mkdir(parents=True)
        (run / name / "config.json").write_text("{}")
    (run / "state.safetensors").touch()
    (run / "scorings.jsonl").touch()
    return run


def names(run: Path) -> set[str]:
    return {path.name for path in run.iterdir()}


def test_a_fresh_run_takes_the_old_models_away_at_once_and_nothing_else(run: Path) -> None:
    assert not open_run(run, Recipe(2.0), fresh=True)
    assert names(run) == {*KEPT, "recipe.json", "scorings.jsonl"}


def test_a_run_that_goes_on_or_is_refused_keeps_its_models(run: Path) -> None:
    before = names(run)
    assert open_run(run, Recipe(), fresh=False)
    with pytest.raises(UserError, match="another recipe"):
        open_run(run, Recipe(2.0), fresh=False)
    assert names(run) == before


@pytest.mark.parametrize("name", ["model", "model-8"])
def test_a_model_that_the_fresh_run_begins_with_is_not_taken_away(run: Path, name: str) -> None:
    before = names(run)
    for init in (run / name, str(run / "other" / ".." / name)):
        with pytest.raises(UserError, match=f"{name} is one of them: choose another run"):
            open_run(run, Recipe(2.0, init=init), fresh=True)
    assert names(run) == before
    open_run(run, Recipe(2.0, init=str(run / "other")), fresh=True)
    assert not (run / name).exists()


def test_of_a_model_that_lies_elsewhere_only_the_link_goes(run: Path, tmp_path: Path) -> None:
    (run / "model").rename(tmp_path / "elsewhere")
    (run / "model").symlink_to(tmp_path / "elsewhere")
    open_run(run, Recipe(), fresh=True)
    assert not (run / "model").exists()
    assert (tmp_path / "elsewhere" / "config.json").exists()


def test_a_run_has_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for run in (Path(), tmp_path):
        with pytest.raises(UserError, match="a folder of the run's own"):
            open_run(run, Recipe(), fresh=False)
    assert not list(tmp_path.iterdir())
    mine = tmp_path / "mine" / "model" / "song.mid"
    mine.parent.mkdir(parents=True)
    mine.touch()
    for fresh in (False, True):
        with pytest.raises(UserError, match="mine holds other files"):
            open_run(tmp_path / "mine", Recipe(), fresh=fresh)
    assert mine.exists()
