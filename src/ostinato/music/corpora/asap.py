"""ASAP: scores of classical piano music and performances of them, a folder for each piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ostinato.music.corpora.types import Corpus, midi_files


def _find(root: Path) -> Iterator[tuple[str, str, Path]]:
    if (root / "metadata.csv").is_file():
        for name, path in midi_files(root):
            yield name, name.rpartition("/")[0], path


def _is_performance(name: str) -> bool:
    return not name.endswith("/midi_score")


def _composer(name: str) -> str | None:
    return name.partition("/")[0] or None


ASAP = Corpus(
    name="asap",
    title="ASAP",
    source="github.com/fosfrancesco/asap-dataset",
    licence="CC BY-NC-SA 4.0",
    commercial=False,
    expected=1302,
    layout="metadata.csv and COMPOSER/PIECE/*.mid",
    find=_find,
    free_time=_is_performance,
    piece_labels=(("composer", _composer),),
)
