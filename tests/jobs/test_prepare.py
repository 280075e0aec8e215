"""Shards from a folder: counts, resumption to the same bytes, and bad files left aside."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import symusic

from ostinato.base.errors import UserError
from ostinato.data.shards import ShardWriter, read_entries, read_header, read_shards
from ostinato.jobs import prepare as job
from ostinato.jobs.prepare import PrepareRequest, prepare
from ostinato.music.compound_words import encode
from ostinato.music.midi import read_midi, write_midi
from ostinato.music.score import Score, Track


def write(path: Path, seed: int, *, notes: int = 40, drums: int = 0) -> None:
    rng = np.random.default_rng(seed)
    score = symusic.Score(480)
    for is_drum, count in ((False, notes), (True, drums)):
        track = symusic.Track("", 0, is_drum)
        for i, pitch in enumerate(rng.integers(40, 80, count)):
            track.notes.append(symusic.Note(240 * i, 240, int(pitch), 80))
        score.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty files, of which 07 is cut off and 19 holds drums alone."""
    folder = tmp_path / "midi"
    for number in range(30):
        write(folder / f"{number:02d}.mid", number, drums=3 * (number == 4))
    whole = (folder / "07.mid").read_bytes()
    (folder / "07.mid").write_bytes(whole[:-20])
    write(folder / "19.mid", 0, notes=0, drums=5)
    return folder


@pytest.fixture
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "ShardWriter", partial(ShardWriter, max_rows=200))


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_shards_hold_every_readable_file(folder: Path, tmp_path: Path):
    summary = prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=2))
    assert (summary.found, summary.documents, summary.quarantined) == (30, 28, 2)
    assert (summary.notes, summary.drums, summary.resumed) == (28 * 40, 3, 0)
    names = [f"{n:02d}" for n in range(30) if n not in {7, 19}]
    found = read_shards([tmp_path / "out"])
    assert [entry.name for entry in found.entries] == names
    for entry, begin, end in zip(found.entries, found.offset, found.offset[1:], strict=False):
        score = read_midi(folder / f"{entry.name}.mid")
        words = encode(score.select(~score.is_drum))
        np.testing.assert_array_equal(found.values[begin:end], words.values)
        assert (entry.rows, entry.notes, entry.song) == (len(words), 40, entry.name)
    assert not found.label.any()
    header = read_header(tmp_path / "out")
    assert (header.scheme, header.corpus, header.licence) == ("cp4", "folder", "unknown")


def test_quarantine_says_why(folder: Path, tmp_path: Path):
    summary = prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=1))
    lines = (tmp_path / "out/quarantine.jsonl").read_text().splitlines()
    first, second = map(json.loads, lines)
    assert (first["name"], first["file"]) == ("07", "07.mid")
    assert "is cut off" in first["reason"]
    assert second["reason"].endswith("19.mid: no notes but drums")
    assert "2 files could not be read" in summary.warnings[0]


class Interruption(BaseException):
    """Ctrl-C, as the job sees it."""


def interrupted(after: int) -> Callable[..., None]:
    """``prepare._add`` that is interrupted after so many documents."""
    add, count = job._add, 0

    def wrapped(*arguments: object) -> None:
        nonlocal count
        if count == after:
            raise Interruption
        count += 1
        add(*arguments)

    return wrapped


@pytest.mark.parametrize(("after", "kept"), [(0, 0), (3, 0), (17, 15)])
@pytest.mark.usefixtures("small_shards")
def test_an_interrupted_run_ends_with_the_same_files(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, kept: int
):
    whole = PrepareRequest("folder", folder, tmp_path / "whole", workers=1)
    halves = replace(whole, out=tmp_path / "halves")
    prepare(whole)
    with monkeypatch.context() as patch:
        patch.setattr(job, "_add", interrupted(after))
        with pytest.raises(Interruption):
            prepare(halves)
    (halves.out / ".shard-00009.abc.safetensors").write_bytes(b"cut off")
    with (halves.out / "quarantine.jsonl").open("a") as lines:
        lines.write('{"name": "half a li')
    summary = prepare(halves)
    assert (summary.resumed, summary.documents) == (kept, 28)
    assert len(list(whole.out.glob("shard-*"))) >= 5
    assert contents(halves.out) == contents(whole.out)


