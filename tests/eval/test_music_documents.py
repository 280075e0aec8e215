"""What each protocol shows of a corpus: the published arrays, and documents that leak nothing."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.eval.music.documents import files, read, read_all
from ostinato.eval.music.published import rows_for
from ostinato.eval.music.tasks import DANCES_9, DANCES_14, TASKS, find_task
from ostinato.eval.music.types import Document, ProtocolName
from ostinato.music import midibert, splits
from ostinato.music.compound_words import encode
from ostinato.music.corpora import Document as File
from ostinato.music.midi import read_midi, write_midi
from ostinato.music.score import Score, Track
from toy_music_suite import song, toy_splits, write_corpora

PROTOCOLS: tuple[ProtocolName, ...] = ("published", "clean")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    toy_splits(monkeypatch)
    return write_corpora(tmp_path)


def first(data: Path, task: str, protocol: ProtocolName) -> Document:
    return read(TASKS[task], protocol, files(TASKS[task], protocol, data)["train"][0])


def test_published_order_and_clean_order(data: Path) -> None:
    published, clean = first(data, "melody", "published"), first(data, "melody", "clean")
    assert published.truth[-3:].tolist() == [0, 2, 2]  # melody first, and so given away
    rows, _ = clean.place()
    assert clean.truth[clean.note[rows]][-3:].tolist() == [2, 2, 0]
    assert published.segments is not None
    assert published.segments.shape == (1, 512, 4)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("task", ["melody", "velocity"])
def test_nothing_that_is_asked_for_is_shown(data: Path, task: str, protocol: ProtocolName) -> None:
    document = first(data, task, protocol)
    assert document.score.tracks == (Track("piano"),)
    assert not document.score.track.any()
    assert set(document.score.velocity.tolist()) == {64} or task == "melody"
    assert len(document.truth) == len(document.score) == 96
    assert document.truth.min() == 0


def test_no_permutation_of_tracks_changes_a_clean_document(data: Path) -> None:
    """The same song with its tracks written in another order, labels by name as before."""
    path = data / "POP909" / "001" / "001.mid"
    before = first(data, "melody", "clean")
    score = read_midi(path)
    turned = Score(
        score.ticks_per_quarter,
        score.onset,
        score.duration,
        score.pitch,
        score.velocity,
        (2 - score.track).astype(np.int16),
        score.tracks[::-1],
        score.tempos,
    )
    write_midi(turned, path)
    after = first(data, "melody", "clean")
    np.testing.assert_array_equal(after.words, before.words)
    rows = before.note >= 0
    truth = (before.truth[before.note[rows]], after.truth[after.note[rows]])
    np.testing.assert_array_equal(*truth)


def test_a_published_segment_in_the_clean_vocabulary(data: Path) -> None:
    """A grid-true song has the same words in ``cp4``, but for the order and the last onset."""
    document = first(data, "velocity", "published")
    (as_cp4,) = rows_for(document, "cp4")
    score = midibert.retime(
        read_midi(data / "POP909" / "001" / "001.mid"), np.arange(40) / 2, np.arange(40) % 4 + 1
    )
    clean = encode(score, "cp4").values
    assert Counter(map(tuple, as_cp4[:-3, 1:])) == Counter(map(tuple, clean[:-3, 1:]))
    np.testing.assert_array_equal(rows_for(document, "midibert")[0], document.words)
    with pytest.raises(UserError, match="words midibert or cp4; got cp7"):
        rows_for(document, "cp7")
    for scheme in ("cp4", "midibert"):
        with pytest.raises(UserError, match="4 steps per quarter, the model 8: it needs a model"):
            rows_for(document, scheme, 8)


def test_what_is_missing_or_misnamed_is_named(data: Path) -> None:
    (data / "Nottingham" / "MIDI" / "jigs1.mid").rename(data / "Nottingham/MIDI/polka1.mid")
    with pytest.raises(UserError, match="all 6 documents of the split nottingham_tune; 5 are"):
        files(TASKS["dance"], "clean", data)
    path = data / "Nottingham" / "MIDI" / "polka1.mid"
    with pytest.raises(UserError, match=r"expected a name that tells one of ashover.*got polka"):
        read(TASKS["dance"], "clean", File("polka1", "polka1", path, "nottingham"))
    (data / "POP909" / "001" / "beat_audio.txt").write_text("once upon a time")
    with pytest.raises(UserError, match="expected two columns of numbers"):
        first(data, "melody", "published")
    with pytest.raises(UserError, match=r"expected tasks among melody.*got 'key'"):
        find_task("key")


def test_a_piece_too_short_for_a_segment_is_left_out(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ostinato.eval.music.documents.midibert.cut", lambda rows, shortest: [])
    found = files(TASKS["dance"], "published", data)["train"]
    assert read_all(TASKS["dance"], "published", found) == []


def test_no_song_is_on_two_sides_of_a_clean_protocol() -> None:
    for task in TASKS.values():
        split = task.protocols["clean"].split
        assert splits.leaks(splits.load(split), splits.songs(split)) == []
    leaky = TASKS["emotion"].protocols["published"].split
    assert splits.leaks(splits.load(leaky), splits.songs(leaky))


def test_dances() -> None:
    assert (len(DANCES_14), len(DANCES_9)) == (14, 9)
    assert set(DANCES_9) - set(DANCES_14) == {"reels"}


def bags(x: np.ndarray, y: np.ndarray) -> Counter[tuple[bytes, bytes]]:
    """Segments with their answers, in whatever order."""
    pairs = zip(x.astype(np.int16), y.astype(np.int64), strict=True)
    return Counter((one.tobytes(), answer.tobytes()) for one, answer in pairs)


@pytest.mark.parametrize(("task", "golden"), [("composer", "composer"), ("emotion", "emopia")])
def test_published_segments_of_pieces(shared: Path, task: str, golden: str) -> None:
    found = files(TASKS[task], "published", shared / "data")
    for side in ("valid", "test"):
        documents = read_all(TASKS[task], "published", found[side])
        answers = np.load(shared / f"golden/midibert/{golden}_{side}.npz")
        x = np.concatenate([d.segments for d in documents if d.segments is not None])
        y = np.concatenate([document.truth for document in documents])
        assert bags(x, y) == bags(answers["x"], answers["y"])


@pytest.mark.parametrize("task", ["melody", "velocity"])
def test_published_answers_of_notes(shared: Path, task: str) -> None:
    test = files(TASKS[task], "published", shared / "data")["test"]
    documents = read_all(TASKS[task], "published", test)
    golden = np.load(shared / "golden/midibert/pop909_test.npz")[task]
    ours = np.concatenate([midibert.cut(document.truth + 1) for document in documents])
    assert bags(ours, np.zeros(len(ours))) == bags(golden, np.zeros(len(golden)))


def test_the_toy_song_is_as_described() -> None:
    assert Counter(song().track.tolist()) == {0: 24, 1: 8, 2: 64}
