"""Every reader: which documents, which songs, and what is in them."""

from pathlib import Path

import numpy as np
import pytest
import symusic

from ostinato.base.errors import UserError
from ostinato.music import labels, splits
from ostinato.music.compound_words import encode
from ostinato.music.corpora import (
    CORPORA,
    Document,
    find_corpus,
    original,
    read_document,
    stretched,
)
from ostinato.music.midi import read_midi
from ostinato.music.score import Score, Track

FOLDERS = {
    "pop909": "POP909",
    "pop909-versions": "POP909",
    "pop909-cl": "POP909-CL",
    "pianist8": "Pianist8",
    "emopia": "EMOPIA",
    "nottingham": "Nottingham",
    "asap": "ASAP",
    "giantmidi": "GiantMIDI-Piano-preview",
    "giantmidi-compared": "GiantMIDI-Piano-preview",
    "vienna4x22": "Vienna4x22",
}
Note = tuple[int, int, int, int]  # onset, duration, pitch, velocity


def write(path: Path, tracks: dict[str, list[Note]], *, tempo: float = 120.0) -> Path:
    """A MIDI file of named tracks at 480 ticks to a quarter note."""
    score = symusic.Score(480)
    score.tempos.append(symusic.Tempo(0, tempo))
    for name, notes in tracks.items():
        track = symusic.Track(name)
        for note in notes:
            track.notes.append(symusic.Note(*note))
        score.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)
    return path


@pytest.mark.parametrize("name", FOLDERS)
def test_expected_documents(shared: Path, name: str):
    documents = CORPORA[name].documents(shared / "data" / FOLDERS[name])
    assert len(documents) == CORPORA[name].expected
    assert len({document.name for document in documents}) == len(documents)
    assert [document.name for document in documents] == sorted(d.name for d in documents)
    assert {document.corpus for document in documents} == {name}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_first_document_can_be_read(shared: Path, name: str):
    document = CORPORA[name].documents(shared / "data" / FOLDERS[name])[0]
    score, bars, label = read_document(document)
    assert len(score) > 100
    assert (label is not None) == (name == "pop909")
    words = encode(score, bars=bars)
    assert np.count_nonzero(words.note_index >= 0) == len(score)


@pytest.mark.parametrize(
    ("name", "document", "song"),
    [
        ("pop909", "018", "018"),
        ("pop909-versions", "018-v1", "018"),
        ("pop909-cl", "043", "043"),
        ("emopia", "Q1_2Z9SjI131jA_10", "2Z9SjI131jA"),
        ("pianist8", "Yiruma/Yiruma_It's_Your_Day", "Yiruma/Yiruma_It's_Your_Day"),
        ("nottingham", "reelsm-q24", "reelsa-c22"),
        ("nottingham", "jigs1", "jigs1"),
        ("asap", "Bach/Fugue/bwv_846/Shi05M", "Bach/Fugue/bwv_846"),
        ("vienna4x22", "Chopin_op38_p07", "Chopin_op38"),
    ],
)
def test_songs(shared: Path, name: str, document: str, song: str):
    found = {d.name: d.song for d in CORPORA[name].documents(shared / "data" / FOLDERS[name])}
    assert found[document] == song


def test_the_three_recordings_of_a_piece_are_one_song(shared: Path):
    folder = shared / "data" / FOLDERS["giantmidi"]
    own = {document.song for document in CORPORA["giantmidi"].documents(folder)}
    compared = [document.song for document in CORPORA["giantmidi-compared"].documents(folder)]
    assert len(set(compared)) == 52
    assert set(compared) <= own


@pytest.mark.parametrize(
    ("split", "about"),
    [(split, corpus) for split, about in splits.CORPORA.items() for corpus in about],
)
def test_splits_name_documents_or_songs(shared: Path, split: str, about: str):
    documents = CORPORA[about].documents(shared / "data" / FOLDERS[about])
    known = {d.name for d in documents} | {d.song for d in documents}
    assert set(splits.load(split)) <= known
    song = {d.name: d.song for d in documents}
    assert all(song.get(name, name) == of for name, of in splits.songs(split).items())


def test_pop909_labels_and_order(shared: Path):
    document = CORPORA["pop909"].documents(shared / "data/POP909")[0]
    score, _, label = read_document(document)
    assert label is not None
    assert np.bincount(label).tolist() == [0, 264, 307, 985]
    again, _, _ = read_document(document)
    np.testing.assert_array_equal(score.onset, again.onset)
    plain = read_midi(document.path)
    np.testing.assert_array_equal(score.sorted_notes(), plain.sorted_notes())
    assert (np.diff(plain.track) >= 0).all()
    assert np.count_nonzero(np.diff(score.track) < 0) > 300  # no track order is left


