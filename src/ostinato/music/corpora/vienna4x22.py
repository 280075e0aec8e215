"""Vienna 4x22: four excerpts, each played by 22 pianists."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ostinato.music.corpora.types import Corpus, always, midi_files


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root / "midi", "*.mid"):
        yield name, name.rpartition("_p")[0] or name, path


VIENNA4X22 = Corpus(
    name="vienna4x22",
    title="Vienna 4x22",
    source="github.com/CPJKU/vienna4x22",
    licence="unknown",
    commercial=False,
    expected=112,
    layout="midi/*.mid",
    find=_find,
    free_time=always,
)
