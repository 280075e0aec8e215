"""Split files: whole, leak-free where they claim to be, and made by names alone."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.music import splits
from ostinato.music.corpora import CORPORA
from ostinato.music.midi import read_midi
from ostinato.music.similarity import fingerprint, links


@pytest.mark.parametrize(
    ("name", "train", "valid", "test"),
    [
        ("pop909_midibert", 693, 86, 86),
        ("pop909_song", 692, 86, 87),
        ("pianist8_midibert", 337, 37, 37),
        ("pianist8_song", 334, 39, 38),
        ("emopia_midibert_clip", 864, 107, 107),
        ("emopia_song", 762, 203, 86),
        ("nottingham_tune", 824, 106, 104),
        ("asap_piece", 187, 26, 22),
    ],
)
def test_sizes(name: str, train: int, valid: int, test: int):
    assert Counter(splits.load(name).values()) == {"train": train, "valid": valid, "test": test}


def test_every_split_file_is_known_and_about_known_corpora():
    assert {corpus for about in splits.CORPORA.values() for corpus in about} <= set(CORPORA)


def test_the_published_emotion_split_leaks():
    split, song = splits.load("emopia_midibert_clip"), splits.songs("emopia_midibert_clip")
    known = {song[clip] for clip, side in split.items() if side == "train"}
    seen = Counter(side for clip, side in split.items() if song[clip] in known)
    assert seen["test"] == 93
    assert seen["valid"] == 84
    assert len(splits.leaks(split, song)) == 139


@pytest.mark.parametrize("name", [n for n in splits.CORPORA if n != "emopia_midibert_clip"])
def test_the_other_splits_do_not(name: str):
    assert splits.leaks(splits.load(name), splits.songs(name)) == []


def test_leaks_names_the_songs_on_two_sides():
    split = {"a1": "train", "a2": "test", "b1": "train", "b2": "train", "c1": "valid", "c2": "test"}
    assert splits.leaks(split, {key: key[0] for key in split}) == ["a", "c"]


def test_the_clean_pop909_split_moves_one_song():
    published, clean = splits.load("pop909_midibert"), splits.load("pop909_song")
    assert {s: (published[s], clean[s]) for s in published if published[s] != clean[s]} == {
        "017": ("train", "test")
    }


def test_the_clean_pianist8_split_moves_what_another_side_has_as_well():
    published, clean = splits.load("pianist8_midibert"), splits.load("pianist8_song")
    assert {s: (published[s], clean[s]) for s in published if published[s] != clean[s]} == {
        "Einaudi/Einaudi_In_un'altra_vita": ("train", "valid"),
        "Einaudi/Einaudi_Melodia_Africana_III": ("train", "valid"),
        "Yiruma/Yiruma_Unknown_5": ("train", "test"),
    }


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("emopia_song", "EMOPIA"),
        ("pianist8_song", "Pianist8"),
        pytest.param("pop909_song", "POP909", marks=pytest.mark.long),
        pytest.param("nottingham_tune", "Nottingham", marks=pytest.mark.long),
    ],
)
def test_no_near_duplicates_are_on_two_sides_of_a_clean_split(
    name: str, folder: str, shared: Path
) -> None:
    """Whatever the split calls a song: POP909's and Pianist8's call each document its own."""
    (corpus, *_), side = splits.CORPORA[name], splits.load(name)
    documents = CORPORA[corpus].documents(shared / "data" / folder)
    prints = {d.name: fingerprint(read_midi(d.path)) for d in documents if d.name in side}
    assert len(prints) == len(side)
    found = list(links(prints))
    assert found  # on one side there are some
    assert [link for link in found if side[link.first] != side[link.second]] == []


def test_a_piece_of_asap_with_and_without_repeats_is_one():
    split = splits.load("asap_piece")
    twins = {name: name.removesuffix("_no_repeat").removesuffix("_repeat") for name in split}
    assert len(set(twins.values())) < len(twins)
    assert splits.leaks(split, twins) == []


def test_excluded_holds_every_version_of_a_held_out_song():
    out = splits.excluded(["pop909", "pop909-cl", "nottingham"])
    held = {song for song, side in splits.load("pop909_song").items() if side != "train"}
    assert {song for corpus, song in out if corpus == "pop909"} == held
    assert {song for corpus, song in out if corpus == "pop909-cl"} == held
    assert len(held) == 173
    assert not any(corpus == "pop909-versions" for corpus, _ in out)
    tunes, song = splits.load("nottingham_tune"), splits.songs("nottingham_tune")
    held = {song[name] for name, side in tunes.items() if side != "train"}
    assert {s for corpus, s in out if corpus == "nottingham"} == held
    assert splits.excluded(["folder", "giantmidi"]) == frozenset()


def test_melodies_group_in_any_key_and_across_a_chain():
    tune = np.random.default_rng(0).integers(55, 80, 100)
    other = np.random.default_rng(1).integers(55, 80, 100)
    melodies = {
        "d": np.concatenate([tune[50:], other[:50]]),  # shares with both
        "c": other,
        "b": tune + 5,
        "a": np.random.default_rng(2).integers(55, 80, 100),
        "e": np.array([60, 62]),
    }
    assert splits.melody_groups(melodies) == {"a": "a", "b": "b", "c": "b", "d": "b", "e": "e"}
    assert splits.melody_groups(melodies, run=200) == {name: name for name in melodies}


def test_assign_depends_on_names_only_and_keeps_songs_whole():
    songs = {f"doc{i}": f"song{i // 2}" for i in range(400)}
    stratum = {song: "ab"[int(song[4:]) % 2] for song in songs.values()}
    sides = splits.assign(songs, stratum)
    assert splits.assign(dict(reversed(songs.items())), stratum) == sides
    assert splits.leaks(sides, songs) == []
    assert Counter(sides.values()) == {"train": 320, "valid": 40, "test": 40}
    of_a = Counter(side for doc, side in sides.items() if stratum[songs[doc]] == "a")
    assert of_a == {"train": 160, "valid": 20, "test": 20}
    assert splits.assign({"x": "x"}, {"x": "x"}) == {"x": "train"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,side\na,train", "columns name,song,side"),
        ("name,song,side\na,a,training", "got a,a,training"),
        ("name,song,side\na,a", "got a,a"),
        ("name,song,side\na,a,train\na,b,test", "a is there twice"),
        ("", r"x\.csv: expected the columns name,song,side; got nothing"),
        ("\n", "got nothing"),
        (f"name,song,side\n{'a' * 200_000},a,train", r"x\.csv: expected a CSV file \(field larger"),
    ],
)
def test_bad_files(text: str, complaint: str):
    with pytest.raises(UserError, match=complaint):
        splits.parse(text, "x.csv")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_names_may_hold_what_unicode_takes_for_the_end_of_a_line(end: str):
    rows = [("a\u2028b", "s\x85t", "train"), ("c\x0cd", "u", "test")]
    lines = ["name,song,side", *(",".join(row) for row in rows), '"e\nf",v,valid']
    found = splits.parse("".join(line + end for line in lines), "x.csv")
    assert found == (*rows, ("e\nf", "v", "valid"))


def test_unknown_name():
    with pytest.raises(UserError, match=r"pop909_song.*got 'pop'"):
        splits.load("pop")


def melody(path: Path) -> np.ndarray:
    """Pitches of the track named MELODY, in time."""
    score = read_midi(path)
    named = [track.name.strip().upper() == "MELODY" for track in score.tracks]
    notes = np.flatnonzero(np.array([*named, False])[score.track])
    order = np.lexsort((score.pitch[notes], score.onset[notes]))
    return score.pitch[notes][order].astype(np.int64)


def test_no_held_out_melody_of_pop909_is_in_anything_trained_on(shared: Path):
    """By content, not by number: files of a wrong number, and songs that no split names, count.

    Two folders of held-out songs do hold versions of train songs (703 and 839); those versions
    are held out with their folder, and the held-out songs themselves are other music.
    """
    side = splits.load("pop909_song")
    found = [
        CORPORA[name].documents(shared / "data/POP909") for name in ("pop909", "pop909-versions")
    ]
    melodies = {d.name: melody(d.path) for documents in found for d in documents}
    held = {d.name for d in found[0] if side.get(d.song) in ("valid", "test")}
    trained = {
        d.name for documents in found for d in documents if side.get(d.song, "train") == "train"
    }
    group = splits.melody_groups({name: melodies[name] for name in held | trained}, run=24)
    assert {group[name] for name in held}.isdisjoint(group[name] for name in trained)
    # The same question finds what is there to be found.
    every = splits.melody_groups(melodies, run=24)
    assert every["839-v2"] == every["840"] != every["839"]
    assert every["703-v2"] == every["704"] != every["703"]
    assert every["017"] == every["018"]
