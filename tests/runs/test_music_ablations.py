"""The ablations: arms of one size, cells cut short and resumed, a table checked by hand."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ostinato.base.config import from_dict
from ostinato.base.errors import UserError
from ostinato.data.shards import Entry, Header, ShardWriter
from ostinato.jobs.finetune import FinetuneRecipe
from ostinato.jobs.finetune_words import FinetuneWordsRecipe
from ostinato.jobs.pretrain import PretrainRecipe
from ostinato.jobs.pretrain_words import PretrainWordsRecipe
from ostinato.music import splits
from toy_corpus import HEADER, toy_document

RUNS = Path(__file__).parents[2] / "runs"
sys.path.insert(0, str(RUNS))

from music_ablations import arms, recipes, table  # noqa: E402


def _script() -> ModuleType:
    """The script by its path: by its name it is the package beside it."""
    spec = importlib.util.spec_from_file_location("ablations", RUNS / "music_ablations.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["ablations"] = module
    spec.loader.exec_module(module)
    return module


script = _script()


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing the losses would take longer than the training does."""
    monkeypatch.setattr("ostinato.jobs.training.plot_metrics", lambda run: None)


@pytest.mark.parametrize("size", ["small", pytest.param("large", marks=pytest.mark.long)])
def test_arms_are_equally_large(size: str) -> None:
    counts = {
        name: arms.parameters(arm, arms.shape(arm, arms.SIZES[size]))
        for name, arm in arms.ARMS.items()
    }
    assert all(abs(count / counts["full"] - 1) < 0.01 for count in counts.values()), counts
    widths = {arm: arms.shape(arms.ARMS[arm], arms.SIZES[size]) for arm in ("full", "rotary")}
    assert widths["rotary"]["num_layers"] > widths["full"]["num_layers"]


def shards(folder: Path) -> Path:
    """Songs of POP909's numbers on all sides, for notes and, of letters, for pieces."""
    sides = splits.load("pop909_song")
    names = [
        name
        for side, count in (("train", 3), ("valid", 1), ("test", 1))
        for name in sorted(n for n, where in sides.items() if where == side)[:count]
    ]
    for corpus in ("pop909", "pop909-versions"):
        header = Header(HEADER.scheme, HEADER.steps_per_quarter, HEADER.vocab, corpus)
        with ShardWriter(folder / corpus, header) as writer:
            for number, song in enumerate(names):
                values, label = toy_document(number, bars=5)
                name = song if corpus == "pop909" else f"{song}-v1"
                writer.add(Entry(name, song, corpus, len(values), len(values)), values, label)
    return folder


SETTINGS = recipes.Settings(
    size="tiny",
    corpora=("pop909",),
    seconds=1e-6,
    note_seconds=1e-6,
    rows=24,
    batch=2,
    warmup=1,
    threshold=5,
)


def session(folder: Path, seconds: float = 1000) -> recipes.Session:
    end = time.monotonic() + recipes.MARGIN + seconds
    return recipes.Session(SETTINGS, folder / "out", folder, "cpu", end)


@pytest.mark.parametrize("arm", list(arms.ARMS))
def test_every_cell_has_its_recipes(arm: str, tmp_path: Path) -> None:
    """They are of the same songs, seconds and seed; they differ in what the arm is about."""
    here = session(shards(tmp_path))
    if arm == "cp7":
        for file in ("merges.txt", "lexicon.txt"):
            path = here.out / "vocabulary" / "cp7-1000-count" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    words = bool(arms.ARMS[arm].positions)
    made: Any = from_dict(
        PretrainWordsRecipe if words else PretrainRecipe, recipes.pretrain_table(here, arm, 7)
    )
    suffix = "-cp7" if arm == "cp7" else ""
    assert made.shards == (tmp_path / f"pop909{suffix}",)
    assert (made.train.budget_seconds, made.train.seed) == (1e-6, 7)
    for task in ("melody", "velocity", "composer", "emotion", "dance"):
        fine: Any = from_dict(
            FinetuneWordsRecipe if words else FinetuneRecipe,
            recipes.finetune_table(here, arm, 7, task),
        )
        notes = task in ("melody", "velocity")
        assert bool(fine.init) == (not notes or arm != "scratch")
        assert not fine.report_test
        assert (fine.kind, fine.pool == "layers") == (("note", "sequence")[not notes], not notes)
        if notes:
            assert (fine.train.budget_seconds, fine.train.seed) == (1e-6, 7)
            assert fine.train.turn == made.train.turn
    assert arms.unfair(arms.ARMS[arm], "composer") == (arm == "scratch")
    assert arms.unfair(arms.ARMS[arm], "velocity") == (arm == "cp7")


def test_arms_are_equally_large_with_the_vocabularies_as_they_are(tmp_path: Path) -> None:
    here = session(shards(tmp_path))
    full, plain = (recipes.learnt(here, arms.ARMS[name]) for name in ("full", "no-ngrams"))
    assert 0 < full.ngrams < 4000
    assert (plain.ngrams, plain.merges) == (0, full.merges)
    wanted = arms.parameters(full, recipes.model_shape(here, arms.ARMS["full"]))
    for name in ("no-ngrams", "no-compoundation", "relative"):
        made = recipes.pretrain_table(here, name, 0)
        job = script.pretrain_words if "kind" in made else script.pretrain
        kind = PretrainWordsRecipe if "kind" in made else PretrainRecipe
        made["train"] |= {"steps": 1, "budget_seconds": 0.0}
        found = job.run(from_dict(kind, made))
        assert found["parameters"] == pytest.approx(wanted, rel=0.05), name


