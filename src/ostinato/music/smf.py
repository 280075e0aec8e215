"""Standard MIDI Files at byte level: every event of a file, and the bytes of a file again.

``read_midi`` is for looking at music; this module is for changing a file and nothing else in
it. All events of all chunks stand in one table of columns whose bytes stay where they are, in
``Smf.pool``; a changed file is another table over the same pool.

Legal files are read as the standard (MIDI 1.0, RP-001) says. Of the illegal ones those are
accepted whose meaning is plain: running status across a meta event, a missing end of track,
bytes after it, fewer chunks than announced, system messages of a fixed length.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.score import Bool, Int

MAX_TICK = 2**31 - 1  # what the tick of a Score can hold
MAX_DELTA = 2**28 - 1  # what a variable-length quantity can hold
MAX_CHUNKS = 65_535
DRUMS = 9  # channel 10, counted from 0

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
SYSEX, ESCAPE, META = 0xF0, 0xF7, 0xFF
TEXT, NAME, INSTRUMENT, LYRIC, MARKER, DEVICE = 1, 3, 4, 5, 6, 9
PORT, END, TEMPO, TIME, KEY = 0x21, 0x2F, 0x51, 0x58, 0x59

_VARIABLE, _ILLEGAL = -1, -2
_SYSTEM_SIZE = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, 0xF8: 0, 0xFA: 0, 0xFB: 0, 0xFC: 0, 0xFE: 0}
_LEAST_PAYLOAD = {TEMPO: 3, TIME: 2, KEY: 2}


def _body_size(status: int) -> int:
    if status >= 0xF0:
        variable = status in (SYSEX, ESCAPE, META)
        return _VARIABLE if variable else _SYSTEM_SIZE.get(status, _ILLEGAL)
    return 1 if status & 0xF0 in (PROGRAM, 0xD0) else 2


_SIZE = [_body_size(status) for status in range(256)]


@dataclass(frozen=True, eq=False)
class Events:
    """Columns of ``n`` events; within a chunk they stand in the file's order.

    An event's bytes are ``status`` (written out, also under running status) and then
    ``pool[start : start + size]``: data bytes; type, length and payload of a meta event;
    length and payload of a system exclusive one. End-of-track events are not among them.
    """

    chunk: Int  # int32 [n], the number of the MTrk chunk
    tick: Int  # int64 [n], from the file's beginning
    status: Int  # uint8 [n]
    start: Int  # int64 [n]
    size: Int  # int32 [n]

    def __len__(self) -> int:
        return len(self.tick)

    @property
    def kind(self) -> Int:
        """The status without its channel, 0x80..0xE0; 0xF0 for everything without a channel."""
        return self.status & 0xF0

    @property
    def channel(self) -> Int:
        """0..15; meaningless where ``kind`` is 0xF0."""
        return self.status & 0x0F

    def take(self, index: Bool | Int) -> Events:
        """The same columns at these rows only."""
        return Events(
            self.chunk[index],
            self.tick[index],
            self.status[index],
            self.start[index],
            self.size[index],
        )


@dataclass(frozen=True, eq=False)
class Smf:
    """One file: its header, the events of its chunks, and the bytes that they point into."""

    format: int
    ticks_per_quarter: int
    events: Events
    ends: Int  # int64 [chunks]: the tick of each chunk's end
    pool: bytes
    aliens: tuple[bytes, ...] = ()  # chunks of other types, whole: to be kept, not understood

    def data(self, place: int) -> Int:
        """Each event's data byte number ``place`` (0 or 1), int64 [n]; 0 where it has fewer."""
        there = self.events.size > place
        pool = np.frombuffer(self.pool, dtype=np.uint8)
        out = np.zeros(len(self.events), dtype=np.int64)
        out[there] = pool[self.events.start[there] + place]
        return out

    def is_meta(self, *types: int) -> Bool:
        """Which events are meta events of one of these types."""
        return (self.events.status == META) & np.isin(self.data(0), types)

    def payload(self, event: int) -> bytes:
        """What a meta event says, without its type and length."""
        start = int(self.events.start[event]) + 1
        size, body = _variable(self.pool, start)
        return self.pool[body : body + size]

    def names(self) -> list[bytes]:
        """The last name that each chunk gives itself; empty where it gives none."""
        out = [b""] * len(self.ends)
        for event in map(int, np.flatnonzero(self.is_meta(NAME))):
            out[int(self.events.chunk[event])] = self.payload(event)
        return out


