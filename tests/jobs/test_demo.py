"""``demo``: three files from the bundled example, and an honest count of what is right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.examples import example_labels, example_path
from ostinato.infer.directory import MELODY, bundled
from ostinato.jobs.demo import count_right, demo
from ostinato.music.labels import NAMES
from ostinato.music.midi import read_midi
from tiny_model import write_model


def assert_complete(out: Path) -> None:
    assert sorted(path.name for path in out.iterdir()) == [
        "labels.json",
        "melody.mid",
        "pianoroll.png",
    ]
    old, new = read_midi(example_path()), read_midi(out / "melody.mid")
    assert np.array_equal(old.sorted_notes(), new.sorted_notes())
    assert (out / "pianoroll.png").read_bytes().startswith(b"\x89PNG")


def test_demo_writes_everything_with_any_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_model(tmp_path / "model", rows=256)
    monkeypatch.setattr("ostinato.infer.directory.bundled", lambda: {MELODY: folder})
    demo(tmp_path / "demo")
    assert_complete(tmp_path / "demo")
    right, notes = count_right(tmp_path / "demo" / "labels.json")
    assert notes == len(read_midi(example_path()))
    assert f"{right:,} of {notes:,} labels are right" in capsys.readouterr().out
    demo(tmp_path / "demo", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert (told["notes"], told["right"]) == (notes, right)


def test_a_file_in_the_place_of_the_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "demo").touch()
    with pytest.raises(UserError, match=r"demo is a file and no folder"):
        demo(tmp_path / "demo")
    assert capsys.readouterr().out == ""


def test_rightness_is_counted_by_the_true_labels(tmp_path: Path) -> None:
    truth = example_labels()
    notes = [
        {"onset": onset, "pitch": pitch, "label": NAMES[label]}
        for (onset, pitch), label in truth.items()
    ]
    notes[0]["label"] = "bridge" if notes[0]["label"] == "melody" else "melody"
    (tmp_path / "labels.json").write_text(json.dumps({"notes": notes}))
    assert count_right(tmp_path / "labels.json") == (len(truth) - 1, len(truth))


@pytest.mark.long  # it asks the bundled reasoner puzzles too
@pytest.mark.skipif(MELODY not in bundled(), reason="needs the bundled weights")
def test_the_bundled_model_is_mostly_right(tmp_path: Path) -> None:
    demo(tmp_path / "demo")
    assert_complete(tmp_path / "demo")
    right, notes = count_right(tmp_path / "demo" / "labels.json")
    assert right / notes > 0.75
