"""Which track each event may go to, so that equal ticks keep their order when tracks merge.

A player that merges tracks takes, at one tick, all events of an earlier track first. With the
notes of a voice (a channel of a chunk) on several tracks, ``rank`` their order, two things must
hold at every tick: a control, program change, bend or unpaired note event stands after the note
events that it followed and before those that it preceded, and the events of one pitch keep
their sequence. Where the ranks of the notes forbid that, the later note is ``torn``.
"""

from __future__ import annotations

import numpy as np

from ostinato.music.score import Bool, Int
from ostinato.music.smf import Smf


def place(smf: Smf, voice: Int, note: Int, label: Int, lowest: Int) -> tuple[Int, Bool]:
    """The rank of every event of a voice, int64 [events], and the torn notes, bool [notes].

    ``voice`` is -1 for events without one, ``note`` (-1: none) the note of a note event,
    ``label`` the rank of each note and ``lowest`` of each voice the lowest rank among its notes.
    """
    rank = np.where(note >= 0, np.append(label, 0)[note], 0)
    rows = np.flatnonzero(voice >= 0)
    rows = rows[np.argsort(voice[rows], kind="stable")]
    loose = note[rows] < 0
    moment = groups(voice[rows], smf.events.tick[rows])
    own = np.where(loose, lowest[voice[rows]], rank[rows])
    highest = running_max(moment, own)
    own = np.where(loose, highest, own)
    barrier = running_max(moment, np.where(loose, own, 0))
    rank[rows] = own
    torn = np.zeros(len(label), dtype=bool)
    torn[note[rows[~loose & (barrier > own)]]] = True
    torn[_swapped(smf, voice, note, rank)] = True
    return rank, torn


def _swapped(smf: Smf, voice: Int, note: Int, rank: Int) -> Int:
    """Notes of which an event would pass an earlier, different one of its pitch and tick."""
    rows = np.flatnonzero(note >= 0)
    tick, pitch = smf.events.tick[rows], smf.data(0)[rows]
    order = np.lexsort((tick, pitch, voice[rows]))
    rows = rows[order]
    moment = groups(voice[rows], pitch[order], tick[order])
    message = smf.events.status[rows] * np.int64(256) + smf.data(1)[rows]
    uniform = running_max(moment, message) == -running_max(moment, -message)
    first = np.flatnonzero(np.diff(moment, prepend=-1))
    last = np.append(first[1:], len(rows)) - 1
    mixed = ~uniform[last][moment] if len(rows) else np.zeros(0, dtype=bool)
    return note[rows[mixed & (running_max(moment, rank[rows]) > rank[rows])]]


def groups(*columns: Int) -> Int:
    """Number the runs of equal rows, from 0."""
    new = np.zeros(len(columns[0]), dtype=bool)
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return np.cumsum(new)


def running_max(group: Int, values: Int) -> Int:
    """The largest value so far within each group; groups are numbered upwards."""
    if not len(values):
        return values
    values = values.astype(np.int64)
    least = values.min()
    step = values.max() - least + 1
    return np.maximum.accumulate(values - least + group * step) - group * step + least
