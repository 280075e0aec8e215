"""Any folder of MIDI files: each file is a song of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ostinato.music.corpora.types import Corpus, always, midi_files


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    taken: set[str] = set()
    for name, path in sorted(midi_files(root)):
        # a.mid and a.midi in one folder: the second keeps its suffix in its name
        unique = name if name not in taken else path.relative_to(root).as_posix()
        taken.add(unique)
        yield unique, unique, path


FOLDER = Corpus(
    name="folder",
    title="MIDI files",
    source="the user's own",
    licence="unknown",
    commercial=False,
    expected=None,
    layout="*.mid or *.midi in it or below",
    find=_find,
    free_time=always,  # whether it is, the user knows
)
