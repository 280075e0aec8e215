"""Labels of whole pieces: all windows heard, in any number, and strangers told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.infer.directory import bundled
from ostinato.infer.load import NoteModel, load, load_note_model, load_piece_model
from ostinato.infer.pieces import PieceModel
from ostinato.models.midiformer import (
    Calibration,
    Domain,
    HeadSpec,
    MidiformerModel,
    checkpoint,
    head_directory,
)
from ostinato.models.midiformer.calibration import save_calibration
from ostinato.models.midiformer.head_directory import HeadDescription, NamedHead
from ostinato.music.compound_words import encode
from tiny_model import random_score, write_model

CLASSES = ("a", "b", "c")
DOMAIN = Domain((0.0,) * 16, (1.0,) * 16, 3.0, 0.99)


def write_head(folder: Path, trunk: str, *, kind: str = "sequence") -> Path:
    """A head on a trunk that lies at ``trunk`` relative to it; random, and always the same."""
    folder.mkdir()
    base = checkpoint.load(folder / trunk)
    pool = "attention" if kind == "sequence" else "first"
    head = NamedHead("kind", kind, CLASSES, pool)  # type: ignore[arg-type]
    torch.manual_seed(1)
    model = MidiformerModel(base.config, {"kind": head.spec})
    described = HeadDescription(trunk, head_directory.digest(base.encoder), head, None, 1.5, DOMAIN)
    head_directory.save(folder, model, described)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    write_model(root / "trunk")
    return write_head(root / "head", "../trunk")


@pytest.fixture(scope="module")
def model(folder: Path) -> PieceModel:
    return load_piece_model(folder, device="cpu")


@pytest.mark.parametrize(("notes", "windows"), [(1, 1), (40, 1), (300, None)])
def test_a_piece_has_one_answer_of_all_its_windows(
    model: PieceModel, notes: int, windows: int | None
) -> None:
    score = random_score(notes)
    found = model.label_piece(score)
    rows = len(encode(score))
    expected = windows or 1 + -(-(rows - 64) // 32)
    assert found.windows.shape == (expected, 3)
    assert found.windows.sum(1) == pytest.approx(np.ones(expected), abs=1e-5)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert found.probabilities.dtype == found.windows.dtype == np.float32
    assert found.label == CLASSES[int(found.probabilities.argmax())]
    if expected == 1:
        assert found.probabilities == pytest.approx(found.windows[0], abs=1e-6)


def test_log_probabilities_are_averaged_before_the_temperature(model: PieceModel) -> None:
    score = random_score(300)
    told = replace(model, calibration=Calibration()).label_piece(score)
    assert told.windows.std(0).max() > 0.01
    rows = np.full(len(told.windows), 64)
    mean = np.average(np.log(told.windows), axis=0, weights=rows)
    for temperature in (1.0, 1.5):
        raised = np.exp(mean / temperature)
        found = replace(model, calibration=Calibration(temperature)).label_piece(score)
        assert found.probabilities == pytest.approx(raised / raised.sum(), abs=1e-4)


def test_drums_change_nothing_and_are_no_piece(model: PieceModel) -> None:
    score = random_score(80, drums=30)
    found = model.label_piece(score)
    alone = model.label_piece(score.select(~score.is_drum))
    assert found.probabilities == pytest.approx(alone.probabilities)
    for empty, sentence in ((random_score(0), "holds none"), (random_score(0, drums=3), "drums")):
        with pytest.raises(UserError, match=sentence):
            model.label_piece(empty)


def test_what_is_far_away_is_out_of_the_domain(model: PieceModel) -> None:
    score = random_score(120)
    near = model.label_piece(score)
    assert near.distance > 0
    for threshold, outside in ((near.distance * 0.99, True), (near.distance * 1.01, False)):
        domain = replace(DOMAIN, threshold=threshold)
        asked = replace(model, calibration=Calibration(1.0, domain)).label_piece(score)
        assert (asked.distance, asked.out_of_domain) == (near.distance, outside)
    unknown = replace(model, calibration=Calibration()).label_piece(score)
    assert np.isnan(unknown.distance)
    assert not unknown.out_of_domain


def test_the_kind_of_the_head_decides_what_is_loaded(folder: Path, tmp_path: Path) -> None:
    assert isinstance(load(folder, device="cpu"), PieceModel)
    notes = write_head(folder.parent / "notes", "../trunk", kind="note")
    loaded = load(notes, device="cpu")
    assert isinstance(loaded, NoteModel)
    assert loaded.names == CLASSES
    assert len(loaded.label_notes(random_score(50)).labels) == 50
    with pytest.raises(UserError, match="one head that labels notes; it has 0"):
        load_note_model(folder)
    with pytest.raises(UserError, match="one head that labels whole pieces; it has 0"):
        load_piece_model(notes)


def test_the_temperature_of_notes_changes_no_label(folder: Path) -> None:
    loaded = load_note_model(write_head(folder.parent / "warm", "../trunk", kind="note"))
    score = random_score(90, drums=5)
    warm = loaded.label_notes(score)
    raw = replace(loaded, calibration=Calibration()).label_notes(score)
    assert loaded.calibration.temperature == 1.5
    assert np.array_equal(warm.labels, raw.labels)
    pitched = ~score.is_drum
    assert (warm.confidence()[pitched] < raw.confidence()[pitched]).all()
    assert not warm.probabilities[score.is_drum].any()


def test_a_whole_model_may_label_pieces_too(tmp_path: Path) -> None:
    folder = write_model(tmp_path / "whole")
    base = checkpoint.load(folder)
    model = MidiformerModel(base.config, {"kind": HeadSpec("sequence", CLASSES)})
    model.encoder.load_state_dict(base.encoder.state_dict())
    checkpoint.save(folder, model)
    save_calibration(folder, Calibration(1.1, DOMAIN))
    loaded = load(folder, device="cpu")
    assert isinstance(loaded, PieceModel)
    assert loaded.calibration == Calibration(1.1, DOMAIN)
    assert loaded.label_piece(random_score(30)).distance > 0


def test_a_head_without_its_trunk_says_where_it_looked(folder: Path, tmp_path: Path) -> None:
    stray = tmp_path / "stray"
    stray.mkdir()
    for file in folder.iterdir():
        (stray / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match=r"needs its trunk '\.\./trunk'"):
        load(stray)


def test_bundled_models_of_notes_load_as_before() -> None:
    assert "midiformer-melody" in bundled()
    loaded = load("midiformer-melody", device="cpu")
    assert isinstance(loaded, NoteModel)
    assert loaded.names == ("melody", "bridge", "accompaniment")
