"""Which side a document is on, and what pre-training must not see."""

from __future__ import annotations

from pathlib import Path

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
