"""The compatibility scheme against its worked example and against the published arrays."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.music import midibert, splits
from ostinato.music.compound_words import decode, encode
from ostinato.music.midi import read_midi
from ostinato.music.score import Score, Track


def score_of(*rows: tuple[int, int, int, int, int]) -> Score:
    """Rows of (track, start, end, velocity, pitch)."""
    table = np.array(rows, dtype=np.int32).reshape(-1, 5)
    return Score(
        ticks_per_quarter=480,
        onset=table[:, 1],
        duration=table[:, 2] - table[:, 1],
        pitch=table[:, 4].astype(np.int16),
        velocity=table[:, 3].astype(np.int16),
        track=table[:, 0].astype(np.int16),
        tracks=(Track("a"), Track("b"), Track("c")),
    )


WORKED = score_of(
    (0, 0, 480, 80, 72),
    (0, 480, 720, 64, 74),
    (0, 1920, 2880, 96, 67),
    (2, 0, 1920, 60, 48),
    (2, 0, 1920, 60, 55),
    (2, 5760, 6240, 31, 60),
)


def test_the_worked_example():
    values, note = midibert.encode_midibert(WORKED)
    assert values.tolist() == [
        [0, 0, 50, 7],
        [1, 0, 26, 31],
        [1, 0, 33, 31],
        [1, 4, 52, 3],
        [0, 0, 45, 15],
        [0, 15, 38, 7],  # the last onset, pulled into the bar before
    ]
    assert note.tolist() == [0, 3, 4, 1, 2, 5]
    assert (WORKED.track[note] + 1).tolist() == [1, 3, 3, 1, 1, 3]
    assert midibert.velocity_labels(WORKED.velocity[note]).tolist() == [5, 3, 3, 4, 6, 1]


def test_the_last_onset_moves_a_16th_earlier_each_time():
    """The published codec is not idempotent; ours is (``test_compound_words``)."""
    score = score_of((0, 0, 480, 80, 60), (0, 480, 960, 80, 62), (0, 960, 1440, 80, 64))
    positions: list[int] = []
    for _ in range(3):
        words = encode(score, "midibert")
        positions.append(int(words.values[-1, 1]))
        score = decode(words)
    assert positions == [7, 6, 5]


def test_encode_dispatches_here():
    words = encode(WORKED, "midibert")
    assert words.vocab == midibert.VOCAB
    np.testing.assert_array_equal(words.values, midibert.encode_midibert(WORKED)[0])


@pytest.mark.parametrize(
    ("ticks", "index"),
    [(59, 0), (60, 0), (90, 0), (91, 1), (120, 1), (240, 3), (480, 7), (960, 15), (1920, 31)]
    + [(3840, 63), (9999, 63), (0, 0)],
)
def test_duration_bins(ticks: int, index: int):
    values, _ = midibert.encode_midibert(score_of((0, 0, ticks, 64, 60), (0, 480, 960, 64, 60)))
    assert values[0, 3] == index


def test_velocity_classes():
    edges = np.array([1, 31, 32, 47, 48, 64, 80, 95, 96, 127])
    assert midibert.velocity_labels(edges).tolist() == [1, 1, 2, 2, 3, 4, 5, 5, 6, 6]


def test_ticks_are_taken_as_480_whatever_the_file_says():
    twice = Score(
        960, WORKED.onset, WORKED.duration, WORKED.pitch, WORKED.velocity, WORKED.track,
        WORKED.tracks,
    )  # fmt: skip
    ours, theirs = midibert.encode_midibert(twice)[0], midibert.encode_midibert(WORKED)[0]
    np.testing.assert_array_equal(ours, theirs)


def test_a_last_note_of_no_length_on_a_bar_line_is_lost():
    score = score_of((0, 0, 480, 64, 60), (0, 1980, 1980, 64, 62))
    values, note = midibert.encode_midibert(score)
    assert note.tolist() == [0]
    assert len(values) == 1


def test_no_notes_no_rows():
    values, note = midibert.encode_midibert(score_of())
    assert values.shape == (0, 4)
    assert note.shape == (0,)
    assert midibert.cut(values).shape == (0, 512, 4)


@pytest.mark.parametrize("pitch", [21, 108])
def test_pitches_without_a_symbol(pitch: int):
    with pytest.raises(UserError, match=f"22 to 107; got {pitch}"):
        midibert.encode_midibert(score_of((0, 0, 480, 64, pitch), (0, 480, 960, 64, 60)))


def test_no_onset_after_the_first_tick():
    with pytest.raises(UserError, match="all notes of this piece begin at 0"):
        midibert.encode_midibert(score_of((0, 0, 480, 64, 60), (0, 0, 480, 64, 64)))


def test_segments_are_padded_or_dropped():
    rows = np.ones((700, 4), dtype=np.int16)
    segments = midibert.cut(rows)
    assert segments.shape == (2, 512, 4)
    assert (segments.reshape(-1, 4)[:700] == 1).all()
    assert (segments.reshape(-1, 4)[700:] == midibert.PAD).all()
    assert midibert.cut(rows, shortest=256).shape == (1, 512, 4)
    assert midibert.cut(rows[:768], shortest=256).shape == (1, 512, 4)
    assert midibert.cut(rows[:255], shortest=256).shape == (0, 512, 4)
    labels = midibert.cut(np.ones(513, dtype=np.int8))
    assert labels.sum(axis=1).tolist() == [512, 1]


def test_retiming_puts_notes_on_the_beats_of_the_recording():
    # 120 quarters per minute: 960 ticks are a second. The first downbeat is the second beat.
    beats, number = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([4.0, 1.0, 2.0, 3.0, 4.0])
    score = score_of(
        (0, 960, 1920, 64, 60),  # beat 0, one beat before the bar line at 1,920
        (1, 2160, 2280, 64, 62),  # a quarter into beat 1, half a 16th long: to the even, none
        (2, 2200, 2500, 64, 64),
        (0, 900, 1500, 64, 65),  # just before the first beat: pulled onto it
        (0, 600, 1500, 64, 66),  # too early
        (0, 5900, 6200, 64, 67),  # too late
    )
    moved = midibert.retime(score, beats, number)
    assert moved.pitch.tolist() == [60, 64, 65]
    assert moved.onset.tolist() == [1440, 2040, 1440]
    assert moved.duration.tolist() == [480, 120, 240]
    assert moved.track.tolist() == [0, 2, 0]


def _bags(rows: np.ndarray, labels: np.ndarray) -> Counter[tuple[bytes, int]]:
    return Counter(
        (row.astype(np.int16).tobytes(), int(label))
        for row, label in zip(rows, labels, strict=True)
    )


def _segments(files: list[tuple[Path, int]], shortest: int) -> Counter[tuple[bytes, int]]:
    found: Counter[tuple[bytes, int]] = Counter()
    for path, label in files:
        rows = midibert.cut(midibert.encode_midibert(read_midi(path))[0], shortest=shortest)
        found += _bags(rows, np.full(len(rows), label))
    return found


@pytest.mark.parametrize(("side", "count"), [("valid", 156), ("test", 126)])
def test_published_composer_arrays(shared: Path, side: str, count: int):
    composers = sorted(path.name for path in (shared / "data/Pianist8/midi").iterdir())
    files = [
        (shared / f"data/Pianist8/midi/{name}.mid", composers.index(name.split("/")[0]))
        for name, where in splits.load("pianist8_midibert").items()
        if where == side
    ]
    golden = np.load(shared / f"golden/midibert/composer_{side}.npz")
    assert len(golden["x"]) == count
    assert _segments(files, shortest=256) == _bags(golden["x"], golden["y"])


@pytest.mark.parametrize(("side", "count"), [("valid", 114), ("test", 109)])
def test_published_emotion_arrays(shared: Path, side: str, count: int):
    files = [
        (shared / f"data/EMOPIA/midis/{name}.mid", int(name[1]) - 1)
        for name, where in splits.load("emopia_midibert_clip").items()
        if where == side
    ]
    golden = np.load(shared / f"golden/midibert/emopia_{side}.npz")
    assert len(golden["x"]) == count
    assert _segments(files, shortest=1) == _bags(golden["x"], golden["y"])


def pop909_answers(shared: Path, side: str) -> tuple[np.ndarray, np.ndarray]:
    """Melody and velocity labels of every segment of a side, int8 [k, 512] each."""
    melody: list[np.ndarray] = []
    velocity: list[np.ndarray] = []
    for song, where in splits.load("pop909_midibert").items():
        if where != side:
            continue
        folder = shared / "data/POP909" / song
        beats = np.loadtxt(folder / "beat_audio.txt")
        score = midibert.retime(read_midi(folder / f"{song}.mid"), beats[:, 0], beats[:, 1])
        note = midibert.encode_midibert(score)[1]
        melody.append(midibert.cut((score.track[note] + 1).astype(np.int8)))
        velocity.append(midibert.cut(midibert.velocity_labels(score.velocity[note])))
    return np.concatenate(melody), np.concatenate(velocity)


@pytest.mark.parametrize(("side", "count"), [("valid", 317), ("test", 320)])
def test_published_pop909_answers(shared: Path, side: str, count: int):
    melody, velocity = pop909_answers(shared, side)
    golden = np.load(shared / f"golden/midibert/pop909_{side}.npz")
    assert len(melody) == count
    none = np.zeros(count)
    # The pair, so that a segment's two answers belong together.
    ours = np.concatenate([melody, velocity], axis=1)
    theirs = np.concatenate([golden["melody"], golden["velocity"]], axis=1)
    assert _bags(ours, none) == _bags(theirs, none)
