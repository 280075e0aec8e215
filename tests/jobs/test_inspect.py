"""``inspect``: facts and oddities of files, bad files among them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_vocabulary
from ostinato.infer.directory import MELODY
from ostinato.jobs.inspect import (
    count_duplicates,
    count_overlaps,
    count_unended,
    examine,
    inspect,
)
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


def midi(events: bytes, *, tracks: int = 1) -> bytes:
    """A file of one track, whatever its header says."""
    body = events + b"\0\xff\x2f\0"
    header = b"MThd\0\0\0\6\0\1" + tracks.to_bytes(2, "big") + b"\1\xe0"
    return header + b"MTrk" + len(body).to_bytes(4, "big") + body


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
    assert facts.metre == ("3/4 from bar 1",)
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


def test_what_the_bytes_hold_beyond_the_notes_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    maps = b"\0\xff\x51\x03\0\0\0" + b"\0\xff\x58\x04\0\2\x18\x08"
    name = b"\x1b[31mred\n[bold]x[/bold] " + b"y" * 90
    body = maps + b"\0\xff\x03" + bytes((len(name),)) + name + b"\0\x90\x3c\x40\0\x90\x40\x40"
    (tmp_path / "a.mid").write_bytes(midi(body + b"\x09\x80\x3c\0" + b"\0\x90\x3e\x40", tracks=3))
    inspect([tmp_path / "a.mid"], "cp4", as_json=False)
    told = capsys.readouterr().out
    for part in (
        "2 keys struck and never released",
        "2 tracks announced and not there",
        "2 tempos or time signatures without a meaning",
        "metre 4/4 from bar 1;",
        "[31mred [bold]x[/bold] yyy",
        "  1 note, 0 pedal presses",
        "  1 cp4 word\n",
    ):
        assert part in told, part
    assert "\x1b" not in told
    assert max(map(len, told.splitlines())) < 110


def test_bytes_that_break_the_rules_have_no_count_of_unended_notes() -> None:
    struck, released = b"\0\x90\x3c\x40", b"\x09\x80\x3c\0"
    assert count_unended(midi(struck + released), 1) == 0
    assert count_unended(midi(struck + b"\0\xf4" + released), 1) is None


def test_metre_changes_are_told_once_and_by_bars(tmp_path: Path) -> None:
    rows = [(0, 3, 4), (0, 3, 4), (2880, 2, 4), (2880, 2, 4), (3840, 2, 4), (4800, 3, 4)]
    score = replace(random_score(100), time_signatures=np.array(rows, dtype=np.int32))
    write_midi(score, tmp_path / "a.mid")
    facts = examine(tmp_path / "a.mid", "cp4", None)
    assert facts.metre == ("3/4 from bar 1", "2/4 from bar 3", "3/4 from bar 5")


def test_a_piece_of_too_many_bars_is_named(tmp_path: Path) -> None:
    score = replace(random_score(5), ticks_per_quarter=1)
    write_midi(replace(score, onset=score.onset + np.int32(2**30)), tmp_path / "a.mid")
    with pytest.raises(UserError, match=r"a\.mid: the piece spans"):
        examine(tmp_path / "a.mid", "cp4", None)


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
    compounds = load_vocabulary(folder).compoundation.apply(encode(score))
    assert facts["compounds"] == len(compounds.tokens)
    assert facts["ngrams"] > 0
    inspect([tmp_path / "a.mid"], "cp7", as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["compounds"] is None
