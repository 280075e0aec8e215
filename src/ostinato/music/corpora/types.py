"""What a corpus is: a folder in a known layout, its documents, and what each one holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ostinato.base.errors import UserError
from ostinato.music.grid import Bars
from ostinato.music.midi import read_midi
from ostinato.music.score import Int, Score

SUFFIXES = (".mid", ".midi")


@dataclass(frozen=True)
class Document:
    """One file. No two documents of a corpus share a ``name``; versions share a ``song``."""

    name: str  # the path below the corpus's folder of MIDI, without suffix, "/" between parts
    song: str
    path: Path
    corpus: str


class Piece(NamedTuple):
    """What a document holds, ready for ``encode(score, bars=bars)``."""

    score: Score
    bars: Bars | None  # None: by the score's own signatures
    labels: Int | None  # int8 [n], one of ``labels.NAMES`` for each note; None: not labelled


def read_plain(document: Document) -> Piece:
    """A file whose own time signatures are right and whose notes have no labels."""
    return Piece(read_midi(document.path), None, None)


@dataclass(frozen=True)
class Corpus:
    """A published dataset in the layout of its publication."""

    name: str
    title: str
    source: str  # where to download it
    licence: str  # as its own files state it; "unknown" where they are silent
    commercial: bool  # the licence text beside the data allows commercial use
    expected: int | None  # documents in the whole corpus; None where there is no such number
    layout: str  # what its folder holds, in words, for the error message
    find: Callable[[Path], Iterable[tuple[str, str, Path]]]  # (name, song, path), in any order
    read: Callable[[Document], Piece] = read_plain

    def documents(self, folder: str | os.PathLike[str]) -> list[Document]:
        """Every document below ``folder``, sorted by name."""
        root = Path(folder)
        if not root.is_dir():
            what = "this is a file" if root.exists() else "there is no such folder"
            raise UserError(f"{root}: expected a folder that holds {self.title}; {what}")
        found = sorted(self.find(root))
        if not found:
            raise UserError(
                f"{root}: expected {self.title}, a folder with {self.layout}; "
                "nothing of that is there"
            )
        return [Document(name, song, path, self.name) for name, song, path in found]


def midi_files(root: Path, pattern: str = "**/*") -> Iterator[tuple[str, Path]]:
    """(name, path) of the MIDI files below ``root`` that match a glob; hidden ones are not seen."""
    for path in root.glob(pattern):
        inside = path.relative_to(root)
        hidden = any(part.startswith(".") for part in inside.parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield inside.with_suffix("").as_posix(), path
