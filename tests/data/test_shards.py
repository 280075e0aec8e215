"""Shards: what is written is read, and an interrupted writer goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ostinato.base.errors import UserError
from ostinato.data.shards import Entry, Header, ShardWriter, read_entries, read_shards
from toy_corpus import HEADER, toy_document


def entry(number: int, rows: int, corpus: str = "toy") -> Entry:
    return Entry(f"d{number}", f"s{number % 2}", corpus, rows, rows)


def write(folder: Path, numbers: range, *, max_rows: int = 200) -> None:
    with ShardWriter(folder, HEADER, max_rows=max_rows) as writer:
        for number in numbers:
            if f"d{number}" not in writer.done:
                values, label = toy_document(number)
                writer.add(entry(number, len(values)), values, label)


def test_round_trip_over_several_shards(tmp_path: Path) -> None:
    write(tmp_path, range(7))
    assert len(list(tmp_path.glob("shard-*.safetensors"))) > 1
    found = read_shards([tmp_path])
    assert [e.name for e in found.entries] == [f"d{n}" for n in range(7)]
    for number in range(7):
        values, label = toy_document(number)
        rows = slice(found.offset[number], found.offset[number + 1])
        assert (found.values[rows] == values).all()
        assert (found.label[rows] == label).all()
    assert found.header == HEADER


def test_selection_keeps_rows_with_their_documents(tmp_path: Path) -> None:
    write(tmp_path, range(7))
    odd = read_shards([tmp_path], lambda e: e.song == "s1")
    assert [e.name for e in odd.entries] == ["d1", "d3", "d5"]
    assert (odd.values[odd.offset[1] : odd.offset[2]] == toy_document(3)[0]).all()


def test_labels_of_the_same_rows_from_other_shards(tmp_path: Path) -> None:
    """Whatever their order; documents that are not there have none, strange ones are refused."""
    for folder, numbers in (("one", range(7)), ("other", range(5, 1, -1)), ("more", range(6, 9))):
        write(tmp_path / folder, numbers)
    one, other, more = (read_shards([tmp_path / name]) for name in ("one", "other", "more"))
    found, rows = one.labels_from(other), slice(one.offset[2], one.offset[6])
    assert (found[rows] == one.label[rows]).all() and one.label[rows].any()
    assert not found[: rows.start].any() and not found[rows.stop :].any()
    with pytest.raises(UserError, match=r"^toy d7: .* has no document of that name: prepare"):
        one.labels_from(more)
    moved = replace(other, values=other.values + np.int16(1))
    with pytest.raises(UserError, match=r"^toy d5: .* has other words of that name"):
        one.labels_from(moved)
    twice = read_shards([tmp_path / "one", tmp_path / "more"])
    for of, by in ((twice, other), (one, twice)):
        with pytest.raises(UserError, match=r"^toy d6: .* hold two documents of that name"):
            of.labels_from(by)


def test_a_writer_that_died_goes_on(tmp_path: Path) -> None:
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    write(straight, range(7))
    writer = ShardWriter(broken, HEADER, max_rows=200)  # dies before it writes the last shard
    for number in range(5):
        values, label = toy_document(number)
        writer.add(entry(number, len(values)), values, label)
    assert 0 < len(writer.done) < 5
    # A shard that was written, but not yet listed, counts for nothing.
    stale = broken / "shard-00009.safetensors"
    stale.write_bytes((broken / "shard-00000.safetensors").read_bytes())
    write(broken, range(7))
    assert not stale.exists()
    assert read_entries(broken) == read_entries(straight)
    assert (read_shards([broken]).values == read_shards([straight]).values).all()


def test_a_document_longer_than_a_shard_is_a_shard_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, range(3), max_rows=10)
    assert len(list(tmp_path.glob("shard-*.safetensors"))) == 3
    assert len(read_shards([tmp_path])) == 3


def test_folders_of_different_words_do_not_mix(tmp_path: Path) -> None:
    write(tmp_path / "a", range(2))
    other = Header("cp4", 12, (2, 193, 129, 193), "other")
    with ShardWriter(tmp_path / "b", other) as writer:
        writer.add(entry(0, 1, "other"), np.array([[0, 0, 60, 0]], np.int16))
    with pytest.raises(UserError, match="different words"):
        read_shards([tmp_path / "a", tmp_path / "b"])
    with pytest.raises(UserError, match="another word scheme"):
        ShardWriter(tmp_path / "a", other)


def test_what_is_no_shard_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"words\.json"):
        read_shards([tmp_path])


def test_names_may_hold_what_unicode_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    names = ["a\u2028b", "c\x85d", "e\x0cf", "g\r\nh"]
    values, label = toy_document(0)
    with ShardWriter(tmp_path, HEADER) as writer:
        for name in names:
            writer.add(Entry(name, name, "toy", len(values), 1), values, label)
    assert [entry.name for entry in read_entries(tmp_path)] == names
    assert [entry.song for entry in read_shards([tmp_path]).entries] == names


@pytest.mark.parametrize("name", ["words.json", "documents.jsonl"])
@pytest.mark.parametrize("text", ["{", "[1]\n", '{"vocab": 3}\n', "\udcff"])
def test_a_damaged_folder_is_named(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path, range(3))
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UserError, match=rf"{name} is damaged.*make the shards anew"):
        read_shards([tmp_path])
