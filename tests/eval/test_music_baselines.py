"""The baselines of the suite: what they may see, by hand, and the figures they must reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.eval import baselines
from ostinato.eval.music import logistic
from ostinato.eval.music.documents import files, read_all
from ostinato.eval.music.note_baselines import OrderTable, PublishedSkyline, Skyline, majority
from ostinato.eval.music.note_features import note_features
from ostinato.eval.music.piece_baselines import CopySong, Merged, NearestSong
from ostinato.eval.music.piece_features import histogram, units
from ostinato.eval.music.suite import evaluate, learn_baselines, linked
from ostinato.eval.music.tasks import DANCES_14, REELS, TASKS
from ostinato.eval.music.types import Document, Model, ProtocolName, Side
from ostinato.music import splits
from ostinato.music.compound_words import encode
from ostinato.music.score import Score
from tiny_model import random_score
from toy_music_suite import song, toy_splits, write_corpora


def clean(score: Score, truth: np.ndarray, *, name: str = "x") -> Document:
    words = encode(score)
    return Document(name, name, score, None, words.values, words.note_index, truth, None)


def transposed(score: Score, semitones: int) -> Score:
    return replace(score, pitch=(score.pitch + semitones).astype(np.int16))


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy_splits(monkeypatch)
    return write_corpora(tmp_path)


def of_side(data: Path, task: str, protocol: ProtocolName, side: str) -> list[Document]:
    found = files(TASKS[task], protocol, data)
    return read_all(TASKS[task], protocol, {str(k): v for k, v in found.items()}[side])


def test_the_order_table_is_the_older_one_where_pitch_never_falls() -> None:
    songs = [song(seed) for seed in range(4)]
    documents = [clean(one, one.track.astype(np.int64)) for one in songs]
    table = OrderTable(documents, 3)
    notes: list[baselines.Notes] = []
    for document in documents:
        rows, onset = document.place()
        note = document.note[rows]
        notes.append(baselines.Notes(onset, onset, onset, onset, document.truth[note]))
    older = baselines.learn_order(notes, 3)
    for document, seen in zip(documents, notes, strict=True):
        rows, _ = document.place()
        np.testing.assert_array_equal(
            table(document).argmax(1)[document.note[rows]], older.predict(seen)
        )


def test_falls_of_pitch_give_the_published_order_away() -> None:
    """One melody note before two of the piano, twice as often three of the piano: only a fall of
    pitch, which sorting by pitch takes away, tells them apart.
    """
    told, plain = [80, 50, 55], [50, 55, 60]
    pitch = np.array((told + plain + plain) * 4, dtype=np.int16)
    truth = np.array(([0, 2, 2] + [2] * 6) * 4)
    words = np.zeros((len(pitch), 4), dtype=np.int16)
    words[:, 0] = np.arange(len(pitch)) % 3 > 0  # each three notes a bar of their own
    words[:, 2] = pitch
    score = replace(random_score(len(pitch)), pitch=pitch)
    note = np.arange(len(pitch))
    document = Document("x", "x", score, None, words, note, truth, None)
    assert OrderTable([document], 3)(document).argmax(1).tolist() == truth.tolist()
    by_pitch = OrderTable([document], 3, by_pitch=True)
    assert by_pitch(document).argmax(1).tolist() == [2] * len(truth)


def test_order_tables_see_no_pitch_value(toy: Path) -> None:
    (document, *_) = train = of_side(toy, "melody", "published", "train")
    table = OrderTable(train, 3)
    moved = replace(document, words=document.words + np.array([0, 0, 3, 0], dtype=np.int16))
    np.testing.assert_array_equal(table(moved), table(document))


def test_the_skylines_on_a_song_that_has_one(toy: Path) -> None:
    def right(model: Model, documents: list[Document]) -> None:
        for document in documents:
            expected = np.where(document.truth == 1, 0, document.truth)  # it knows no bridge
            np.testing.assert_array_equal(model(document).argmax(1), expected)

    right(Skyline(top=0, rest=2, classes=3), of_side(toy, "melody", "clean", "test"))
    right(Skyline(top=0, rest=2, classes=3), of_side(toy, "melody", "published", "test"))
    right(PublishedSkyline(top=0, rest=2, classes=3), of_side(toy, "melody", "published", "test"))


def test_the_published_skyline_drops_valleys_low_notes_and_no_length() -> None:
    #          high, valley, high, two at once, below middle C, begins and ends on one eighth
    onset = np.array([0, 480, 960, 1440, 1440, 1920, 2400], dtype=np.int32)
    pitch = np.array([80, 71, 80, 76, 64, 59, 70], dtype=np.int16)
    duration = np.array([240] * 6 + [100], dtype=np.int32)
    score = replace(
        random_score(7), onset=onset, pitch=pitch, duration=duration, track=np.zeros(7, np.int16)
    )
    found = PublishedSkyline(top=0, rest=1, classes=2)(clean(score, np.zeros(7, np.int64)))
    assert found.argmax(1).tolist() == [0, 1, 0, 0, 1, 1, 1]


@pytest.mark.parametrize("semitones", [-5, 1, 7])
def test_the_nearest_song_is_found_in_any_key(semitones: int) -> None:
    known = [
        clean(random_score(200, seed=seed), np.array([seed % 3]), name=str(seed))
        for seed in range(9)
    ]
    words = [one for document in known for one in units(document)]
    model = NearestSong(words, np.concatenate([document.truth for document in known]), 3)
    for document in known:
        asked = clean(transposed(document.score, semitones), document.truth)
        assert model(asked).argmax(1).tolist() == document.truth.tolist()


def test_histograms_have_length_one() -> None:
    for score in (random_score(1), random_score(300)):
        (words,) = units(clean(score, np.array([0])))
        assert (histogram(words) ** 2).sum() == pytest.approx(1)


def test_a_feature_that_hardly_varied_in_training_does_not_shout() -> None:
    """A share of a thousandth at most in training, and a half in strange music."""
    rng = np.random.default_rng(0)
    features = np.stack([rng.normal(size=200), 1e-3 * rng.random(200)], 1)
    label = (features[:, 0] + rng.normal(size=200) > 0).astype(np.int64)
    strange = np.array([[0.0, 0.0], [0.0, 0.5]])
    loud, calm = (
        logistic.fit(features, label, 2, penalty=0.1, least=least)(strange)
        for least in (logistic.LEAST_SPREAD, 0.02)
    )
    assert loud[1].max() > 0.999
    assert np.abs(calm[1] - calm[0]).max() < 0.1
    assert np.array_equal(
        logistic.fit(features[:, :1], label, 2, penalty=0.1, least=0.02).weight,
        logistic.fit(features[:, :1], label, 2, penalty=0.1).weight,
    )


def test_features_of_notes_are_finite_down_to_none() -> None:
    for count in (0, 1, 2, 200):
        document = clean(random_score(count), np.zeros(count, np.int64))
        found = note_features(document)
        assert found.shape == (count, note_features(clean(song(), np.zeros(96))).shape[1])
        assert np.isfinite(found).all()


def test_a_copy_of_the_song_and_none_for_an_unseen_one() -> None:
    one = random_score(30)
    train = [
        replace(clean(one, np.array([label]), name=name), song=which)
        for name, which, label in (("a1", "a", 1), ("a2", "a", 1), ("a3", "a", 2), ("b1", "b", 0))
    ]
    copy = CopySong(train, 3)
    assert copy(replace(train[0], truth=np.array([2, 2]))).tolist() == [[0, 1, 0], [0, 1, 0]]
    assert not copy(replace(train[0], song="unseen")).any()


def test_the_ceiling_of_merged_classes() -> None:
    one = random_score(10)
    train = [clean(one, np.array([label])) for label in (0, 1, 2, 2, 3)]
    ceiling = Merged(train, 4, among=(1, 2))
    assert [int(ceiling(d).argmax()) for d in train] == [0, 2, 2, 2, 3]


def test_the_majority_is_of_units() -> None:
    one = random_score(10)
    train = [clean(one, np.array([0])), clean(one, np.array([0])), clean(one, np.array([1] * 3))]
    assert majority(train, 2)(train[0]).tolist() == [[0, 1]]


def test_the_regression_reaches_the_least_of_its_loss() -> None:
    """At the least the slope is zero, whatever the scale of the features."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(300, 5)) * np.array([1, 10, 0.1, 1, 0]) + 3
    y = (x @ draw.normal(size=(5, 3)) + draw.gumbel(size=(300, 3))).argmax(1)
    model = logistic.fit(x, y, 3, penalty=0.01)
    z = np.hstack([(x - model.mean) * model.scale, np.ones((300, 1))])
    slope = z.T @ (model(x) - np.eye(3)[y]) / 300
    slope[:-1] += 0.01 * model.weight[:-1]
    assert np.abs(slope).max() < 1e-4
    np.testing.assert_allclose(model(x).sum(1), 1)
    wilder = x + np.array([0, 0, 0, 0, 1e9])  # a feature that never varied in training
    np.testing.assert_allclose(model(wilder), model(x))


