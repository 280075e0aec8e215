"""``evaluate --suite music`` on toy corpora: the table, the JSON, the record, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.eval.music.documents import files, read
from ostinato.eval.music.tasks import DANCES_14, TASKS
from ostinato.infer.load import load_note_model
from ostinato.jobs import evaluate_music as job
from ostinato.jobs.evaluate import EvaluateRequest, evaluate
from ostinato.jobs.evaluate_music import MusicRequest, evaluate_music
from ostinato.jobs.music_models import columns, note_answers
from ostinato.models.midiformer import Calibration
from tiny_model import write_model
from toy_music_suite import toy_splits, write_corpora

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("models") / "melody-published", rows=64)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Toy corpora, and no bundled heads."""
    toy_splits(monkeypatch)
    monkeypatch.setattr(job, "bundled", dict)
    return write_corpora(tmp_path / "data")


@pytest.fixture
def request_(data: Path, tmp_path: Path) -> MusicRequest:
    return MusicRequest(data, "melody,dance", out=tmp_path / "out", device="cpu")


@pytest.mark.usefixtures("one_thread")
def test_baselines_where_nothing_is_trained(
    request_: MusicRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate_music(request_)
    told = capsys.readouterr().out
    assert told.count("not trained yet") == 4
    assert "96.37" in told
    assert "192 notes of 2 documents, pop909_song" in told
    assert "no split was published" in told
    assert json.loads((request_.out / "results.json").read_bytes())["suite"] == "music"
    assert not (request_.out / "scorings.jsonl").exists()  # baselines choose nothing


@pytest.mark.usefixtures("one_thread")
def test_a_song_of_the_test_side_under_another_name_in_train_is_told(
    request_: MusicRequest, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = {"velocity": ("001", "006"), "dance": ("jigs1", "waltzes6")}
    for first, last in names.values():
        known, copy = (next(data.rglob(f"{name}.mid")) for name in (first, last))
        copy.write_bytes(known.read_bytes())
    for task, (first, last) in names.items():
        evaluate_music(replace(request_, tasks=task, protocol="clean"))
        told = capsys.readouterr().out
        assert "1 pair of documents of other songs share music across its sides" in told
        (row,) = json.loads((request_.out / "results.json").read_bytes())["results"]
        assert row["songs_on_two_sides"] == 0
        assert row["near_duplicates_on_two_sides"] == [[first, last]]


@pytest.mark.usefixtures("one_thread")
def test_models_are_scored_and_each_scoring_is_counted(
    request_: MusicRequest, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = replace(request_, tasks="melody", models=model.parent, as_json=True)
    for times in (1, 2):
        evaluate_music(asked)
        published, clean = json.loads(capsys.readouterr().out)["results"]
        assert published["times_scored"] == times
        assert clean["times_scored"] == 0
        assert clean["models"] == {}  # a model of the published protocol has no clean column
        assert published["models"]["melody-published"]["units"] == 192
        assert published["published_midibert"] == 0.9637
    lines = (asked.out / "scorings.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert [one["digest"] for one in found] == [found[0]["digest"]] * 2
    last = {"files": found[1]["digest"], "time": found[1]["time"]}
    assert (clean["scored"], published["scored"]) == ({}, {"melody-published": last})


@pytest.mark.usefixtures("one_thread")
def test_models_of_one_task_are_compared_song_by_song(
    request_: MusicRequest, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each less every later one; the labels of two have changed places here."""
    melody, bridge, rest = "melody", "bridge", "accompaniment"
    orders = {"": None, "-alone": (bridge, melody, rest), "-rotary": (rest, bridge, melody)}
    for name, labels in orders.items():
        config = copytree(model, tmp_path / "few" / f"melody-published{name}") / "config.json"
        if labels is not None:
            described = json.loads(config.read_text())
            described["heads"]["melody"]["labels"] = labels
            config.write_text(json.dumps(described))
    asked = replace(request_, tasks="melody", protocol="published", models=tmp_path / "few")
    evaluate_music(asked)
    told = capsys.readouterr().out
    assert "paired by song" in told
    (row,) = json.loads((request_.out / "results.json").read_bytes())["results"]
    accuracy = {name: one["accuracy"] for name, one in row["models"].items()}
    assert len({*accuracy.values()}) == 3
    pairs = [(one["model"], one["less"]) for one in row["differences"]]
    first, alone, peer = accuracy
    assert pairs == [(first, alone), (first, peer), (alone, peer)]
    for found in row["differences"]:
        difference = accuracy[found["model"]] - accuracy[found["less"]]
        assert found["accuracy"] == pytest.approx(difference)
        assert found["interval"][0] <= found["accuracy"] <= found["interval"][1]
        assert f"{100 * difference:+.2f} (" in told


@pytest.mark.usefixtures("one_thread")
def test_bundled_heads_stand_in_the_clean_column_only(
    request_: MusicRequest,
    model: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(job, "bundled", lambda: {"midiformer-melody": model})
    evaluate_music(replace(request_, tasks="melody"))
    told = capsys.readouterr().out
    assert told.count("not trained yet") == 1
    assert told.count("1x") == 1
    published, clean = json.loads((request_.out / "results.json").read_bytes())["results"]
    assert published["models"] == {}
    assert list(clean["models"]) == ["midiformer-melody"]


@pytest.mark.usefixtures("one_thread")
def test_a_note_model_answers_in_the_order_of_the_score(data: Path, model: Path) -> None:
    """Clean: as ``label_notes`` says. Published: row by row of the segments. Both calibrated."""
    task = TASKS["melody"]
    notes = replace(load_note_model(model, device="cpu"), calibration=Calibration(2.0))
    answer = note_answers(notes, np.eye(3, dtype=np.float32))
    file = files(task, "clean", data)["test"][0]
    clean, published = read(task, "clean", file), read(task, "published", file)
    expected = notes.label_notes(clean.score, clean.bars).probabilities
    np.testing.assert_array_equal(answer(clean), expected)
    as_cp4 = published.words + np.array([0, 0, 22, 0], dtype=np.int16)
    raw = np.sqrt(notes.rows.probabilities(as_cp4))
    np.testing.assert_allclose(answer(published), raw / raw.sum(-1, keepdims=True), rtol=1e-5)
    finer = replace(notes.vocabulary.header, steps_per_quarter=8)
    other = replace(notes, vocabulary=replace(notes.vocabulary, header=finer))
    with pytest.raises(UserError, match="counts 4 steps per quarter, the model 8"):
        note_answers(other, np.eye(3, dtype=np.float32))(published)


def test_labels_are_matched_by_name() -> None:
    folder = Path("m")
    turned = columns(("accompaniment", "melody", "bridge"), TASKS["melody"], folder)
    assert turned.argmax(1).tolist() == [2, 0, 1]
    merged = columns(DANCES_14, TASKS["dance"], folder)
    assert merged.shape == (14, 9)
    assert merged.sum(0).tolist() == [1, 1, 1, 1, 1, 6, 1, 1, 1]
    assert columns("123456", TASKS["velocity"], folder).argmax(1).tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(
        UserError, match="labels melody, bridge, accompaniment; it has melody, rest"
    ):
        columns(("melody", "rest"), TASKS["melody"], folder)


def test_what_is_refused(request_: MusicRequest, tmp_path: Path) -> None:
    def refused(match: str, **changes: Any) -> None:
        with pytest.raises(UserError, match=match):
            evaluate_music(replace(request_, **changes))

    refused("expected tasks among melody.*got 'art'", tasks="melody,art")
    refused("--protocol: expected one of published, clean, both; got 'dirty'", protocol="dirty")
    refused("folder that holds POP909, Pianist8, EMOPIA, Nottingham", data=tmp_path / "absent")
    refused("expected the folders EMOPIA, Pianist8 in it; --tasks melody,velocity,d", tasks=None)
    refused("expected a folder of models", models=tmp_path / "absent")
    (tmp_path / "file").write_text("")
    refused("expected a folder for the results", out=tmp_path / "file")


def test_the_suite_takes_no_single_model(data: Path) -> None:
    with pytest.raises(UserError, match="music scores the bundled heads; name a folder"):
        evaluate(EvaluateRequest("music", "some-model", data))
