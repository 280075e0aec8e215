from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from scores import score_of, scores

from ostinato.base.errors import UserError
from ostinato.music.grid import (
    bars_from_beats,
    bars_from_signatures,
    from_grid,
    join_parts,
    split_long,
    to_grid,
)
from ostinato.music.score import Score


def test_without_a_signature_bars_are_four_quarters_and_say_so():
    bars = bars_from_signatures(score_of([(4000, 10, 60, 64, 0)]))
    assert bars.assumed
    assert bars.start.tolist() == [0, 1920, 3840]


def test_a_late_first_signature_leaves_four_four_before_it():
    bars = bars_from_signatures(score_of([(6000, 10, 60, 64, 0)], time_signatures=[(1920, 3, 4)]))
    assert not bars.assumed
    assert bars.start.tolist() == [0, 1920, 3360, 4800]
    assert bars.numerator.tolist() == [4, 3, 3, 3]


def test_a_change_inside_a_bar_cuts_it_short():
    signatures = [(0, 4, 4), (960, 7, 8)]
    bars = bars_from_signatures(score_of([(3000, 1, 60, 64, 0)], time_signatures=signatures))
    assert bars.start.tolist() == [0, 960, 2640]
    assert bars.length.tolist() == [960, 1680, 1680]
    assert bars.steps(4).tolist() == [8, 14, 14]


def test_signatures_that_mean_nothing_are_passed_over():
    signatures = [(0, 0, 4), (0, 3, 0), (480, 3, 4)]
    bars = bars_from_signatures(score_of([(600, 1, 60, 64, 0)], time_signatures=signatures))
    assert bars.start.tolist() == [0, 480]
    assert bars.numerator.tolist() == [4, 3]


def test_bars_of_a_fraction_of_a_tick_more_do_not_drift():
    # 3/32 at 5 ticks per quarter is 1.875 ticks.
    bars = bars_from_signatures(
        score_of([(60, 1, 60, 64, 0)], ticks_per_quarter=5, time_signatures=[(0, 3, 32)])
    )
    assert bars.start.tolist() == [k * 15 // 8 for k in range(len(bars))]
    assert bars.start[-1] <= 60 < bars.start[-1] + bars.length[-1]


def test_a_piece_of_too_many_bars_is_refused_in_one_sentence():
    with pytest.raises(UserError, match=r"spans 536,870,9\d\d bars"):
        bars_from_signatures(score_of([(2**31 - 2, 0, 60, 64, 0)], ticks_per_quarter=1))


@given(scores())
def test_bars_tile_the_piece(score: Score):
    bars = bars_from_signatures(score)
    assert bars.start[0] == 0
    assert (bars.length > 0).all()
    assert (np.diff(bars.start) == bars.length[:-1]).all()
    if len(score):
        assert bars.start[-1] <= score.onset.max() < bars.start[-1] + bars.length[-1]


def test_halves_go_to_the_even_step_counted_from_the_bar():
    # Bars of three 16ths: counted from the piece's beginning the parity would change.
    bars = bars_from_signatures(score_of([(2000, 1, 60, 64, 0)], time_signatures=[(0, 3, 16)]))
    for first in bars.start[:4].tolist():
        bar, step = to_grid(bars, np.array([first + 60, first + 180, first + 300]), 4)
        assert step.tolist() == [0, 2, 2]
        assert (bar == first // 360).all()


def test_a_tick_nearer_to_the_next_bar_goes_there():
    bars = bars_from_signatures(score_of([(1900, 1, 60, 64, 0)]))
    bar, step = to_grid(bars, np.array([1859, 1861, 1919]), 4)
    assert bar.tolist() == [0, 1, 1]
    assert step.tolist() == [15, 0, 0]


@pytest.mark.parametrize("steps_per_quarter", [4, 12, 24])
@given(score=scores())
def test_grid_and_back_twice_is_grid_and_back_once(score: Score, steps_per_quarter: int):
    bars = split_long(bars_from_signatures(score), steps_per_quarter, 192)
    bar, step = to_grid(bars, score.onset, steps_per_quarter)
    inside = bar < len(bars)
    bar, step = bar[inside], step[inside]
    ticks = from_grid(bars, bar, step, steps_per_quarter)
    again = to_grid(bars, ticks, steps_per_quarter)
    assert again[0].tolist() == bar.tolist()
    assert again[1].tolist() == step.tolist()


def test_long_bars_are_cut_and_joined_again():
    score = score_of([(40_000, 1, 60, 64, 0)], time_signatures=[(0, 60, 4)])
    bars = bars_from_signatures(score)
    cut = split_long(bars, 4, 192)
    assert cut.part.tolist() == [0, 1, 0, 1]
    assert cut.steps(4).tolist() == [192, 48, 192, 48]
    joined = join_parts(cut)
    assert joined.start.tolist() == bars.start.tolist()
    assert joined.length.tolist() == bars.length.tolist()


def test_beats_give_bars_with_a_pickup_and_their_own_tempo():
    beats = np.array([100.0, 580, 1060, 1540, 2020, 2600, 3180, 3760, 4340])
    down = np.array([0, 1, 0, 0, 0, 1, 0, 0, 0], dtype=bool)
    score = score_of([(100, 10, 60, 64, 0), (5000, 10, 60, 64, 0)])
    bars = bars_from_beats(score, beats, down)
    assert bars.start.tolist() == [580 - 2020, 580, 2600, 4620]
    assert bars.numerator.tolist() == [4, 4, 4, 4]
    bar, step = to_grid(bars, np.array([100, 580, 1085, 2600]), 4)
    assert bar.tolist() == [0, 1, 1, 2]
    assert step.tolist() == [12, 0, 4, 0]


def test_beats_need_two_downbeats():
    with pytest.raises(UserError, match="two downbeats"):
        bars_from_beats(score_of([]), np.array([0.0, 1.0]), np.array([True, False]))
