"""Pianist8: transcribed piano pieces of eight artists, one folder each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ostinato.music.corpora.types import Corpus, always, midi_files


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root / "midi", "*/*"):
        yield name, name, path


def _composer(name: str) -> str | None:
    return name.partition("/")[0] or None


PIANIST8 = Corpus(
    name="pianist8",
    title="Pianist8",
    source="zenodo.org/records/5089279",
    licence="unknown",
    commercial=False,
    expected=411,
    layout="midi/COMPOSER/*.mid",
    find=_find,
    free_time=always,
    piece_labels=(("composer", _composer),),
)
