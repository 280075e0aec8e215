"""``ostinato embed``: a folder of MIDI to an index in which ``similar`` finds pieces.

Over all cores, in parts: an interrupted run goes on where its last whole part ended. What cannot
be read is listed in ``quarantine.jsonl`` with the reason.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.base.files import read_object, write_json
from ostinato.base.log import progress
from ostinato.base.workers import available_cores, run_each
from ostinato.infer.embedding import (
    FILE,
    VECTORS,
    Embedded,
    Entry,
    embed_score,
    write_index,
    write_part,
)
from ostinato.jobs.preparing import QUARANTINE, quarantine, read_quarantine
from ostinato.jobs.show import console, counted, naming, print_json, printable
from ostinato.music.bar_features import VERSION
from ostinato.music.corpora import Document, find_corpus
from ostinato.music.midi import read_midi

PART = 256  # pieces that an interruption may cost
SECONDS_PER_FILE = 60.0

_PLAN, _PARTS = "embed.json", "parts"


@dataclass(frozen=True)
class EmbedRequest:
    """What the user asked for. ``workers`` None: one for each core."""

    folder: Path
    out: Path
    workers: int | None = None
    as_json: bool = False


@dataclass(frozen=True)
class Summary:
    """What the index holds now."""

    folder: str
    out: str
    files: int
    pieces: int
    bars: int
    notes: int
    quarantined: int
    resumed: int  # pieces that an earlier run had done
    seconds: float
    warnings: tuple[str, ...]


def embed(request: EmbedRequest) -> Summary:
    """Write the index and say what is in it."""
    began = time.monotonic()
    if request.workers is not None and request.workers < 1:
        raise UserError(f"expected at least 1 worker; got {request.workers}")
    documents = find_corpus("folder").documents(request.folder)
    anew = _claim(request, documents)
    resumed = 0
    complete = (request.out / FILE).exists()
    if not complete:
        resumed = _write_parts(request, documents)
        _join(request)
    entries = _entries(request.out)
    bad = read_quarantine(request.out)
    warnings = ["files have changed since: all was embedded anew"] if anew else []
    if bad:
        files = counted(len(bad), "file", "files")
        warnings.append(f"{files} left out: reasons are in {request.out / 'quarantine.jsonl'}")
    summary = Summary(
        folder=str(request.folder),
        out=str(request.out),
        files=len(documents),
        pieces=len(entries),
        bars=sum(entry.bars for entry in entries),
        notes=sum(entry.notes for entry in entries),
        quarantined=len(bad),
        resumed=len(entries) if complete else resumed,
        seconds=round(time.monotonic() - began, 2),
        warnings=tuple(warnings),
    )
    if request.as_json:
        print_json(asdict(summary))
    else:
        _show(summary)
    return summary


def embed_document(document: Document) -> Embedded:
    """The vectors of one file; a ``UserError`` where it is damaged or has no notes."""
    if os.fsencode(document.name) != document.name.encode(errors="replace"):
        raise UserError(f"{document.path}: its name is no UTF-8; rename it")
    score = read_midi(document.path)
    with naming(document.path):
        return embed_score(document.name, score)


def _claim(request: EmbedRequest, documents: Sequence[Document]) -> bool:
    """Mark a folder as ours; refuse one that holds anything but an index of these files.

    Whether what it holds of the same folder is of before some files changed: it is cleared then.
    """
    out = request.out
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: expected a folder for the index; it is a file")
    files = "".join(f"{document.name}\t{_stamp(document.path)}\n" for document in documents)
    digest = hashlib.blake2b(os.fsencode(files), digest_size=16).hexdigest()
    plan = {"version": VERSION, "files": digest}
    folder = os.fsencode(request.folder.resolve()).decode(errors="backslashreplace")
    path = out / _PLAN
    anew = path.exists()
    if anew:
        before = read_object(path, "remove the folder, and embed again")
        if plan == {key: before.get(key) for key in plan}:
            return False
        if before.get("folder") != folder:
            raise UserError(
                f"{out} holds the index of another folder, or one of an earlier version: remove "
                "it or choose another (--out)"
            )
        _clear(out)
    elif out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: expected an empty folder or one that embed has begun")
    write_json(path, {**plan, "folder": folder})
    return anew


def _stamp(path: Path) -> str:
    """What changes with a file's content; nothing of a link that leads nowhere."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}\t{status.st_mtime_ns}"


