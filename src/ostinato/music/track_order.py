"""Which track each event may go to, so that equal ticks keep their order when tracks merge.

A player that merges tracks takes, at one tick, all events of an earlier track first. With the
notes of a voice (a channel of a chunk) on several tracks, ``rank`` their order, two things must
hold at every tick: a control, program change, bend or unpaired note event stands after the note
events that it followed and before those that it preceded, and the events of one pitch keep
their sequence. Where the ranks of the notes forbid that, the later note is ``torn``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ostinato.music.score import Bool, Int
from ostinato.music.smf import Smf


@dataclass(frozen=True, eq=False)
class Placement:
    """Where events go among the tracks of their voice."""

    rank: Int  # int64 [events]; a torn note's is what it would have been
    torn: Bool  # [notes]
    lowest: Int  # int64 [voices], the lowest rank among the notes that are not torn


_NO_RANK = np.iinfo(np.int64).max


def place(smf: Smf, voice: Int, note: Int, label: Int, voices: int) -> Placement:
    """Rank every event of a voice, the notes by their labels.

    ``voice`` is -1 for events without one, ``note`` (-1: none) the note of a note event.
    The notes of a voice's highest rank are never torn.
    """
    rank = np.where(note >= 0, np.append(label, 0)[note], -1)
    torn = np.zeros(len(label), dtype=bool)
    torn[_swapped(smf, voice, note, rank)] = True
    rows = np.flatnonzero(voice >= 0)
    rows = rows[np.argsort(voice[rows], kind="stable")]
    moment, loose, own = groups(voice[rows], smf.events.tick[rows]), note[rows] < 0, rank[rows]
    barrier = running_max(moment, np.where(loose, running_max(moment, own), -1))
    torn[note[rows[~loose & (barrier > own)]]] = True
    stays = ~loose & ~np.append(torn, True)[note[rows]]
    lowest = np.full(voices, _NO_RANK)
    np.minimum.at(lowest, voice[rows[stays]], own[stays])
    lowest[lowest == _NO_RANK] = 0
    before = running_max(moment, np.where(stays, own, lowest[voice[rows]]))
    rank[rows[loose]] = before[loose]
    return Placement(rank, torn, lowest)


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
