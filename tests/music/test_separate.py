"""A file's notes on tracks by label, and nothing else changed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tiny_midi import END, control, heard, meta, midi, off, on, program, random_file

from ostinato.base.errors import UserError
from ostinato.music import pairing, smf, smf_write
from ostinato.music.midi import read_midi
from ostinato.music.score import Score
from ostinato.music.separate import LABELS, Separated, separate
from ostinato.music.unchanged import verify

Row = tuple[int, ...]


def separated(data: bytes, labels: list[int]) -> Separated:
    result = separate(data, read_midi(data), np.array(labels, dtype=np.int64))
    verify(data, result.data)
    return result


def rows(score: Score, chosen: object = slice(None)) -> Counter[Row]:
    columns = (score.onset, score.duration, score.pitch, score.velocity)
    return Counter(map(tuple, np.stack(columns, axis=1)[chosen].tolist()))


def with_programs(score: Score) -> Counter[Row]:
    programs = np.array([t.program for t in score.tracks], dtype=np.int64)[score.track]
    columns = (score.onset, score.duration, score.pitch, score.velocity, programs)
    return Counter(map(tuple, np.stack(columns, axis=1).tolist()))


def names(data: bytes) -> list[bytes]:
    return smf.read(data).names()


TWO_HANDS = (
    meta(0, 3, b"Etude") + meta(0, 0x51, b"\x07\xa1\x20") + END,
    meta(0, 3, b"right") + program(0, 4, 0) + control(0, 64, 127) + on(0, 72) + on(0, 60)
    + off(48, 72, 33) + off(0, 60) + control(48, 64, 0) + END,
    meta(0, 3, b"left") + program(0, 5, 1) + on(0, 40, 80, 1) + off(96, 40, 0, 1) + END,
)  # fmt: skip


def test_tracks_are_named_by_label_and_source() -> None:
    result = separated(midi(*TWO_HANDS), [3, 1, 3])
    assert names(result.data) == [
        b"Etude",
        b"MELODY - right",
        b"ACCOMPANIMENT - right",
        b"ACCOMPANIMENT - left",
    ]
    parts = [(p.name, p.channel, p.label, p.notes, p.overflow) for p in result.parts]
    assert parts == [
        ("MELODY - right", 0, 1, 1, False),
        ("ACCOMPANIMENT - right", 0, 3, 1, False),
        ("ACCOMPANIMENT - left", 1, 3, 1, False),
    ]


def test_programs_are_said_on_each_track_and_controls_once() -> None:
    score = read_midi(separated(midi(*TWO_HANDS), [3, 1, 3]).data)
    assert [(t.name, t.program) for t in score.tracks] == [
        ("MELODY - right", 4),
        ("ACCOMPANIMENT - right", 4),
        ("ACCOMPANIMENT - left", 5),
    ]
    assert score.controls.tolist() == [[0, 64, 127, 0], [96, 64, 0, 0]]


def test_a_single_source_needs_no_name_of_its_own() -> None:
    result = separated(midi(TWO_HANDS[0], TWO_HANDS[1]), [2, 1])
    assert names(result.data) == [b"Etude", b"MELODY", b"BRIDGE"]
    assert b"\xff\x04\x05right" in result.data


def test_unlabelled_notes_keep_their_source_s_name() -> None:
    result = separated(midi(TWO_HANDS[0], TWO_HANDS[1]), [-1, 1])
    assert names(result.data) == [b"Etude", b"right", b"MELODY"]


def test_tracks_that_would_be_named_alike_are_numbered() -> None:
    body = meta(0, 3, b"Piano") + on(0, 60) + off(9, 60) + END
    other = meta(0, 3, b"Piano") + on(0, 60, 80, 1) + off(9, 60, 0, 1) + END
    nameless = on(0, 60, 80, 2) + off(9, 60, 0, 2) + END
    assert names(separated(midi(body, other, nameless), [1, 1, 1]).data) == [
        b"Piano",
        b"MELODY - Piano, track 1",
        b"MELODY - Piano, track 2",
        b"MELODY - track 3",
    ]


def test_format_0_is_split_by_channel_and_drums_stay_whole() -> None:
    body = meta(0, 3, b"Song") + meta(0, 0x51, b"\x07\xa1\x20") + program(0, 9, 9)
    body += on(0, 60) + on(0, 36, 80, 9) + on(0, 50, 80, 4) + on(0, 38, 80, 9)
    body += off(9, 60) + off(0, 36, 0, 9) + off(0, 50, 0, 4) + off(0, 38, 0, 9) + END
    data = midi(body, kind=0)
    labels = [1, 3, 2, 2]  # the Score's order is that of channels: 0, 4, 9, 9
    result = separated(data, labels)
    assert result.data[8:10] == b"\0\1"
    assert names(result.data) == [
        b"Song",
        b"MELODY - Song, channel 1",
        b"ACCOMPANIMENT - Song, channel 5",
        b"Song, channel 10",
    ]
    assert [t.is_drum for t in read_midi(result.data).tracks] == [False, False, True]


def test_without_labels_the_file_stays_as_it_is() -> None:
    data = midi(*TWO_HANDS)
    assert separated(data, [0, -1, 0]).data is data


def test_a_key_handed_over_at_one_tick_overflows() -> None:
    body = program(0, 7) + control(0, 64, 127) + on(0, 60) + off(48, 60) + on(0, 60, 90)
    body += control(10, 11, 5) + off(38, 60) + END
    result = separated(midi(body), [3, 1])
    assert (result.overflow, result.unresolved) == (1, 0)
    assert [(p.name, p.channel) for p in result.parts] == [
        ("ACCOMPANIMENT", 0),
        ("MELODY (overflow)", 1),
    ]
    assert heard(result.data) == heard(midi(body))


def test_a_key_handed_down_the_tracks_does_not_overflow() -> None:
    body = on(0, 60) + off(48, 60) + on(0, 60, 90) + off(48, 60) + END
    assert separated(midi(body), [1, 3]).overflow == 0


def test_a_pedal_between_two_releases_keeps_its_place() -> None:
    body = on(0, 60) + on(0, 64) + off(48, 60) + control(0, 64, 127) + off(0, 64) + END
    for labels in ([1, 3], [3, 1]):
        result = separated(midi(body), labels)
        assert heard(result.data) == heard(midi(body))
        assert result.overflow == (labels == [3, 1])


def test_without_a_free_channel_the_note_stays_and_is_counted() -> None:
    others = b"".join(on(0, 50, 80, c) + off(1, 50, 0, c) for c in range(1, 16))
    body = others + on(0, 60) + off(48, 60) + on(0, 60, 90) + off(48, 60) + END
    labels = [0] * 17
    labels[:2] = [3, 1]
    result = separated(midi(body), labels)
    assert (result.overflow, result.unresolved) == (0, 1)


def test_a_port_is_said_on_every_track() -> None:
    body = meta(0, 0x21, b"\2") + on(0, 60) + on(0, 64) + off(9, 60) + off(0, 64) + END
    file = smf.read(separated(midi(body), [1, 3]).data)
    assert file.events.chunk[file.is_meta(smf.PORT)].tolist() == [0, 1, 2]


def test_format_2_is_no_piece() -> None:
    body = on(0, 60) + off(9, 60) + END
    with pytest.raises(UserError, match="several pieces"):
        separated(midi(body, body, kind=2), [1, 1])


def test_labels_beyond_the_names_are_refused() -> None:
    with pytest.raises(ValueError, match="from 0 to 3"):
        separated(midi(on(0, 60) + off(9, 60) + END), [4])


def test_a_file_that_readers_take_differently_is_refused() -> None:
    data = midi(on(0, 60) + b"\x00\xf7\x02\x01\x02" + off(5, 60) + END)
    with pytest.raises(UserError, match="two readers disagree"):
        separated(data, [1])


def test_a_silence_longer_than_a_track_can_say_is_bridged() -> None:
    gap = b"\xff\xff\xff\x7f"
    body = on(0, 60) + off(9, 60) + gap + off(0, 1)[1:] + gap + on(0, 62)[1:] + off(9, 62) + END
    result = separated(midi(body), [1, 3])
    assert read_midi(result.data).end == 2 * (2**28 - 1) + 18
    assert (smf.read(result.data).ends == 2 * (2**28 - 1) + 18).all()


@pytest.mark.parametrize("seed", range(150))
def test_random_files_say_what_they_said(seed: int) -> None:
    draw = np.random.default_rng(seed)
    data = random_file(draw)
    score = read_midi(data)
    labels = draw.integers(-1, 4, len(score))
    result = separate(data, score, labels)
    verify(data, result.data)
    assert with_programs(read_midi(result.data)) == with_programs(score)
    if not result.unresolved:
        assert heard(result.data) == heard(data)
    labels[score.is_drum] = 0
    if labels.max(initial=0) > 0:
        check_labels(score, labels, read_midi(result.data))


def check_labels(source: Score, labels: np.ndarray, written: Score) -> None:
    """Each name holds the notes of its label, and the rest the others."""
    found = np.zeros(len(written), dtype=np.int64)
    for number, name in enumerate(LABELS, 1):
        tracks = [i for i, track in enumerate(written.tracks) if track.name.startswith(name)]
        found[np.isin(written.track, tracks)] = number
    for number in range(len(LABELS) + 1):
        assert rows(written, found == number) == rows(source, np.maximum(labels, 0) == number)


def test_most_random_files_overflow_and_some_find_no_channel() -> None:
    counts = Counter[str]()
    for seed in range(60):
        draw = np.random.default_rng(seed)
        data = random_file(draw)
        score = read_midi(data)
        result = separate(data, score, draw.integers(-1, 4, len(score)))
        counts["overflow"] += result.overflow > 0
        counts["unresolved"] += result.unresolved > 0
    assert counts["overflow"] > 20
    assert counts["unresolved"] < counts["overflow"]


def altered(data: bytes, row: int, **columns: int) -> bytes:
    """The file with one event's columns changed."""
    file = smf.read(data)
    for name, value in columns.items():
        getattr(file.events, name)[row] = value
    return smf_write.write(smf_write.with_messages(file, np.arange(len(file.events)), []))


