"""Which document is for training, validation and test: files of names, and their leaks.

Each ``splits_data/NAME.csv`` has the columns ``name`` (of a document; in POP909 and ASAP of a
song, whose documents stay together), ``song`` and ``side``. ``runs/make_splits.py`` makes them.
The published splits are kept for comparison; those of clips and of POP909 leak:

- ``emopia_midibert_clip``: 93 of 107 test clips (84 of 107 valid) have their song in train;
- ``pop909_midibert``: song 018 (test) has the very melody of song 017 (train);
- ``pianist8_midibert``: ``Dream_a_Little_Dream_of_Me`` (test) is ``Yiruma_Unknown_5`` (train).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from ostinato.base.errors import UserError
from ostinato.music.score import Int

Side = Literal["train", "valid", "test"]
SIDES: tuple[Side, ...] = get_args(Side)
_SIDES: dict[str, Side] = {side: side for side in SIDES}

# What each split is about: the corpora whose documents or songs it names.
CORPORA = {
    "pop909_midibert": ("pop909", "pop909-versions", "pop909-cl"),
    "pop909_song": ("pop909", "pop909-versions", "pop909-cl"),
    "pianist8_midibert": ("pianist8",),
    "pianist8_song": ("pianist8",),
    "emopia_midibert_clip": ("emopia",),
    "emopia_song": ("emopia",),
    "nottingham_tune": ("nottingham",),
    "asap_piece": ("asap",),
}


@cache
def _rows(name: str) -> tuple[tuple[str, str, Side], ...]:
    """(name, song, side) of every line of a split file."""
    if name not in CORPORA:
        raise UserError(f"expected a split among {', '.join(CORPORA)}; got {name!r}")
    text = (files("ostinato.music") / "splits_data" / f"{name}.csv").read_text(encoding="utf-8")
    return parse(text, name)


def parse(text: str, source: str) -> tuple[tuple[str, str, Side], ...]:
    """(name, song, side) of the lines of a split file, which must name no document twice."""
    try:
        header, *lines = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except csv.Error as error:
        raise UserError(f"{source}: expected a CSV file ({error})") from error
    if header != ["name", "song", "side"]:
        got = ",".join(header) or "nothing"
        raise UserError(f"{source}: expected the columns name,song,side; got {got}")
    rows: dict[str, tuple[str, str, Side]] = {}
    for line in lines:
        if len(line) != 3 or line[2] not in _SIDES:
            raise UserError(f"{source}: expected name,song,train|valid|test; got {','.join(line)}")
        name, song = line[:2]
        if name in rows:
            raise UserError(f"{source}: expected each name once; {name} is there twice")
        rows[name] = (name, song, _SIDES[line[2]])
    return tuple(rows.values())


def load(name: str) -> dict[str, Side]:
    """The side of each document by its name, in POP909 and ASAP of each song by its own."""
    return {document: side for document, _, side in _rows(name)}


def songs(name: str) -> dict[str, str]:
    """The song of each document of a split."""
    return {document: song for document, song, _ in _rows(name)}


def leaks(split: Mapping[str, str], song: Mapping[str, str]) -> list[str]:
    """The songs that have documents on more than one side of a split, sorted."""
    sides: defaultdict[str, set[str]] = defaultdict(set)
    for document, side in split.items():
        sides[song[document]].add(side)
    return sorted(name for name, where in sides.items() if len(where) > 1)


def excluded(corpora: Iterable[str]) -> frozenset[tuple[str, str]]:
    """(corpus, song) of everything that pre-training on these corpora must not see.

    That is every song which some split, published or clean, has in valid or test: in all the
    corpora that hold a version of it.
    """
    wanted = set(corpora)
    return frozenset(
        (corpus, song)
        for name, about in CORPORA.items()
        for corpus in about
        if corpus in wanted
        for _, song, side in _rows(name)
        if side != "train"
    )


def melody_groups(melodies: Mapping[str, Int], *, run: int = 24) -> dict[str, str]:
    """A group for each melody (pitches in order): equal for those that share ``run`` intervals.

    Sharing is transitive and does not ask for one key. A group is called by its first name.
    """
    group = {name: name for name in sorted(melodies)}
    members = {name: [name] for name in group}
    owner: dict[bytes, str] = {}
    for name in group:
        intervals = (melodies[name][1:] - melodies[name][:-1]).astype("int8")
        for start in range(len(intervals) - run + 1):
            first = owner.setdefault(intervals[start : start + run].tobytes(), name)
            keep, lose = sorted((group[first], group[name]))
            if keep != lose:
                for member in members.pop(lose):
                    group[member] = keep
                    members[keep].append(member)
    return group


def assign(songs: Mapping[str, str], stratum: Mapping[str, str]) -> dict[str, Side]:
    """A side for each document: 10 % of the songs of each stratum test, 10 % valid, by hash.

    ``songs`` gives the song of each document and ``stratum`` the stratum of each song. The
    order is that of a hash of the song's name, so nothing but the names decides.
    """
    strata: defaultdict[str, list[str]] = defaultdict(list)
    for song in set(songs.values()):
        strata[stratum[song]].append(song)
    sides: dict[str, Side] = {}
    for members in strata.values():
        members.sort(key=_hash)
        for rank, song in enumerate(members):
            place = (rank + 0.5) / len(members)
            sides[song] = "test" if place < 0.1 else "valid" if place < 0.2 else "train"
    return {document: sides[song] for document, song in songs.items()}


def _hash(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=8).digest()
