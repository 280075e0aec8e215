"""MIDI files for tests, byte by byte, and a plain synthesizer that says what one would hear."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator

import numpy as np

from ostinato.music import smf

END = b"\x00\xff\x2f\x00"


def midi(*chunks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    """A file of these chunk bodies (with their end of track)."""
    numbers = (kind, len(chunks) if count is None else count, division)
    header = b"MThd\0\0\0\6" + b"".join(n.to_bytes(2, "big") for n in numbers)
    return header + b"".join(map(chunk, chunks))


def chunk(body: bytes, name: bytes = b"MTrk") -> bytes:
    return name + len(body).to_bytes(4, "big") + body


def on(delta: int, pitch: int, velocity: int = 80, channel: int = 0) -> bytes:
    return bytes((delta, 0x90 | channel, pitch, velocity))


def off(delta: int, pitch: int, velocity: int = 0, channel: int = 0) -> bytes:
    return bytes((delta, 0x80 | channel, pitch, velocity))


def control(delta: int, number: int, value: int, channel: int = 0) -> bytes:
    return bytes((delta, 0xB0 | channel, number, value))


def program(delta: int, number: int, channel: int = 0) -> bytes:
    return bytes((delta, 0xC0 | channel, number))


def meta(delta: int, kind: int, payload: bytes = b"") -> bytes:
    return bytes((delta, 0xFF, kind, len(payload))) + payload


def random_file(draw: np.random.Generator, *, events: int = 60) -> bytes:
    """Few pitches on few ticks, so that much happens at once; a channel belongs to one chunk."""
    kind = int(draw.integers(2))
    chunks = 1 if kind == 0 else int(draw.integers(1, 4))
    channels = draw.permutation(np.append(np.arange(8), [9, 9, 12]))
    bodies = [
        _random_chunk(draw, list(np.unique(channels[3 * i : 3 * i + int(draw.integers(1, 4))])),
                      events)
        for i in range(chunks)
    ]  # fmt: skip
    return midi(*bodies, kind=kind)


def _random_chunk(draw: np.random.Generator, channels: list[int], events: int) -> bytes:
    body = meta(0, 0x03, b"track %d" % channels[0]) if draw.random() < 0.7 else b""
    body += meta(0, 0x51, b"\x07\xa1\x20") + meta(0, 0x58, b"\3\2\x18\x08")
    kinds = ["on"] * 6 + ["off"] * 6 + ["control", "pedal", "program", "bend", "text", "sysex"]
    for _ in range(events):
        delta = int(draw.choice([0, 0, 0, 1, 120]))
        channel, pitch = int(draw.choice(channels)), int(draw.choice([60, 60, 61, 72]))
        value = int(draw.integers(1, 4)) * 30
        body += {
            "on": on(delta, pitch, value, channel),
            "off": off(delta, pitch, int(draw.choice([0, 64])), channel),
            "control": control(delta, 7, value, channel),
            "pedal": control(delta, 64, int(draw.choice([0, 127])), channel),
            "program": program(delta, value, channel),
            "bend": bytes((delta, 0xE0 | channel, 0, value)),
            "text": meta(delta, int(draw.choice([1, 5, 6, 0x21, 0x51])), bytes((0, value, 3))),
            "sysex": bytes((delta, 0xF0, 3, 0x7E, value, 0xF7)),
        }[str(draw.choice(kinds))]
    for channel in channels:
        for pitch in (60, 61, 72):
            body += off(1, pitch, 0, channel) * 3
    return body + END


def one_by_one(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Tick and bytes of each event as a player meets them that merges all tracks."""
    file = smf.read(data)
    events = file.events
    for row in np.lexsort((np.arange(len(events)), events.chunk, events.tick)):
        start, size = int(events.start[row]), int(events.size[row])
        yield int(events.tick[row]), bytes((events.status[row],)) + file.pool[start : start + size]


def heard(data: bytes) -> Counter[tuple[object, ...]]:
    """Every note with all that acts on it, whatever its channel's number is.

    Onset, end, pitch, both velocities; program, controls and bend of its channel when it
    begins; the pedal when it ends. Equal pitches of a channel end first in, first out.
    """
    state: dict[int, dict[int, int]] = defaultdict(dict)
    sounding: dict[tuple[int, int], deque[tuple[object, ...]]] = defaultdict(deque)
    notes: Counter[tuple[object, ...]] = Counter()
    for tick, (status, *rest) in one_by_one(data):
        kind, channel = status & 0xF0, status & 0x0F
        if kind == 0x90 and rest[1]:
            now = tuple(sorted(state[channel].items()))
            sounding[channel, rest[0]].append((tick, rest[0], rest[1], now))
        elif kind in (0x80, 0x90) and sounding[channel, rest[0]]:
            begun = sounding[channel, rest[0]].popleft()
            notes[*begun, tick, rest[1], state[channel].get(64)] += 1
        elif kind == 0xB0:
            state[channel][rest[0]] = rest[1]
        elif kind in (0xC0, 0xE0):
            state[channel][kind] = rest[-1]
    return notes
