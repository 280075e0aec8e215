"""``inspect``: facts and oddities of files, bad files among them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.infer.directory import MELODY, read_vocabulary
from ostinato.jobs.inspect import count_duplicates, count_overlaps, examine, inspect
from ostinato.music.compound_words import encode
from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track
from tiny_model import random_score, write_model


@pytest.fixture(autouse=True)
def _no_bundled_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ostinato.jobs.inspect.bundled", dict)


def score_of(*rows: tuple[int, int, int, int]) -> Score:
    """Notes given as (onset, duration, pitch, track); two tracks."""
    table = np.array(rows, dtype=np.int32).reshape(-1, 4)
    return Score(
        ticks_per_quarter=480,
        onset=table[:, 0],
        duration=table[:, 1],
        pitch=table[:, 2].astype(np.int16),
        velocity=np.full(len(table), 64, dtype=np.int16),
        track=table[:, 3].astype(np.int16),
        tracks=(Track("right"), Track("left", program=40)),
    )


def test_duplicates_are_equal_in_everything() -> None:
    rows = [(0, 480, 60, 0), (0, 480, 60, 0), (0, 480, 60, 0), (0, 480, 60, 1), (0, 240, 60, 0)]
    assert count_duplicates(score_of(*rows)) == 2
    assert count_duplicates(score_of()) == 0


def test_overlaps_are_of_one_pitch_in_one_track() -> None:
    touching = [(0, 480, 60, 0), (480, 480, 60, 0), (100, 10, 61, 0), (100, 10, 60, 1)]
    assert count_overlaps(score_of(*touching)) == 0
    # The long first note still sounds after a short second one has ended.
    assert count_overlaps(score_of((0, 900, 60, 0), (100, 10, 60, 0), (800, 480, 60, 0))) == 2
    assert count_overlaps(score_of((479, 480, 60, 0), (0, 480, 60, 0))) == 1
    assert count_overlaps(score_of()) == 0
    assert count_overlaps(score_of((0, 2**31 - 1, 127, 0), (0, 1, 0, 1))) == 0


def test_facts_of_a_file(tmp_path: Path) -> None:
    score = random_score(100, drums=10)
    score = replace(
        score,
        time_signatures=np.array([[0, 3, 4]], dtype=np.int32),
        key_signatures=np.array([[0, -3, 1], [480, 2, 0]], dtype=np.int32),
        tempos=np.array([[0, 500_000], [960, 1_000_000]], dtype=np.int32),
    )
    write_midi(score, tmp_path / "a.mid")
    facts = examine(tmp_path / "a.mid", "cp4", None)
    assert (facts.notes, facts.drum_notes, facts.ticks_per_quarter) == (110, 10, 480)
    assert (facts.tempo, facts.tempo_changes) == ((60.0, 120.0), 1)
    assert facts.metre == ("3/4 from tick 0",)
    assert facts.keys == ("C minor", "D major")
    assert facts.seconds == pytest.approx(1 + (score.end - 960) / 480, abs=1e-3)
    assert sum(track.notes for track in facts.tracks) == 110
    assert {track.instrument for track in facts.tracks} == {"acoustic grand piano", "drums"}
    words = encode(score)
    assert (facts.words, facts.bars) == (len(words), len(words.bars))
    assert facts.compounds is None


def test_oddities_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.mid"
    write_midi(score_of((0, 9600, 60, 0), (9000, 9600, 60, 0), (30, 0, 70, 1)), path)
    inspect([path], "cp4", as_json=False)
    told = capsys.readouterr().out
    for part in (
        "no time signature: 4/4 assumed",
        "no tempo: 120",
        "1 note begins while",
        "1 note of no length",
        "2 notes longer than the last duration of cp4",
        "violin",
    ):
        assert part in told, part
    assert "duplicates" not in told


def test_a_file_without_notes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(score_of(), tmp_path / "none.mid")
    inspect([tmp_path / "none.mid"], "cp7", as_json=False)
    assert "no notes" in capsys.readouterr().out


def test_bad_files_do_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.mid", tmp_path / "bad.mid"
    write_midi(random_score(5), good)
    bad.write_bytes(b"RIFF")
    files = [bad, good, tmp_path / "absent.mid"]
    with pytest.raises(UserError, match="2 of 3 files could not be read"):
        inspect(files, "cp4", as_json=False)
    told = capsys.readouterr()
    assert "5 notes" in told.out
    assert "begins with MThd" in told.err
    assert "absent.mid" in told.err
    with pytest.raises(UserError, match="2 of 3"):
        inspect(files, "cp4", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert ["error" in entry for entry in told] == [True, False, True]
    assert told[1]["notes"] == 5


def test_a_single_bad_file_is_one_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.mid").write_bytes(b"")
    with pytest.raises(UserError, match="it is empty"):
        inspect([tmp_path / "bad.mid"], "cp4", as_json=False)
    assert capsys.readouterr() == ("", "")


def test_compounds_and_ngrams_come_from_the_bundled_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_model(tmp_path / "model")
    monkeypatch.setattr("ostinato.jobs.inspect.bundled", lambda: {MELODY: folder})
    score = random_score(300)
    write_midi(score, tmp_path / "a.mid")
    inspect([tmp_path / "a.mid"], "cp4", as_json=True)
    facts = json.loads(capsys.readouterr().out)[0]
    compounds = read_vocabulary(folder).compoundation.apply(encode(score))
    assert facts["compounds"] == len(compounds.tokens)
    assert facts["ngrams"] > 0
    inspect([tmp_path / "a.mid"], "cp7", as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["compounds"] is None
