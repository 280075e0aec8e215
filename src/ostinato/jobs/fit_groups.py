"""Which files must stay on one side of a split: copies, near-duplicates, parts of one song."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from ostinato.jobs.fit_folder import Item, Left
from ostinato.jobs.fit_read import Reading
from ostinato.music.compound_words import NEW
from ostinato.music.similarity import near_duplicates

# "song_3", "song-v2", "song (4)": what is left without the number is the song.
_NUMBERED = re.compile(
    r"(?P<song>.*?)[\s_.\-]+(?P<word>v|ver|version|take|part|clip|segment)?[\s.]*\(?\d{1,4}\)?",
    re.IGNORECASE,
)
_FIELD = re.compile(r"(?P<first>[^\s_.\-]+)[\s_.\-](?P<rest>.*)", re.DOTALL)
MOST_OF_A_SONG = 64  # files of one stem; more are a collection's numbering
FEWEST_SONGS = 3  # stems of a class, below which its numbers count the class itself
FILES_OF_A_SONG = 6  # on average, above which they do so too


@dataclass(frozen=True)
class Source:
    """One way in which files were found to belong together."""

    name: str
    group: Mapping[str, str]  # of every file, called by its first file's name

    def sets(self) -> list[list[str]]:
        """The groups of two files or more."""
        return [names for names in members(self.group).values() if len(names) > 1]


@dataclass(frozen=True)
class Grouping:
    """The files that are kept, and what of them belongs together."""

    items: tuple[Item, ...]
    group: Mapping[str, str]  # by any of the sources, transitively
    sources: tuple[Source, ...]
    copies: tuple[Left, ...]  # left out

    def contrary(self) -> list[list[Item]]:
        """Near-duplicates of each other that have several classes."""
        near = next(source for source in self.sources if source.name == NEAR)
        item = {item.name: item for item in self.items}
        sets = [[item[name] for name in names] for names in near.sets()]
        return [one for one in sets if len({item.label for item in one}) > 1]


NEAR = "near-duplicates by their melody"
NAMED = "names that differ in their last number"
GIVEN = "the CSV's groups"


def group_items(readings: Mapping[Item, Reading]) -> Grouping:
    """Leave out exact copies, and find what else belongs together.

    What is kin of a copy is kin of the file that is kept in its place.
    """
    items, copies, original = _drop_copies(readings)
    every = sorted(readings, key=lambda item: item.name)
    names, kept = [item.name for item in every], [item.name for item in items]
    found = {
        NEAR: near_duplicates({item.name: readings[item].prints for item in every}),
        NAMED: _first_names(names, songs_of_names(every, original)),
    }
    if given := {item.name: item.group for item in every if item.group}:
        found[GIVEN] = _first_names(names, given)

    def of_kept(*groups: Mapping[str, str]) -> dict[str, str]:
        return _first_names(kept, join(names, [original, *groups]))

    sources = tuple(Source(name, of_kept(group)) for name, group in found.items())
    return Grouping(items, of_kept(*found.values()), sources, copies)


def _drop_copies(
    readings: Mapping[Item, Reading],
) -> tuple[tuple[Item, ...], tuple[Left, ...], dict[str, str]]:
    """The first file of each set of copies; none at all where copies are labelled differently.

    Beside them those that are left out, and for the name of every file its set's first.
    """
    same: defaultdict[bytes, list[Item]] = defaultdict(list)
    for item, reading in readings.items():
        same[reading.music].append(item)
    kept: list[Item] = []
    left: list[Left] = []
    original: dict[str, str] = {}
    for copies in same.values():
        first, *others = copies
        original |= {item.name: first.name for item in copies}
        told = {item: (item.label, _labels_of_notes(readings[item])) for item in copies}
        if len(set(told.values())) == 1:
            kept.append(first)
            left += [Left(other.name, f"the same notes as {first.name}") for other in others]
            continue
        for item in copies:
            other = next(one for one in copies if told[one] != told[item])
            left.append(Left(item.name, _contradiction(item, other)))
    return tuple(sorted(kept, key=lambda item: item.name)), tuple(left), original


def _labels_of_notes(reading: Reading) -> bytes:
    """Equal for files with the same words and labels, in whatever order equal notes come."""
    values = reading.values
    another = (values[1:, 1:] != values[:-1, 1:]).any(1) | (values[1:, 0] == NEW)
    place = np.concatenate([[0], np.cumsum(another)])
    return reading.label[np.lexsort((reading.label, place))].tobytes()


def _contradiction(item: Item, other: Item) -> str:
    if item.label != other.label:
        return f"is {item.label}, and with the same notes {other.name} is {other.label}"
    return f"has the same notes as {other.name}, and labels them differently"


def songs_of_names(
    items: Sequence[Item], original: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The song of the files that are numbered parts of one, by their names alone.

    ``Q1_SONG_3`` and ``Q4_SONG_0``: a first field that only repeats the class is no part of the
    song; ``SONG`` itself belongs to ``SONG-v1``. Numbers that count a whole class (``jig_1`` to
    ``jig_300``) tell no songs. Copies of one file (``original``: the first of them, for each name)
    count once.
    """
    original = original or {item.name: item.name for item in items}
    stem = {item.name: PurePosixPath(item.name).stem for item in items}
    first = [item for item in items if original[item.name] == item.name]
    telling = _fields_of_classes(first, stem)
    songs: dict[str, str] = {}
    said: set[str] = set()  # songs whose parts are called so, as in "-v1"
    for name, whole in stem.items():
        numbered = _NUMBERED.fullmatch(whole)
        if numbered is not None and (song := _without_class(numbered["song"], telling)):
            songs[name] = song
            if numbered["word"]:
                said.add(song)
    parted = set(songs.values())
    for name, whole in stem.items():
        if name not in songs and (song := _without_class(whole, telling)) in parted:
            songs[name] = song
    return _believed(items, songs, said, original)


