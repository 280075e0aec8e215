"""EMOPIA (arXiv 2108.01374): clips of pop piano with their quadrant of valence and arousal.

A song is a YouTube video; its id may hold underscores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ostinato.music.corpora.types import Corpus, always, midi_files

CLIP = re.compile(r"Q[1-4]_(?P<song>.{11})_[0-9]+")


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root / "midis", "*"):
        if clip := CLIP.fullmatch(name):
            yield name, clip["song"], path


def _emotion(name: str) -> str | None:
    return name[:2] if CLIP.fullmatch(name) else None


EMOPIA = Corpus(
    name="emopia",
    title="EMOPIA",
    source="zenodo.org/records/5090631",
    licence="unknown",
    commercial=False,
    expected=1078,
    layout="midis/Qn_SONG_k.mid",
    find=_find,
    free_time=always,
    piece_labels=(("emotion", _emotion),),
)