def read(data: bytes, name: str = "this file") -> Smf:
    """Every event of a file; ``UserError`` with the byte's number where it makes no sense."""
    if data[:4] != b"MThd" or len(data) < 14 or data[4:8] != b"\0\0\0\6":
        raise UserError(f"{name}: expected a MIDI file, whose first 14 bytes are an MThd header")
    kind, count, division = (int.from_bytes(data[i : i + 2], "big") for i in (8, 10, 12))
    if kind > 2:
        raise UserError(f"{name}: its header says format {kind}; MIDI files have 0, 1 or 2")
    if division >= 0x8000:
        raise UserError(f"{name}: it counts film frames, not ticks per quarter; export it again")
    if division == 0:
        raise UserError(f"{name}: its header says 0 ticks per quarter; export it again")
    reader = _Reader(data, name)
    position, aliens = 14, list[bytes]()
    while reader.chunks < count and position < len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "big")
        if position + 8 > len(data) or end > len(data):
            raise UserError(f"{name}: the chunk at byte {position} is cut off; export it again")
        if data[position : position + 4] == b"MTrk":
            reader.read_chunk(position + 8, end)
        else:
            aliens.append(data[position:end])
        position = end
    ends = np.array(reader.ends, dtype=np.int64)
    smf = Smf(kind, division, reader.events(), ends, data, tuple(aliens))
    _check(smf, name)
    return smf


class _Reader:
    """The growing table while a file is read; arrays of bytes, since a file has many events."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.chunks = data, name, 0
        self.tick, self.status = array("q"), array("B")
        self.start, self.size = array("q"), array("i")
        self.ends, self.sizes = array("q"), array("q")

    def events(self) -> Events:
        chunk = np.repeat(np.arange(self.chunks, dtype=np.int32), np.array(self.sizes, np.int64))
        columns = (self.tick, np.int64), (self.status, np.uint8)
        more = (self.start, np.int64), (self.size, np.int32)
        return Events(chunk, *(np.array(column, dtype) for column, dtype in columns + more))

    def read_chunk(self, position: int, end: int) -> None:
        before = len(self.tick)
        try:
            tick = self._read_events(position, end)
        except IndexError:
            raise self._error("it ends in the middle of an event", len(self.data)) from None
        if tick > MAX_TICK:
            message = f"{self.name}: it reaches tick {tick:,}; readers count to {MAX_TICK:,}"
            raise UserError(message)
        self.ends.append(tick)
        self.sizes.append(len(self.tick) - before)
        self.chunks += 1

    def _read_events(self, position: int, end: int) -> int:
        data, sizes = self.data, _SIZE
        add_tick, add_status = self.tick.append, self.status.append
        add_start, add_size = self.start.append, self.size.append
        tick = running = 0
        while position < end:
            begin = position
            delta = data[position]
            position += 1
            if delta >= 0x80:
                delta, position = _variable(data, begin)
                if position - begin > 4:
                    raise self._error("a time of more than four bytes", begin)
            tick += delta
            status = data[position]
            if status < 0x80:
                if not running:
                    raise self._error("data without a status", position)
                status = running
            else:
                position += 1
            size = sizes[status]
            if size >= 0:
                running = status if status < 0xF0 else 0
            elif size == _ILLEGAL:
                raise self._error(f"status 0x{status:02X}, which no MIDI file has", position - 1)
            else:
                payload, body = _variable(data, position + (status == META))
                size = body + payload - position
                running = running if status == META else 0
            if position + size > end:
                raise self._error("an event that its chunk cuts off", begin)
            if status == META and data[position] == END:
                break
            add_tick(tick)
            add_status(status)
            add_start(position)
            add_size(size)
            position += size
        return tick

    def _error(self, what: str, position: int) -> UserError:
        return UserError(f"{self.name}: {what}, at byte {position}; export it again")


def _variable(data: bytes, position: int) -> tuple[int, int]:
    """A variable-length quantity and where it ends; more than 4 bytes are left to the caller."""
    value = 0
    for place in range(position, position + 5):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    return value, position + 5


def _check(smf: Smf, name: str) -> None:
    """Refuse what readers would take for something else: data above 127, cut maps."""
    first, second = smf.data(0), smf.data(1)
    spoken = np.isin(smf.events.kind, (NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND))
    wrong = np.flatnonzero(spoken & ((first > 127) | ((smf.events.size > 1) & (second > 127))))
    if len(wrong):
        at = smf.events.start[wrong[0]]
        raise UserError(f"{name}: a data byte above 127, at byte {at}; export it again")
    for event in map(int, np.flatnonzero(smf.is_meta(*_LEAST_PAYLOAD))):
        if len(smf.payload(event)) < _LEAST_PAYLOAD[int(first[event])]:
            at = smf.events.start[event]
            raise UserError(f"{name}: a tempo or signature too short, at byte {at}; export again")
