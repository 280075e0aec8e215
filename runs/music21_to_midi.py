"""Pieces of the PyPI package music21 as a folder of MIDI: ``python runs/music21_to_midi.py OUT``.

Needs music21 (``pip install music21``) beside ostinato. Its software is BSD; its pieces are not.
The package says of them (``corpus/license.txt``): "To the
best of our knowledge, the each piece of music in the corpus is either out of copyright in the
United States or is licensed for use, though there may be restrictions on commercial use", and
sends the reader to "the licenses embedded in individual compositions or directories". So only
the pieces of the list below are taken, in two folders:

- ``stated``: the music is in the public domain, and the file itself states a licence that allows
  commercial use;
- ``silent``: the music is in the public domain, its printed source is over a hundred years old
  where the file names one, and neither file nor directory says a word about the encoding.
  That is not a licence: for research only.

Left out, for what they say: ``palestrina`` ("Rights to all derivative electronic formats
reserved"), ``essenFolksong`` ("legal status ... is unclear", non-commercial permission),
``bach`` ("PDF © Margaret Greentree - used by permission", CCARH's reserved rights), ``trecento``
and ``schubert`` (an unfinished "Copyright ©"; modern editions), ``monteverdi`` (scanned from an
edition of 2003), ``leadSheet/berlin...`` ("All Rights Reserved"), ``schumann_clara/opus17`` ("©"),
``beethoven``'s Humdrum files (origin unsaid; the same music is there as MusicXML), ``joplin`` and
``bwv846`` (from a site of users' uploads); and, for want of any word on who made them,
``johnson_j_r``, ``liliuokalani``, ``lusitano``, ``webern``, ``schoenberg`` and ``miscFolk``.
``nottingham-dataset`` is a corpus of its own; ``demos`` and ``theoryExercises`` are no pieces.

A piece that is there already is not converted again; what music21 cannot convert is listed.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ostinato.music.midi import write_midi
from ostinato.music.score import Score, Track

PER_QUARTER = 480


@dataclass(frozen=True)
class Collection:
    """Files of the package of one standing."""

    tier: str  # the folder they go to: stated or silent
    files: str  # a glob below the package's corpus
    licence: str  # as the file says it; of silent ones, why the music is free
    needs: str = ""  # words that each file must hold, or it is left out: the licence itself
    one_piece: bool = False  # the tunes of a file are the voices of one piece


GPL2 = "GPL-2.0-or-later, (C) 1999 Laura E. Conrad"
BY_SA = "CC BY-SA 3.0, Michael Scott Cuthbert 2010"
GNU = "under the terms of the GNU General Public License"
COLLECTIONS = (
    Collection("stated", "josquin/*.abc", GPL2, GNU, one_piece=True),
    Collection("stated", "luca/gloria.xml", BY_SA, "CC-BY-SA 3.0"),
    Collection("stated", "ciconia/quod_jactatur.xml", BY_SA, "CC-BY-SA 3.0"),
    Collection("stated", "corelli/opus3no1/1grave.xml", "CC BY, 2014", "(CC-BY)"),
    Collection("stated", "beach/*.musicxml", "CC BY-SA, Michael Scott Cuthbert 2017", "(CC-SA-BY)"),
    Collection("stated", "schumann_clara/polonaise_*.mxl", "CC BY-SA 4.0", "CC BY-SA 4.0"),
    Collection("stated", "weber/*.mxl", "public domain", "Released to Public Domain"),
    Collection("stated", "leadSheet/fosterBrownHair.mxl", "public domain", "Public Domain"),
    Collection("silent", "airdsAirs/*.abc", "unknown; tunes printed in 1778 to 1801"),
    Collection("silent", "oneills1850/*.abc", "unknown; tunes printed in 1903"),
    Collection("silent", "ryansMammoth/*.abc", "unknown; tunes printed in 1883"),
    Collection("silent", "beethoven/**/*.mxl", "unknown; the composer died in 1827"),
    Collection("silent", "haydn/**/*.mxl", "unknown; the composer died in 1809"),
    Collection("silent", "mozart/**/*.mxl", "unknown; the composer died in 1791"),
    Collection("silent", "cpebach/*.mxl", "unknown; the composer died in 1788"),
    Collection("silent", "handel/**/*.mxl", "unknown; the composer died in 1759"),
    Collection("silent", "schumann_robert/**/*.*xl", "unknown; the composer died in 1856"),
    Collection("silent", "verdi/*.mxl", "unknown; the composer died in 1901"),
)
COLUMNS = ("file", "source", "title", "composer", "licence")


def main() -> None:
    """Convert what is on the list and write ``pieces.csv`` beside it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path, help="folder to write")
    out: Path = parser.parse_args().out
    try:
        music21: Any = importlib.import_module("music21")
    except ImportError:
        sys.exit("error: expected the package music21; run: pip install music21")
    folder = Path(music21.__file__).parent / "corpus"
    rows, failed = [], []
    for collection in COLLECTIONS:
        for source in sorted(folder.glob(collection.files)):
            for row, reason in convert(music21, collection, source, folder, out):
                (failed if reason else rows).append(
                    {**row, **({"reason": reason} if reason else {})}
                )
        print(f"{collection.files}: {len(rows):,} pieces, {len(failed):,} failed", flush=True)
    _write(out / "pieces.csv", rows, COLUMNS)
    _write(out / "failed.csv", failed, (*COLUMNS, "reason"))


