"""Metrics against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ostinato.eval import metrics

NAMES = ("melody", "bridge", "accompaniment")


def test_confusion_counts_truth_by_row_and_skips_unlabelled_notes() -> None:
    truth = np.array([0, 0, 1, 2, -1])
    predicted = np.array([0, 2, 1, 1, 0])
    assert metrics.confusion(truth, predicted, 3).tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_scores_by_hand() -> None:
    one = np.array([[2, 0, 0], [0, 0, 2], [0, 0, 0]])
    two = np.array([[1, 0, 0], [0, 0, 0], [0, 0, 5]])
    scores = metrics.score([one, two, np.zeros((3, 3), dtype=np.int64)], NAMES)
    assert scores.songs == 2
    assert scores.notes == 10
    assert scores.accuracy == pytest.approx(0.8)
    assert scores.song_mean == pytest.approx((0.5 + 1.0) / 2)
    assert scores.precision.tolist() == pytest.approx([1, 0, 5 / 7])
    assert scores.recall.tolist() == pytest.approx([1, 0, 1])
    assert scores.f1.tolist() == pytest.approx([1, 0, 10 / 12])
    assert scores.macro_f1 == pytest.approx((1 + 0 + 10 / 12) / 3)


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(ValueError, match="no labelled note"):
        metrics.score([np.zeros((3, 3), dtype=np.int64)], NAMES)


def test_interval_holds_the_accuracy_and_comes_out_the_same_twice() -> None:
    generator = np.random.default_rng(1)
    size = generator.integers(200, 2000, 60)
    right = generator.binomial(size, 0.8)
    low, high = metrics.bootstrap(right, size)
    assert low < right.sum() / size.sum() < high
    assert metrics.bootstrap(right, size) == (low, high)


def test_interval_is_as_wide_as_songs_differ_not_as_notes_do() -> None:
    size = np.full(40, 1000)
    half_right = np.repeat([0, 1000], 20)
    low, high = metrics.bootstrap(half_right, size)
    deviation = 0.5 / np.sqrt(40)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.1)
    assert metrics.bootstrap(size // 2, size) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [  # Newcombe 1998, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0000),
    ],
)
def test_wilson_interval(right: int, count: int, low: float, high: float) -> None:
    assert metrics.wilson(right, count) == pytest.approx((low, high), abs=5e-5)