@pytest.mark.parametrize(
    ("find", "change", "what"),
    [
        ((0x90,), {"tick": 7}, "notes"),
        ((0x80,), {"status": 0x81}, "notes"),
        ((0x80,), {"start": 9}, "notes"),
        ((0xB0,), {"tick": 7}, "controls"),
        ((0xB0,), {"status": 0xB1}, "controls"),
        ((0xC0,), {"status": 0xC1}, "controls"),
        ((0xF0,), {"tick": 7}, "meta events"),
        ((0xFF,), {"tick": 7}, "meta events"),
    ],
)
def test_what_differs_is_found(find: tuple[int], change: dict[str, int], what: str) -> None:
    body = on(9, 72) + program(0, 3) + control(0, 7, 100) + bytes((0, 0xF0, 2, 1, 0xF7))
    body += meta(0, 1, b"words") + off(9, 72) + on(0, 60, 80, 1) + off(9, 60, 0, 1) + END
    data = midi(body)
    verify(data, data)
    row = int(np.flatnonzero(np.isin(smf.read(data).events.status, find))[0])
    with pytest.raises(UserError, match=f"the {what}"):
        verify(data, altered(data, row, **change))


def test_a_new_release_velocity_is_found() -> None:
    data = midi(on(0, 60) + off(9, 60, 33) + END)
    with pytest.raises(UserError, match="note events"):
        verify(data, data.replace(off(9, 60, 33), off(9, 60, 34)))


