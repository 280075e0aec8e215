"""Reading and writing Standard MIDI Files byte by byte."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_midi import END, chunk, control, meta, midi, off, on, program, random_file

from ostinato.base.errors import UserError
from ostinato.music import pairing, smf, smf_write
from ostinato.music.midi import read_midi

NOTE = on(0, 60) + off(96, 60)


def note_rows(data: bytes) -> list[tuple[int, ...]]:
    notes = pairing.find_notes(smf.read(data))
    rows = np.stack([notes.onset, notes.duration, notes.pitch, notes.velocity], axis=1)
    return sorted(map(tuple, rows.tolist()))


def library_rows(data: bytes) -> list[tuple[int, ...]]:
    return list(map(tuple, read_midi(data).sorted_notes().tolist()))


def bodies(file: smf.Smf) -> list[bytes]:
    events = file.events
    spans = zip(events.start.tolist(), events.size.tolist(), strict=True)
    return [file.pool[start : start + size] for start, size in spans]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (NOTE, [(0, 96, 60, 80)]),
        (on(0, 60, 1) + on(5, 60, 2) + off(5, 60) + off(5, 60), [(0, 10, 60, 1), (5, 10, 60, 2)]),
        (on(0, 60) + bytes((96, 60, 0)), [(0, 96, 60, 80)]),
        (on(0, 60) + meta(3, 6, b"x") + bytes((93, 60, 0)), [(0, 96, 60, 80)]),
        (on(0, 60) + off(0, 60), [(0, 0, 60, 80)]),
        (off(0, 60) + on(0, 60), []),
        (off(0, 60) + off(0, 60) + NOTE + off(0, 60), [(0, 96, 60, 80)]),
        (on(0, 60, 1) + on(0, 60, 2) + off(7, 60), [(0, 7, 60, 1)]),
        (on(0, 60) + bytes((0, 0xF0, 3, 0x90, 60, 0xF7)) + off(96, 60), [(0, 96, 60, 80)]),
        (on(0, 60) + b"\x81\x00\x80\x3c\x00", [(0, 128, 60, 80)]),
        (on(0, 60) + b"\xff\xff\xff\x7f\x80\x3c\x00", [(0, 2**28 - 1, 60, 80)]),
        (on(0, 60) + b"\x00\xf8" + off(5, 60), [(0, 5, 60, 80)]),
    ],
)
def test_notes_of_small_files_as_the_library_reads_them(
    body: bytes, expected: list[tuple[int, ...]]
) -> None:
    data = midi(body + END)
    assert note_rows(data) == expected == library_rows(data)


@pytest.mark.parametrize(
    "data",
    [
        midi(NOTE),
        midi(NOTE + END + NOTE),
        midi(NOTE + END, count=3),
        midi(NOTE + END, NOTE + END, count=1),
        midi(NOTE + END, NOTE + END, kind=0),
        midi(NOTE + END, kind=2),
        midi(NOTE + END) + b"abc",
        midi(count=1) + chunk(b"abc", b"XFIH") + chunk(NOTE + END),
        midi(),
    ],
    ids=range(9),
)
def test_lenient_where_the_library_is(data: bytes) -> None:
    assert note_rows(data) == library_rows(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "first 14 bytes"),
        (b"RIFF" + bytes(20), "first 14 bytes"),
        (midi(NOTE + END, kind=3), "format 3"),
        (midi(NOTE + END, division=0xE728), "film frames"),
        (midi(NOTE + END, division=0), "0 ticks per quarter"),
        (midi(NOTE + END)[:-2], "chunk at byte 14 is cut off"),
        (midi(b"\x00\x3c\x00" + END), "data without a status, at byte 23"),
        (midi(b"\x00\xf4" + END), "0xF4, which no MIDI file has, at byte 23"),
        (midi(NOTE + b"\x00\x90\x3c"), "an event that its chunk cuts off, at byte 30"),
        (midi(NOTE + b"\x00\xff\x06\x50a"), "an event that its chunk cuts off, at byte 30"),
        (midi(NOTE + b"\x80"), "middle of an event, at byte 31"),
        (midi(b"\x80\x80\x80\x80\x01\x90\x3c\x50"), "a time of more than four bytes, at byte 22"),
        (midi(on(0, 0x85) + END), "a data byte above 127, at byte 24"),
        (midi(NOTE + meta(0, 0x51, b"\1\2") + END), "too short, at byte 32"),
        (midi(NOTE + b"\xff\xff\xff\x7f\xff\x06\x00" * 8 + END), "reaches tick 2,147,483,736"),
    ],
)
def test_alien_data_is_refused_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        smf.read(data)


def test_an_escape_is_read_as_the_standard_says() -> None:
    data = midi(on(0, 60) + b"\x00\xf7\x02\x01\x02" + off(5, 60) + END)
    assert note_rows(data) == [(0, 5, 60, 80)]


def test_columns_say_what_the_bytes_say() -> None:
    data = midi(meta(0, 3, b"piano") + END, program(4, 7, 2) + control(0, 64, 127, 2) + NOTE + END)
    file = smf.read(data)
    assert file.names() == [b"piano", b""]
    assert file.events.chunk.tolist() == [0, 1, 1, 1, 1]
    assert file.events.tick.tolist() == [0, 4, 4, 4, 100]
    assert file.events.status.tolist() == [0xFF, 0xC2, 0xB2, 0x90, 0x80]
    assert file.data(1).tolist() == [5, 0, 127, 80, 0]
    assert file.ends.tolist() == [0, 100]
    assert pairing.find_notes(file).program.tolist() == [0]


def test_programs_are_those_at_the_note_on() -> None:
    body = on(0, 60) + program(5, 3) + off(5, 60) + on(0, 62) + program(1, 4) + off(1, 62) + END
    assert pairing.find_notes(smf.read(midi(body, NOTE + END))).program.tolist() == [0, 3, 0]


@pytest.mark.parametrize("seed", range(30))
def test_written_again_nothing_changes(seed: int) -> None:
    file = smf.read(random_file(np.random.default_rng(seed)))
    again = smf.read(smf_write.write(file))
    assert bodies(again) == bodies(file)
    assert again.ends.tolist() == file.ends.tolist()
    for column in ("chunk", "tick", "status"):
        assert np.array_equal(getattr(again.events, column), getattr(file.events, column))


def test_chunks_of_other_kinds_are_kept() -> None:
    alien = chunk(b"abc", b"XFIH")
    data = midi(count=1) + alien + chunk(NOTE + END)
    assert smf.read(data).aliens == (alien,)
    assert smf_write.write(smf.read(data)).endswith(alien)


@pytest.mark.parametrize("value", [0, 127, 128, 16_383, 16_384, 2**21 - 1, 2**21, 2**28 - 1])
def test_every_length_of_time_is_written(value: int) -> None:
    body = on(0, 60) + smf_write.variable(value) + off(0, 60)[1:] + END
    assert smf_write.write(smf.read(midi(body))) == midi(body)


def test_times_that_no_track_can_say_at_once_are_bridged() -> None:
    messages = [smf_write.Message(0, tick, 0, 0xC0, b"\1") for tick in (0, 2**28, 2**31 - 1)]
    file = smf_write.with_messages(smf.read(midi(END)), np.zeros(0, np.int64), messages)
    again = smf.read(smf_write.write(replace(file, ends=np.array([2**31 - 1]))))
    programs = again.events.status == 0xC0
    assert again.events.tick[programs].tolist() == [0, 2**28, 2**31 - 1]
    others = np.flatnonzero(~programs).tolist()
    assert {bodies(again)[row] for row in others} == {smf_write.BRIDGE}
    assert np.diff(again.events.tick).max() == 2**28 - 1


def test_the_end_of_a_track_is_bridged() -> None:
    file = replace(smf.read(midi(NOTE + END, END)), ends=np.array([2**30, 2**30]))
    again = smf.read(smf_write.write(file))
    assert again.ends.tolist() == [2**30, 2**30]
    assert note_rows(smf_write.write(file)) == [(0, 96, 60, 80)]


def corpus(shared: Path, count: int) -> list[Path]:
    """As many files of each of seven corpora."""
    folders = ("POP909", "Pianist8", "ASAP", "EMOPIA", "Nottingham", "GiantMIDI-Piano-preview")
    chosen = list[Path]()
    for folder in (*folders, "Vienna4x22"):
        files = sorted((shared / "data" / folder).rglob("*.mid"))
        chosen += files[:: max(1, len(files) // count)][:count]
    return chosen


def check_corpus(files: list[Path]) -> None:
    for path in files:
        data = path.read_bytes()
        file = smf.read(data, str(path))
        assert note_rows(data) == library_rows(data), path
        assert bodies(smf.read(smf_write.write(file))) == bodies(file), path


def test_corpora_as_the_library_reads_them(shared: Path) -> None:
    check_corpus(corpus(shared, 6))


@pytest.mark.long
def test_more_of_the_corpora(shared: Path) -> None:
    check_corpus(corpus(shared, 150))


@pytest.mark.long
def test_a_million_notes_in_seconds() -> None:
    data = midi((on(1, 60) + bytes((1, 60, 0))) * 1_000_000 + END)
    began = time.process_time()
    file = smf.read(data)
    assert len(pairing.find_notes(file)) == 1_000_000
    assert len(smf_write.write(file)) < len(data) + 100
    assert time.process_time() - began < 10
