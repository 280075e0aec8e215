"""GiantMIDI-Piano (arXiv 2010.07061): what its repository holds, 160 of the files around 10,855.

Only the previews and the 52 transcriptions of its evaluation are GiantMIDI-Piano. The same
pieces as performed (from MAESTRO, which is CC BY-NC-SA 4.0) and as found on the web stand beside
them for comparison, and are a corpus of their own: the repository's licence is not theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ostinato.music.corpora.types import Corpus, always, midi_files

EVALUATION = "midis_for_evaluation"


def _songs(root: Path) -> dict[str, str]:
    """The piece of each file of the evaluation, by the stem in lower case."""
    table = root / EVALUATION / "groundtruth_maestro_giantmidi-piano.csv"
    if not table.is_file():
        return {}
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[1:]]
    return {Path(file).stem.lower(): piece for piece, *files in rows for file in files if file}


def _find_own(root: Path) -> Iterator[tuple[str, str, Path]]:
    yield from _find(root, ("midis_preview", f"{EVALUATION}/giantmidi-piano"))


def _find_compared(root: Path) -> Iterator[tuple[str, str, Path]]:
    yield from _find(root, (f"{EVALUATION}/maestro", f"{EVALUATION}/ground_truth"))


def _find(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, str, Path]]:
    songs = _songs(root)
    for folder in folders:
        for name, path in midi_files(root, f"{folder}/*.mid"):
            yield name, songs.get(path.stem.lower(), path.stem), path


GIANTMIDI = Corpus(
    name="giantmidi",
    title="the preview of GiantMIDI-Piano",
    source="github.com/bytedance/GiantMIDI-Piano",
    licence="CC BY 4.0 (its README)",
    commercial=True,
    expected=56,
    layout=f"midis_preview/*.mid and {EVALUATION}/giantmidi-piano/*.mid",
    find=_find_own,
    free_time=always,
)
COMPARED = replace(
    GIANTMIDI,
    name="giantmidi-compared",
    title="the recordings that GiantMIDI-Piano is compared with",
    licence="unknown; half of them from MAESTRO, CC BY-NC-SA 4.0",
    commercial=False,
    expected=104,
    layout=f"{EVALUATION}/maestro/*.mid and {EVALUATION}/ground_truth/*.mid",
    find=_find_compared,
)
