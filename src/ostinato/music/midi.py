"""MIDI files in and out, through symusic. The only file that imports it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import symusic

from ostinato.base.errors import UserError
from ostinato.music.score import Int, Score, Text, Track

MAX_BYTES = 256 << 20  # a file beyond this is no music: 30 million notes


def read_midi(source: str | os.PathLike[str] | bytes) -> Score:
    """Read a Standard MIDI File, format 0, 1 or 2, from its path or its bytes.

    A note ends at the first free note-off of its pitch and channel in its own chunk (first
    in, first out). Raises ``UserError``, one sentence, for anything that is no such file.
    """
    if isinstance(source, bytes):
        data, name = source, "these bytes"
    else:
        data, name = read_bytes(source), str(source)
    if data[:4] != b"MThd":
        start = repr(data[:4])[2:-1] if data else "nothing: it is empty"
        raise UserError(f"{name}: expected a MIDI file, which begins with MThd; it holds {start}")
    try:
        read: Any = symusic.Score.from_midi(data)
    except (RuntimeError, ValueError, MemoryError, UnicodeDecodeError) as error:
        reason = str(error).removeprefix("MiniMidi: ").split(": iostream")[0].rstrip("!. ")
        raise UserError(f"{name}: not a whole MIDI file ({reason}); export it again") from error
    return _to_score(read, name)


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file that a user named, or a ``UserError`` that says what is wrong with it."""
    try:
        size = os.stat(path).st_size
        if size > MAX_BYTES:
            raise UserError(f"{path}: {size:,} bytes; a MIDI file has at most {MAX_BYTES:,}")
        return Path(path).read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def _to_score(read: Any, name: str) -> Score:
    if read.ticks_per_quarter < 1:
        raise UserError(f"{name}: its header says {read.ticks_per_quarter} ticks per quarter")
    tracks = tuple(Track(t.name, t.program, t.is_drum) for t in read.tracks)
    notes = [t.notes.numpy() for t in read.tracks]
    onset = _column(notes, "time", np.int32)
    duration = _column(notes, "duration", np.int32)
    if len(onset) and (onset.min() < 0 or duration.min() < 0):
        raise UserError(f"{name}: its ticks pass 2,147,483,647, the most that a MIDI reader counts")
    sizes = [len(n["time"]) for n in notes]
    return Score(
        ticks_per_quarter=read.ticks_per_quarter,
        onset=onset,
        duration=duration,
        pitch=_column(notes, "pitch", np.int16),
        velocity=_column(notes, "velocity", np.int16),
        track=np.repeat(np.arange(len(sizes), dtype=np.int16), sizes),
        tracks=tracks,
        tempos=_rows([(t.time, t.mspq) for t in read.tempos], 2),
        time_signatures=_rows(
            [(t.time, t.numerator, t.denominator) for t in read.time_signatures], 3
        ),
        key_signatures=_rows([(k.time, k.key, k.tonality) for k in read.key_signatures], 3),
        pedals=_stack(read.tracks, "pedals", ("time", "duration")),
        controls=_stack(read.tracks, "controls", ("time", "number", "value")),
        pitch_bends=_stack(read.tracks, "pitch_bends", ("time", "value")),
        lyrics=tuple(Text(x.time, x.text, i) for i, t in enumerate(read.tracks) for x in t.lyrics),
        markers=tuple(Text(x.time, x.text) for x in read.markers),
    )


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