def test_the_regression_is_chosen_on_valid_alone() -> None:
    draw = np.random.default_rng(1)
    x, noise = draw.normal(size=(40, 60)), draw.integers(0, 2, 40)
    clear = (draw.normal(size=(200, 60)), np.zeros(200, dtype=np.int64))
    _, penalty = logistic.choose((x, noise), clear, 2)
    reference = [
        np.mean(logistic.fit(x, noise, 2, penalty=p)(clear[0]).argmax(1) == 0)
        for p in logistic.PENALTIES
    ]
    assert penalty == logistic.PENALTIES[int(np.argmax(reference))]


def test_each_task_has_its_baselines(toy: Path) -> None:
    def names(task: str, protocol: ProtocolName, *, copy: bool = False) -> set[str]:
        sides = (of_side(toy, task, protocol, side) for side in ("train", "valid"))
        return set(learn_baselines(TASKS[task], *sides, copy=copy))

    notes, pieces = {"majority", "order only", "logistic"}, {"majority", "nearest song", "logistic"}
    assert names("velocity", "clean") == notes
    assert names("melody", "published") == notes | {"skyline", "order only, by pitch"}
    assert names("dance", "clean") == pieces
    assert names("dance14", "published", copy=True) == pieces | {"copy of the song", "ceiling"}