def test_a_window_holds_the_same_notes_in_every_arm(tmp_path: Path) -> None:
    rows = {name: recipes._window(arm, recipes.Settings()) for name, arm in arms.ARMS.items()}
    assert rows["cp7"]["rows"] == 768
    assert {window["rows"] for name, window in rows.items() if name != "cp7"} == {512}
    assert rows["no-compoundation"]["tokens"] >= 4 * 512 + 2


@pytest.mark.parametrize("arm", ["full", "relative"])
def test_a_cell_goes_on_where_it_was(arm: str, tmp_path: Path) -> None:
    shards(tmp_path)
    assert not script.play(session(tmp_path, seconds=-1), arm, 0, ["melody"])
    path = tmp_path / "out" / "cells" / f"{arm}-0.json"
    assert not path.exists()
    assert script.play(session(tmp_path), arm, 0, [])
    assert script.play(session(tmp_path), arm, 0, ["melody"])
    cell = json.loads(path.read_text())
    assert cell["pretrain"]["training"]["documents"] == 3
    assert cell["tasks"]["melody"]["test"]["notes"] > 0
    assert cell["tasks"]["melody"]["documents"] == {"train": 6, "valid": 1, "test": 1}
    written = path.stat().st_mtime_ns
    assert script.play(session(tmp_path, seconds=-1), arm, 0, ["melody"])
    assert path.stat().st_mtime_ns == written
    left = {p.name for p in (tmp_path / "out" / f"{arm}-0").rglob("*.safetensors")}
    assert left == {"model-00001-of-00001.safetensors"}  # the encoder, for further tasks


def test_a_run_that_is_cut_short_is_not_scored_on_the_test_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def job(recipe: Any) -> dict[str, object]:
        asked.append(recipe.report_test)
        return {"reason": "out of time" if len(asked) == 1 else "finished"}

    monkeypatch.setattr(script.finetune, "run", job)
    here = session(shards(tmp_path), seconds=50)
    here.settings = replace(SETTINGS, note_seconds=60.0)
    assert script.train(here, "full", 0, "melody") is None
    assert script.train(here, "full", 0, "melody") == {"reason": "finished"}
    here.settings = SETTINGS
    script.train(here, "full", 0, "melody")
    assert asked == [False, False, True, True]


def test_a_folder_is_of_one_setting(tmp_path: Path) -> None:
    script.claim(tmp_path, recipes.Settings())
    script.claim(tmp_path, SETTINGS)  # nothing has been made yet
    (tmp_path / "cells").mkdir()
    script.claim(tmp_path, SETTINGS)
    other = replace(SETTINGS, batch=9, rates={"full": 1.0})
    with pytest.raises(UserError, match=r"\(batch, rates\)"):
        script.claim(tmp_path, other)


def cell(arm: str, seed: int, accuracy: float, parameters: int = 100) -> dict[str, Any]:
    side = {"accuracy": accuracy}
    trained = {"parameters": parameters, "step": 10}
    tasks = {"melody": {"valid": side, "test": side}}
    return {"arm": arm, "seed": seed, "pretrain": trained, "tasks": tasks}


def test_the_table_by_hand() -> None:
    """Means of three seeds; the difference to ``full`` is of the seeds that both have."""
    cells = {
        "full": {seed: cell("full", seed, a) for seed, a in enumerate((0.90, 0.92, 0.94))},
        "pmi": {seed: cell("pmi", seed, a, 110) for seed, a in ((0, 0.91), (2, 0.97))},
    }
    told = table.summary(cells)
    full, pmi = (told[arm]["tasks"]["melody"] for arm in ("full", "pmi"))
    assert full["test"]["mean"] == pytest.approx(0.92)
    assert full["test"]["half"] == pytest.approx(4.303 * 0.02 / 3**0.5)
    assert full["test"]["by_seed"] == {0: 0.90, 1: 0.92, 2: 0.94}
    assert "test_to_full" not in full
    assert pmi["test_to_full"]["mean"] == pytest.approx(0.02)
    assert pmi["test_to_full"]["half"] == pytest.approx(12.706 * 0.02**0.5 * 0.1 / 2**0.5)
    assert table.mean_of([0.5]).half is None
    text = "\n".join(table.lines(told))
    assert "| full | 3 | 0.00 M | 10 | 92.0 ± 5.0 |  |" in text
    assert "| +2.0 ± 12.7 |" in text
    assert "! pmi has +10.0% of the parameters of full" in text
    assert "! pmi lacks the seeds 1" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--cells", "fulll-0"], "no cell is called 'fulll-0'"),
        (["run", "--tasks", "tempo"], "no task 'tempo'"),
        (["run", "--rates", "foo=1"], "no arm 'foo'"),
        (["run", "--rates", "full"], "expected ARM=RATE"),
        (["table"], "there is no cell"),
    ],
)
def test_what_a_user_gets_wrong(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main([*arguments, "--out", str(tmp_path)]) == 2
    assert message in capsys.readouterr().err
