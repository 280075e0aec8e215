"""What a corpus is: a folder in a known layout, its documents, and what each one holds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ostinato.base.errors import UserError
from ostinato.music.grid import Bars
from ostinato.music.midi import read_midi
from ostinato.music.score import Int, Score

SUFFIXES = (".mid", ".midi")
COPY = re.compile(r"@(?:[0-9.]+|#[0-9]+)$")  # at the end of a stretched copy's name, or a segment's


@dataclass(frozen=True)
class Document:
    """One file. No two documents of a corpus share a ``name``; versions share a ``song``."""

    name: str  # the path below the corpus's folder of MIDI, without suffix, "/" between parts
    song: str
    path: Path
    corpus: str
    stretch: float = 1.0  # a copy that takes this many times as long; its name says so


class Piece(NamedTuple):
    """What a document holds, ready for ``encode(score, bars=bars)``."""

    score: Score
    bars: Bars | None  # None: by the score's own signatures
    labels: Int | None  # int8 [n], one of ``labels.NAMES`` for each note; None: not labelled


def read_plain(document: Document) -> Piece:
    """A file whose own time signatures are right and whose notes have no labels."""
    return Piece(read_midi(document.path), None, None)


def never(name: str) -> bool:
    """Said of no document."""
    del name
    return False


def always(name: str) -> bool:
    """Said of every document."""
    del name
    return True


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
    free_time: Callable[[str], bool] = never  # by a document's name: played, so bars mean nothing
    # (task, the label of a document's name or None), the task that is meant by default first
    piece_labels: tuple[tuple[str, Callable[[str], str | None]], ...] = ()

    def piece_label(self, document_name: str, task: str = "") -> str | None:
        """The label of a whole piece (its composer, emotion or dance) by its document's name.

        None where the name says none, or the corpus labels no pieces; ``UserError`` for a task
        that it does not know. A stretched copy has the label of its original.
        """
        tasks = dict(self.piece_labels)
        if task and task not in tasks:
            known = ", ".join(tasks) or "none"
            raise UserError(f"{self.name} has labels of pieces for: {known}; got {task!r}")
        if not tasks:
            return None
        return tasks[task or next(iter(tasks))](original(document_name))

    def documents(self, folder: str | os.PathLike[str]) -> list[Document]:
        """Every document below ``folder``, sorted by name."""
        root = Path(folder)
        found = sorted(self.find(root)) if root.is_dir() else []
        if not found:
            what = "nothing of that is there"
            if not root.is_dir():
                what = "this is a file" if root.exists() else "there is no such folder"
            raise UserError(f"{root}: expected {self.title}, a folder with {self.layout}; {what}")
        return [Document(name, song, path, self.name) for name, song, path in found]


def stretched(document: Document, factor: float) -> Document:
    """A copy of a document that takes ``factor`` times as long; ``read_document`` plays it so.

    It keeps its song, so that it stays on its original's side of every split by song, and is
    called ``NAME@FACTOR``, a name that no split of documents holds.
    """
    return replace(document, name=f"{document.name}@{factor:g}", stretch=factor)


def original(name: str) -> str:
    """The name of the document of which a stretched copy, a segment or no copy has this name."""
    return COPY.sub("", name)


def segment(name: str, number: int) -> str:
    """What segment ``number`` of a document is called where it stands by itself."""
    return f"{name}@#{number}"


def stretch(score: Score, factor: float) -> Score:
    """The score ``factor`` times as long in quarter notes and in seconds, as near as can be.

    Its ticks stay: there are fewer of them to a quarter note, or more.
    """
    return replace(score, ticks_per_quarter=max(1, round(score.ticks_per_quarter / factor)))


def midi_files(root: Path, pattern: str | None = None) -> Iterator[tuple[str, Path]]:
    """(name, path) of the MIDI files below ``root``, or of those that match a glob there.

    Hidden ones are not seen. Links are followed; one that leads nowhere is a file that cannot be
    read, so that it is not missed in silence.
    """
    for path in _below(root) if pattern is None else root.glob(pattern):
        inside = path.relative_to(root)
        hidden = any(part.startswith(".") for part in inside.parts)
        file = path.is_file() or (path.is_symlink() and not path.exists())
        if path.suffix.lower() in SUFFIXES and not hidden and file:
            yield inside.with_suffix("").as_posix(), path


def _below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """All that lies in a folder and its folders, but in those that lie in themselves by a link."""
    try:
        inside = sorted(folder.iterdir())
    except PermissionError:  # as a glob does
        return
    above |= {os.path.realpath(folder)}
    for path in inside:
        yield path
        if path.is_dir() and os.path.realpath(path) not in above:
            yield from _below(path, above)
