"""Pieces of the PyPI package music21, as ``runs/music21_to_midi.py`` writes them to a folder.

``stated`` holds those whose files state a licence that allows commercial use, ``silent`` old
music whose encodings nobody has licensed in writing. The file ``pieces.csv`` names the licence
of each. A song is a piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ostinato.music.corpora.types import Corpus, midi_files


def _find_stated(root: Path) -> Iterator[tuple[str, str, Path]]:
    yield from _find(root, "stated")


def _find_silent(root: Path) -> Iterator[tuple[str, str, Path]]:
    yield from _find(root, "silent")


def _find(root: Path, tier: str) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root / tier, "*/*.mid"):
        yield name, name, path


MUSIC21 = Corpus(
    name="music21",
    title="pieces of the package music21 whose licence is stated",
    source="PyPI, music21; then runs/music21_to_midi.py",
    licence="GPL-2.0-or-later, CC BY, CC BY-SA or public domain, by file: see pieces.csv",
    commercial=True,
    expected=None,
    layout="stated/COLLECTION/*.mid",
    find=_find_stated,
)
SILENT = replace(
    MUSIC21,
    name="music21-silent",
    title="old music of the package music21 whose encodings have no stated licence",
    licence="unknown",
    commercial=False,
    layout="silent/COLLECTION/*.mid",
    find=_find_silent,
)
