"""Peers in the suite ``music``: encoders of whole words answer as any model does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.shards import Header
from ostinato.eval.music.documents import files, read_all
from ostinato.eval.music.tasks import find_task
from ostinato.eval.music.types import Document, ProtocolName
from ostinato.jobs import evaluate_music as job
from ostinato.jobs.music_models import load_model
from ostinato.models.midiformer import Calibration, HeadSpec
from ostinato.models.midiformer.calibration import save_calibration
from ostinato.models.words import WordConfig, WordModel
from ostinato.music.compound_words import vocabulary
from ostinato.train.words import WordWindow, save_words
from toy_music_suite import toy_splits, write_corpora

HEADER = Header("cp4", 4, vocabulary("cp4"))


def write_peer(folder: Path, task: str, *, temperature: float = 1.0) -> Path:
    """A peer with random weights and one head for a task."""
    asked = find_task(task)
    torch.manual_seed(0)
    config = WordConfig(
        vocab=HEADER.vocab,
        column_size=8,
        hidden_size=16,
        num_layers=2,
        num_heads=2,
        intermediate_size=32,
        initial_std=0.5,
    )
    head = HeadSpec("note" if asked.of_notes else "sequence", asked.classes)
    model = WordModel(config, {task: head})
    save_words(folder, model, HEADER, WordWindow(rows=64), "float32")
    save_calibration(folder, Calibration(temperature))
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy_splits(monkeypatch)
    return write_corpora(tmp_path / "data")


def documents(task: str, protocol: ProtocolName, data: Path) -> list[Document]:
    asked = find_task(task)
    return read_all(asked, protocol, files(asked, protocol, data)["test"])


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("task", ["melody", "dance"])
def test_a_peer_answers_both_protocols(task: str, data: Path, tmp_path: Path) -> None:
    asked = find_task(task)
    model = load_model(write_peer(tmp_path / "peer", task), asked, "cpu")
    cold = load_model(write_peer(tmp_path / "cold", task, temperature=0.5), asked, "cpu")
    for protocol in ("clean", "published"):
        for document in documents(task, protocol, data):
            answer = model(document)
            assert answer.shape == (len(document.truth), len(asked.classes))
            np.testing.assert_allclose(answer.sum(1), 1, rtol=1e-5)
            assert np.ptp(answer) > 0.01
            if not asked.of_notes or protocol == "clean":  # published notes are read raw
                assert cold(document).max(1).mean() > answer.max(1).mean()


def test_models_of_others_stand_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "bundled", dict)
    for name in ("melody-clean-rotary", "melody-clean", "melody-published-x", "melody-cleaner"):
        write_peer(tmp_path / name, "melody")
    (tmp_path / "melody-clean-empty").mkdir()
    found = job._folders(find_task("melody"), "clean", tmp_path)
    assert list(found) == ["melody-clean", "melody-clean-rotary"]


def test_a_peer_for_another_kind_of_unit_is_refused(tmp_path: Path) -> None:
    folder = write_peer(tmp_path / "peer", "melody")
    with pytest.raises(UserError, match="one head of kind sequence; it has 0"):
        load_model(folder, find_task("dance"), "cpu")
    other = replace(find_task("melody"), classes=("melody", "rest"))
    with pytest.raises(UserError, match="expected a model with the labels melody, rest"):
        load_model(folder, other, "cpu")
