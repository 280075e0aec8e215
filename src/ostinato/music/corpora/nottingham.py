"""Nottingham, cleaned and converted by Jukedeck: folk tunes, the dance in the file's name.

The files hold no titles. A tune's song is the first of the files that share a run of its melody
(see ``splits.melody_groups``), as recorded in the split ``nottingham_tune``, else its own name.
Only the whole tunes are read: ``melody/`` and ``chords/`` are parts of the same files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ostinato.music import splits
from ostinato.music.corpora.types import Corpus, midi_files


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    songs = splits.songs("nottingham_tune")
    for name, path in midi_files(root / "MIDI", "*.mid"):
        yield name, songs.get(name, name), path


NOTTINGHAM = Corpus(
    name="nottingham",
    title="the Nottingham tunes",
    source="github.com/jukedeck/nottingham-dataset",
    licence="GPL-3.0",
    commercial=True,
    expected=1034,
    layout="MIDI/*.mid",
    find=_find,
)