@pytest.mark.usefixtures("small_shards")
def test_the_number_of_workers_changes_nothing(folder: Path, tmp_path: Path):
    for workers in (1, 3):
        prepare(PrepareRequest("folder", folder, tmp_path / str(workers), workers=workers))
    assert contents(tmp_path / "1") == contents(tmp_path / "3")


def test_a_finished_run_is_left_as_it_is(folder: Path, tmp_path: Path):
    request = PrepareRequest("folder", folder, tmp_path / "out", workers=1)
    prepare(request)
    before = contents(request.out)
    summary = prepare(request)
    assert (summary.resumed, summary.documents, summary.quarantined) == (28, 28, 2)
    assert contents(request.out) == before


@pytest.mark.parametrize(
    "change", [{"steps_per_quarter": 12}, {"scheme": "cp7"}, {"corpus": "pianist8"}]
)
def test_another_preparation_is_not_mixed_in(folder: Path, tmp_path: Path, change: dict):
    for number in range(3):
        write(folder / f"midi/A/{number}.mid", number)
    request = PrepareRequest("folder", folder, tmp_path / "out", workers=1)
    prepare(request)
    with pytest.raises(UserError, match="other files or settings"):
        prepare(replace(request, **change))


def test_a_folder_of_something_else_is_refused(folder: Path, tmp_path: Path):
    request = PrepareRequest("folder", folder, folder, workers=1)
    with pytest.raises(UserError, match="expected an empty folder"):
        prepare(request)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="it is a file"):
        prepare(replace(request, out=tmp_path / "file"))
    with pytest.raises(UserError, match="at least 1 worker"):
        prepare(replace(request, out=tmp_path / "out", workers=0))
    with pytest.raises(UserError, match="one of 4, 12, 24; got 5"):
        prepare(replace(request, out=tmp_path / "out", steps_per_quarter=5))
    assert not (tmp_path / "out").exists()


def test_names_and_bars_beyond_all_measure_are_quarantined(folder: Path, tmp_path: Path):
    (folder / "00.mid").rename(folder / os.fsdecode(b"00\xff.mid"))
    score = read_midi(folder / "01.mid")
    far = replace(score, ticks_per_quarter=1, onset=score.onset + np.int32(2**30))
    write_midi(far, folder / "01.mid")
    summary = prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=1))
    assert (summary.documents, summary.quarantined) == (26, 4)
    lines = (tmp_path / "out/quarantine.jsonl").read_text().splitlines()
    reasons = {row["name"]: row["reason"] for row in map(json.loads, lines)}
    assert reasons["00\udcff"].endswith("its name is no UTF-8; rename it")
    assert reasons["01"].startswith(f"{folder / '01.mid'}: the piece spans ")
    assert prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=1)).quarantined == 4


def test_all_files_bad(tmp_path: Path):
    (tmp_path / "midi").mkdir()
    (tmp_path / "midi/a.mid").write_bytes(b"")
    summary = prepare(PrepareRequest("folder", tmp_path / "midi", tmp_path / "out", workers=1))
    assert (summary.documents, summary.notes, summary.quarantined) == (0, 0, 1)
    assert "1 file could not be read" in summary.warnings[0]


def test_what_is_missing_is_said(tmp_path: Path):
    write(tmp_path / "midi/Bach/a.mid", 1)
    summary = prepare(PrepareRequest("pianist8", tmp_path, tmp_path / "out", workers=1))
    assert summary.warnings == ("expected 411 documents of Pianist8, found 1",)


def test_json(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=1, as_json=True))
    said = json.loads(capsys.readouterr().out)
    assert said["documents"] == 28
    assert said["commercial"] is False


def test_pop909_rows_carry_labels(shared: Path, tmp_path: Path):
    for number in ("001", "002"):
        (tmp_path / "in" / number).mkdir(parents=True)
        for name in (f"{number}.mid", "beat_midi.txt"):
            source = shared / "data/POP909" / number / name
            (tmp_path / "in" / number / name).write_bytes(source.read_bytes())
    summary = prepare(PrepareRequest("pop909", tmp_path / "in", tmp_path / "out", workers=1))
    assert summary.warnings == ("expected 909 documents of POP909, found 2",)
    found = read_shards([tmp_path / "out"])
    is_note = found.values[:, 2] < 128
    assert np.bincount(found.label).tolist()[1:] == [264 + 310, 307 + 163, 985 + 935]
    assert (found.label[is_note] > 0).all()
    assert not found.label[~is_note].any()
    assert [entry.song for entry in read_entries(tmp_path / "out")] == ["001", "002"]