def test_pop909_bars_are_those_of_the_corrected_files(shared: Path):
    """In 4/4 songs the phase of a melody note in its bar agrees with POP909-CL's for most songs."""
    data = shared / "data"
    corrected = {d.song: d for d in CORPORA["pop909-cl"].documents(data / "POP909-CL")}
    agree = []
    for document in CORPORA["pop909"].documents(data / "POP909")[::30]:
        found = []
        for one in (document, corrected[document.song]):
            score, bars, _ = read_document(one)
            words = encode(score, bars=bars)
            notes = words.values[words.note_index >= 0]
            found.append(np.bincount(notes[:, 1] // 4, minlength=64)[:4] / len(notes))
        agree.append(found[0] @ found[1] / np.linalg.norm(found[0]) / np.linalg.norm(found[1]))
    assert np.median(agree) > 0.98


def test_pop909_bars_come_from_the_beat_file(tmp_path: Path):
    tracks = {
        "MELODY": [(480 * i + 240, 240, 60, 90) for i in range(12)],
        "BRIDGE": [],
        "PIANO": [],
    }
    path = write(tmp_path / "001/001.mid", tracks)
    # Half a second a beat, the first at 0.25 s; a bar of four from the second beat on.
    beats = [(0.25 + 0.5 * i, float(i % 2), float(i % 4 == 1)) for i in range(12)]
    np.savetxt(path.parent / "beat_midi.txt", beats)
    (document,) = CORPORA["pop909"].documents(tmp_path)
    _, bars, label = read_document(document)
    assert bars is not None
    assert set(bars.start.tolist()) >= {720, 720 + 1920}
    assert label is not None
    assert label.tolist() == [labels.MELODY] * 12


def test_pop909_in_threes_takes_the_bar_of_three(tmp_path: Path):
    tracks = {"MELODY": [(480 * i, 240, 60, 90) for i in range(24)]}
    path = write(tmp_path / "001/001.mid", tracks)
    beats = [(0.5 * i, float(i % 3 == 0), float(i % 6 == 0)) for i in range(24)]
    np.savetxt(path.parent / "beat_midi.txt", beats)
    _, bars, _ = read_document(CORPORA["pop909"].documents(tmp_path)[0])
    assert bars is not None
    assert np.diff(bars.start).tolist() == [1440] * 7


def version_folder(tmp_path: Path, notes: list[Note]) -> Document:
    rng = np.random.default_rng(0)
    main = [(480 * i, 240, int(p), 90) for i, p in enumerate(rng.integers(50, 80, 40))]
    path = write(tmp_path / "001/001.mid", {"MELODY": main})
    np.savetxt(path.parent / "beat_midi.txt", [(0.5 * i, 1, i % 4 == 1) for i in range(40)])
    write(tmp_path / "001/versions/001-v1.mid", {"Melody": notes or shifted(main, 96)})
    (document,) = CORPORA["pop909-versions"].documents(tmp_path)
    return document


def shifted(notes: list[Note], ticks: int) -> list[Note]:
    return [(onset + ticks, *rest) for onset, *rest in notes]


def test_a_version_has_the_bars_of_its_song_moved(tmp_path: Path):
    document = version_folder(tmp_path, [])
    _, bars, label = read_document(document)
    assert document.song == "001"
    assert bars is not None
    assert {480 + 96, 480 + 96 + 1920} <= set(bars.start.tolist())
    assert label is not None
    assert set(label.tolist()) == {labels.MELODY}


def test_equal_notes_of_a_version_do_not_stand_in_the_order_of_tracks(tmp_path: Path):
    document = version_folder(tmp_path, [])
    notes = [(480 * i, 240, 60, 90) for i in range(200)]
    write(document.path, {"Melody": notes, "Piano": notes})
    score, _, _ = read_document(document)
    assert 70 < np.count_nonzero(score.track[encode(score).note_index[::2]] == 0) < 130


def test_a_version_of_other_notes_keeps_its_own_metre(tmp_path: Path):
    document = version_folder(tmp_path, [(333 * i, 100, 30 + i % 5, 90) for i in range(30)])
    assert read_document(document).bars is None


def test_most_versions_run_on_the_clock_of_their_song(shared: Path):
    documents = CORPORA["pop909-versions"].documents(shared / "data/POP909")[::40]
    moved = [read_document(document).bars is not None for document in documents]
    assert np.mean(moved) > 0.9


def test_the_chord_track_is_no_music(tmp_path: Path):
    notes = {"piano": [(0, 480, 60, 80), (480, 480, 62, 80)], "chords": [(0, 960, 48, 90)]}
    write(tmp_path / "POP909_processed/001.mid", notes)
    write(tmp_path / "POP909_processed/002.mid", {"chords": notes["chords"]})
    first, second = CORPORA["pop909-cl"].documents(tmp_path)
    assert sorted(read_document(first).score.pitch) == [60, 62]
    with pytest.raises(UserError, match="only chord symbols"):
        read_document(second)


def test_a_folder_of_midi(tmp_path: Path):
    for name in ("b.mid", "a/x.MID", "a/x.midi", ".hidden/y.mid", "a/._z.mid", "a/notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    documents = CORPORA["folder"].documents(tmp_path)
    assert [d.name for d in documents] == ["a/x", "a/x.midi", "b"]
    assert [d.song for d in documents] == ["a/x", "a/x.midi", "b"]


def test_links_in_a_folder_are_followed_but_into_themselves(tmp_path: Path):
    """And one that leads nowhere is a file that cannot be read, not a file less."""
    music, other = tmp_path / "music", tmp_path / "other"
    for path in (music / "a" / "x.mid", other / "deep" / "y.mid"):
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    (music / "linked").symlink_to(other, target_is_directory=True)
    (other / "deep" / "round").symlink_to(other, target_is_directory=True)
    (music / "gone.mid").symlink_to(tmp_path / "nowhere.mid")
    (music / "folder.mid").symlink_to(other, target_is_directory=True)
    (music / "self.txt").symlink_to(music / "self.txt")
    documents = CORPORA["folder"].documents(music)
    names = ["a/x", "folder.mid/deep/y", "gone", "linked/deep/y"]
    assert [document.name for document in documents] == names
    with pytest.raises(UserError, match=r"gone\.mid: No such file"):
        read_document(documents[2])


@pytest.mark.parametrize("name", CORPORA)
def test_another_layout(name: str, tmp_path: Path):
    (tmp_path / "readme.txt").touch()
    with pytest.raises(UserError, match="nothing of that is there"):
        CORPORA[name].documents(tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        CORPORA[name].documents(tmp_path / "missing")


def test_unknown_corpus():
    with pytest.raises(UserError, match=r"pop909.*got 'lakh'"):
        find_corpus("lakh")


def test_only_texts_that_allow_it_are_commercial():
    allowed = {name for name, corpus in CORPORA.items() if corpus.commercial}
    pop909 = {"pop909", "pop909-versions", "pop909-cl"}
    assert allowed == {*pop909, "nottingham", "giantmidi", "music21"}


@pytest.mark.parametrize("text", ["", "0.5 1.0\n1.0 0.0\n", "a b c\n"])
def test_bad_beats(tmp_path: Path, text: str):
    path = write(tmp_path / "001/001.mid", {"MELODY": [(0, 480, 60, 80)]})
    (path.parent / "beat_midi.txt").write_text(text)
    with pytest.raises(UserError, match=r"beat|downbeats"):
        read_document(CORPORA["pop909"].documents(tmp_path)[0])


def two_notes(*names: str) -> Score:
    same = np.zeros(2, dtype=np.int16)
    tracks = tuple(Track(name) for name in names)
    return Score(480, same, same, same, same, np.arange(2, dtype=np.int16), tracks)


def test_labels_go_by_the_names_of_tracks():
    label = labels.by_track_name(two_notes("PIANO", "MELODY"))
    assert label.tolist() == [labels.ACCOMPANIMENT, labels.MELODY]


@pytest.mark.parametrize("names", [("MELODY", "Flute"), ("PIANO", "BRIDGE")])
def test_labels_need_their_names(names: tuple[str, str]):
    with pytest.raises(
        UserError, match=f"MELODY, BRIDGE and PIANO; got '{names[0]}', '{names[1]}'"
    ):
        labels.by_track_name(two_notes(*names))


def test_versions_name_their_tracks_less_carefully():
    label = labels.by_version_track_name(two_notes("cau ", "Melody"))
    assert label is not None
    assert label.tolist() == [labels.BRIDGE, labels.MELODY]
    assert labels.by_version_track_name(two_notes("MELODY", "Grandeur 1")) is None
    assert labels.by_version_track_name(two_notes("PIANO", "CAU")) is None


def test_equal_notes_do_not_stand_in_the_order_of_tracks():
    """200 pairs of equal notes of two tracks: after the shuffle either may be the first."""
    onset = np.tile(np.arange(200, dtype=np.int32) * 480, 2)
    same = np.full(400, 60, dtype=np.int16)
    track = np.repeat(np.array([0, 1], dtype=np.int16), 200)
    score = Score(480, onset, same, same, same, track, (Track("MELODY"), Track("PIANO")))
    first = encode(score).note_index[::2]
    assert (score.track[first] == 0).all()
    mixed = labels.shuffle(score, "001")
    first = encode(mixed).note_index[::2]
    assert 70 < np.count_nonzero(mixed.track[first] == 0) < 130
    np.testing.assert_array_equal(mixed.track, labels.shuffle(score, "001").track)
    assert (mixed.track != labels.shuffle(score, "002").track).any()


@pytest.mark.parametrize(
    ("corpus", "task", "classes"),
    [("pianist8", "", 8), ("emopia", "", 4), ("nottingham", "", 14), ("nottingham", "dance9", 9)],
)
def test_every_piece_has_its_label(shared: Path, corpus: str, task: str, classes: int):
    documents = CORPORA[corpus].documents(shared / "data" / FOLDERS[corpus])
    labelled = [CORPORA[corpus].piece_label(document.name, task) for document in documents]
    assert None not in labelled
    assert len(set(labelled)) == classes


@pytest.mark.parametrize(
    ("corpus", "name", "label"),
    [
        ("pianist8", "Yiruma/Yiruma_It's_Your_Day", "Yiruma"),
        ("emopia", "Q3_2Z9SjI131jA_10", "Q3"),
        ("emopia", "Q3_2Z9SjI131jA_10@0.9", "Q3"),
        ("emopia", "Q5_2Z9SjI131jA_10", None),
        ("nottingham", "reelsa-c22", "reelsa-c"),
        ("nottingham", "jigs1", "jigs"),
        ("nottingham", "my tune", None),
        ("asap", "Bach/Fugue/bwv_846/Shi05M", "Bach"),
        ("pop909", "001", None),
    ],
)
def test_labels_of_pieces(corpus: str, name: str, label: str | None):
    assert CORPORA[corpus].piece_label(name) == label


def test_the_six_kinds_of_reels_are_one_dance():
    found = {CORPORA["nottingham"].piece_label(f"reels{x}3", "dance9") for x in ("a-c", "u-z")}
    assert found == {"reels"}
    with pytest.raises(UserError, match="dance14, dance9; got 'composer'"):
        CORPORA["nottingham"].piece_label("jigs1", "composer")
    with pytest.raises(UserError, match="for: none; got 'composer'"):
        CORPORA["pop909"].piece_label("001", "composer")


def test_a_stretched_copy_is_the_same_music_of_the_same_song(tmp_path: Path):
    path = write(tmp_path / "a.mid", {"x": [(480 * i, 240, 60 + i, 90) for i in range(12)]})
    document = CORPORA["folder"].documents(tmp_path)[0]
    copy = stretched(document, 1.25)
    assert (copy.name, copy.song, copy.path) == ("a@1.25", "a", path)
    assert (original(copy.name), original("a")) == ("a", "a")
    plain, longer = read_document(document).score, read_document(copy).score
    np.testing.assert_allclose(longer.seconds(longer.onset), 1.25 * plain.seconds(plain.onset))
    assert longer.onset[-1] / longer.ticks_per_quarter == 1.25 * 11


def test_no_name_of_a_corpus_is_that_of_a_copy(shared: Path):
    for name, folder in FOLDERS.items():
        documents = CORPORA[name].documents(shared / "data" / folder)
        assert all(original(document.name) == document.name for document in documents)


def test_only_performances_are_in_free_time():
    free = {name for name, corpus in CORPORA.items() if corpus.free_time("A/B/midi_score")}
    assert free == {"pianist8", "emopia", "giantmidi", "giantmidi-compared", "vienna4x22", "folder"}
    assert CORPORA["asap"].free_time("Bach/Fugue/bwv_846/Shi05M")


def test_music21_is_read_by_its_licence(tmp_path: Path):
    write(tmp_path / "stated/luca/gloria.mid", {"x": [(0, 480, 60, 80)]})
    write(tmp_path / "silent/haydn/opus1.mid", {"x": [(0, 480, 60, 80)]})
    assert [d.name for d in CORPORA["music21"].documents(tmp_path)] == ["luca/gloria"]
    assert [d.name for d in CORPORA["music21-silent"].documents(tmp_path)] == ["haydn/opus1"]


def test_classes_of_velocity():
    velocity = np.array([1, 31, 32, 47, 48, 63, 64, 79, 80, 95, 96, 127], dtype=np.int16)
    same = np.zeros(12, dtype=np.int16)
    classes = labels.velocity_classes(Score(480, same, same, same, velocity, same, (Track("x"),)))
    assert classes.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert classes.dtype == np.int8
