"""MIDI files to scores and back."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scores import score_of, scores
from tiny_midi import END, control, heard, meta, midi, off, on, program

from ostinato import music
from ostinato.base.errors import UserError
from ostinato.music import smf
from ostinato.music.midi import read_bytes, read_midi, write_midi
from ostinato.music.score import Score, Text, Track
from ostinato.music.score_bytes import midi_bytes

NOTE = on(0, 60) + off(96, 60)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"hello", "begins with MThd; it holds hell"),
        (midi(NOTE + END)[:-1], "the chunk at byte 14 is cut off"),
        (midi(NOTE + END, division=0), "0 ticks per quarter"),
        (midi(NOTE + END, division=0xE728), "counts film frames"),
        (midi(b"\x00\x90\x3c" + END), "cuts off, at byte 26"),
        (midi(NOTE + END)[:13], "whose first 14 bytes"),
        (midi(NOTE + END, kind=7), "says format 7; MIDI files have 0, 1 or 2"),
        (midi(b"\xff\xff\xff\x7f\x90\x3c\x40" * 9 + NOTE + END), "reaches tick 2,415"),
        (midi(NOTE + b"\xff\xff\xff\x7f\xb0\x07\x40" * 9 + END), "reaches tick 2,415"),
        (midi(NOTE + b"\xff\xff\xff\x7f\xff\x06\x01a" * 9 + END), "reaches tick 2,415"),
        (
            midi(on(0, 60) + b"\xff\xff\xff\x7f\xff\x06\x00" * 16 + off(60, 60)),
            "reaches tick 4,294",
        ),
    ],
)
def test_what_is_no_midi_file(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_midi(data)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        read_bytes(tmp_path / "none.mid")
    with pytest.raises(UserError, match="Is a directory"):
        read_midi(tmp_path)


def test_what_has_no_size_is_read_as_far_as_a_file_may_go(monkeypatch: pytest.MonkeyPatch) -> None:
    data = midi(NOTE + END)
    ours, theirs = os.pipe()
    os.write(theirs, data)
    os.close(theirs)
    assert read_bytes(f"/dev/fd/{ours}") == data
    os.close(ours)
    monkeypatch.setattr(music.midi, "MAX_BYTES", len(data))
    with pytest.raises(UserError, match="/dev/zero: a MIDI file has at most"):
        read_bytes("/dev/zero")


def test_a_file_of_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = midi(NOTE + END)
    (tmp_path / "a.mid").write_bytes(data)
    monkeypatch.setattr(music.midi, "MAX_BYTES", len(data))
    assert read_bytes(tmp_path / "a.mid") == data
    monkeypatch.setattr(music.midi, "MAX_BYTES", len(data) - 1)
    with pytest.raises(UserError, match="it has more"):
        read_bytes(tmp_path / "a.mid")


def test_complaints_about_bytes_have_the_name_of_their_file() -> None:
    with pytest.raises(UserError, match=r"^song\.mid: expected a MIDI file"):
        read_midi(b"RIFF", name="song.mid")


def test_a_pedal_begins_where_it_is_pressed_on_every_channel() -> None:
    moves = control(5, 64, 127, 3) + control(5, 64, 80, 3) + control(5, 64, 63, 3)
    more = control(1, 64, 0, 3) + control(1, 64, 64, 3)
    score = read_midi(midi(moves + more + on(0, 60, 80, 3) + off(9, 60, 0, 3) + END))
    assert score.pedals.tolist() == [[5, 10, 0]]


def test_a_pedal_does_not_pass_to_the_next_track() -> None:
    first = control(5, 64, 127) + NOTE + END
    second = control(9, 64, 0, 1) + on(0, 60, 80, 1) + off(9, 60, 0, 1) + END
    assert read_midi(midi(first, second)).pedals.tolist() == []


def test_lyrics_belong_to_the_track_that_is_sung() -> None:
    sung = meta(0, 3, b"voice") + on(0, 60, 80, 4) + meta(0, 5, b"la") + off(9, 60, 0, 4) + END
    words = meta(0, 3, b"words") + meta(3, 5, b"li") + END
    score = read_midi(midi(sung, sung, words))
    assert [track.name for track in score.tracks] == ["voice", "voice", "words"]
    assert score.lyrics == (Text(0, "la", 0), Text(0, "la", 1), Text(3, "li", 2))


def table(rows: np.ndarray) -> list[tuple[int, ...]]:
    return sorted(map(tuple, rows.tolist()))


def notes_by_track(score: Score) -> dict[int, list[tuple[int, ...]]]:
    columns = np.stack([score.onset, score.duration, score.pitch, score.velocity], axis=1)
    return {int(t): table(columns[score.track == t]) for t in np.unique(score.track)}


def assert_same(written: Score, score: Score) -> None:
    """Equal, but for the tracks without notes: the library does not see them."""
    kept = np.unique(score.track)
    number = np.full(int(score.track.max(initial=0)) + 2 + len(score.tracks), -1)
    number[kept] = np.arange(len(kept))
    assert [written.tracks[i] for i in range(len(kept))] == [score.tracks[i] for i in kept]
    assert list(notes_by_track(written).values()) == list(notes_by_track(score).values())
    for name in ("tempos", "time_signatures", "key_signatures"):
        assert table(getattr(written, name)) == table(getattr(score, name))
    for name in ("controls", "pitch_bends", "pedals"):
        rows = getattr(score, name).copy()
        rows[:, -1] = number[rows[:, -1]]
        assert table(getattr(written, name)) == table(rows[rows[:, -1] >= 0])
    assert written.ticks_per_quarter == score.ticks_per_quarter
    assert sorted(written.markers, key=repr) == sorted(score.markers, key=repr)


@st.composite
def full_scores(draw: st.DrawFn) -> Score:
    """Controls, bends, texts and names too; no equal pitches within another on a track."""
    score = draw(scores())
    times = st.integers(0, 50_000)
    tracks = tuple(
        Track(name, program, drum)
        for name, program, drum in draw(
            st.lists(
                st.tuples(st.text(max_size=6), st.integers(0, 127), st.booleans()),
                min_size=3, max_size=3,
            )
        )
    )  # fmt: skip
    track = st.integers(0, 2)
    byte = st.integers(0, 127)

    def rows(*columns: st.SearchStrategy[int]) -> np.ndarray:
        drawn = draw(st.lists(st.tuples(*columns), max_size=6))
        return np.array(sorted(drawn), dtype=np.int32).reshape(-1, len(columns))

    controls = rows(times, st.integers(0, 63), byte, track)
    return replace(
        score,
        tracks=tracks,
        controls=controls,
        pitch_bends=rows(times, st.integers(-8192, 8191), track),
        key_signatures=rows(times, st.integers(-7, 7), st.integers(0, 1)),
        markers=tuple(
            Text(tick, text)
            for tick, text in draw(
                st.lists(st.tuples(times, st.text(min_size=1, max_size=5)), max_size=3)
            )
        ),
    )


def nests(score: Score) -> bool:
    end = score.onset.astype(np.int64) + score.duration
    for i in range(len(score)):
        same = (score.track == score.track[i]) & (score.pitch == score.pitch[i])
        inside = same & (score.onset > score.onset[i]) & (end < end[i])
        zero = same & (score.duration == 0) & (score.onset > score.onset[i]) & (end < end[i])
        if inside.any() or zero.any():
            return True
    return False


@given(full_scores())
@settings(deadline=None, max_examples=150)
def test_scores_come_back_as_they_were(score: Score) -> None:
    written = read_midi(midi_bytes(score))
    assert np.array_equal(written.sorted_notes(), score.sorted_notes())
    if not nests(score):
        assert_same(written, score)


@given(st.integers(0, 2**32), st.integers(1, 40))
@settings(deadline=None, max_examples=100)
def test_nested_notes_come_back_too(seed: int, count: int) -> None:
    draw = np.random.default_rng(seed)
    rows = [
        (int(a), int(b), 60, int(v), int(t))
        for a, b, v, t in zip(
            draw.integers(0, 9, count), draw.integers(0, 9, count),
            draw.integers(1, 4, count), draw.integers(0, 2, count), strict=True,
        )
    ]  # fmt: skip
    score = score_of(rows)
    data = midi_bytes(score)
    written = read_midi(data)
    assert np.array_equal(written.sorted_notes(), score.sorted_notes())
    merged = sorted((onset, end, pitch, velocity) for onset, pitch, velocity, _, end, *_ in
                    heard(data).elements())  # fmt: skip
    assert merged == sorted((a, a + b, p, v) for a, b, p, v, _ in rows)


def test_nested_notes_move_to_another_channel_with_their_controls() -> None:
    score = replace(
        score_of([(0, 480, 60, 80, 0), (120, 120, 60, 90, 0)]),
        tracks=(Track("harp", 46),),
        controls=np.array([[0, 7, 99, 0], [100, 64, 127, 0], [200, 64, 0, 0]], dtype=np.int32),
    )
    data = midi_bytes(score)
    file = smf.read(data)
    assert file.names() == [b"", b"harp", b"harp"]
    assert set(file.events.channel[file.events.kind < 0xF0].tolist()) == {0, 1}
    written = read_midi(data)
    assert written.tracks == (Track("harp", 46), Track("harp", 46))
    assert written.controls.tolist() == [*score.controls.tolist(),
                                         *(score.controls + (0, 0, 0, 1)).tolist()]  # fmt: skip


def test_pedals_are_written_where_no_control_says_them() -> None:
    score = replace(
        score_of([(0, 480, 60, 80, 0), (0, 480, 60, 80, 1)]),
        pedals=np.array([[0, 100, 0], [200, 50, 0], [30, 9, 1]], dtype=np.int32),
    )
    written = read_midi(midi_bytes(score))
    assert written.pedals.tolist() == score.pedals.tolist()
    again = read_midi(midi_bytes(written))
    assert again.controls.tolist() == written.controls.tolist()


def test_lyrics_and_many_tracks() -> None:
    score = score_of([(0, 10, 60 + i, 80, i) for i in range(20)])
    tracks = tuple(Track(f"t{i}", i, i == 7) for i in range(20))
    score = replace(score, tracks=tracks, lyrics=(Text(3, "la", 0), Text(5, "li", 19)))
    written = read_midi(midi_bytes(score))
    assert written.tracks == tracks
    assert written.lyrics == score.lyrics


def test_a_score_whose_tracks_are_not_named() -> None:
    score = replace(score_of([(0, 10, 60, 80, 0)]), tracks=())
    assert read_midi(midi_bytes(score)).tracks == (Track(),)


def test_a_score_that_ends_at_the_last_tick() -> None:
    score = score_of([(2**30, 2**30 - 1, 60, 80, 0)])
    assert np.array_equal(read_midi(midi_bytes(score)).sorted_notes(), score.sorted_notes())


def test_a_score_of_nothing() -> None:
    assert len(read_midi(midi_bytes(replace(score_of([]), tracks=())))) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pitch": np.array([128])}, "pitch 128 fits no MIDI file, which holds 0 to 127"),
        ({"velocity": np.array([0])}, "velocity 0"),
        ({"onset": np.array([-1])}, "onset -1"),
        ({"tempos": np.array([[0, 2**24]])}, "tempo in µs per quarter 16777216"),
        ({"time_signatures": np.array([[0, 4, 6]])}, "a time signature over 6"),
        ({"ticks_per_quarter": 40_000}, "ticks per quarter"),
    ],
)
def test_what_no_file_can_say_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        midi_bytes(replace(score_of([(0, 10, 60, 80, 0)]), **change))  # pyright: ignore


def test_writing_is_whole_or_not_at_all(tmp_path: Path) -> None:
    score = score_of([(0, 10, 60, 80, 0)])
    write_midi(score, tmp_path / "a.mid")
    with pytest.raises(UserError):
        write_midi(replace(score, onset=np.array([-1])), tmp_path / "a.mid")
    assert np.array_equal(read_midi(tmp_path / "a.mid").sorted_notes(), score.sorted_notes())
    assert [path.name for path in tmp_path.iterdir()] == ["a.mid"]


def test_programs_begin_tracks() -> None:
    body = program(0, 3) + NOTE + program(0, 4) + NOTE + END
    assert [track.program for track in read_midi(midi(body)).tracks] == [3, 4]


def test_corpora_written_and_read_again(shared: Path) -> None:
    for corpus in ("POP909", "Pianist8", "ASAP", "Nottingham"):
        for path in sorted((shared / "data" / corpus).rglob("*.mid"))[::130]:
            score = read_midi(path)
            written = read_midi(midi_bytes(score))
            assert np.array_equal(written.sorted_notes(), score.sorted_notes()), path
            if len(written.tracks) == len(score.tracks):
                assert_same(written, score)
