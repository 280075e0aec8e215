"""MIDI files in and out. The only file that imports symusic, which reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write
from ostinato.music import smf
from ostinato.music.score import Int, Score, Text, Track
from ostinato.music.score_bytes import midi_bytes
from ostinato.music.smf import MAX_TICK

MAX_BYTES = 256 << 20  # a file beyond this is no music: 30 million notes
MAX_TRACKS = 32_767  # what a Score can number


def read_midi(
    source: str | os.PathLike[str] | bytes, *, name: str | os.PathLike[str] = "these bytes"
) -> Score:
    """Read a Standard MIDI File, format 0, 1 or 2, from its path, or its bytes and their ``name``.

    A note ends at the first free note-off of its pitch and channel in its own chunk (first
    in, first out); a program change begins a new track. What the library leaves out: controls
    of a channel in a chunk that has no notes for it. Raises ``UserError``, one sentence, for
    anything that is no such file.
    """
    if isinstance(source, bytes):
        data, name = source, str(name)
    else:
        data, name = read_bytes(source), str(source)
    if data[:4] != b"MThd":
        start = repr(data[:4])[2:-1] if data else "nothing: it is empty"
        raise UserError(f"{name}: expected a MIDI file, which begins with MThd; it holds {start}")
    if _may_overflow(data):
        smf.read(data, name)
    import symusic  # here: whoever only knows corpora by name, to train on shards, needs it not

    try:
        read: Any = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, MemoryError, UnicodeDecodeError) as error:
        smf.read(data, name)  # mostly it refuses too, and says why and where
        reason = str(error).removeprefix("MiniMidi: ").split(": iostream")[0].rstrip("!. ")
        raise UserError(f"{name}: not a whole MIDI file ({reason}); export it again") from error
    return _to_score(read, name)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file that a user named, or a ``UserError`` that says what is wrong with it."""
    try:
        with Path(path).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            # A pipe and a device have no size, and some devices no end.
            data = file.read(MAX_BYTES + 1) if size == 0 else b""
            if max(size, len(data)) > MAX_BYTES:
                raise UserError(f"{path}: a MIDI file has at most {MAX_BYTES:,} bytes; it has more")
            return data or file.read()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def write_midi(score: Score, path: str | os.PathLike[str]) -> None:
    """Write a Standard MIDI File of format 1, whole or not at all; see ``midi_bytes``."""
    data = midi_bytes(score)
    with atomic_write(Path(path)) as temporary:
        temporary.write_bytes(data)


def _may_overflow(data: bytes) -> bool:
    """Whether ticks might pass 32 bits, where the library loses notes without a word.

    Bounds the sum of all that could be a time of three or four bytes between two events.
    """
    byte = np.frombuffer(data, dtype=np.uint8)
    long = byte[:-3] & byte[1:-2] & 0x80
    four = byte[:-3][(long & byte[2:-1] & ~byte[3:]) > 0] & 0x7F
    three = np.count_nonzero(long & ~byte[2:-1])
    return (int(four.sum(dtype=np.int64)) + len(four) + int(three)) << 21 > MAX_TICK


def _to_score(read: Any, name: str) -> Score:
    if read.ticks_per_quarter < 1:
        raise UserError(f"{name}: its header says {read.ticks_per_quarter} ticks per quarter")
    if len(read.tracks) > MAX_TRACKS:
        raise UserError(f"{name}: {len(read.tracks):,} tracks; {MAX_TRACKS:,} can be read")
    voices, owner = _voices(read.tracks)
    notes = [t.notes.numpy() for t in voices]
    sizes = [len(n["time"]) for n in notes]
    controls = _stack(voices, "controls", ("time", "number", "value"))
    score = Score(
        ticks_per_quarter=read.ticks_per_quarter,
        onset=_column(notes, "time", np.int32),
        duration=_column(notes, "duration", np.int32),
        pitch=_column(notes, "pitch", np.int16),
        velocity=_column(notes, "velocity", np.int16),
        track=np.repeat(np.arange(len(sizes), dtype=np.int16), sizes),
        tracks=tuple(Track(t.name, t.program, t.is_drum) for t in voices),
        tempos=_rows([(t.time, t.mspq) for t in read.tempos], 2),
        time_signatures=_rows(
            [(t.time, t.numerator, t.denominator) for t in read.time_signatures], 3
        ),
        key_signatures=_rows([(k.time, k.key, k.tonality) for k in read.key_signatures], 3),
        pedals=_pedals(controls),
        controls=controls,
        pitch_bends=_stack(voices, "pitch_bends", ("time", "value")),
        lyrics=tuple(
            Text(x.time, x.text, at)
            for at, t in zip(owner, read.tracks, strict=True)
            for x in t.lyrics
        ),
        markers=tuple(Text(x.time, x.text) for x in read.markers),
    )
    _check_ticks(score, name)
    return score


