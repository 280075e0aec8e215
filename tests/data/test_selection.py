"""Which side a document is on, and what pre-training must not see."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.data.selection import held_out, load_split
from ostinato.data.shards import Entry


def entry(name: str, song: str, corpus: str = "folder") -> Entry:
    return Entry(name, song, corpus, 1, 1)


def split_file(folder: Path, *rows: str) -> str:
    path = folder / "split.csv"
    path.write_text("\n".join(("name,song,side", *rows)) + "\n")
    return str(path)


def test_a_name_counts_before_what_it_may_be_a_copy_of(tmp_path: Path) -> None:
    split = load_split(split_file(tmp_path, "mix,m,train", "mix@2,other,test"))
    assert split.side(entry("mix@2", "other")) == "test"
    assert split.side(entry("mix@0.9", "m")) == "train"
    assert split.side(entry("unknown", "m")) is None


def test_all_versions_of_a_held_out_song_are_held_out(tmp_path: Path) -> None:
    name = split_file(tmp_path, "a-v1,a,test", "b-v1,b,train", "c-v1,c,valid")
    entries = [entry(f"{song}-v{i}", song) for song in "abcd" for i in (1, 2)]
    assert held_out(entries, [name]) == {("folder", "a"), ("folder", "c")}


def test_a_file_that_is_no_text_is_named_and_a_mark_of_its_encoding_is_no_name(
    tmp_path: Path,
) -> None:
    path = tmp_path / "split.csv"
    path.write_text("name,song,side\nété,a,train\n", encoding="utf-8-sig")
    assert load_split(str(path)).sides == {"été": "train"}
    path.write_text("name,song,side\nété,a,train\n", encoding="latin-1")
    with pytest.raises(UserError, match=r"split\.csv: expected a CSV file in UTF-8"):
        load_split(str(path))
    path.write_bytes(b"")
    with pytest.raises(UserError, match=r"split\.csv: expected the columns name,song,side"):
        load_split(str(path))
