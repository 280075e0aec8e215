"""POP909 (arXiv 2008.07142), its other versions, and the corrected POP909-CL (arXiv 2510.06528).

Time signatures of POP909's files are wrong in most of them: bars come from ``beat_midi.txt``.
The song of all three corpora is the number 001..909, so one split holds for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.music import labels
from ostinato.music.corpora.types import Corpus, Document, Piece, midi_files
from ostinato.music.grid import Bars, bars_from_beats
from ostinato.music.midi import read_midi
from ostinato.music.score import Bool, Score

Float = NDArray[np.float64]

SOURCE = "github.com/music-x-lab/POP909-Dataset"
NUMBER = "[0-9][0-9][0-9]"
SHARED_NOTES = 0.5  # a version with fewer notes in common with its song keeps its own metre


def _find_main(root: Path) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root, f"{NUMBER}/{NUMBER}.mid"):
        song = name.split("/")[0]
        if path.stem == song:
            yield song, song, path


def _find_versions(root: Path) -> Iterator[tuple[str, str, Path]]:
    for name, path in midi_files(root, f"{NUMBER}/versions/*.mid"):
        yield path.stem, name.split("/")[0], path


def _find_cl(root: Path) -> Iterator[tuple[str, str, Path]]:
    for _, path in midi_files(root, f"POP909_processed/{NUMBER}*.mid"):
        number = path.stem[:3]  # one file is named "043 .mid"
        yield number, number, path


def read_beats(path: Path, score: Score) -> tuple[Float, Bool]:
    """``beat_midi.txt``: the beats in quarter notes from tick 0, and which begin a bar.

    Its columns are seconds on the clock of the main file, the first of every two (or three)
    beats, and the first of every bar; in three-beat songs the last marks every other bar.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        table = np.array([line.split() for line in lines], dtype=np.float64).reshape(-1, 3)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; bars of POP909 need its beats") from error
    except ValueError as error:
        raise UserError(f"{path}: expected three columns of numbers ({error})") from error
    group = np.flatnonzero(table[:, 1] == 1)
    threes = len(group) > 1 and np.median(np.diff(group)) == 3
    downbeat = table[:, 1 if threes else 2] == 1
    return score.ticks(table[:, 0]) / score.ticks_per_quarter, downbeat


def _bars(score: Score, quarters: Float, downbeat: Bool) -> Bars:
    inside = quarters >= 0
    ticks = quarters[inside] * score.ticks_per_quarter
    return bars_from_beats(score, ticks, downbeat[inside])


def _read_main(document: Document) -> Piece:
    score = labels.shuffle(read_midi(document.path), document.song)
    bars = _bars(score, *read_beats(document.path.parent / "beat_midi.txt", score))
    return Piece(score, bars, labels.by_track_name(score))


def _read_version(document: Document) -> Piece:
    """Most versions run on the main file's clock but for a constant: its beats hold for them."""
    score = labels.shuffle(read_midi(document.path), document.name)
    label = labels.by_version_track_name(score)
    folder = document.path.parents[1]
    main = read_midi(folder / f"{document.song}.mid")
    shift, shared = _shift(main, score)
    if shared < SHARED_NOTES:
        return Piece(score, None, label)
    quarters, downbeat = read_beats(folder / "beat_midi.txt", main)
    return Piece(score, _bars(score, quarters + shift, downbeat), label)


def _shift(main: Score, other: Score, *, notes: int = 400) -> tuple[float, float]:
    """Quarters by which ``other`` runs later than ``main``, and the share of its notes that agree.

    The shift is the commonest one among equal pitches of the first ``notes`` of both; a note
    agrees if the main file has its pitch within a 64th note.
    """
    if not len(main) or not len(other):
        return 0.0, 0.0
    ours, theirs = main.onset / main.ticks_per_quarter, other.onset / other.ticks_per_quarter
    a, b = np.argsort(ours, kind="stable")[:notes], np.argsort(theirs, kind="stable")[:notes]
    equal = main.pitch[a][:, None] == other.pitch[b]
    apart = (theirs[b] - ours[a][:, None])[equal]
    if not len(apart):
        return 0.0, 0.0
    bins, count = np.unique(np.rint(apart * 48), return_counts=True)
    commonest = bins[count.argmax()] / 48
    shift = float(np.median(apart[np.abs(apart - commonest) <= 1 / 24]))
    span = 2.0 * (max(ours.max(), theirs.max()) + abs(shift) + 1)  # keeps the pitches apart
    known = np.sort(main.pitch * span + ours + shift)
    wanted = other.pitch * span + theirs
    at = np.searchsorted(known, wanted)
    above = known[np.minimum(at, len(known) - 1)] - wanted
    below = wanted - known[np.maximum(at - 1, 0)]
    return shift, float(np.mean(np.minimum(np.abs(above), np.abs(below)) <= 1 / 16))


def _read_cl(document: Document) -> Piece:
    """The score without the human chord track, which is an annotation and no music."""
    score = read_midi(document.path)
    played = np.array([track.name == "piano" for track in score.tracks], dtype=bool)
    if not played.any():
        raise UserError(f"{document.path}: expected a track named piano; it has only chord symbols")
    return Piece(score.select(played[score.track]), None, None)


POP909 = Corpus(
    name="pop909",
    title="POP909",
    source=SOURCE,
    licence="MIT",
    commercial=True,
    expected=909,
    layout="NNN/NNN.mid and NNN/beat_midi.txt",
    find=_find_main,
    read=_read_main,
)
VERSIONS = replace(
    POP909,
    name="pop909-versions",
    title="the versions of POP909",
    expected=1989,
    layout="NNN/versions/NNN-vN.mid",
    find=_find_versions,
    read=_read_version,
)
CL = Corpus(
    name="pop909-cl",
    title="POP909-CL",
    source="github.com/AndyWeasley2004/POP909-CL-Dataset",
    licence="MIT",
    commercial=True,
    expected=909,
    layout="POP909_processed/NNN.mid",
    find=_find_cl,
    read=_read_cl,
)
