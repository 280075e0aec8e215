"""Baselines on songs small enough to see through."""

from __future__ import annotations

import numpy as np

from ostinato.eval.baselines import LARGEST_GROUP, Notes, learn_order, skyline


def notes(group: list[int], label: list[int]) -> Notes:
    """One tick a group, notes of one tick, pitches rising within a group."""
    onset = np.array(group, dtype=np.int64)
    return Notes(
        group=onset,
        onset=onset,
        duration=np.ones_like(onset),
        pitch=np.arange(len(onset)),
        label=np.array(label, dtype=np.int64),
    )


def test_place_in_the_group() -> None:
    index, size = notes([0, 0, 3, 4, 4, 4], [0] * 6).place()
    assert index.tolist() == [0, 1, 0, 0, 1, 2]
    assert size.tolist() == [2, 2, 1, 3, 3, 3]
    assert [len(a) for a in notes([], []).place()] == [0, 0]


def test_order_table_answers_with_the_commonest_class_of_the_place() -> None:
    song = notes([0, 0, 1, 1, 2, 3, 4], [2, 0, 2, 0, 1, 1, 2])
    table = learn_order([song, song], classes=3)
    assert table.predict(notes([5, 5, 6], [0, 0, 0])).tolist() == [2, 0, 1]
    assert table.majority == 2


def test_order_table_falls_back_to_the_majority_and_takes_any_group() -> None:
    table = learn_order([notes([0, 1, 2], [1, 1, -1])], classes=3)
    size = LARGEST_GROUP + 5
    assert table.predict(notes([0] * size, [0] * size)).tolist() == [1] * size


def test_skyline_takes_one_note_of_each_onset() -> None:
    assert skyline(notes([0, 0, 2, 3, 3], [0] * 5), top=0, rest=2).tolist() == [2, 0, 0, 2, 0]
    assert skyline(notes([], []), top=0, rest=2).tolist() == []


def test_skyline_hears_what_still_sounds() -> None:
    song = Notes(
        group=np.array([0, 0, 1, 2, 3]),
        onset=np.array([0, 0, 4, 7, 8]),
        duration=np.array([2, 8, 1, 1, 1]),
        pitch=np.array([50, 72, 60, 80, 60]),
        label=np.zeros(5, dtype=np.int64),
    )
    assert skyline(song, top=0, rest=1).tolist() == [1, 0, 1, 0, 0]
