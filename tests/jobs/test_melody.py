"""``melody``: the same notes in other tracks, or one sentence and no file."""

from __future__ import annotations

import errno
import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.infer.load import load_note_model
from ostinato.jobs.melody import MelodyRequest, melody
from ostinato.music.midi import read_midi, write_midi
from ostinato.music.separate import Separated
from tiny_model import LABELS, random_score, write_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_model(tmp_path_factory.mktemp("model")))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.mid"
    write_midi(random_score(120, drums=20), path)
    return path


def test_the_notes_come_back_on_tracks_of_their_labels(
    source: Path, model: str, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out.mid"
    summary = melody(MelodyRequest(source, out, model=model, device="cpu"))
    old, new = read_midi(source), read_midi(out)
    assert np.array_equal(old.sorted_notes(), new.sorted_notes())
    assert sum(summary.labels.values()) == 120
    assert any("20 drum notes" in warning for warning in summary.warnings)
    for label, count in summary.labels.items():
        tracks = [i for i, t in enumerate(new.tracks) if t.name.startswith(label.upper())]
        assert int(np.isin(new.track, tracks).sum()) == count


def test_labels_file_tells_every_note_in_the_order_of_the_file(
    source: Path, model: str, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.json"
    melody(MelodyRequest(source, tmp_path / "out.mid", labels=labels, model=model, device="cpu"))
    told = json.loads(labels.read_text())
    score = read_midi(source)
    assert told["labels"] == list(LABELS)
    assert len(told["sha256"]) == 64
    assert [note["onset"] for note in told["notes"]] == score.onset.tolist()
    assert [note["velocity"] for note in told["notes"]] == score.velocity.tolist()
    for note, is_drum in zip(told["notes"], score.is_drum, strict=True):
        if is_drum:
            assert note["label"] is None
            continue
        assert sum(note["probabilities"]) == pytest.approx(1, abs=2e-4)
        assert note["label"] == LABELS[int(np.argmax(note["probabilities"]))]


@pytest.mark.parametrize(("threshold", "melodies"), [(0.0, 120), (1.0, 0)])
def test_threshold_decides_what_is_melody(
    source: Path, model: str, tmp_path: Path, threshold: float, melodies: int
) -> None:
    request = MelodyRequest(source, tmp_path / "o.mid", model=model, threshold=threshold)
    assert melody(request).labels["melody"] == melodies


def test_json_is_all_that_is_printed(
    source: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    melody(MelodyRequest(source, tmp_path / "o.mid", model=model, as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["notes"] == 140
    assert told["out"] == str(tmp_path / "o.mid")


def test_a_table_tells_what_was_done(
    source: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score = replace(read_midi(source), time_signatures=np.zeros((0, 3), dtype=np.int32))
    write_midi(score, source)
    melody(MelodyRequest(source, tmp_path / "o.mid", model=model))
    told = capsys.readouterr().out
    assert "no time signature: 4/4 assumed" in told
    assert "mean confidence" in told
    assert "140 notes" in told


def test_outputs_never_replace_the_input_nor_each_other(source: Path, tmp_path: Path) -> None:
    held = source.read_bytes()
    (tmp_path / "link.mid").symlink_to(source)
    for out in (source, tmp_path / "link.mid", source.parent / "." / source.name):
        with pytest.raises(UserError, match="name them apart"):
            MelodyRequest(source, out)
    with pytest.raises(UserError, match="name them apart"):
        MelodyRequest(source, tmp_path / "a", labels=tmp_path / "a")
    assert source.read_bytes() == held


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"threshold": 1.5}, "between 0 and 1; got 1.5"),
        ({"threshold": float("nan")}, "between 0 and 1; got nan"),
        ({"picture": Path("a.gif")}, "a picture is a .png"),
        ({"labels": Path()}, "this is a folder"),
        ({"out": Path("/dev/null")}, "this is a device or a pipe"),
        ({"labels": Path(__file__) / "a.json"}, "is a file and no folder"),
    ],
)
def test_requests_that_cannot_be_met(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        MelodyRequest(**{"source": Path("in.mid"), "out": Path("out.mid")} | change)


def test_a_folder_that_takes_no_files_is_named_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    with pytest.raises(UserError, match=f"you may not write to {tmp_path}$"):
        MelodyRequest(Path("in.mid"), tmp_path / "new" / "out.mid")


def test_all_files_are_written_or_none(
    source: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    request = MelodyRequest(
        source, tmp_path / "o.mid", tmp_path / "o.json", tmp_path / "o.png", model=model
    )
    (tmp_path / "o.mid").write_bytes(b"of yesterday")
    before = sorted(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr("ostinato.jobs.pianoroll.draw", full)
        with pytest.raises(OSError, match="No space"):
            melody(request)
    assert sorted(tmp_path.iterdir()) == before
    assert (tmp_path / "o.mid").read_bytes() == b"of yesterday"
    melody(request)
    assert all(path.stat().st_size > 100 for path in request.outputs())


def test_the_source_may_be_a_pipe(source: Path, model: str, tmp_path: Path) -> None:
    ours, theirs = os.pipe()
    os.write(theirs, source.read_bytes())
    os.close(theirs)
    summary = melody(MelodyRequest(Path(f"/dev/fd/{ours}"), tmp_path / "o.mid", model=model))
    os.close(ours)
    assert summary.notes == 140


def test_names_beyond_utf8_are_escaped(source: Path, model: str, tmp_path: Path) -> None:
    strange = source.rename(tmp_path / os.fsdecode(b"\xff.mid"))
    labels = tmp_path / "o.json"
    melody(MelodyRequest(strange, tmp_path / "o.mid", labels, tmp_path / "o.png", model=model))
    assert json.loads(labels.read_text(encoding="utf-8"))["file"] == str(strange)


def test_complaints_name_the_file(model: str, tmp_path: Path) -> None:
    score = replace(random_score(5), ticks_per_quarter=1)
    write_midi(replace(score, onset=score.onset + np.int32(2**30)), tmp_path / "far.mid")
    with pytest.raises(UserError, match=r"far\.mid: the piece spans"):
        melody(MelodyRequest(tmp_path / "far.mid", tmp_path / "o.mid", model=model))
    assert not (tmp_path / "o.mid").exists()


@pytest.mark.parametrize(("threshold", "warned"), [(1.0, True), (0.0, False)])
def test_a_piece_with_hardly_any_melody_is_told_so(
    source: Path, model: str, tmp_path: Path, threshold: float, warned: bool
) -> None:
    request = MelodyRequest(source, tmp_path / "o.mid", model=model, threshold=threshold)
    told = [text for text in melody(request).warnings if "hardly any melody (0 of 120" in text]
    assert bool(told) == warned


@pytest.mark.parametrize("drums", [0, 5])
def test_a_file_without_notes_to_label_is_told_so(tmp_path: Path, model: str, drums: int) -> None:
    source, out = tmp_path / "none.mid", tmp_path / "out.mid"
    write_midi(random_score(0, drums=drums), source)
    with pytest.raises(UserError, match="no notes to label"):
        melody(MelodyRequest(source, out, model=model))
    assert not out.exists()


def test_a_file_whose_notes_would_change_is_not_written(
    source: Path, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.mid"
    score = read_midi(source)
    write_midi(replace(score, velocity=score.velocity[::-1].copy()), other)
    wrong = Separated(other.read_bytes(), (), 0, 0)
    monkeypatch.setattr("ostinato.jobs.melody.separate", lambda *given: wrong)
    request = MelodyRequest(source, tmp_path / "out.mid", tmp_path / "labels.json", model=model)
    with pytest.raises(UserError, match="notes"):
        melody(request)
    assert not any(path.exists() for path in request.outputs())


def test_one_note(tmp_path: Path, model: str) -> None:
    source, out = tmp_path / "one.mid", tmp_path / "out.mid"
    write_midi(random_score(1), source)
    assert sum(melody(MelodyRequest(source, out, model=model)).labels.values()) == 1
    assert len(read_midi(out)) == 1


def corpus_files(root: Path) -> Iterator[Path]:
    """Files of three corpora, drawn with a fixed seed, small enough to be labelled quickly."""
    draw = random.Random(0)
    patterns = (
        "POP909/*/*.mid",
        "POP909/*/versions/*.mid",
        "Pianist8/midi/*/*.mid",
        "ASAP/*/**/*.mid",
    )
    for pattern in patterns:
        yield from draw.sample(sorted(root.glob(pattern)), 52)


@pytest.mark.long
@pytest.mark.usefixtures("one_thread")
def test_notes_stay_as_they_are_in_208_files(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_note_model(write_model(tmp_path / "model", rows=256), device="cpu")
    monkeypatch.setattr("ostinato.jobs.melody.load_note_model", lambda name, device: model)
    changed: list[str] = []
    for path in corpus_files(shared / "data"):
        out = tmp_path / "out.mid"
        melody(MelodyRequest(path, out, as_json=True))
        if not np.array_equal(read_midi(path).sorted_notes(), read_midi(out).sorted_notes()):
            changed.append(str(path))
    assert not changed