def _clear(out: Path) -> None:
    """Remove an index and what an interrupted run has left of one."""
    for name in (FILE, VECTORS, QUARANTINE):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / _PARTS, ignore_errors=True)


def _write_parts(request: EmbedRequest, documents: Sequence[Document]) -> int:
    """Embed what no earlier run has; how many pieces those had."""
    known = {row["name"] for row in read_quarantine(request.out)}
    parts = _parts(request.out)
    earlier = [entry for part in parts for entry in _part_entries(part)]
    known |= {entry.name for entry in earlier}
    todo = [document for document in documents if document.name not in known]
    number, bad, held = len(parts), len(known) - len(earlier), list[Embedded]()
    workers = min(request.workers or available_cores(), max(1, len(todo)))
    with (
        progress(len(documents), "embed") as advance,
        closing(
            run_each(embed_document, todo, workers=workers, seconds=SECONDS_PER_FILE)
        ) as outcomes,
    ):
        advance(len(documents) - len(todo))
        for outcome in outcomes:
            file = outcome.item.path.relative_to(request.folder).as_posix()
            if outcome.result is None:
                bad += 1
                row = {"name": outcome.item.name, "file": file, "reason": outcome.error}
                quarantine(request.out, row)
            else:
                entry = replace(outcome.result.entry, file=file)
                held.append(replace(outcome.result, entry=entry))
            if len(held) == PART:
                _write_part(request.out, number, held)
                number, held = number + 1, []
            advance(note=f"{bad} bad" if bad else "")
    if held:
        _write_part(request.out, number, held)
    return len(earlier)


def _write_part(out: Path, number: int, held: Sequence[Embedded]) -> None:
    """Vectors, then names: a part without its names is done again."""
    path = out / _PARTS / f"part-{number:05}.safetensors"
    write_part(path, held)
    write_json(path.with_suffix(".json"), [asdict(piece.entry) for piece in held])


def _parts(out: Path) -> list[Path]:
    return sorted((out / _PARTS).glob("part-*.json"))


def _part_entries(part: Path) -> list[Entry]:
    try:
        return [Entry(**row) for row in json.loads(part.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as error:
        raise UserError(f"{part} is damaged: remove {part.parent}, and embed again") from error


def _join(request: EmbedRequest) -> None:
    """One index of all parts, which are then removed."""
    parts = _parts(request.out)
    if not parts:
        reasons = read_quarantine(request.out)
        raise UserError(
            f"{request.folder}: no piece could be read; the first reason: {reasons[0]['reason']}"
        )
    read = [(_part_entries(part), part.with_suffix(".safetensors")) for part in parts]
    write_index(request.out, str(request.folder.resolve()), read)
    for path in (request.out / _PARTS).iterdir():
        path.unlink()
    (request.out / _PARTS).rmdir()


def _entries(out: Path) -> list[Entry]:
    told = read_object(out / FILE, "remove the folder, and embed again")
    return [Entry(**piece) for piece in told["pieces"]]


def _show(summary: Summary) -> None:
    out = console()
    counts = [
        counted(summary.pieces, "piece", "pieces"),
        counted(summary.bars, "bar", "bars"),
        counted(summary.notes, "note", "notes"),
    ]
    folder = escape(printable(summary.out))
    out.print(f"{', '.join(counts)} in {folder} ({summary.seconds:,.1f} s)")
    if summary.resumed:
        out.print(f"  {summary.resumed:,} of them were there from an earlier run")
    for warning in summary.warnings:
        out.print(f"  [yellow]![/] {escape(printable(warning))}")
