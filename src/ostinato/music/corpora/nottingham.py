"""Nottingham, cleaned and converted by Jukedeck: folk tunes, the dance in the file's name.

The files hold no titles. A tune's song is the first of the files that share a run of its melody
(see ``splits.melody_groups``), as recorded in the split ``nottingham_tune``, else its own name.
Only the whole tunes are read: ``melody/`` and ``chords/`` are parts of the same files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ostinato.music import splits
from ostinato.music.corpora.types import Corpus, midi_files

DANCE = re.compile(r"(?P<dance>reels[a-z]-[a-z]|[a-z]+)[0-9]+")


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    songs = splits.songs("nottingham_tune")
    for name, path in midi_files(root / "MIDI", "*.mid"):
        yield name, songs.get(name, name), path


def _dance(name: str) -> str | None:
    """The 14 published classes, in which a reel's class is that of its title's initial."""
    found = DANCE.fullmatch(name)
    return found["dance"] if found else None


def _real_dance(name: str) -> str | None:
    """The 9 real ones: a reel is a reel."""
    dance = _dance(name)
    return "reels" if dance and dance.startswith("reels") else dance


NOTTINGHAM = Corpus(
    name="nottingham",
    title="the Nottingham tunes",
    source="github.com/jukedeck/nottingham-dataset",
    licence="GPL-3.0",
    commercial=True,
    expected=1034,
    layout="MIDI/*.mid",
    find=_find,
    piece_labels=(("dance14", _dance), ("dance9", _real_dance)),
)
