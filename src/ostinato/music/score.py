"""What a MIDI file says, as numpy arrays: notes, maps of tempo and metre, controls.

Units, everywhere in this package: ticks are the file's own (``ticks_per_quarter`` to a
quarter note) and count from its beginning; pitch, velocity, control numbers and values
are MIDI's 0..127; programs are 0..127.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.integer]
Bool = NDArray[np.bool_]


def _table(columns: int) -> Int:
    return np.zeros((0, columns), dtype=np.int32)


@dataclass(frozen=True)
class Track:
    """A named voice of the file. ``program`` is its instrument; drums are channel 10's."""

    name: str = ""
    program: int = 0
    is_drum: bool = False


@dataclass(frozen=True)
class Text:
    """A lyric or a marker. ``track`` is -1 where it belongs to the whole piece."""

    tick: int
    text: str
    track: int = -1


@dataclass(frozen=True, eq=False)
class Score:
    """One piece. Notes keep the file's order: note ``i`` is row ``i`` of the five arrays.

    Nothing is merged, sorted or dropped: equal notes stay, and so do notes of no length.
    """

    ticks_per_quarter: int
    onset: Int  # int32 [n], ticks
    duration: Int  # int32 [n], ticks, >= 0
    pitch: Int  # int16 [n]
    velocity: Int  # int16 [n], 1..127
    track: Int  # int16 [n], index into ``tracks``
    tracks: tuple[Track, ...] = ()
    tempos: Int = field(default_factory=lambda: _table(2))  # int32 [m, 2]: tick, µs per quarter
    # int32 [m, 3]: tick, numerator, denominator (the note value itself: 8 for 6/8)
    time_signatures: Int = field(default_factory=lambda: _table(3))
    # int32 [m, 3]: tick, sharps (-7..7, flats negative), 1 if minor
    key_signatures: Int = field(default_factory=lambda: _table(3))
    pedals: Int = field(default_factory=lambda: _table(3))  # int32 [m, 3]: tick, duration, track
    # int32 [m, 4]: tick, number, value, track
    controls: Int = field(default_factory=lambda: _table(4))
    # int32 [m, 3]: tick, value (-8192..8191), track
    pitch_bends: Int = field(default_factory=lambda: _table(3))
    lyrics: tuple[Text, ...] = ()
    markers: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        sizes = {len(a) for a in (self.onset, self.duration, self.pitch, self.velocity, self.track)}
        if len(sizes) != 1:
            raise ValueError(f"a Score's five note arrays have one length; got {sorted(sizes)}")
        if self.ticks_per_quarter < 1:
            raise ValueError(f"ticks_per_quarter is at least 1; got {self.ticks_per_quarter}")

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def end(self) -> int:
        """The tick at which the last note ends; 0 for a score without notes."""
        if not len(self):
            return 0
        return int((self.onset.astype(np.int64) + self.duration).max())

    @property
    def is_drum(self) -> Bool:
        """Which notes are drums, bool [n]."""
        drums = np.array([t.is_drum for t in self.tracks], dtype=bool)
        return drums[self.track] if len(drums) else np.zeros(len(self), dtype=bool)

    def select(self, notes: Bool | Int) -> Score:
        """The same score with only these notes (a mask or indices), maps and tracks kept."""
        return replace(
            self,
            onset=self.onset[notes],
            duration=self.duration[notes],
            pitch=self.pitch[notes],
            velocity=self.velocity[notes],
            track=self.track[notes],
        )

    def sorted_notes(self) -> Int:
        """Rows (onset, duration, pitch, velocity), int64 [n, 4], in sorted order.

        Two scores sound the same notes exactly when these are equal.
        """
        rows = np.stack([self.onset, self.duration, self.pitch, self.velocity], axis=1)
        rows = rows.astype(np.int64)
        return rows[np.lexsort(rows.T[::-1])]

    def seconds(self, ticks: Int) -> NDArray[np.float64]:
        """Ticks to seconds by the tempo map; 120 quarters per minute before the first tempo."""
        starts, per_tick, at = _tempo_segments(self)
        segment = np.searchsorted(starts, ticks, side="right") - 1
        return at[segment] + (np.asarray(ticks) - starts[segment]) * per_tick[segment]

    def ticks(self, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
        """Seconds to (fractional) ticks by the tempo map, the inverse of ``seconds``."""
        starts, per_tick, at = _tempo_segments(self)
        segment = np.maximum(np.searchsorted(at, seconds, side="right") - 1, 0)
        return starts[segment] + (np.asarray(seconds) - at[segment]) / per_tick[segment]


def _tempo_segments(score: Score) -> tuple[Int, NDArray[np.float64], NDArray[np.float64]]:
    """Start tick, seconds per tick and start second of each stretch of one tempo."""
    table = score.tempos[np.argsort(score.tempos[:, 0], kind="stable")].astype(np.int64)
    table = table[table[:, 1] > 0]
    if not len(table) or table[0, 0] > 0:
        table = np.concatenate([np.array([[0, 500_000]], dtype=np.int64), table])
    last_of_tick = np.append(table[1:, 0] != table[:-1, 0], True)
    table = table[last_of_tick]
    per_tick = table[:, 1] / 1e6 / score.ticks_per_quarter
    at = np.concatenate([[0.0], np.cumsum(np.diff(table[:, 0]) * per_tick[:-1])])
    return table[:, 0], per_tick, at
