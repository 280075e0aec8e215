"""The data of pre-training: what is held out, what is left out, and files that travel whole."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.data.selection import held_out
from ostinato.data.shards import read_shards
from ostinato.music import splits
from ostinato.music.labels import velocity_classes
from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track
from ostinato.music.similarity import Link
from toy_music_suite import song, write_corpora

RUNS = Path(__file__).parents[2] / "runs"
sys.path.insert(0, str(RUNS))

from midiformer.shards import unpack_all  # noqa: E402
from music_corpora import findings, leaks, packing, report, shards  # noqa: E402
from music_corpora.pieces import Item  # noqa: E402


def tune(seed: int, *, notes: int = 60) -> Score:
    onset = np.arange(notes, dtype=np.int32) * 240
    pitch = np.random.default_rng(seed).integers(60, 85, notes).astype(np.int16)
    same = np.full(notes, 80, dtype=np.int16)
    return Score(480, onset, onset * 0 + 200, pitch, same, same * 0, (Track("x"),))


def two_of(split: str, side: str) -> list[str]:
    return [name for name, where in splits.load(split).items() if where == side][:2]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six files of three corpora.

    A Nottingham tune of the test side is in music21 too, in another key; a clip of EMOPIA's
    training side and one of its test side are two thirds the same; and of two Nottingham tunes
    of the training side one is the beginning of the other.
    """
    test, (one, two) = two_of("nottingham_tune", "test")[0], two_of("nottingham_tune", "train")
    train_clip, test_clip = two_of("emopia_song", "train")[0], two_of("emopia_song", "test")[0]
    clip = tune(5)
    half = replace(clip, pitch=np.append(clip.pitch[:40], tune(6).pitch[:20]))
    folder = tmp_path_factory.mktemp("data")
    files = {
        f"Nottingham/MIDI/{test}": tune(1),
        f"Nottingham/MIDI/{one}": tune(2),
        f"Nottingham/MIDI/{two}": tune(2, notes=50),
        "music21/stated/josquin/leak": replace(tune(1), pitch=tune(1).pitch - 5),
        "music21/stated/josquin/other": tune(3),
        "music21/stated/josquin/others": tune(3, notes=10),  # too short to be compared
        "music21/stated/josquin/others_copy": tune(3, notes=10),
        f"EMOPIA/midis/{train_clip}": clip,
        f"EMOPIA/midis/{test_clip}": half,
    }
    for name, score in files.items():
        path = folder / f"{name}.mid"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_midi(score, path)
    (folder / "Nottingham/MIDI/broken.mid").write_bytes(b"MThd")
    return folder


@pytest.fixture(scope="module")
def found(data: Path) -> findings.Findings:
    return findings.study(data, None, 1)


def test_a_held_out_song_is_left_out_wherever_it_is(found: findings.Findings):
    test = two_of("nottingham_tune", "test")[0]
    assert {leak.document.key: leak.held.key for leak in found.leaks} == {
        "music21:josquin/leak": f"nottingham:{test}",
        f"emopia:{two_of('emopia_song', 'train')[0]}": (
            f"emopia:{two_of('emopia_song', 'test')[0]}"
        ),
    }
    assert found.bad[0].startswith("nottingham:broken: ")


def test_of_two_equal_tunes_the_larger_stays(found: findings.Findings):
    one, two = two_of("nottingham_tune", "train")
    assert found.duplicates["shipped"] == {f"nottingham:{two}": f"nottingham:{one}"}
    assert found.trunks["shipped"] == ["nottingham", "music21"]
    assert found.trunks["research"] == ["nottingham", "music21", "emopia"]


def test_a_split_that_leaks_is_found_out(found: findings.Findings):
    inside = leaks.inside_splits(found.items, found.links)
    (leak,) = inside["emopia_song"]
    assert leak.held.name == two_of("emopia_song", "test")[0]
    assert leak.document.name == two_of("emopia_song", "train")[0]
    assert inside["nottingham_tune"] == []


Written = tuple[Path, list[shards.Size]]


@pytest.fixture(scope="module")
def written(found: findings.Findings, tmp_path_factory: pytest.TempPathFactory) -> Written:
    out = tmp_path_factory.mktemp("out")
    report.write_lists(found, out)
    return out, shards.write_shards(found, shards.Preparation(out, workers=1))


