"""Proof that a separated file says what its source said."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music import smf, smf_write
from ostinato.music.midi import read_midi
from ostinato.music.score import Bool, Int, Score
from ostinato.music.smf import Smf


def verify(source: bytes, written: bytes) -> None:
    """Raise ``UserError`` unless ``written`` is ``source`` with its events on other tracks.

    Notes (onset, duration, pitch, velocity) and the maps are read back by the MIDI library,
    which knows nothing of how they were written; every other event, release velocities too,
    by its bytes. What may be new: track names, a port or a program said again, empty texts that
    bridge a long silence, and events on channels on which the source has no notes.
    """
    _compare_scores(read_midi(source), read_midi(written))
    _compare_events(smf.read(source), smf.read(written))


def _compare_scores(source: Score, written: Score) -> None:
    tables = {
        "notes": (source.sorted_notes(), written.sorted_notes()),
        "tempos": (source.tempos, written.tempos),
        "time signatures": (source.time_signatures, written.time_signatures),
        "key signatures": (source.key_signatures, written.key_signatures),
    }
    for what, (a, b) in tables.items():
        _demand(np.array_equal(_sorted(a), _sorted(b)), what)


def _sorted(table: Int) -> Int:
    return table[np.lexsort(table.T[::-1])]


def _compare_events(source: Smf, written: Smf) -> None:
    sounding = np.unique(source.events.channel[_is_note(source)])
    _demand(np.array_equal(_sorted(_notes(source)), _sorted(_notes(written))), "note events")
    before, after = _channel_events(source), _channel_events(written)
    new = _extra(before, after)
    status = new >> 16 & 0xFF
    repeated = ~np.isin(status & 0x0F, sounding) | (status & 0xF0 == smf.PROGRAM)
    _demand(len(new) == len(after) - len(before) and bool(repeated.all()), "controls")
    texts, others = _system_events(source), _system_events(written)
    _demand(not texts - others, "meta events or system messages")
    allowed = {smf.INSTRUMENT, smf.PORT, smf.DEVICE}
    new = [(status, body) for _, status, body in others - texts if body != smf_write.BRIDGE]
    added = {body[0] if status == smf.META else -1 for status, body in new}
    _demand(added <= allowed, "meta events or system messages")


def _demand(same: bool, what: str) -> None:
    if not same:
        raise UserError(
            f"the separated file would not have the {what} of its source, so it is not written; "
            "export the source again, and report this if it stays"
        )


def _is_note(file: Smf) -> Bool:
    return np.isin(file.events.kind, (smf.NOTE_ON, smf.NOTE_OFF))


def _notes(file: Smf) -> Int:
    """Tick, kind, pitch and velocity of all note events, whatever their channel."""
    columns = (file.events.tick, file.events.kind, file.data(0), file.data(1))
    return np.stack([column.astype(np.int64) for column in columns], axis=1)[_is_note(file)]


def _channel_events(file: Smf) -> Int:
    """All that is on a channel and no note event, each as one number, sorted."""
    rows = (file.events.kind < smf.SYSEX) & ~_is_note(file)
    tick, status = file.events.tick[rows], file.events.status[rows].astype(np.int64)
    return np.sort(tick << 24 | status << 16 | file.data(0)[rows] << 8 | file.data(1)[rows])


def _extra(before: Int, after: Int) -> Int:
    """What sorted ``after`` holds beyond sorted ``before``, if it holds all of that."""
    values, counts = np.unique(np.concatenate([after, before]), return_counts=True)
    less = np.searchsorted(before, values, "right") - np.searchsorted(before, values)
    return np.repeat(values, np.maximum(counts - 2 * less, 0))


def _system_events(file: Smf) -> Counter[tuple[int, int, bytes]]:
    """Tick, status and bytes of meta and system events; a track's name as its instrument's.

    A chunk that is split gives its tracks new names and keeps its own in that form.
    """
    events, found = file.events, Counter[tuple[int, int, bytes]]()
    for row in map(int, np.flatnonzero(events.kind == smf.SYSEX)):
        start, status = int(events.start[row]), int(events.status[row])
        body = file.pool[start : start + int(events.size[row])]
        if status == smf.META and body[0] == smf.NAME:
            body = bytes((smf.INSTRUMENT,)) + body[1:]
        found[int(events.tick[row]), status, body] += 1
    return found
