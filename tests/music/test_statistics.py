"""Statistics of words: what they count, by hand, and that nothing is left undefined."""

from __future__ import annotations

import numpy as np
import pytest

from ostinato.music.compound_words import CONTINUE, EMPTY_PITCH, EMPTY_POSITION, NEW, encode
from ostinato.music.statistics import (
    BEATS,
    DURATIONS,
    GAPS,
    LEAP,
    NUM_STATISTICS,
    PITCH_BINS,
    SIZES,
    notes_of,
    word_statistics,
)
from tiny_model import random_score

PARTS = (PITCH_BINS, 12, DURATIONS, BEATS, SIZES, 2 * LEAP + 1, GAPS)
EMPTY_BAR = (NEW, EMPTY_POSITION, EMPTY_PITCH, 64)
# a chord of two, a higher note a quarter later, and a note in the bar after an empty one
WORDS = np.array(
    [
        (NEW, 0, 60, 3),
        (CONTINUE, 0, 64, 3),
        (CONTINUE, 4, 67, 0),
        EMPTY_BAR,
        (NEW, 2, 60, 15),
    ],
    dtype=np.int16,
)


def test_by_hand() -> None:
    notes = notes_of(WORDS)
    assert notes[:, 2].tolist() == [60, 64, 67, 60]
    pitch, key_free, duration, position, size, step, gap, rest = np.split(
        word_statistics(notes), np.cumsum(PARTS)
    )
    assert pitch.nonzero()[0].tolist() == [10, 11] and pitch[10] == 0.75
    assert key_free[[0, 4, 7]].tolist() == [0.5, 0.25, 0.25]
    assert duration[[0, 2, 4]].tolist() == [0.25, 0.5, 0.25]
    assert position[[0, 2, 4]].tolist() == [0.5, 0.25, 0.25]
    assert size[:2].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert step[[LEAP + 3, LEAP - 7]].tolist() == [0.5, 0.5]
    assert gap[2] == 0.5 and gap[GAPS - 1] == 0.5
    assert rest[:2].tolist() == pytest.approx(np.log2([1 + 4 / 2, 1 + 3 / 2]))
    assert rest[2] == pytest.approx(np.std([60, 64, 67, 60]))
    assert rest[3] == pytest.approx(np.std([64, 67, 60]))


def test_a_key_changes_the_histogram_of_pitches_alone() -> None:
    notes = notes_of(encode(random_score(200)).values)
    higher = notes + np.array([0, 0, 5, 0])
    found, changed = word_statistics(notes), word_statistics(higher)
    assert found[:PITCH_BINS] != pytest.approx(changed[:PITCH_BINS])
    assert found[PITCH_BINS:] == pytest.approx(changed[PITCH_BINS:])


@pytest.mark.parametrize("notes", [0, 1, 2, 300])
def test_they_are_finite_and_as_many_as_said(notes: int) -> None:
    found = word_statistics(notes_of(encode(random_score(max(1, notes))).values)[:notes])
    assert found.shape == (NUM_STATISTICS,)
    assert np.isfinite(found).all()
