"""Near-duplicates: found in another key, at another tempo, by another hand; strangers are not."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.music import similarity, splits
from ostinato.music.corpora import CORPORA
from ostinato.music.midi import read_midi
from ostinato.music.score import Score, Track
from ostinato.music.similarity import fingerprint, links, near_duplicates, top_line


def tune(seed: int, notes: int = 80, *, bass: int | None = None) -> Score:
    """A random tune in quavers, over random low notes if wanted."""
    rng = np.random.default_rng(seed)
    parts = [(np.arange(notes) * 240, rng.integers(60, 85, notes))]
    if bass is not None:
        low = np.random.default_rng(bass).integers(30, 50, notes)
        parts.append((np.arange(notes) * 240, low))
    onset = np.concatenate([part[0] for part in parts])
    pitch = np.concatenate([part[1] for part in parts])
    same = np.full(len(onset), 80)
    track = np.repeat(np.arange(len(parts)), notes)
    return Score(480, onset, same + 160, pitch, same, track, (Track("a"), Track("b")))


def test_neither_key_nor_tempo_nor_resolution_nor_order_of_notes_changes_the_fingerprint():
    score = tune(0, bass=1)
    prints = fingerprint(score)
    assert len(prints) > 60
    assert (prints[1:] > prints[:-1]).all()
    assert prints.dtype == np.uint64
    fine = replace(score, ticks_per_quarter=960, onset=score.onset * 2, duration=score.duration * 2)
    slow = replace(score, tempos=np.array([[0, 900_000]], dtype=np.int32))
    mixed = score.select(np.random.default_rng(0).permutation(len(score)))
    for same in (replace(score, pitch=score.pitch + 7), fine, slow, mixed, tune(0, bass=2)):
        np.testing.assert_array_equal(fingerprint(same), prints)


def test_another_tune_shares_nothing():
    assert not np.isin(fingerprint(tune(0, bass=5)), fingerprint(tune(1, bass=5))).any()


def test_one_wrong_note_spoils_only_the_runs_around_it():
    score = tune(0)
    wrong = replace(score, pitch=np.where(np.arange(80) == 40, score.pitch + 1, score.pitch))
    lost = len(np.setdiff1d(fingerprint(score), fingerprint(wrong)))
    assert 0 < lost <= similarity.RUN + 1


def test_a_chord_struck_by_hand_is_one_onset():
    score = tune(0, bass=1)
    late = replace(score, onset=score.onset + np.where(score.track == 0, 40, 0))
    np.testing.assert_array_equal(top_line(late), top_line(score))


def test_drums_are_not_heard():
    score = tune(0, bass=1)
    drums = replace(score, tracks=(Track("a", is_drum=True), Track("b")))
    np.testing.assert_array_equal(top_line(drums), score.pitch[score.track == 1])


@pytest.mark.parametrize(
    "pitch",
    [
        [],
        [60],
        [60, 64, 67, 72] * 3,  # a note short of a run
        [60] * 100,
        [60, 62] * 50,
        list(range(20, 110)),
        [60 + 12 * (i // 3) + (0, 4, 7)[i % 3] for i in range(18)],
        [60, 64, 67, 64] * 20,
    ],
    ids=["nothing", "one", "short", "repeated", "trill", "scale", "arpeggio", "alberti"],
)
def test_what_says_nothing_has_no_hashes(pitch: list[int]):
    score = tune(0, len(pitch))
    assert not len(fingerprint(replace(score, pitch=np.array(pitch, dtype=np.int16))))


def test_groups_are_transitive_and_called_by_their_first_name():
    line = [np.diff(top_line(tune(seed))) for seed in range(4)]
    lines = {
        "d": line[0],
        "c": np.concatenate([line[0][:40], line[1][:40]]),
        "b": line[1],
        "a": line[2],
        "e": line[3][:5],  # no run: a group of its own
        "f": line[3][:5],
    }
    prints = {name: similarity.hashes(part) for name, part in lines.items()}
    wanted = {"a": "a", "b": "b", "c": "b", "d": "b", "e": "e", "f": "f"}
    assert near_duplicates(prints) == wanted
    assert near_duplicates(dict(reversed(prints.items()))) == wanted
    assert near_duplicates(prints, share=0.9) == {name: name for name in prints}
    assert near_duplicates({}) == {}


def test_links_say_how_much_is_shared():
    whole, part = np.arange(100, dtype=np.uint64), np.arange(80, 120, dtype=np.uint64)
    assert list(links({"b": whole, "a": part})) == [("a", "b", 0.5, 20)]
    assert list(links({"b": whole, "a": part}, share=0.51)) == []
    assert list(links({"b": whole, "a": part + np.uint64(13)}, share=0.1)) == []  # 7 hashes
    tiny = np.arange(3, dtype=np.uint64)
    assert list(links({"a": tiny, "b": whole})) == [("a", "b", 1.0, 3)]


def test_hashes_are_the_same_on_every_machine():
    assert similarity.hashes(np.arange(-6, 7)).tolist() == [
        10180156449313042516,
        12534681138483920991,
    ]


def test_thousands_of_pieces_are_compared_in_seconds():
    rng = np.random.default_rng(0)
    common = rng.integers(0, 1 << 62, 3, dtype=np.uint64)  # every piece has them
    prints = {
        f"{i:05d}": np.unique(np.append(rng.integers(0, 1 << 62, 200, dtype=np.uint64), common))
        for i in range(5_000)
    }
    began = time.process_time()
    assert len(set(near_duplicates(prints).values())) == 5_000
    assert time.process_time() - began < 10


def test_versions_of_pop909_are_found_and_other_songs_are_not(shared: Path):
    """Training songs only: the constants were chosen on them."""
    side = splits.load("pop909_song")
    chosen = {song for song in [f"{n:03d}" for n in range(1, 100)] if side.get(song) == "train"}
    prints, song = {}, {}
    for corpus in ("pop909", "pop909-versions"):
        for document in CORPORA[corpus].documents(shared / "data/POP909"):
            if document.song in chosen:
                prints[document.name] = fingerprint(read_midi(document.path))
                song[document.name] = document.song
    group = near_duplicates(prints)
    versions = [name for name in prints if name != song[name]]
    assert np.mean([group[name] == group[song[name]] for name in versions]) > 0.85
    assert all(song[name] == song[of] for name, of in group.items())
