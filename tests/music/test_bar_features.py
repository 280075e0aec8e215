"""Cells and patches: what they must not depend on, and what they must tell apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from scores import Note, score_of, scores

from ostinato.base.errors import UserError
from ostinato.music.bar_features import (
    PATCH_CELLS,
    PATCH_WIDTH,
    WIDTH,
    find_cells,
    find_patches,
    top_line,
    transpose_cells,
    unit_cells,
)
from ostinato.music.score import Score, Track


def tune(quarters: int, *, seed: int = 0, key: int = 0) -> Score:
    """A melody in eighths over long chords."""
    draw = np.random.default_rng(seed)
    notes: list[Note] = []
    for quarter in range(quarters):
        for half in range(2):
            pitch = 70 + int(draw.choice([0, 2, 4, 5, 7, 9, 11])) + key
            notes.append((quarter * 480 + half * 240, 240, pitch, 80, 0))
        if quarter % 4 == 0:
            root = 48 + int(draw.choice([0, 5, 7, 9])) + key
            notes += [(quarter * 480, 1920, root + step, 60, 1) for step in (0, 4, 7)]
    return score_of(notes, time_signatures=[(0, 4, 4)])


@given(scores())
def test_every_piece_with_notes_has_cells_of_unit_length(score: Score) -> None:
    if not len(score):
        with pytest.raises(UserError, match="no notes"):
            find_cells(score)
        return
    cells = find_cells(score)
    assert cells.values.shape == (len(cells), WIDTH)
    assert (np.diff(cells.bar) >= 0).all()
    assert (np.diff(cells.seconds) >= 0).all()
    assert len(cells.seconds) == len(cells) + 1
    lengths = np.linalg.norm(unit_cells(cells.values), axis=1)
    assert lengths.max() == pytest.approx(1, abs=0.02)
    assert np.isfinite(find_patches(cells.values)).all()


@pytest.mark.parametrize("key", [1, 5, -7, 12])
def test_another_key_turns_cells_and_leaves_patches(key: int) -> None:
    here, there = find_cells(tune(64)), find_cells(tune(64, key=key))
    turned = transpose_cells(unit_cells(here.values), key)
    assert np.array_equal(turned, unit_cells(there.values))
    assert not np.array_equal(here.values, there.values) or key % 12 == 0
    assert find_patches(there.values) == pytest.approx(find_patches(here.values), abs=1e-3)
    other = find_patches(find_cells(tune(64, seed=1)).values)
    assert np.abs(other - find_patches(here.values)).max() > 0.1


def test_resolution_and_tempo_change_no_value() -> None:
    score = tune(32)
    fine = replace(
        score,
        ticks_per_quarter=960,
        onset=score.onset * 2,
        duration=score.duration * 2,
        tempos=np.array([[0, 250_000]], dtype=np.int32),
    )
    one, other = find_cells(score), find_cells(fine)
    assert np.array_equal(one.values, other.values)
    assert other.seconds == pytest.approx(one.seconds / 2)


def test_a_piece_counted_in_quarters_has_the_same_cells_but_other_bars() -> None:
    score = tune(32)
    quarters = replace(score, time_signatures=np.array([[0, 1, 4]], dtype=np.int32))
    one, other = find_cells(score), find_cells(quarters)
    assert np.array_equal(one.values, other.values)
    assert one.bar.tolist() == [cell // 4 for cell in range(32)]
    assert other.bar.tolist() == list(range(32))


def test_compound_metres_keep_their_bars() -> None:
    notes = [(eighth * 240, 240, 60 + eighth % 5, 80, 0) for eighth in range(18)]
    cells = find_cells(score_of(notes, time_signatures=[(0, 6, 8)]))
    assert cells.bar.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    short = find_cells(score_of(notes, time_signatures=[(0, 1, 16)]))
    assert short.bar.tolist() == list(range(len(short)))


def test_at_half_the_pace_are_half_the_cells_in_the_same_bars() -> None:
    score = tune(32)
    double = replace(score, onset=score.onset * 2, duration=score.duration * 2)
    here, slowed = find_cells(score), find_cells(double, pace=0.5)
    assert np.array_equal(here.values, slowed.values)
    assert slowed.bar.tolist() == [cell // 2 for cell in range(32)]
    assert slowed.seconds == pytest.approx(here.seconds * 2)


def test_drums_change_nothing_and_alone_are_refused() -> None:
    score = tune(16)
    tracks = (Track("a"), Track("b"), Track("drums", is_drum=True))
    drum = score_of([(0, 99, 35, 80, 2)], time_signatures=[(0, 4, 4)])
    both = {
        name: np.append(getattr(score, name), getattr(drum, name))
        for name in ("onset", "duration", "pitch", "velocity", "track")
    }
    mixed = replace(score, tracks=tracks, **both)
    assert np.array_equal(find_cells(mixed).values, find_cells(score).values)
    with pytest.raises(UserError, match="no notes but drums"):
        find_cells(replace(drum, tracks=tracks))


def test_a_piece_beyond_all_measure_is_refused() -> None:
    with pytest.raises(UserError, match="5,001 quarter notes, at most 4,096"):
        find_cells(score_of([(480 * 5000, 480, 60, 80, 0)], time_signatures=[(0, 1, 4)]))


def test_the_top_line_leaves_out_what_a_held_higher_note_covers() -> None:
    score = score_of(
        [
            (0, 960, 72, 80, 0),
            (0, 480, 60, 80, 1),
            (480, 480, 64, 80, 1),  # under the held 72
            (960, 480, 67, 80, 0),
            (1440, 480, 50, 80, 1),
        ]
    )
    assert top_line(score).tolist() == [0, 3, 4]


def test_patches_leave_silence_out_and_cover_the_end() -> None:
    notes: list[Note] = [(480 * at, 480, 60, 80, 0) for at in (*range(16), 150)]
    values = find_cells(score_of(notes, time_signatures=[(0, 4, 4)])).values
    patches = find_patches(values)
    assert patches.shape[1] == PATCH_WIDTH
    assert 1 < len(patches) < len(find_patches(np.ones_like(values)))
    assert len(find_patches(find_cells(tune(5)).values)) == 1
    assert len(find_patches(find_cells(tune(PATCH_CELLS + 1)).values)) == 2