def test_exact_twins_go_to_the_tracks_of_their_labels() -> None:
    data = midi(on(0, 60) * 3 + off(9, 60) + off(0, 60) * 2 + END)
    result = separated(data, [1, 3, 3])
    assert [(p.name, p.notes) for p in result.parts] == [("MELODY", 1), ("ACCOMPANIMENT", 2)]
    assert result.overflow == 0


def test_the_library_s_notes_are_found_among_ours() -> None:
    for seed in range(40):
        data = random_file(np.random.default_rng(seed))
        score, notes = read_midi(data), pairing.find_notes(smf.read(data))
        row = pairing.match(notes, score)
        assert sorted(row.tolist()) == list(range(len(notes)))
        for ours, theirs in ((notes.onset, score.onset), (notes.velocity, score.velocity)):
            assert np.array_equal(ours[row], theirs)
        assert np.array_equal(notes.channel[row] == smf.DRUMS, score.is_drum)


def check_corpus(shared: Path, each: int) -> None:
    draw = np.random.default_rng(0)
    for corpus in ("POP909", "Pianist8", "ASAP"):
        files = sorted((shared / "data" / corpus).rglob("*.mid"))
        for path in files[:: len(files) // each][:each]:
            data = path.read_bytes()
            score = read_midi(data)
            result = separate(data, score, draw.integers(-1, 4, len(score)))
            verify(data, result.data)
            assert np.array_equal(read_midi(result.data).sorted_notes(), score.sorted_notes())
            if not result.unresolved and each <= 10:
                assert heard(result.data) == heard(data), path


def test_corpora_in_and_out(shared: Path) -> None:
    check_corpus(shared, 10)


@pytest.mark.long
def test_two_hundred_files_in_and_out(shared: Path) -> None:
    check_corpus(shared, 70)
