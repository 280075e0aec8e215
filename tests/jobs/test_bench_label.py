"""``bench label``: every bundled labeller at every length, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.examples import example_path
from ostinato.jobs import bench as job
from ostinato.jobs import bench_label
from ostinato.jobs.bench_label import piece_of
from ostinato.music.midi import read_midi
from tiny_model import write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def _bundled(monkeypatch: pytest.MonkeyPatch, model: Path, tmp_path: Path) -> None:
    """Two labellers of notes, and a language model that must be passed over."""
    other = tmp_path / "language"
    other.mkdir()
    (other / "config.json").write_text('{"model_type": "minimax_m1"}')
    known = {"melody": model, "language": other, "velocity": model}
    for place in ("infer.directory", "jobs.bench_label"):
        monkeypatch.setattr(f"ostinato.{place}.bundled", lambda: known)


def test_every_labeller_is_timed_at_every_length(capsys: pytest.CaptureFixture[str]) -> None:
    job.bench("label", None, as_json=True, lengths="100,30")
    told = json.loads(capsys.readouterr().out)
    rows = [(row["model"], row["notes"], row["kind"]) for row in told["rows"]]
    assert rows == [(name, n, "note") for name in ("melody", "velocity") for n in (30, 100)]
    assert all(row["seconds"] > 0 for row in told["rows"])
    assert told["threads"] >= 1
    job.bench("label", None, as_json=False, lengths="30")
    shown = capsys.readouterr().out
    assert "files/s" in shown
    assert "velocity" in shown


@pytest.mark.parametrize("notes", [1, 64, 1000])
def test_a_piece_has_its_notes_in_the_order_of_time(notes: int) -> None:
    example = read_midi(example_path())
    piece = piece_of(example, notes)
    assert len(piece) == notes
    assert (np.diff(piece.onset) >= 0).all()
    assert set(piece.pitch.tolist()) <= set(example.pitch.tolist())
    bars = np.unique(piece.onset // (4 * piece.ticks_per_quarter))
    assert len(bars) == bars[-1] - bars[0] + 1


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="label takes no --data"):
        job.bench("label", Path(), as_json=False)
    with pytest.raises(UserError, match="label takes no --threads"):
        job.bench("label", None, as_json=False, threads="1")
    with pytest.raises(UserError, match="at most 100,000 notes"):
        job.bench("label", None, as_json=False, lengths="10,100001")
    monkeypatch.setattr(bench_label, "bundled", dict)
    with pytest.raises(UserError, match="no bundled model labels music"):
        job.bench("label", None, as_json=False)
