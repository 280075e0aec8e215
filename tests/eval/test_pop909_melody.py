"""The suite on three made-up songs, and its baselines on the real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.eval import pop909_melody
from ostinato.eval.pop909_melody import evaluate, two_classes
from ostinato.music.grid import Bars
from ostinato.music.midi import write_midi
from ostinato.music.score import Int, Score, Track
from tiny_model import random_score

SIDES = {"001": "train", "002": "train", "003": "test", "004": "valid"}
TRACKS = (Track("MELODY"), Track("BRIDGE"), Track("PIANO"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Songs of one melody note over two of the piano at each beat, bridges among them."""
    monkeypatch.setattr(pop909_melody.splits, "load", lambda name: SIDES)
    for name in SIDES:
        (tmp_path / name).mkdir()
        write_midi(song(), tmp_path / name / f"{name}.mid")
        beats = [
            f"{beat / 2:.6f} {float(beat % 2 == 0)} {float(beat % 4 == 0)}" for beat in range(40)
        ]
        (tmp_path / name / "beat_midi.txt").write_text("\n".join(beats))
    return tmp_path


def song() -> Score:
    beat = np.arange(32, dtype=np.int32)
    onset = np.concatenate([beat, beat, beat]) * 480
    track = np.repeat([0, 2, 2], 32)
    track[:8] = 1
    return replace(
        random_score(96),
        onset=onset,
        duration=np.full(96, 240, dtype=np.int32),
        pitch=np.repeat([80, 50, 55], 32).astype(np.int16),
        track=track.astype(np.int16),
        tracks=TRACKS,
    )


def truth(score: Score) -> np.ndarray:
    return score.track.astype(np.int64)


def test_a_perfect_labeller_and_its_baselines(folder: Path) -> None:
    result = evaluate(lambda score, bars: truth(score), folder)
    assert (result.model.accuracy, result.model.songs, result.model.notes) == (1.0, 1, 96)
    found = {name: scores.accuracy for name, scores in result.baselines.items()}
    assert found["majority"] == pytest.approx(64 / 96)
    assert found["order only"] == pytest.approx(88 / 96)
    assert found["skyline"] == pytest.approx(88 / 96)
    assert result.skyline["bridge as melody"] == 1.0
    assert result.skyline["bridge as accompaniment"] == pytest.approx(88 / 96)


def test_a_labeller_is_scored_note_by_note_in_the_order_of_its_score(folder: Path) -> None:
    def by_pitch(score: Score, bars: Bars | None) -> Int:
        return np.where(score.pitch == 50, 0 if bars is None else 2, 0)

    result = evaluate(by_pitch, folder)
    assert result.model.confusion.tolist() == [[24, 0, 0], [8, 0, 0], [32, 0, 32]]
    assert result.own_metre.confusion.tolist() == [[24, 0, 0], [8, 0, 0], [64, 0, 0]]


def test_two_classes_by_hand() -> None:
    counts = np.array([[5, 0, 1], [2, 0, 3], [4, 0, 10]])
    found = two_classes(counts)
    assert found["bridge as accompaniment"] == pytest.approx((5 + 3 + 10) / 25)
    assert found["bridge as melody"] == pytest.approx((5 + 2 + 10) / 25)


def test_a_folder_that_is_not_pop909_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "003" / "003.mid").unlink()
    with pytest.raises(UserError, match=r"with the 4 songs of the split.*3 of them are there"):
        evaluate(lambda score, bars: truth(score), folder)
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match="expected POP909"):
        evaluate(lambda score, bars: truth(score), tmp_path / "other")


def test_baselines_on_the_test_songs(shared: Path) -> None:
    result = evaluate(lambda score, bars: np.full(len(score), 2), shared / "data" / "POP909")
    assert (result.model.songs, result.model.notes) == (86, 146_304)
    assert result.model.accuracy == result.baselines["majority"].accuracy
    assert result.baselines["majority"].accuracy == pytest.approx(0.6386, abs=1e-4)
    assert result.baselines["order only"].accuracy == pytest.approx(0.7128, abs=1e-3)
    assert result.baselines["skyline"].accuracy == pytest.approx(0.7267, abs=1e-3)