def _voices(tracks: Any) -> tuple[list[Any], list[int]]:
    """The tracks, and for each of the library's the number that it has among them.

    The library puts the lyrics of a chunk on a track of their own, after its others: it is
    no voice, and its lyrics belong to the track before it.
    """
    voices, owner = list[Any](), list[int]()
    for track in tracks:
        only_lyrics = len(track.lyrics) and not (
            len(track.notes) or len(track.controls) or len(track.pitch_bends)
        )
        if not (only_lyrics and voices and voices[-1].name == track.name):
            voices.append(track)
        owner.append(len(voices) - 1)
    return voices, owner


def _check_ticks(score: Score, name: str) -> None:
    """The library counts in 32 bits and goes on below zero."""
    tables = (score.tempos, score.time_signatures, score.key_signatures)
    tables += (score.controls, score.pitch_bends)
    least = min((int(table[:, 0].min()) for table in tables if len(table)), default=0)
    least = min([least, *(text.tick for text in score.lyrics + score.markers)])
    if len(score):
        least = min(least, int(score.onset.min()), int(score.duration.min()))
    if least < 0 or score.end > MAX_TICK:
        raise UserError(f"{name}: its ticks pass {MAX_TICK:,}, the most that a MIDI reader counts")


def _pedals(controls: Int) -> Int:
    """Times at which a track's pedal (control 64) is down: 64 or more, until the next below.

    One that is never lifted is none. Not the library's own: on all channels but the first it
    takes the pedal to be down at the beginning.
    """
    moves = controls[controls[:, 1] == 64]
    down, track = moves[:, 2] >= 64, moves[:, 3]
    was_down = np.append(False, down[:-1])[: len(down)]
    was_down[1:] &= track[1:] == track[:-1]
    turns = moves[down != was_down]
    pairs = (turns[:-1, 2] >= 64) & (turns[1:, 2] < 64) & (turns[:-1, 3] == turns[1:, 3])
    start, stop = turns[:-1][pairs], turns[1:][pairs]
    return np.stack([start[:, 0], stop[:, 0] - start[:, 0], start[:, 3]], axis=1)


def _column(parts: list[dict[str, Int]], key: str, dtype: type[np.integer]) -> Int:
    if len(parts) == 1:
        return parts[0][key].astype(dtype)
    return np.concatenate([np.zeros(0, dtype), *(p[key] for p in parts)], dtype=dtype)


def _rows(rows: list[tuple[int, ...]], columns: int) -> Int:
    return np.array(rows, dtype=np.int32).reshape(-1, columns)


def _stack(tracks: Any, kind: str, keys: tuple[str, ...]) -> Int:
    """One table of every track's events of a kind, the track's number in the last column."""
    parts = [_rows([], len(keys) + 1)]
    for number, track in enumerate(tracks):
        events = getattr(track, kind)
        if len(events):
            arrays = events.numpy()
            columns = [arrays[key].astype(np.int32) for key in keys]
            columns.append(np.full(len(events), number, dtype=np.int32))
            parts.append(np.stack(columns, axis=1))
    return parts[-1] if len(parts) <= 2 else np.concatenate(parts)