def _without_class(song: str, telling: set[str]) -> str:
    """A name without its first field where that tells the class; empty if nothing is left."""
    field = _FIELD.fullmatch(song)
    if field is not None and field["first"] in telling:
        return field["rest"]
    return "" if song in telling else song


def _fields_of_classes(items: Sequence[Item], stem: Mapping[str, str]) -> set[str]:
    """First fields of names that only repeat the class: of one class each, and half of it."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        field = _FIELD.fullmatch(stem[item.name])
        files[field["first"] if field else stem[item.name]].append(item.label)
    size = Counter(item.label for item in items)
    return {
        first
        for first, labels in files.items()
        if len(size) > 1
        and len(set(labels)) == 1
        and len(labels) >= max(FEWEST_SONGS, size[labels[0]] / 2)
    }


def _believed(
    items: Sequence[Item], songs: Mapping[str, str], said: set[str], original: Mapping[str, str]
) -> dict[str, str]:
    """The songs whose parts are called so, and those of classes that have several songs, and few
    files to each.
    """
    label = {item.name: item.label for item in items}
    parts = {(original[name], song): label[name] for name, song in songs.items()}
    size = Counter(song for _, song in parts)
    of_class: defaultdict[str, list[str]] = defaultdict(list)
    for (_, song), its_label in parts.items():
        if size[song] > 1:
            of_class[its_label].append(song)
    trusted = {
        label
        for label, found in of_class.items()
        if len(set(found)) >= max(FEWEST_SONGS, len(found) / FILES_OF_A_SONG)
    }
    found: dict[str, str] = {}
    for item in items:
        song = songs.get(item.name, "")
        believed = item.label in trusted or song in said
        if believed and 1 < size[song] <= MOST_OF_A_SONG:
            found[item.name] = song
    return found


def _first_names(names: Iterable[str], key: Mapping[str, str]) -> dict[str, str]:
    """Groups of equal keys, called by their first name; names without a key stay alone."""
    first: dict[str, str] = {}
    return {
        name: first.setdefault(key[name], name) if name in key else name for name in sorted(names)
    }


def join(names: Iterable[str], groups: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """What any of the groupings joins, transitively; each group called by its first name."""
    root = {name: name for name in names}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for group in groups:
        for name, first in group.items():
            keep, lose = sorted((find(name), find(first)))
            root[lose] = keep
    return {name: find(name) for name in root}


def members(group: Mapping[str, str]) -> dict[str, list[str]]:
    """The names of each group, in order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in sorted(group):
        found[group[name]].append(name)
    return dict(found)