def convert(
    music21: Any, collection: Collection, source: Path, folder: Path, out: Path
) -> Iterator[tuple[dict[str, str], str]]:
    """A row of ``pieces.csv`` for each piece of a file, and the reason why it failed, or ""."""
    known = music21.exceptions21.Music21Exception
    errors = (known, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
    inside = source.relative_to(folder)
    row = {"source": inside.as_posix(), "licence": collection.licence}
    try:
        parsed = music21.converter.parse(source, forceSource=True, storePickle=False)
        if not _says(source, collection.needs):
            raise ValueError(f"does not say {collection.needs!r}")
        if collection.one_piece and hasattr(parsed, "mergeScores"):
            parsed = parsed.mergeScores()
    except errors as error:
        yield row, _sentence(error)
        return
    pieces = list(parsed.scores) if hasattr(parsed, "scores") else [parsed]
    for place, piece in enumerate(pieces, start=1):
        about = piece.metadata
        row |= {
            "title": (about and about.title) or "",
            "composer": (about and about.composer) or "",
        }
        number = f"-{(about and about.number) or place}" if len(pieces) > 1 else ""
        stem = re.sub(r"[^\w.-]+", "_", f"{inside.with_suffix('')}{number}".replace("/", "--"))
        path = out / collection.tier / inside.parts[0] / f"{stem.partition('--')[2]}.mid"
        row["file"] = path.relative_to(out).as_posix()
        try:
            _write_midi(piece, path)
        except errors as error:
            yield row.copy(), _sentence(error)
            continue
        yield row.copy(), ""


def _says(source: Path, words: str) -> bool:
    """Whether a file holds these words, inside its archive if it is one."""
    data = source.read_bytes()
    if source.suffix == ".mxl":
        import zipfile

        with zipfile.ZipFile(source) as archive:
            data = b"".join(archive.read(name) for name in archive.namelist())
    return words in data.decode("utf-8", "replace")


def _write_midi(piece: Any, path: Path) -> None:
    """Write a piece, repeats once; one that is there stays. music21's own writer plays repeats
    out, and does not come to an end with some.
    """
    if path.exists():
        return
    score = to_score(piece)
    if not len(score):
        raise ValueError("no notes")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_midi(score, path)


def to_score(piece: Any) -> Score:
    """The notes of music21's score by part, ties joined, without grace notes and chord symbols.

    At sounding pitch: the parts of transposing instruments, in B flat for one, are moved in place.
    """
    parts = list(piece.parts) or [piece]
    for part in parts:
        if part.atSoundingPitch is False:  # or True, or "unknown", which music21 leaves as it is
            part.toSoundingPitch(inPlace=True)
    notes = [(*note, track) for track, part in enumerate(parts) for note in _notes(part)]
    table = np.array(notes, dtype=np.int32).reshape(-1, 5).T
    signatures = {
        (_tick(s.offset), s.numerator, s.denominator)
        for s in parts[0].flatten().getElementsByClass("TimeSignature")
    }
    tempos = {
        (_tick(m.offset), round(6e7 / m.getQuarterBPM()))
        for m in piece.flatten().getElementsByClass("MetronomeMark")
        if m.getQuarterBPM()
    }
    return Score(
        PER_QUARTER,
        *table,
        tracks=tuple(Track(str(part.partName or "")) for part in parts),
        time_signatures=np.array(sorted(signatures), dtype=np.int32).reshape(-1, 3),
        tempos=np.array(sorted(tempos), dtype=np.int32).reshape(-1, 2),
    )


def _notes(part: Any) -> Iterator[list[int]]:
    """Onset, duration, pitch and velocity of a part's notes. Its own ``stripTies`` takes minutes
    over a long movement, so ties are joined here.
    """
    sounding: dict[int, list[int]] = {}  # by pitch, what a tie may lengthen
    for element in part.flatten().notes:
        if element.duration.isGrace or "Harmony" in element.classes:
            continue
        onset, end = _tick(element.offset), _tick(element.offset + element.quarterLength)
        for one in getattr(element, "notes", (element,)):
            tied = one.tie is not None and one.tie.type in ("stop", "continue")
            held = sounding.get(one.pitch.midi)
            if tied and held and held[0] + held[1] == onset:
                held[1] = end - held[0]
            else:
                if held:
                    yield held
                held = [onset, end - onset, one.pitch.midi, element.volume.velocity or 64]
                sounding[one.pitch.midi] = held
    yield from sounding.values()


def _tick(quarters: Any) -> int:
    return round(float(quarters) * PER_QUARTER)


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]


def _write(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
