"""The bytes of a Standard MIDI File that says what a Score says.

Not through the library: its writer nests equal pitches, which no reader takes apart again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music import smf, smf_write
from ostinato.music.score import Int, Score, Text, Track
from ostinato.music.smf import DRUMS, MAX_TICK, Events, Smf
from ostinato.music.smf_write import Message
from ostinato.music.track_order import groups, running_max

# The order of events at one tick, with room for the order of the notes.
_NAME, _OFF, _CONTROL, _ZERO_LENGTH, _ON = (rank << 32 for rank in range(5))
_RELEASE = 64  # the velocity of a note-off of which nothing is known
_CHANNELS = [channel for channel in range(16) if channel != DRUMS]


def midi_bytes(score: Score) -> bytes:
    """A file of format 1: a track of maps and markers, then one for each of the score's tracks.

    Tracks have channels of their own while there are any. Where notes of one pitch nest on a
    track (first in, first out would pair them wrongly) the inner ones follow on a further track
    of the same name and program, on another channel, with the track's controls. Pedals are
    written where their track has no control 64, which would say the same.
    """
    _check(score)
    tracks = [*score.tracks]
    tracks += [Track()] * (int(score.track.max(initial=-1)) + 1 - len(tracks))
    layer = _layers(score)
    depth = np.zeros(len(tracks), dtype=np.int64)
    np.maximum.at(depth, score.track, layer)
    parts = np.repeat(np.arange(len(tracks)), depth + 1)
    channels = _channels([tracks[number] for number in parts])
    messages = _maps(score)
    for chunk, (number, channel) in enumerate(zip(parts.tolist(), channels, strict=True), 1):
        messages += _head(chunk, channel, tracks[number])
        messages += _controls(score, number, chunk, channel)
    first = 1 + np.cumsum(depth + 1) - (depth + 1)  # chunk 0 holds the maps
    for number, chunk in enumerate(first.tolist()):
        messages += _texts(score.lyrics, number, chunk, smf.LYRIC)
    chunk = first[score.track] + layer
    events, order, pool = _note_events(score, chunk, np.array([0, *channels])[chunk])
    file = Smf(1, score.ticks_per_quarter, events, np.zeros(len(parts) + 1, np.int64), pool)
    return smf_write.write(smf_write.with_messages(file, order, messages))


def _check(score: Score) -> None:
    """Refuse what a MIDI file has no bytes for."""
    notes = {"pitch": (score.pitch, 0, 127), "velocity": (score.velocity, 1, 127)}
    columns = {
        **notes,
        "onset": (score.onset, 0, MAX_TICK),
        "duration": (score.duration, 0, MAX_TICK),
        "tempo in µs per quarter": (score.tempos[:, 1], 0, 2**24 - 1),
        "time signature's numerator": (score.time_signatures[:, 1], 0, 255),
        "key signature's sharps": (score.key_signatures[:, 1], -128, 127),
        "key signature's mode": (score.key_signatures[:, 2], 0, 255),
        "control": (score.controls[:, 1:3], 0, 127),
        "pitch bend": (score.pitch_bends[:, 1], -8192, 8191),
        "ticks per quarter": (np.array([score.ticks_per_quarter]), 1, 32_767),
        "program": (np.array([t.program for t in score.tracks], dtype=np.int64), 0, 127),
    }
    for what, (values, least, most) in columns.items():
        wrong = values[(values < least) | (values > most)]
        if len(wrong):
            raise UserError(f"{what} {wrong[0]} fits no MIDI file, which holds {least} to {most}")
    for denominator in np.unique(score.time_signatures[:, 2]):
        if denominator not in _POWERS:
            raise UserError(f"a time signature over {denominator} fits no MIDI file; use 4, 8 ...")


# Written as its logarithm; 0 is what readers make of 256 and more.
_POWERS = {1 << power: power for power in range(8)} | {0: 8}


def _layers(score: Score) -> Int:
    """0 for notes that pair first in, first out on their track; 1, 2 ... for those inside them."""
    layer = np.zeros(len(score), dtype=np.int64)
    end = score.onset.astype(np.int64) + score.duration
    rows = np.lexsort((end, score.duration > 0, score.onset, score.pitch, score.track))
    while len(rows):
        voice = groups(score.track[rows], score.pitch[rows])
        rows = rows[end[rows] < running_max(voice, end[rows])]
        layer[rows] += 1
    return layer


def _channels(tracks: Sequence[Track]) -> list[int]:
    """Drums on channel 10, the others on the rest in turn."""
    melodic = 0
    channels: list[int] = []
    for track in tracks:
        channels.append(DRUMS if track.is_drum else _CHANNELS[melodic % len(_CHANNELS)])
        melodic += not track.is_drum
    return channels


def _maps(score: Score) -> list[Message]:
    bodies = [(tick, smf.TEMPO, tempo.to_bytes(3, "big")) for tick, tempo in score.tempos.tolist()]
    for tick, numerator, denominator in score.time_signatures.tolist():
        bodies.append((tick, smf.TIME, bytes((numerator, _POWERS[denominator], 24, 8))))
    for tick, sharps, mode in score.key_signatures.tolist():
        bodies.append((tick, smf.KEY, bytes((sharps & 0xFF, mode))))
    maps = [
        Message(0, tick, _CONTROL, smf.META, smf_write.meta(kind, payload))
        for tick, kind, payload in bodies
    ]
    return [
        *maps,
        *_texts(score.markers, None, 0, smf.MARKER),
        *_texts(score.lyrics, -1, 0, smf.LYRIC),
    ]


def _texts(texts: Iterable[Text], track: int | None, chunk: int, kind: int) -> list[Message]:
    return [
        Message(chunk, text.tick, _CONTROL, smf.META, smf_write.meta(kind, _utf8(text.text)))
        for text in texts
        if track is None or text.track == track
    ]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")


def _head(chunk: int, channel: int, track: Track) -> list[Message]:
    program = Message(chunk, 0, _NAME, smf.PROGRAM | channel, bytes((track.program,)))
    if not track.name:
        return [program]
    name = smf_write.meta(smf.NAME, _utf8(track.name))
    return [Message(chunk, 0, _NAME, smf.META, name), program]


def _controls(score: Score, track: int, chunk: int, channel: int) -> list[Message]:
    controls = score.controls[score.controls[:, 3] == track, :3]
    if not (controls[:, 1] == 64).any():
        pedals = score.pedals[score.pedals[:, 2] == track, :2].astype(np.int64)
        moves = [(a, 64, 127) for a in pedals[:, 0]] + [(b, 64, 0) for b in pedals.sum(axis=1)]
        controls = np.concatenate([controls, np.array(moves, dtype=np.int64).reshape(-1, 3)])
    bends = score.pitch_bends[score.pitch_bends[:, 2] == track, :2] + (0, 8192)
    return [
        *(
            Message(chunk, tick, _CONTROL, smf.CONTROL | channel, bytes((number, value)))
            for tick, number, value in controls.tolist()
        ),
        *(
            Message(chunk, tick, _CONTROL, smf.BEND | channel, bytes((value & 0x7F, value >> 7)))
            for tick, value in bends.tolist()
        ),
    ]


def _note_events(score: Score, chunk: Int, channel: Int) -> tuple[Events, Int, bytes]:
    """A note-on and a note-off for each note, their order at one tick, and their data bytes."""
    onset = score.onset.astype(np.int64)
    end = onset + score.duration
    rank = np.zeros(len(score), dtype=np.int64)
    rank[np.lexsort((end, onset))] = 2 * np.arange(len(score))
    zero = end == onset
    order = np.stack([np.where(zero, _ZERO_LENGTH, _ON), np.where(zero, _ZERO_LENGTH, _OFF)])
    order += np.stack([rank, rank + 1])
    status = np.stack([smf.NOTE_ON | channel, smf.NOTE_OFF | channel]).astype(np.uint8)
    release = np.full(len(score), _RELEASE)
    body = np.stack([score.pitch, score.velocity, score.pitch, release], axis=1)
    start = np.arange(len(score)) * 4
    events = Events(
        chunk=np.tile(chunk, 2).astype(np.int32),
        tick=np.concatenate([onset, end]),
        status=status.reshape(-1),
        start=np.concatenate([start, start + 2]),
        size=np.full(2 * len(score), 2, dtype=np.int32),
    )
    return events, order.reshape(-1), body.astype(np.uint8).tobytes()
