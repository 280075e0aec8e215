"""Kin are found by names and by music, and no split separates them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.jobs.fit_folder import Item
from ostinato.jobs.fit_groups import GIVEN, NAMED, NEAR, group_items, join, songs_of_names
from ostinato.jobs.fit_read import Reading
from ostinato.jobs.fit_split import FEWEST, assign_sides, straddling


def items(*names: str) -> list[Item]:
    """Files ``CLASS/NAME``."""
    return [Item(name, Path(name), name.split("/")[0]) for name in names]


def reading(
    music: bytes,
    *prints: int,
    values: Sequence[Sequence[int]] = ((0, 0, 0, 0),),
    label: Sequence[int] = (0,),
) -> Reading:
    return Reading(
        np.array(values, dtype=np.int16),
        np.array(label, dtype=np.int8),
        len(values),
        music,
        np.array(sorted(prints), dtype=np.uint64),
    )


def test_emopia_by_clip_shows_its_songs(shared: Path) -> None:
    """Every song of EMOPIA is one group, though its clips lie in several quadrants."""
    names = sorted(path.name for path in (shared / "data" / "EMOPIA" / "midis").glob("*.mid"))
    clips = [Item(name, Path(name), name[:2]) for name in names]
    songs = songs_of_names(clips)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for name in names:
        clip = re.fullmatch(r"Q[1-4]_(?P<song>.{11})_[0-9]+\.mid", name)
        assert clip is not None
        found[clip["song"]].add(songs.get(name, name))
    assert len(found) == 387
    assert all(len(of_song) == 1 for of_song in found.values())
    group = {name: songs.get(name, name) for name in names}
    kin, test = straddling(group, {clip.name: clip.label for clip in clips})
    assert kin > test / 2


def test_numbers_that_count_a_class_are_no_songs(shared: Path) -> None:
    names = [f"jig/jig_{number}" for number in range(300)]
    names += [f"reel/reel_{number}" for number in range(300)]
    assert songs_of_names(items(*names)) == {}
    folder = shared / "data" / "Nottingham" / "MIDI"
    tunes = [f"{path.stem.rstrip('0123456789')}/{path.stem}" for path in folder.glob("*.mid")]
    assert songs_of_names(items(*tunes)) == {}


def test_versions_belong_to_their_song_across_classes() -> None:
    names = ("x/la_1", "y/la_2", "x/lo (1)", "y/lo (2)", "x/lu-v1", "y/lu", "x/le_1", "y/le_v2")
    songs = songs_of_names(items(*names))
    assert set(songs) == set(names)
    assert {songs["x/la_1"], songs["x/lu-v1"]} == {songs["y/la_2"], songs["y/lu"]} == {"la", "lu"}
    assert songs_of_names(items("x/la_1", "y/la_2")) == {}  # one alone may be the class's count
    assert set(songs_of_names(items("x/la", "x/la-v1", "y/lu take 2"))) == {"x/la", "x/la-v1"}


def test_copies_are_left_out_and_contrary_ones_all() -> None:
    first, copy, other, contrary, near = items("x/a", "x/b", "x/c", "y/d", "y/e")
    found = group_items(
        {
            first: reading(b"1", 1, 2),
            copy: reading(b"1", 1, 2),
            other: reading(b"2", 9),
            contrary: reading(b"2", 9),
            near: reading(b"3", 1, 2, 3),
        }
    )
    assert [item.name for item in found.items] == ["x/a", "y/e"]
    assert {one.name for one in found.copies} == {"x/b", "x/c", "y/d"}
    assert found.group == {"x/a": "x/a", "y/e": "x/a"}
    assert [source.name for source in found.sources if source.sets()] == [NEAR]
    assert [[item.name for item in one] for one in found.contrary()] == [["x/a", "y/e"]]
    assert NAMED in [source.name for source in found.sources]


def test_the_kin_of_a_copy_are_kin_of_what_is_kept() -> None:
    names = ("x/a", "x/b", "x/c", "x/d")
    a, b, c, d = (
        Item(name, Path(name), "x", group) for name, group in zip(names, "1223", strict=True)
    )
    found = group_items(
        {a: reading(b"1"), b: reading(b"1"), c: reading(b"2", 7), d: reading(b"3", 8)}
    )
    assert found.group == {"x/a": "x/a", "x/c": "x/a", "x/d": "x/d"}
    shown = {source.name: source.sets() for source in found.sources}
    assert shown == {NEAR: [], NAMED: [], GIVEN: [["x/a", "x/c"]]}
    # What is dropped with its contrary copy still joins the others of its group.
    contrary = Item("y/a", Path("y/a"), "y", "3")
    found = group_items({a: reading(b"1"), d: reading(b"2"), contrary: reading(b"1")})
    assert [item.name for item in found.items] == ["x/d"]
    e = Item("x/e", Path("x/e"), "x", "1")
    found = group_items(
        {a: reading(b"1"), contrary: reading(b"1"), d: reading(b"2"), e: reading(b"3")}
    )
    assert found.group == {"x/d": "x/d", "x/e": "x/d"}


def test_a_copy_of_another_name_belongs_to_the_song_of_either() -> None:
    files = items("x/download xko final", "x/xko_1", "x/xko_2", "x/la_1", "x/la_2", "x/lo_1")
    files += items("x/lo_2", "x/le_1", "x/le_2", "x/alone")
    music = [b"xko", b"xko", *(bytes([n]) for n in range(8))]
    found = group_items(dict(zip(files, map(reading, music), strict=True)))
    assert found.group["x/xko_2"] == found.group["x/download xko final"] == "x/download xko final"
    assert len(set(found.group.values())) == 5


def test_numbers_of_copies_make_no_songs_of_a_classes_numbers() -> None:
    tunes = [f"x/tune_{number}" for number in range(12)]
    copies = [f"{tune} ({number})" for tune in tunes for number in (1, 2)]
    files = items(*tunes, *copies)
    assert len(set(songs_of_names(files).values())) > 1  # were they music of their own
    found = group_items({item: reading(item.name.split(" ")[0].encode()) for item in files})
    assert found.group == {tune: tune for tune in tunes}


def test_copies_whose_notes_are_labelled_differently_are_all_left_out() -> None:
    a, b, c, d = (Item(name, Path(name)) for name in "abcd")
    # Two equal notes, the first of a bar; and a third one.
    values = ((0, 0, 60, 1), (1, 0, 60, 1), (1, 4, 60, 1))
    labels = {a: (1, 2, 1), b: (2, 1, 1), c: (1, 1, 2)}

    def read(*of: Item) -> dict[Item, Reading]:
        return {item: reading(b"1", values=values, label=labels[item]) for item in of}

    found = group_items({**read(a, b), d: reading(b"2")})
    assert [item.name for item in found.items] == ["a", "d"]  # equal notes have no order
    assert [one.name for one in found.copies] == ["b"]
    found = group_items({**read(a, c), d: reading(b"2")})
    assert [item.name for item in found.items] == ["d"]
    assert {one.name: one.reason for one in found.copies} == {
        "a": "has the same notes as c, and labels them differently",
        "c": "has the same notes as a, and labels them differently",
    }


def test_joining_is_transitive_over_sources() -> None:
    names = ["a", "b", "c", "d"]
    one = {"a": "a", "b": "a", "c": "c", "d": "d"}
    two = {"a": "a", "b": "b", "c": "b", "d": "d"}
    assert join(names, [one, two]) == {"a": "a", "b": "a", "c": "a", "d": "d"}


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=4),
        st.tuples(st.integers(0, 9), st.sampled_from("xyz")),
        min_size=1,
        max_size=40,
    )
)
def test_no_group_is_on_two_sides(files: dict[str, tuple[int, str]]) -> None:
    first: dict[int, str] = {}
    group = {name: first.setdefault(files[name][0], name) for name in sorted(files)}
    sides = assign_sides(group, {name: label for name, (_, label) in files.items()})
    assert set(sides) == set(files)
    where: defaultdict[str, set[str]] = defaultdict(set)
    for name, side in sides.items():
        where[group[name]].add(side)
    assert all(len(side) == 1 for side in where.values())
    backwards = assign_sides(dict(reversed(group.items())), {n: b for n, (_, b) in files.items()})
    assert backwards == sides


@pytest.mark.parametrize("size", [1, 2, FEWEST, 10, 100])
def test_each_class_with_enough_songs_is_on_every_side(size: int) -> None:
    label = {f"{name}{number}": name for name in "xy" for number in range(size)}
    sides = assign_sides({name: name for name in label}, label)
    for one in "xy":
        count = [[sides[n] for n in label if label[n] == one].count(s) for s in ("test", "valid")]
        assert count == [0 if size < FEWEST else max(1, round(0.15 * size))] * 2
    assert straddling({name: name for name in label}, label)[0] == 0


def test_a_class_more_moves_no_song_of_the_others() -> None:
    few = {f"x{number}": "x" for number in range(20)}
    more = {**few, **{f"y{number}": "y" for number in range(20)}}
    sides = assign_sides({name: name for name in more}, more)
    assert assign_sides({name: name for name in few}, few) == {name: sides[name] for name in few}