def test_nottingham_cannot_be_told_beyond_its_ceiling() -> None:
    """The six parts of the reels hold 461 of 1,034 tunes, the largest of them 92."""
    counts = dict.fromkeys(DANCES_14, 0)
    for name in splits.load("nottingham_tune"):
        counts[name.rstrip("0123456789")] += 1
    reels = [counts[name] for name in REELS]
    assert (sum(counts.values()), sum(reels), max(reels)) == (1034, 461, 92)
    assert (1034 - sum(reels) + max(reels)) / 1034 == pytest.approx(0.643, abs=5e-4)


def test_emotion_by_clip_is_told_by_copying(shared: Path) -> None:
    result = evaluate(TASKS["emotion"], "published", shared / "data", {})
    copied = result.baselines["copy of the song"]
    assert copied.by_document == pytest.approx(79 / 107)
    assert result.units == {"train": 924, "valid": 114, "test": 109}
    assert result.leaks > 0
    assert result.linked == (("Q4_Ie5koh4qvJc_28", "Q4_jO2zX6Ul8GM_2"),)


def test_near_duplicates_are_told_where_both_song_and_side_differ(toy: Path) -> None:
    sides: dict[Side, list[Document]] = {
        "train": of_side(toy, "velocity", "clean", "train"),
        "valid": of_side(toy, "velocity", "clean", "valid"),
        "test": of_side(toy, "velocity", "clean", "test"),
    }
    assert linked(sides) == ()
    (first, second, *_), (last, *_) = sides["train"], sides["test"]
    copy = replace(last, score=transposed(first.score, 3))
    beside = replace(second, score=first.score)
    assert linked({"train": [first, beside], "valid": [], "test": [copy]}) == (
        (first.name, copy.name),
        (beside.name, copy.name),
    )
    same = replace(copy, song=first.song)
    assert linked({"train": [first], "valid": [], "test": [same]}) == ()


@pytest.mark.long
def test_melody_as_published(shared: Path) -> None:
    result = evaluate(TASKS["melody"], "published", shared / "data", {})
    found = {name: scores.accuracy for name, scores in result.baselines.items()}
    assert result.units["test"] == 142_577
    assert found["majority"] == pytest.approx(0.6365, abs=5e-5)
    assert found["order only"] == pytest.approx(0.8350, abs=2e-4)
    assert found["order only, by pitch"] == pytest.approx(0.7055, abs=5e-5)
    assert result.skyline["bridge as accompaniment"] == pytest.approx(0.7854, abs=5e-4)
    assert result.skyline["bridge as melody"] == pytest.approx(0.7951, abs=5e-5)
