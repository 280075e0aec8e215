"""Labels of notes: one for each, whatever the length of the piece."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.infer.load import NoteModel, load
from ostinato.infer.notes import NoteLabels, choose
from ostinato.music.grid import bars_from_signatures
from tiny_model import LABELS, random_score, write_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(folder: Path) -> NoteModel:
    return load(folder, device="cpu")


@pytest.mark.parametrize("notes", [0, 1, 2, 31, 64, 65, 300])
def test_every_note_has_probabilities_and_their_likeliest_label(
    model: NoteModel, notes: int
) -> None:
    found = model.label_notes(random_score(notes))
    assert found.names == LABELS
    assert found.probabilities.shape == (notes, 3)
    assert found.probabilities.dtype == np.float32
    assert found.probabilities.sum(1) == pytest.approx(np.ones(notes), abs=1e-5)
    assert found.labels.tolist() == found.probabilities.argmax(1).tolist()
    assert found.confidence() == pytest.approx(found.probabilities.max(1, initial=0))


def test_probabilities_follow_the_notes_when_the_file_orders_them_otherwise(
    model: NoteModel,
) -> None:
    score = random_score(200)
    order = np.random.default_rng(1).permutation(len(score))
    one, other = model.label_notes(score), model.label_notes(score.select(order))
    rows = np.stack([score.onset, score.pitch, score.duration, score.velocity], axis=1)
    # Equal notes may change places among themselves, so compare those that are alone.
    _, index, count = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    alone = count[index] == 1
    expected = one.probabilities[order][alone[order]]
    assert other.probabilities[alone[order]] == pytest.approx(expected, abs=1e-5)


def test_drums_are_not_labelled_and_change_nothing(model: NoteModel) -> None:
    score = random_score(150, drums=50)
    found = model.label_notes(score)
    assert (found.labels[score.is_drum] == -1).all()
    assert not found.probabilities[score.is_drum].any()
    alone = model.label_notes(score.select(~score.is_drum), bars_from_signatures(score))
    assert found.probabilities[~score.is_drum] == pytest.approx(alone.probabilities, abs=1e-6)


def test_windows_are_merged_by_weights_that_fall_towards_their_ends(model: NoteModel) -> None:
    """With 96 rows and windows of 64 and a step of 32 there are two windows, sharing 32 rows."""
    values = np.random.default_rng(0).integers(0, 2, (96, 4)).astype(np.int16)
    merged = model.rows.probabilities(values)
    first, second = (model.rows.probabilities(values[a : a + 64]) for a in (0, 32))
    assert merged[:32] == pytest.approx(first[:32], abs=1e-5)
    assert merged[64:] == pytest.approx(second[32:], abs=1e-5)
    toward = np.arange(1, 33)[:, None] / 33
    between = first[32:] * (1 - toward) + second[:32] * toward
    assert merged[32:64] == pytest.approx(between, abs=1e-5)
    assert np.abs(first[32:] - second[:32]).max() > 1e-3


def test_inference_leaves_no_trace_in_the_next_piece(model: NoteModel) -> None:
    score = random_score(100)
    first = model.label_notes(score).probabilities
    model.label_notes(random_score(333, seed=5))
    assert np.array_equal(model.label_notes(score).probabilities, first)


def test_threshold_decides_the_first_label_alone() -> None:
    probabilities = np.array(
        [[0.5, 0.3, 0.2], [0.4, 0.1, 0.5], [0.9, 0.1, 0.0], [0, 0, 0]], dtype=np.float32
    )
    assert choose(probabilities).tolist() == [0, 2, 0, -1]
    assert choose(probabilities, 0.4).tolist() == [0, 0, 0, -1]
    assert choose(probabilities, 0.6).tolist() == [1, 2, 0, -1]
    assert choose(probabilities, 1.0).tolist() == [1, 2, 1, -1]
    assert choose(probabilities, 0.0).tolist() == [0, 0, 0, -1]


def test_confidence_is_that_of_the_chosen_label() -> None:
    probabilities = np.array([[0.5, 0.3, 0.2], [0, 0, 0]], dtype=np.float32)
    labels = NoteLabels(probabilities, choose(probabilities, 0.8), LABELS)
    assert labels.confidence() == pytest.approx([0.3, 0])


def test_extreme_pitches_and_lengths_are_labelled(model: NoteModel) -> None:
    score = random_score(4)
    score = replace(
        score,
        pitch=np.array([0, 127, 0, 127], dtype=np.int16),
        duration=np.array([0, 1, 2**30, 5], dtype=np.int32),
    )
    assert (model.label_notes(score).labels >= 0).all()
