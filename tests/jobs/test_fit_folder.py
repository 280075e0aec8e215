"""Which files of a folder have which class, and which have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.jobs.fit_folder import find_items
from ostinato.jobs.fit_read import track_labels


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a/1.mid", "a/deep/2.MIDI", "b b/ü\n.mid", "top.mid", "a/.hidden.mid", "a/x.txt"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "music"


def csv(folder: Path, text: str) -> Path:
    path = folder.parent / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_first_folder_below_is_the_class(folder: Path) -> None:
    found = find_items(folder, None, of_notes=False)
    assert [(item.name, item.label) for item in found.items] == [
        ("a/1.mid", "a"),
        ("a/deep/2.MIDI", "a"),
        ("b b/ü\n.mid", "b b"),
    ]
    assert [one.name for one in found.left] == ["top.mid"]


def test_where_notes_are_labelled_every_file_counts(folder: Path) -> None:
    names = [item.name for item in find_items(folder, None, of_notes=True).items]
    assert names == ["a/1.mid", "a/deep/2.MIDI", "b b/ü\n.mid", "top.mid"]


def test_a_csv_names_files_with_or_without_suffix(folder: Path) -> None:
    text = (
        '\ufeffFile, LABEL ,group\r\na/1.mid,x,g\r\na/deep/2,y,\r\n"b b/ü\n.mid",x,h\r\n'
        "gone.mid,x,g\r\ntop.mid,,g\r\n"
    )
    found = find_items(folder, csv(folder, text), of_notes=False)
    assert [(item.name, item.label, item.group) for item in found.items] == [
        ("a/1.mid", "x", "g"),
        ("a/deep/2", "y", ""),
        ("b b/ü\n.mid", "x", "h"),
    ]
    assert {one.name: "no such" in one.reason for one in found.left} == {
        "gone.mid": True,
        "top.mid": False,
    }
    assert "1 MIDI file is not named" in found.remarks[0]


def test_a_csv_may_name_files_by_paths_of_their_own(folder: Path, tmp_path: Path) -> None:
    """Those that lead into the folder are its files, wherever it lies."""
    (tmp_path / "link").symlink_to(folder, target_is_directory=True)
    (tmp_path / "else.mid").touch()
    text = f"file,label\n{folder}/a/1.mid,x\n../music/top,y\n{tmp_path}/link/a/deep/2,x\n"
    named = csv(folder, text + "../else.mid,y\n")
    found = find_items(folder, named, of_notes=False)
    names = ["../else.mid", "a/1.mid", "a/deep/2", "top"]
    assert [item.name for item in found.items] == names
    assert not found.left
    assert found.remarks == (f"1 MIDI file is not named in {named}",)


def test_a_file_with_two_labels_has_none(folder: Path) -> None:
    text = "file,label\na/1.mid,x\na/1,y\ntop.mid,x\ntop.mid,x\n"
    found = find_items(folder, csv(folder, text), of_notes=False)
    assert [item.name for item in found.items] == ["top.mid"]
    assert [(one.name, one.reason) for one in found.left] == [
        ("a/1.mid", "has two labels in the CSV")
    ]


def test_names_are_read_as_spreadsheets_and_windows_write_them(folder: Path) -> None:
    (folder / "a" / "odd \\ .mid").touch()
    text = "file,label\n a\\1.mid ,x\n.\\a\\deep\\2,y\na/odd \\ .mid,x\n"
    found = find_items(folder, csv(folder, text), of_notes=False)
    assert [item.name for item in found.items] == ["a/1.mid", "a/deep/2", "a/odd \\ .mid"]
    assert not found.left


def test_a_short_name_of_two_files_means_neither(folder: Path) -> None:
    (folder / "a" / "1.midi").touch()
    text = "file,label\na/1,x\na/deep/2,y\n"
    found = find_items(folder, csv(folder, text), of_notes=False)
    assert [item.name for item in found.items] == ["a/deep/2"]
    assert [(one.name, one.reason) for one in found.left] == [
        ("a/1", "may be a/1.mid or a/1.midi: the CSV has to say which")
    ]
    text = "file,label\na/1.mid,x\na/1.midi,y\n"
    assert len(find_items(folder, csv(folder, text), of_notes=False).items) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got nothing"),
        ("file;label\na/1.mid;x\n", "semicolons"),
        ('"file";"label"\r\n"a/1.mid";"x"\r\n', "semicolons"),
        ("name,label\na,b\n", "expected the columns file, label"),
        ("file,label\nnone.mid,x\n", "the first, none.mid, is named in the CSV, and there is no"),
        ("file,label\na/1.mid,\n,x\n", r"the first, a/1\.mid, has no label in the CSV"),
        ("file,label\n", "names none"),
        ('file,label\n"a', "is no CSV"),
    ],
)
def test_a_csv_that_says_nothing_is_refused(folder: Path, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        find_items(folder, csv(folder, text), of_notes=False)


def test_folders_without_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing of that is there"):
        find_items(tmp_path, None, of_notes=False)
    (tmp_path / "one.mid").touch()
    with pytest.raises(UserError, match="1 MIDI file lies in none"):
        find_items(tmp_path, None, of_notes=False)
    with pytest.raises(UserError, match="no such folder"):
        find_items(tmp_path / "none", None, of_notes=False)


def test_folders_that_look_the_same_are_refused(folder: Path) -> None:
    (folder / "b  b").mkdir()
    (folder / "b  b" / "3.mid").touch()
    with pytest.raises(UserError, match="both shown as 'b b'"):
        find_items(folder, None, of_notes=False)


def test_tracks_share_a_label_or_are_their_own() -> None:
    found = track_labels("Melody=tune, BRIDGE=tune,piano")
    assert found.names == ("tune", "piano")
    assert found.of_track == {"MELODY": 1, "BRIDGE": 1, "PIANO": 2}


@pytest.mark.parametrize("text", ["", "a", "a=x,b=x", "a=x,A=y", "a,,b"])
def test_labels_that_tell_nothing_apart_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="--notes"):
        track_labels(text)
