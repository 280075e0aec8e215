"""The bytes of a Standard MIDI File, and new events among the old."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.score import Int
from ostinato.music.smf import END, MAX_CHUNKS, MAX_DELTA, META, TEXT, Events, Smf


def write(smf: Smf) -> bytes:
    """The bytes of a file; its events stand in the order of chunks and, in each, of ticks."""
    if len(smf.ends) > MAX_CHUNKS:
        raise UserError(f"{len(smf.ends):,} tracks; a MIDI file holds {MAX_CHUNKS:,} at most")
    smf = _bridged(smf)
    header = (smf.format, len(smf.ends), smf.ticks_per_quarter)
    parts = [b"MThd\0\0\0\6", *(value.to_bytes(2, "big") for value in header)]
    bounds = np.searchsorted(smf.events.chunk, np.arange(len(smf.ends) + 1))
    for number in range(len(smf.ends)):
        rows = np.arange(int(bounds[number]), int(bounds[number + 1]))
        body = _chunk_bytes(smf.events.take(rows), int(smf.ends[number]), smf.pool)
        parts += [b"MTrk", len(body).to_bytes(4, "big"), body]
    return b"".join([*parts, *smf.aliens])


def _bridged(smf: Smf) -> Smf:
    """Empty texts wherever more time passes on a track than its bytes can say at once."""
    events, messages = smf.events, list[Message]()
    first = np.searchsorted(events.chunk, np.arange(len(smf.ends)))
    last = np.searchsorted(events.chunk, np.arange(len(smf.ends)), side="right") - 1
    before = np.append(0, events.tick)[: len(events)]
    before[first[first <= last]] = 0
    sounding = np.flatnonzero(last >= first)
    ended = np.zeros(len(smf.ends), dtype=np.int64)
    ended[sounding] = events.tick[last[sounding]]
    froms = np.concatenate([before, ended])
    tos = np.concatenate([events.tick, smf.ends])
    chunks = np.concatenate([events.chunk, np.arange(len(smf.ends))])
    for gap in np.flatnonzero(tos - froms > MAX_DELTA).tolist():
        for tick in range(int(froms[gap]) + MAX_DELTA, int(tos[gap]), MAX_DELTA):
            messages.append(Message(int(chunks[gap]), tick, 0, META, BRIDGE))
    return with_messages(smf, np.arange(len(events)), messages) if messages else smf


def _chunk_bytes(events: Events, end: int, pool: bytes) -> bytes:
    """Time, status (left out where it runs on) and data of each event, and the chunk's end."""
    delta = np.diff(events.tick, prepend=0)
    last = int(events.tick[-1]) if len(events) else 0
    end = max(end, last)
    assert not len(events) or delta.min() >= 0, "a chunk's events stand in the order of time"
    assert max(int(delta.max(initial=0)), end - last) <= MAX_DELTA, "gaps are bridged"
    runs_on = np.append(False, events.status[1:] == events.status[:-1])[: len(events)]
    runs_on &= events.status < 0xF0
    width = 1 + (delta >= 1 << 7) + (delta >= 1 << 14) + (delta >= 1 << 21)
    head = width + ~runs_on
    total = head + events.size
    place = np.cumsum(total) - total
    out = np.zeros(int(total.sum()), dtype=np.uint8)
    for digit in range(4):
        has = width > digit
        high = np.where(digit > 0, 0x80, 0)
        out[(place + width - 1 - digit)[has]] = ((delta >> 7 * digit) & 0x7F | high)[has]
    out[(place + width)[~runs_on]] = events.status[~runs_on]
    size = events.size.astype(np.int64)
    inner = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    source = np.frombuffer(pool, dtype=np.uint8)
    out[np.repeat(place + head, size) + inner] = source[np.repeat(events.start, size) + inner]
    return out.tobytes() + variable(end - last) + bytes((META, END, 0))


def variable(value: int) -> bytes:
    """A number as a variable-length quantity."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def meta(kind: int, payload: bytes) -> bytes:
    """The bytes of a meta event after its status: type, length, payload."""
    return bytes((kind,)) + variable(len(payload)) + payload


BRIDGE = meta(TEXT, b"")


@dataclass(frozen=True)
class Message:
    """A new event: where it stands and its bytes. Among equal ticks ``order`` decides."""

    chunk: int
    tick: int
    order: int
    status: int
    body: bytes


def with_messages(smf: Smf, order: Int, messages: list[Message]) -> Smf:
    """The file and new events, sorted by chunk, tick and order; ``order`` is of its own events."""
    bodies = [message.body for message in messages]
    size = np.array([len(body) for body in bodies], dtype=np.int32)
    start = len(smf.pool) + np.cumsum(size, dtype=np.int64) - size
    new = Events(
        np.array([m.chunk for m in messages], dtype=np.int32),
        np.array([m.tick for m in messages], dtype=np.int64),
        np.array([m.status for m in messages], dtype=np.uint8),
        start,
        size,
    )
    joined = join(smf.events, new)
    order = np.append(order, np.array([m.order for m in messages], dtype=np.int64))
    sort = np.lexsort((order, joined.tick, joined.chunk))
    return replace(smf, events=joined.take(sort), pool=smf.pool + b"".join(bodies))


def join(first: Events, *more: Events) -> Events:
    """Tables one after the other."""
    tables = (first, *more)
    return Events(
        np.concatenate([t.chunk for t in tables]),
        np.concatenate([t.tick for t in tables]),
        np.concatenate([t.status for t in tables]),
        np.concatenate([t.start for t in tables]),
        np.concatenate([t.size for t in tables]),
    )
