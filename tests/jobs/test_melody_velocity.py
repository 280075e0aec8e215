"""``melody --velocity``: a class for each note, or one sentence where no model tells it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.infer.load import load_note_model
from ostinato.jobs.melody import MelodyRequest, melody
from ostinato.models.midiformer import HeadSpec, MidiformerModel, checkpoint
from ostinato.music.midi import read_midi, write_midi
from tiny_model import random_score, write_model

CLASSES = ("1-31", "32-47", "48-63", "64-79", "80-95", "96-127")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def loudness(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = write_model(tmp_path_factory.mktemp("loudness"))
    encoder = checkpoint.load(folder).encoder
    made = MidiformerModel(encoder.config, {"velocity": HeadSpec("note", CLASSES)})
    made.encoder.load_state_dict(encoder.state_dict())
    checkpoint.save(folder, made)
    return str(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.mid"
    write_midi(random_score(120, drums=20), path)
    return path


def test_each_note_gets_its_expected_class(
    source: Path, model: str, loudness: str, tmp_path: Path
) -> None:
    labels = tmp_path / "o.json"
    request = MelodyRequest(
        source,
        tmp_path / "o.mid",
        labels,
        model=model,
        device="cpu",
        velocity=True,
        velocity_model=loudness,
    )
    summary = melody(request)
    told = json.loads(labels.read_text())
    assert told["velocity_classes"] == list(CLASSES)
    score = read_midi(source)
    found = load_note_model(loudness, device="cpu").label_notes(score)
    for note, is_drum, shares in zip(
        told["notes"], score.is_drum, found.probabilities, strict=True
    ):
        if is_drum:
            assert note["expected_velocity"] is None
        else:
            expected = float(shares @ np.arange(1, 7))
            assert note["expected_velocity"] == pytest.approx(expected, abs=1e-3)
    assert summary.velocity is not None
    pitched = score.velocity[~score.is_drum]
    assert summary.velocity.written[0] == (pitched < 32).sum()
    assert summary.velocity.written[5] == (pitched >= 96).sum()
    assert sum(summary.velocity.written) == sum(summary.velocity.expected) == 120
    assert 1 <= summary.velocity.mean_expected <= 6


def test_the_summary_has_it_in_json_and_on_the_terminal(
    source: Path, model: str, loudness: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"model": model, "velocity": True, "velocity_model": loudness}
    melody(MelodyRequest(source, tmp_path / "o.mid", **asked))  # type: ignore[arg-type]
    told = capsys.readouterr().out
    assert "notes expected" in told
    assert all(name in told for name in CLASSES)
    melody(MelodyRequest(source, tmp_path / "o.mid", **asked, as_json=True))  # type: ignore[arg-type]
    assert json.loads(capsys.readouterr().out)["velocity"]["classes"] == list(CLASSES)


def test_without_being_asked_nothing_is_said(source: Path, model: str, tmp_path: Path) -> None:
    labels = tmp_path / "o.json"
    summary = melody(MelodyRequest(source, tmp_path / "o.mid", labels, model=model))
    assert summary.velocity is None
    assert "velocity_model" not in json.loads(labels.read_text())
    assert "expected_velocity" not in labels.read_text()


def test_where_no_head_is_bundled_it_is_said_and_nothing_written(
    source: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostinato.jobs.melody_velocity.bundled", dict)
    with pytest.raises(UserError, match="no head for velocities came with this package") as error:
        melody(MelodyRequest(source, tmp_path / "o.mid", model=model, velocity=True))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "o.mid").exists()


def test_a_model_of_other_classes_is_refused(source: Path, model: str, tmp_path: Path) -> None:
    request = MelodyRequest(
        source, tmp_path / "o.mid", model=model, velocity=True, velocity_model=model
    )
    with pytest.raises(UserError, match="expected a model of 6 classes of velocity; it labels"):
        melody(request)
