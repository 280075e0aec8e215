"""Scores of the suite against numbers worked out by hand, and against scikit-learn's."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics

from ostinato.eval.metrics import RESAMPLES, SEED, bootstrap
from ostinato.eval.music.scores import TaskScores, ask, calibration_error, gain, score
from ostinato.eval.music.types import Document, Float
from ostinato.music.score import Score

NAMES = ("a", "b", "c")


def document(truth: Sequence[int], *, song: str) -> Document:
    nothing = np.zeros(0, dtype=np.int16)
    return Document(
        name=song,
        song=song,
        score=Score(480, nothing, nothing, nothing, nothing, nothing),
        bars=None,
        words=np.zeros((0, 4), dtype=np.int16),
        note=nothing,
        truth=np.array(truth, dtype=np.int64),
        segments=None,
    )


def scored(
    cases: Sequence[tuple[str, Sequence[int], Sequence[Sequence[float]]]], *, of_notes: bool = False
) -> TaskScores:
    documents = [document(truth, song=song) for song, truth, _ in cases]
    answers = [np.array(answer, dtype=np.float32) for _, _, answer in cases]
    return score(documents, answers, NAMES, of_notes=of_notes)


A, B, C, NONE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)


def test_by_hand() -> None:
    found = scored([("x", [0, 0, 1], [A, B, B]), ("y", [2, 2], [NONE, C]), ("y", [-1, 0], [A, A])])
    assert found.confusion.tolist() == [[2, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]
    assert (found.songs, found.documents, found.units) == (2, 3, 6)
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.precision.tolist() == pytest.approx([1, 1 / 2, 1])
    assert found.recall.tolist() == pytest.approx([2 / 3, 1, 1 / 2])
    assert found.f1.tolist() == pytest.approx([4 / 5, 2 / 3, 2 / 3])
    assert found.macro_f1 == pytest.approx((4 / 5 + 2 / 3 + 2 / 3) / 3)
    assert found.interval == bootstrap(np.array([2, 2]), np.array([3, 3]))
    assert found.calibration is None  # every answer is certain


def test_a_class_that_neither_occurs_nor_is_answered_has_no_say() -> None:
    sure = scored([("x", [0, 1], [A, B]), ("y", [1], [B])])
    assert (sure.macro_f1, sure.macro_f1_interval[1]) == (1, 1)
    assert scored([("x", [0, 1], [A, C])]).macro_f1 == pytest.approx(1 / 3)  # c was answered


def test_how_sure_it_is_of_notes_is_judged_where_they_are_labelled() -> None:
    unsure = (0.6, 0.4, 0.0)
    found = scored([("x", [0, 1, -1], [unsure] * 3)], of_notes=True)
    assert found.calibration == pytest.approx(0.1)


def test_no_answer_is_wrong_and_is_no_class() -> None:
    found = scored([("x", [0, 1], [NONE, NONE])])
    assert found.accuracy == 0
    assert found.precision.tolist() == [0, 0, 0]
    assert found.by_document == 0
    assert scored([("x", [0], [A]), ("y", [-1], [NONE])]).by_document == 1 / 2


def test_units_of_a_document_are_merged_by_their_mean() -> None:
    unsure, sure = (0.4, 0.35, 0.25), (0.0, 0.9, 0.1)
    found = scored([("x", [1, 1, 1], [unsure, unsure, sure])])
    assert found.accuracy == pytest.approx(1 / 3)
    assert found.by_document == 1
    assert scored([("x", [1], [unsure])], of_notes=True).by_document is None


def test_intervals_resample_songs_and_not_documents() -> None:
    """Ten clips of one song count as one song: all right or all wrong together."""
    one = [("x", [0], [A])] * 10 + [("y", [0], [B])] * 10
    many = [(str(i), [0], [A if i < 10 else B]) for i in range(20)]
    assert scored(one).interval == (0, 1)
    low, high = scored(many).interval
    assert 0.2 < low < high < 0.8
    low, high = scored(many).macro_f1_interval
    assert low < scored(many).macro_f1 < high


def test_a_gain_is_paired_by_song() -> None:
    """Half of the songs are hard for both; one model tells a unit more of each."""
    worse = [(f"{n:02}", [0] * 4, [B, B, C, C] if n % 2 else [B, A, A, A]) for n in range(20)]
    better = [(song, truth, [A, *answer[1:]]) for song, truth, answer in worse]
    one, other = scored(better), scored(worse)
    found, (low, high) = gain(one, other)
    assert (found, low, high) == (0.25, 0.25, 0.25)
    assert one.interval[1] > other.interval[0] + 0.25  # each alone is less certain
    assert gain(other, one) == (-0.25, (-0.25, -0.25))
    mixed = [*better[:10], *worse[10:]]
    low, high = gain(scored(mixed), other)[1]
    assert 0 < low < 0.125 < high < 0.25
    with pytest.raises(ValueError, match="of other units"):
        gain(one, scored(worse[1:]))


def test_the_order_of_documents_does_not_matter() -> None:
    cases = [(str(i % 4), [i % 3], [(A, B, C)[i % 2]]) for i in range(12)]
    assert scored(cases).as_json() == scored(cases[::-1]).as_json()


def random_cases(classes: int, songs: int) -> tuple[list[Document], list[Float], tuple[str, ...]]:
    """Twenty units to a song, answered at random."""
    draw = np.random.default_rng(0)
    truth = [draw.integers(0, classes, 20).tolist() for _ in range(songs)]
    documents = [document(one, song=f"{n:03}") for n, one in enumerate(truth)]
    answers: list[Float] = [np.eye(classes)[draw.integers(0, classes, 20)] for _ in truth]
    return documents, answers, tuple(map(str, range(classes)))


def test_the_interval_of_macro_f1_is_that_of_whole_tables() -> None:
    documents, answers, names = random_cases(classes=4, songs=30)
    found = score(documents, answers, names, of_notes=True)
    weights = np.random.default_rng(SEED).multinomial(30, np.full(30, 1 / 30), RESAMPLES)
    pairs = zip(documents, answers, strict=True)
    tables = [score([one], [answer], names, of_notes=True).confusion for one, answer in pairs]
    drawn = np.tensordot(weights, np.stack(tables), axes=1)
    hit = drawn.diagonal(axis1=1, axis2=2)
    f1 = 2 * hit / np.maximum(drawn.sum(1)[:, :-1] + drawn.sum(2), 1)
    assert found.macro_f1_interval == pytest.approx(np.percentile(f1.mean(1), [2.5, 97.5]))


def test_the_interval_of_macro_f1_keeps_no_table_of_each_draw() -> None:
    documents, answers, names = random_cases(classes=40, songs=10)
    tracemalloc.start()
    score(documents, answers, names, of_notes=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * RESAMPLES * 40 * 10


def test_calibration_error_by_hand() -> None:
    # Bin (0.6, 0.667]: mean confidence 0.65, half right. Bin (0.867, 0.933]: 0.9, all right.
    answers = np.array([[0.65, 0.35], [0.65, 0.35], [0.1, 0.9], [0.1, 0.9]])
    truth = np.array([0, 1, 1, 1])
    assert calibration_error(answers, truth) == pytest.approx((2 * 0.15 + 2 * 0.1) / 4)


def test_certain_and_right_is_calibrated() -> None:
    assert calibration_error(np.eye(3), np.arange(3)) == 0
    assert calibration_error(np.eye(3), np.array([1, 2, 0])) == 1


def test_against_scikit_learn() -> None:
    draw = np.random.default_rng(0)
    sizes = draw.integers(1, 40, 30)
    truth = [draw.integers(0, 2, n) for n in sizes]  # the last class never occurs
    answers = [draw.dirichlet(np.ones(3), n) for n in sizes]
    documents = [document(t.tolist(), song=str(i // 3)) for i, t in enumerate(truth)]
    found = score(documents, answers, NAMES, of_notes=True)
    real, told = np.concatenate(truth), np.concatenate(answers).argmax(1)
    theirs = metrics.precision_recall_fscore_support(real, told, labels=range(3), zero_division=0)
    for ours, reference in zip((found.precision, found.recall, found.f1), theirs, strict=False):
        np.testing.assert_allclose(ours, reference, atol=1e-12)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(real, told))
    counts = metrics.confusion_matrix(real, told, labels=range(3))
    np.testing.assert_array_equal(found.confusion[:, :3], counts)


def test_answers_of_the_wrong_shape_are_an_error() -> None:
    with pytest.raises(AssertionError, match=r"x: \(2, 3\) is not \(1, 3\)"):
        ask(lambda one: np.zeros((2, 3)), [document([0], song="x")], 3)


def test_nothing_to_score() -> None:
    with pytest.raises(ValueError, match="no unit"):
        scored([("x", [-1], [A])])