def test_the_list_of_leaks_is_a_split_that_pretrain_excludes(
    found: findings.Findings, written: Written
):
    out, sizes = written
    assert [row[0] for row in sizes] == [
        "shipped.npz.xz",
        "research.npz.xz",
        "emopia.npz.xz",
        "nottingham.npz.xz",
    ]
    entries = read_shards([out / "prepared/music21"]).entries
    assert held_out(entries, [str(out / "leaks.csv")]) == {("music21", "josquin/leak")}
    text = report.markdown(found, sizes)
    assert "| shipped | 1 |" in text
    assert "broken" in text


def test_a_trunk_learns_from_what_is_left(written: Written, tmp_path: Path):
    out, _ = written
    left = {"josquin/other", "josquin/others", two_of("nottingham_tune", "train")[0]}
    for trunk in ("shipped", "research"):
        documents = packing.unpack(out / f"{trunk}.npz.xz", tmp_path / trunk)
        assert {entry.name for entry in documents.entries} == left


def test_versions_are_labelled_by_velocity_too(tmp_path: Path):
    """Those of the trunk whose tracks are named, made of the same words."""
    folder = write_corpora(tmp_path / "data") / "POP909"
    for number, tracks in ((1, ("MELODY", "CAU", "PIANO")), (2, ("x", "y", "z"))):
        score = replace(song(10 + number), tracks=tuple(Track(name) for name in tracks))
        (folder / f"00{number}" / "versions").mkdir()
        write_midi(score, folder / f"00{number}" / "versions" / f"00{number}-v1.mid")
    out = tmp_path / "out"
    shards.write_shards(findings.study(folder.parent, None, 1), shards.Preparation(out, workers=1))
    lines = [*unpack_all(_with_leaks(out), tmp_path / "shards")]
    assert len(lines) == len({*lines})
    melody = read_shards([tmp_path / "shards/pop909-versions"])
    velocity = read_shards([tmp_path / "shards/pop909-versions-velocity"])
    assert [e.name for e in melody.entries] == [e.name for e in velocity.entries] == ["001-v1"]
    assert sorted(melody.labels_from(velocity)) == sorted(velocity_classes(song(11)))
    assert read_shards([tmp_path / "shards/pop909-velocity"]).label.all()


def _with_leaks(out: Path) -> Path:
    (out / "leaks.csv").write_text("name,song,side\n")
    return out


def test_a_packed_file_holds_the_same_rows(written: Written, tmp_path: Path):
    out, _ = written
    whole = packing.unpack(out / "emopia.npz.xz", tmp_path / "emopia")
    prepared = read_shards([out / "prepared/emopia"])
    assert whole.entries == prepared.entries
    for part in ("values", "label", "offset"):
        np.testing.assert_array_equal(getattr(whole, part), getattr(prepared, part))
    assert len(read_shards([out / "prepared/emopia-stretched"])) == 2 * len(whole)
    with pytest.raises(UserError, match="expected an empty folder"):
        packing.unpack(out / "emopia.npz.xz", tmp_path / "emopia")
    with pytest.raises(UserError, match="expected a file of packed shards"):
        packing.unpack(tmp_path / "missing.npz.xz", tmp_path / "missing")
    (tmp_path / "cut.npz.xz").write_bytes((out / "emopia.npz.xz").read_bytes()[:-9])
    with pytest.raises(UserError, match="expected a file of packed shards"):
        packing.unpack(tmp_path / "cut.npz.xz", tmp_path / "cut")


def test_where_one_part_of_a_work_leaks_all_do():
    def item(corpus: str, name: str, song: str) -> Item:
        return Item(corpus, name, song, 1, np.zeros(0, np.uint64), ())

    held = item("asap", "etude", "etude")
    one, other = item("giantmidi-compared", "a", "liszt"), item("giantmidi", "b", "liszt")
    same_name = item("emopia", "c", "liszt")  # a song of another corpus
    found = leaks.leaks(
        [held, one, other, same_name],
        [Link(held.key, one.key, 0.4, 20)],
        {("asap", "etude")},
    )
    assert {(leak.document.key, leak.held.key) for leak in found} == {
        ("giantmidi-compared:a", "asap:etude"),
        ("giantmidi:b", "asap:etude"),
    }
