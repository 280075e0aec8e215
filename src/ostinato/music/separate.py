"""A file's notes distributed to named tracks by label, and everything else as it was.

Works on the file's own events: each stands in the output exactly once, at its tick, with its
bytes; only its track is new. Equal ticks keep their order too, as a player sees it that merges
all tracks (see ``track_order``). Where tracks cannot keep that order (a key struck for the
melody at the tick at which the accompaniment releases it), the later note goes to an overflow
track on a channel that the file leaves free, on which the programs, controls, pedals and bends
of its own channel are repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music import pairing, smf, smf_write, track_order
from ostinato.music.pairing import Notes
from ostinato.music.score import Bool, Int, Score
from ostinato.music.smf import DRUMS, Events, Smf
from ostinato.music.smf_write import Message
from ostinato.music.track_order import Placement

LABELS = ("MELODY", "BRIDGE", "ACCOMPANIMENT")

# The tracks of a source chunk in the order in which they are written, ``place * ranks + rank``:
# its head (what belongs to no channel), then its channels, then their overflow.
_HEAD, _VOICE, _OVERFLOW, _PLACES = 0, 1, 17, 33


@dataclass(frozen=True)
class Part:
    """One track of the output that holds notes of a source track that was split."""

    name: str
    channel: int  # 0..15
    label: int  # as given to ``separate``; 0 for notes left untouched
    notes: int
    overflow: bool


@dataclass(frozen=True, eq=False)
class Separated:
    """A new file and what it took to make it."""

    data: bytes
    parts: tuple[Part, ...]
    overflow: int  # notes that moved to another channel
    unresolved: int  # notes that would have, had a channel been free


def separate(data: bytes, score: Score, labels: Int, names: Sequence[str] = LABELS) -> Separated:
    """Distribute the notes of ``data`` to one track per source track and label.

    ``score`` is ``read_midi(data)``; ``labels`` has one entry for each of its notes: ``k`` in
    1..len(names) for ``names[k - 1]``, 0 or less for a note that stays under its source's own
    name. Drums stay where they are, whatever their label. A source track is a channel of a
    chunk; where several are split, their names follow the label's. Formats 0 and 1 in, 1 out.
    """
    source = smf.read(data)
    if source.format == 2 and len(source.ends) > 1:
        raise UserError("a format 2 file holds several pieces; save each as a file of its own")
    notes = pairing.find_notes(source)
    label = np.zeros(len(notes), dtype=np.int64)
    label[pairing.match(notes, score)] = np.maximum(labels, 0)
    label[notes.channel == DRUMS] = 0
    if label.max(initial=0) > len(names):
        raise ValueError(
            f"labels go from 0 to {len(names)}, the number of names; got {label.max()}"
        )
    if not label.any():
        return Separated(data, (), 0, 0)
    return _distribute(_survey(source, notes, label, names))


@dataclass(frozen=True, eq=False)
class _Survey:
    """What the file holds, seen by voices: a voice is a channel of a chunk, ``chunk * 16 + c``."""

    source: Smf
    notes: Notes
    label: Int  # [notes]
    names: Sequence[str]
    note: Int  # [events], the note that an event begins or ends; -1 if none
    voice: Int  # [events], -1 for meta and system events
    speaks: Bool  # [chunks, 16], has events
    sounds: Bool  # [chunks, 16], has notes
    splits: Bool  # [chunks, 16], has labelled notes

    @property
    def ranks(self) -> int:
        return len(self.names) + 1

    @property
    def has_head(self) -> Bool:
        """Chunks whose meta events get a track of their own; a chunk left whole is one, too."""
        several: Bool = self.speaks.sum(axis=1) > 1
        return several | (np.arange(len(several)) == 0) | ~self.split_chunks

    @property
    def split_chunks(self) -> Bool:
        """Chunks with labelled notes; the others stay whole."""
        return np.asarray(self.splits.any(axis=1))

    def slot(self, chunk: Int | int, place: Int | int, rank: Int | int) -> Int:
        """The number of a track-to-be: in order, but with gaps."""
        return (np.asarray(chunk, dtype=np.int64) * _PLACES + place) * self.ranks + rank


def _survey(source: Smf, notes: Notes, label: Int, names: Sequence[str]) -> _Survey:
    events, voices = source.events, 16 * len(source.ends)
    voice = np.where(events.kind < smf.SYSEX, events.chunk * 16 + events.channel, -1)
    note = np.full(len(events), -1, dtype=np.int64)
    note[notes.on] = note[notes.off] = np.arange(len(notes))
    own = notes.chunk * 16 + notes.channel
    speaks, sounds, splits = (np.zeros(voices, dtype=bool) for _ in range(3))
    speaks[voice[voice >= 0]] = True
    sounds[own] = True
    splits[own[label > 0]] = True
    return _Survey(
        source,
        notes,
        label,
        names,
        note,
        voice,
        speaks=speaks.reshape(-1, 16),
        sounds=sounds.reshape(-1, 16),
        splits=splits.reshape(-1, 16),
    )


def _distribute(survey: _Survey) -> Separated:
    source = survey.source
    voices = 16 * len(source.ends)
    placed = track_order.place(source, survey.voice, survey.note, survey.label, voices)
    channels = _free_channels(survey, placed.torn)
    slot, status, moved = _move(survey, _slots(survey, placed), placed.torn, channels)
    renamed = source.is_meta(smf.NAME) & ~survey.has_head[source.events.chunk]
    rows = np.flatnonzero(~renamed)
    tables = [
        (replace(source.events, chunk=slot, status=status).take(rows), 2 * rows + 1),
        *_repeated_controls(survey, channels),
        _repeated_programs(survey, slot),
        _repeated_ports(survey, slot),
    ]
    events = smf_write.join(*(table for table, _ in tables))
    whole = np.flatnonzero(~survey.split_chunks)
    slots, chunk = np.unique(
        np.append(survey.slot(whole, _HEAD, 0), events.chunk), return_inverse=True
    )
    parts, titles = _name(survey, slots, slot, channels)
    titles += _former_names(survey, slots, slot, np.flatnonzero(renamed))
    out = replace(
        source,
        format=1,
        events=replace(events, chunk=chunk[len(whole) :].astype(np.int32)),
        ends=source.ends[slots // survey.ranks // _PLACES],
    )
    out = smf_write.with_messages(out, np.concatenate([order for _, order in tables]), titles)
    left = int(np.count_nonzero(placed.torn & ~moved))
    return Separated(smf_write.write(out), parts, int(np.count_nonzero(moved)), left)


def _slots(survey: _Survey, placed: Placement) -> Int:
    """The track-to-be of every event, before any overflow."""
    events, voice = survey.source.events, survey.voice
    chunk = events.chunk.astype(np.int64)
    spoken = voice >= 0
    in_voice = spoken & survey.sounds.reshape(-1)[voice]
    slot = survey.slot(chunk, np.where(in_voice, _VOICE + events.channel, _HEAD), 0)
    slot += np.where(in_voice, placed.rank, 0)
    split = survey.split_chunks
    first = np.zeros(len(split), dtype=np.int64)
    for number in map(int, np.flatnonzero(split & ~survey.has_head)):
        channel = int(np.flatnonzero(survey.sounds[number])[0])
        lowest = placed.lowest[number * 16 + channel]
        first[number] = survey.slot(number, _VOICE + channel, lowest)
    slot = np.where(~spoken & ~survey.has_head[chunk], first[chunk], slot)
    # A system exclusive message stays behind what it followed at its tick: it may be a reset.
    moment = track_order.groups(chunk, events.tick)
    system = ~spoken & (events.status != smf.META)
    slot = np.where(system, track_order.running_max(moment, slot), slot)
    return np.where(split[chunk], slot, survey.slot(chunk, _HEAD, 0))


# A torn source track, (chunk, channel, label), and the channel that its torn notes move to.
_Channels = dict[tuple[int, int, int], int]


def _free_channels(survey: _Survey, torn: Bool) -> _Channels:
    """A channel for each source track and label with torn notes, most notes first.

    Channels without notes will do, best those without any event.
    """
    events = survey.source.events
    sounding = events.channel[np.isin(events.kind, (smf.NOTE_ON, smf.NOTE_OFF))]
    by_silence = np.argsort(survey.speaks.any(axis=0), kind="stable").tolist()
    free = [channel for channel in by_silence if channel not in {*sounding.tolist(), DRUMS}]
    notes = survey.notes
    keys = np.stack([notes.chunk, notes.channel, survey.label], axis=1)[torn]
    tracks, counts = np.unique(keys, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")[: len(free)]
    keys = [(int(a), int(b), int(c)) for a, b, c in tracks[order]]
    return dict(zip(keys, free, strict=False))


def _move(survey: _Survey, slot: Int, torn: Bool, channels: _Channels) -> tuple[Int, Int, Bool]:
    """Tracks and statuses of all events with the torn notes on their new channels."""
    notes, events = survey.notes, survey.source.events
    slot, status = slot.copy(), events.status.copy()
    moved = np.zeros(len(notes), dtype=bool)
    for (chunk, channel, label), free in channels.items():
        own = torn & (notes.chunk == chunk) & (notes.channel == channel) & (survey.label == label)
        rows = np.append(notes.on[own], notes.off[own])
        slot[rows] = survey.slot(chunk, _OVERFLOW + channel, label)
        status[rows] = events.kind[rows] | free
        moved |= own
    return slot, status, moved


_Table = tuple[Events, Int]  # events, their chunk a slot; and their order among equal ticks


def _repeated_controls(survey: _Survey, channels: _Channels) -> list[_Table]:
    """All that acts on a channel, whatever chunk it stands in, for each channel that overflows."""
    events, tables = survey.source.events, list[_Table]()
    acts = (survey.voice >= 0) & ~np.isin(events.kind, (smf.NOTE_ON, smf.NOTE_OFF))
    for (chunk, channel, label), free in channels.items():
        rows = np.flatnonzero(acts & (events.channel == channel))
        table = events.take(rows)
        slot = np.full(len(rows), survey.slot(chunk, _OVERFLOW + channel, label))
        tables.append((replace(table, chunk=slot, status=table.kind | free), 2 * rows + 1))
    return tables


def _repeated_programs(survey: _Survey, slot: Int) -> _Table:
    """Program changes for readers that look at one track at a time.

    Said again right before the first note that plays under them on each further track of the
    voice: there the channel has that program already, so nobody who merges tracks hears it.
    Not where several chunks change the program of one channel: there it might not be so.
    """
    source, notes = survey.source, survey.notes
    events = source.events
    change = pairing.last_program(source, notes.on)
    changing = np.zeros_like(survey.speaks)
    says = events.kind == smf.PROGRAM
    changing[events.chunk[says], events.channel[says]] = True
    alone = np.count_nonzero(changing, axis=0) <= 1
    wanted = survey.splits[notes.chunk, notes.channel] & alone[notes.channel] & (change >= 0)
    wanted &= slot[notes.on] // survey.ranks % _PLACES < _OVERFLOW
    on, change = notes.on[wanted], change[wanted]
    order = np.lexsort((on, slot[on]))
    on, change = on[order], change[order]
    fresh = np.diff(track_order.groups(slot[on], change), prepend=-1) > 0
    fresh &= slot[change] != slot[on]
    on, change = on[fresh], change[fresh]
    return replace(events.take(change), chunk=slot[on], tick=events.tick[on]), 2 * on


def _repeated_ports(survey: _Survey, slot: Int) -> _Table:
    """The MIDI port of a chunk on each track that it was split into."""
    source = survey.source
    split = survey.split_chunks[source.events.chunk]
    sounding = np.unique(slot[survey.note >= 0])
    chunk_of = sounding // survey.ranks // _PLACES
    pairs = [
        (row, int(other))
        for row in map(int, np.flatnonzero(source.is_meta(smf.PORT, smf.DEVICE) & split))
        for other in sounding[chunk_of == source.events.chunk[row]]
        if other != slot[row]
    ]
    rows, slots = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return replace(source.events.take(rows), chunk=slots), 2 * rows


def _name(
    survey: _Survey, slots: Int, slot: Int, channels: _Channels
) -> tuple[tuple[Part, ...], list[Message]]:
    """What the new tracks are called; number ``i`` of the output is ``slots[i]``."""
    parts, titles, sources = list[Part](), list[Message](), _source_names(survey)
    several: bool = survey.splits.sum() > 1
    shared: Bool = survey.speaks.sum(axis=1) > 1
    sounding = np.bincount(np.searchsorted(slots, slot[survey.notes.on]), minlength=len(slots))
    for number, code in enumerate(map(int, slots)):
        (chunk, place), rank = divmod(code // survey.ranks, _PLACES), code % survey.ranks
        if place == _HEAD:
            continue
        overflows = place >= _OVERFLOW
        channel = place - (_OVERFLOW if overflows else _VOICE)
        source = [sources[chunk]] if sources[chunk] else []
        source += [b"channel %d" % (channel + 1)] if shared[chunk] else []
        title = b", ".join(source)
        if rank:
            label = survey.names[rank - 1].encode()
            title = label + b" - " + title if several else label
        title += b" (overflow)" if overflows else b""
        if title:
            titles.append(Message(number, 0, -1, smf.META, smf_write.meta(smf.NAME, title)))
        if survey.splits[chunk, channel]:
            at = channels[chunk, channel, rank] if overflows else channel
            text = title.decode("utf-8", errors="replace")
            parts.append(Part(text, at, rank, int(sounding[number]), overflows))
    return tuple(parts), titles


def _source_names(survey: _Survey) -> list[bytes]:
    """The chunks' own names; with their numbers, where several are split and would be alike."""
    names = survey.source.names()
    split = np.flatnonzero(survey.split_chunks).tolist()
    alike = Counter(names[chunk] for chunk in split)
    for chunk in split if len(split) > 1 else ():
        if not names[chunk]:
            names[chunk] = b"track %d" % (chunk + 1)
        elif alike[names[chunk]] > 1:
            names[chunk] += b", track %d" % (chunk + 1)
    return names


def _former_names(survey: _Survey, slots: Int, slot: Int, rows: Int) -> list[Message]:
    """A split chunk's own name, kept as its instrument's: its tracks have new names."""
    source = survey.source
    return [
        Message(
            chunk=int(np.searchsorted(slots, slot[row])),
            tick=int(source.events.tick[row]),
            order=2 * row + 1,
            status=smf.META,
            body=smf_write.meta(smf.INSTRUMENT, source.payload(row)),
        )
        for row in map(int, rows)
    ]
