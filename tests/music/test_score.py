from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import score_of, scores

from ostinato.music.score import Score, Track

NOTES = [(0, 480, 60, 64, 0), (480, 240, 62, 80, 1), (960, 0, 64, 1, 2)]


def test_seconds_follow_the_tempo_map():
    score = score_of(NOTES, tempos=[(480, 1_000_000), (960, 250_000)])
    # 120 quarters per minute up to the first tempo, then one a second, then four.
    found = score.seconds(np.array([0, 240, 480, 720, 960, 1440]))
    assert found.tolist() == [0.0, 0.25, 0.5, 1.0, 1.5, 1.75]


@given(score=scores(), at=st.lists(st.integers(0, 100_000), min_size=1))
def test_ticks_undo_seconds(score: Score, at: list[int]):
    ticks = np.array(at)
    np.testing.assert_allclose(score.ticks(score.seconds(ticks)), ticks, rtol=1e-9, atol=1e-6)


def test_the_last_tempo_of_a_tick_holds_and_none_means_nothing():
    score = score_of(NOTES, tempos=[(0, 1_000_000), (0, 250_000), (480, 0)])
    assert score.seconds(np.array([480, 960])).tolist() == [0.25, 0.5]


def test_the_end_is_the_last_release_beyond_what_32_bits_hold():
    score = score_of([(2**31 - 1, 100, 60, 64, 0), (0, 5, 60, 64, 0)])
    assert score.end == 2**31 + 99
    assert score_of([]).end == 0


def test_selecting_keeps_the_maps_and_the_order():
    score = score_of(NOTES, tempos=[(0, 500_000)], time_signatures=[(0, 3, 4)])
    part = score.select(np.array([2, 0]))
    assert part.pitch.tolist() == [64, 60]
    assert part.track.tolist() == [2, 0]
    assert part.tempos is score.tempos
    assert len(part.tracks) == 3


def test_equal_notes_stay_in_the_sorted_view():
    twice = score_of([NOTES[1], NOTES[0], NOTES[1]])
    assert twice.sorted_notes().tolist() == [[0, 480, 60, 64]] + [[480, 240, 62, 80]] * 2


def test_drums_are_known_by_their_track():
    drums = (Track("a"), Track("kit", 0, is_drum=True), Track("b"))
    assert replace(score_of(NOTES), tracks=drums).is_drum.tolist() == [False, True, False]


def test_what_is_no_score_is_refused():
    score = score_of(NOTES)
    with pytest.raises(ValueError, match=r"one length; got \[2, 3\]"):
        replace(score, pitch=score.pitch[:2])
    with pytest.raises(ValueError, match="at least 1; got 0"):
        replace(score, ticks_per_quarter=0)