def test_stretched_copies_beside_their_originals(folder: Path, tmp_path: Path):
    request = PrepareRequest(
        "folder", folder, tmp_path / "out", workers=1, stretch=(1.0, 0.75, 1.25)
    )
    assert (prepare(request).documents, prepare(request).found) == (3 * 28, 90)
    entries = {entry.name: entry for entry in read_entries(tmp_path / "out")}
    assert len(entries) == 3 * 28
    for number in (0, 29):
        name = f"{number:02d}"
        copies = [entries[key] for key in (name, f"{name}@0.75", f"{name}@1.25")]
        assert {entry.song for entry in copies} == {name}
        assert {entry.notes for entry in copies} == {40}
    found = read_shards([tmp_path / "out"])
    position = {
        entry.name: found.values[begin:end, 1]
        for entry, begin, end in zip(found.entries, found.offset, found.offset[1:], strict=False)
    }
    assert position["00"][:5].tolist() == [0, 2, 4, 6, 8]  # quavers
    assert position["00@0.75"][:3].tolist() == [0, 2, 3]  # and three quarters of them: 1.5 rounds


def test_only_music_in_free_time_is_stretched(tmp_path: Path):
    for name in ("midi_score", "Shi05M"):
        write(tmp_path / f"in/Bach/Fugue/bwv_846/{name}.mid", 1)
    (tmp_path / "in/metadata.csv").touch()
    request = PrepareRequest("asap", tmp_path / "in", tmp_path / "out", workers=1, stretch=(1.1,))
    prepare(request)
    (entry,) = read_entries(tmp_path / "out")
    assert (entry.name, entry.song) == ("Bach/Fugue/bwv_846/Shi05M@1.1", "Bach/Fugue/bwv_846")
    write(tmp_path / "notts/MIDI/jigs1.mid", 1)
    with pytest.raises(UserError, match="nottingham: its music keeps a metre"):
        prepare(replace(request, corpus="nottingham", folder=tmp_path / "notts"))
    with pytest.raises(UserError, match="other files or settings"):
        prepare(replace(request, stretch=(1.2,)))


@pytest.mark.parametrize("given", [(0.1,), (1.1, 1.1), (2.5,), (float("nan"),)])
def test_factors_out_of_reason(folder: Path, tmp_path: Path, given: tuple[float, ...]):
    with pytest.raises(UserError, match=r"different factors from 0\.5 to 2"):
        prepare(PrepareRequest("folder", folder, tmp_path / "out", stretch=given))


def test_factors_are_read_from_a_line():
    assert job.factors("0.9,1.1") == (0.9, 1.1)
    assert job.factors(None) == ()
    for text in ("", "fast", "0.9;1.1", "0.9,"):
        with pytest.raises(UserError, match="--stretch: expected numbers"):
            job.factors(text)


def test_labels_of_velocity(folder: Path, tmp_path: Path):
    request = PrepareRequest("folder", folder, tmp_path / "out", workers=1, labels="velocity")
    prepare(request)
    found = read_shards([tmp_path / "out"])
    is_note = found.values[:, 2] < 128
    assert (found.label[is_note] == 5).all()  # velocity 80 everywhere
    assert not found.label[~is_note].any()
    with pytest.raises(UserError, match="other files or settings"):
        prepare(replace(request, labels="tracks"))


def test_velocities_do_not_order_the_notes_that_they_label(tmp_path: Path):
    folder = tmp_path / "midi"
    folder.mkdir()
    for name, velocities in (("loud-first", (90, 30)), ("soft-first", (30, 90))):
        rows = [(0, 480, 60, velocity, 0) for velocity in velocities]
        notes = np.array([*rows, (0, 480, 50, 64, 0)], dtype=np.int32).T
        write_midi(Score(480, *notes, tracks=(Track("piano"),)), folder / f"{name}.mid")
    prepare(PrepareRequest("folder", folder, tmp_path / "out", workers=1, labels="velocity"))
    found = read_shards([tmp_path / "out"])
    assert found.label.tolist() == [4, 5, 1, 4, 1, 5]
