"""Which note-on and which note-off are one note."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.score import Bool, Int, Score
from ostinato.music.smf import NOTE_OFF, NOTE_ON, PROGRAM, Smf


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a file, int64 [n] each, in the order of their note-ons (chunk by chunk)."""

    onset: Int
    duration: Int
    pitch: Int
    velocity: Int
    channel: Int
    chunk: Int
    program: Int  # of its channel in its own chunk when it begins; 0 where none was set
    on: Int  # rows of ``Events``
    off: Int

    def __len__(self) -> int:
        return len(self.onset)


def find_notes(smf: Smf) -> Notes:
    """The notes of a file: first in, first out for each pitch of a channel of a chunk.

    Note-offs that end nothing and note-ons that nothing ends are no notes; a note-on of
    velocity 0 is a note-off.
    """
    events, pitch, velocity = smf.events, smf.data(0), smf.data(1)
    is_on = (events.kind == NOTE_ON) & (velocity > 0)
    rows = np.flatnonzero(is_on | (events.kind == NOTE_OFF) | (events.kind == NOTE_ON))
    key = (events.chunk[rows].astype(np.int64) * 16 + events.channel[rows]) * 128 + pitch[rows]
    on, off = (rows[side] for side in first_in_first_out(key, is_on[rows]))
    change = last_program(smf, on)
    return Notes(
        onset=events.tick[on],
        duration=events.tick[off] - events.tick[on],
        pitch=pitch[on],
        velocity=velocity[on],
        channel=events.channel[on].astype(np.int64),
        chunk=events.chunk[on].astype(np.int64),
        program=np.where(change >= 0, pitch[change], 0) if len(pitch) else change,
        on=on,
        off=off,
    )


def first_in_first_out(key: Int, is_on: Bool) -> tuple[Int, Int]:
    """Pair a stream of note-ons and -offs: rows of the ons that are ended, and of their offs.

    ``key`` says which events can pair at all; both results are in the order of the ons.
    """
    order = np.argsort(key, kind="stable")
    on = is_on[order]
    group = np.cumsum(np.append(False, np.diff(key[order]) != 0))[: len(order)]
    first = np.searchsorted(group, group)
    level = np.cumsum(np.where(on, 1, -1))
    # Sounding notes if offs counted below zero; a step per group lets one running minimum serve.
    step = 2 * len(order) + 2
    level = level - (level[first] - np.where(on[first], 1, -1)) - group * step
    lowest = np.minimum.accumulate(np.minimum(level, -group * step))
    before = np.minimum(np.append(0, lowest[:-1])[: len(order)], -group * step)
    ends = ~on & (level >= before)
    ons, offs = np.flatnonzero(on), np.flatnonzero(ends)
    rank = np.arange(len(ons)) - np.searchsorted(group[ons], group[ons])
    ended = np.bincount(group[offs], minlength=len(order) + 1)[group[ons]]
    starts, stops = order[ons[rank < ended]], order[offs]
    by_time = np.argsort(starts, kind="stable")
    return starts[by_time], stops[by_time]


def last_program(smf: Smf, rows: Int) -> Int:
    """The row of the program change that each of these rows plays under; -1 where none came."""
    events = smf.events
    voice = events.chunk.astype(np.int64) * 16 + events.channel
    place = voice * (len(events) + 1) + np.arange(len(events))
    changes = np.flatnonzero(events.kind == PROGRAM)
    changes = changes[np.argsort(place[changes])]
    if not len(changes):
        return np.full(len(rows), -1, dtype=np.int64)
    found = changes[np.maximum(np.searchsorted(place[changes], place[rows]) - 1, 0)]
    return np.where((voice[found] == voice[rows]) & (found <= rows), found, -1)


def match(notes: Notes, score: Score) -> Int:
    """For each note of ``score = read_midi(data)``, its row in the ``notes`` of the same bytes.

    Both count chunks upwards and, in a chunk, channels and programs: that is the order of a
    Score's tracks. Equal notes of one track are taken in the order of both.
    """
    voice = (notes.chunk * 16 + notes.channel) * 128 + notes.program
    ours, theirs = _columns(voice, notes), _columns(score.track, score)
    our_order, their_order = np.lexsort(ours[::-1]), np.lexsort(theirs[::-1])
    if len(notes) != len(score) or any(
        not np.array_equal(a[our_order], b[their_order]) for a, b in zip(ours, theirs, strict=True)
    ):
        raise UserError(
            "two readers disagree on this file's notes, since its bytes break the MIDI standard; "
            "open it in a sequencer and export it again"
        )
    row = np.zeros(len(score), dtype=np.int64)
    row[their_order] = our_order
    return row


def _columns(track: Int, notes: Notes | Score) -> tuple[Int, ...]:
    number = np.unique(track, return_inverse=True)[1]
    return (number, notes.onset, notes.duration, notes.pitch, notes.velocity)
