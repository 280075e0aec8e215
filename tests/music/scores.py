"""Scores for tests: by hand, and by hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from ostinato.music.score import Score, Track

Note = tuple[int, int, int, int, int]  # onset, duration, pitch, velocity, track


def score_of(
    notes: list[Note],
    *,
    ticks_per_quarter: int = 480,
    time_signatures: list[tuple[int, int, int]] | None = None,
    tempos: list[tuple[int, int]] | None = None,
) -> Score:
    rows = np.array(notes, dtype=np.int32).reshape(-1, 5)
    return Score(
        ticks_per_quarter=ticks_per_quarter,
        onset=rows[:, 0],
        duration=rows[:, 1],
        pitch=rows[:, 2].astype(np.int16),
        velocity=rows[:, 3].astype(np.int16),
        track=rows[:, 4].astype(np.int16),
        tracks=tuple(Track(f"track {i}") for i in range(3)),
        time_signatures=np.array(time_signatures or [], dtype=np.int32).reshape(-1, 3),
        tempos=np.array(tempos or [], dtype=np.int32).reshape(-1, 2),
    )


@st.composite
def scores(draw: st.DrawFn, *, max_notes: int = 30) -> Score:
    tpq = draw(st.sampled_from([1, 5, 12, 24, 48, 96, 110, 384, 480, 1024]))
    note = st.tuples(
        st.integers(0, 40 * tpq),
        st.integers(0, 12 * tpq),
        st.integers(0, 127),
        st.integers(1, 127),
        st.integers(0, 2),
    )
    signature = st.tuples(
        st.integers(0, 30 * tpq), st.integers(1, 17), st.sampled_from([1, 2, 4, 8, 16, 32])
    )
    tempo = st.tuples(st.integers(0, 30 * tpq), st.integers(150_000, 2_500_000))
    return score_of(
        draw(st.lists(note, max_size=max_notes)),
        ticks_per_quarter=tpq,
        time_signatures=draw(st.lists(signature, max_size=4, unique_by=lambda s: s[0])),
        tempos=draw(st.lists(tempo, max_size=4, unique_by=lambda t: t[0])),
    )
