"""``ostinato prepare``: a folder of MIDI to shards of compound words, over all cores.

An interrupted run goes on where its last whole shard ended, and ends with the same files as one
that was never interrupted. What cannot be read is listed in ``quarantine.jsonl`` with the reason.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.base.workers import available_cores, run_each
from ostinato.data.shards import Entry, Header, ShardWriter, read_entries
from ostinato.jobs.preparing import claim, quarantine, read_quarantine
from ostinato.jobs.show import console, counted, naming, print_json, printable
from ostinato.music.compound_words import STEPS_PER_QUARTER, Scheme, encode, vocabulary
from ostinato.music.corpora import Corpus, Document, find_corpus, read_document, stretched
from ostinato.music.labels import velocity_classes

Labels = Literal["tracks", "velocity"]
SHORTEST, LONGEST = 0.5, 2.0  # of a stretched copy
SECONDS_PER_FILE = 60.0  # ten times what a million notes take


@dataclass(frozen=True)
class PrepareRequest:
    """What the user asked for. ``workers`` None: one for each core.

    ``labels``: by the names of tracks, as the corpus has them, or each note's class of velocity.
    ``stretch``: instead of the documents, copies that take so many times as long (1: the
    documents themselves); only of music that is played in free time, whose bars mean nothing.
    """

    corpus: str
    folder: Path
    out: Path
    scheme: Scheme = "cp4"
    steps_per_quarter: int = 4
    workers: int | None = None
    labels: Labels = "tracks"
    stretch: tuple[float, ...] = ()
    as_json: bool = False


@dataclass(frozen=True)
class Summary:
    """What the shards hold now. Counts of notes are of this run where it went on with another."""

    corpus: str
    out: str
    licence: str
    commercial: bool
    found: int
    expected: int | None
    documents: int
    notes: int
    rows: int
    quarantined: int
    resumed: int  # documents that an earlier run had done
    clipped: int  # notes of this run longer than the last duration
    duplicates: int  # exact duplicates among the notes of this run; they are kept
    drums: int  # drum notes of this run; they are left out
    seconds: float
    warnings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Encoded:
    """A document's rows and their labels, as a worker hands them back."""

    values: NDArray[np.int16]  # [n, F]
    label: NDArray[np.int8]  # [n]
    notes: int
    clipped: int
    duplicates: int
    drums: int


def factors(text: str | None) -> tuple[float, ...]:
    """The numbers of ``--stretch``, in which commas stand between them."""
    try:
        return tuple(float(part) for part in text.split(",")) if text is not None else ()
    except ValueError:
        raise UserError(f"--stretch: expected numbers such as 0.9,1.1; got {text!r}") from None


def prepare(request: PrepareRequest) -> Summary:
    """Write the shards and say what is in them."""
    began = time.monotonic()
    corpus = find_corpus(request.corpus)
    if request.steps_per_quarter not in STEPS_PER_QUARTER:
        choice = ", ".join(map(str, STEPS_PER_QUARTER))
        raise UserError(f"steps per quarter are one of {choice}; got {request.steps_per_quarter}")
    vocab = vocabulary(request.scheme, request.steps_per_quarter)
    if request.workers is not None and request.workers < 1:
        raise UserError(f"expected at least 1 worker; got {request.workers}")
    documents = _copies(corpus, corpus.documents(request.folder), request.stretch)
    _claim(request, documents)
    header = Header(request.scheme, request.steps_per_quarter, vocab, corpus.name, corpus.licence)
    totals = _run(request, documents, header)
    summary = _summarise(request, corpus, len(documents), totals, time.monotonic() - began)
    if request.as_json:
        print_json(asdict(summary))
    else:
        _show(summary)
    return summary


def _copies(corpus: Corpus, documents: list[Document], factors: Sequence[float]) -> list[Document]:
    """What to encode: the documents, or those in free time once for each factor."""
    if not factors:
        return documents
    wrong = [factor for factor in factors if not SHORTEST <= factor <= LONGEST]
    if wrong or len(set(factors)) != len(factors):
        given = ", ".join(f"{factor:g}" for factor in factors)
        raise UserError(
            f"expected different factors from {SHORTEST} to {LONGEST:g} to stretch by; got {given}"
        )
    free = [document for document in documents if corpus.free_time(document.name)]
    if not free:
        raise UserError(
            f"{corpus.name}: its music keeps a metre, and a copy of another length would not; "
            "expected a corpus of performances to stretch"
        )
    copies = [d if f == 1 else stretched(d, f) for d in free for f in factors]
    return sorted(copies, key=lambda document: document.name)


def encode_document(
    document: Document, scheme: Scheme, steps_per_quarter: int, kind: Labels = "tracks"
) -> Encoded:
    """One file as rows, without its drums; a ``UserError`` if there is no note in it."""
    if os.fsencode(document.name) != document.name.encode(errors="replace"):
        raise UserError(f"{document.path}: its name is no UTF-8; rename it")
    score, bars, labels = read_document(document)
    pitched = ~score.is_drum
    if not pitched.any():
        raise UserError(f"{document.path}: no notes" + (" but drums" if len(score) else ""))
    drums = len(score) - int(pitched.sum())
    if drums:
        score, labels = score.select(pitched), None if labels is None else labels[pitched]
    if kind == "velocity":
        labels = velocity_classes(score)
        # ``encode`` orders equal notes by velocity: the answer must not decide the order.
        score = replace(score, velocity=np.full_like(score.velocity, 64))
    with naming(document.path):
        words = encode(score, scheme, steps_per_quarter=steps_per_quarter, bars=bars)
    label = np.zeros(len(words), dtype=np.int8)
    if labels is not None:
        is_note = words.note_index >= 0
        label[is_note] = labels[words.note_index[is_note]]
    values = words.values.astype(np.int16, copy=False)
    return Encoded(values, label, len(score), words.clipped, words.duplicates, drums)


def _claim(request: PrepareRequest, documents: Sequence[Document]) -> None:
    """Refuse a folder that holds the shards of anything else, and mark it as ours."""
    files = "".join(f"{d.name}\t{d.song}\t{d.path.stat().st_size}\n" for d in documents)
    plan: dict[str, object] = {
        "corpus": request.corpus,
        "scheme": request.scheme,
        "steps_per_quarter": request.steps_per_quarter,
        "files": hashlib.blake2b(os.fsencode(files), digest_size=16).hexdigest(),
    }
    # Only where they say something: folders of before know nothing of them.
    if request.labels != "tracks":
        plan["labels"] = request.labels
    if request.stretch:
        plan["stretch"] = list(request.stretch)
    claim(request.out, plan)


@dataclass
class _Totals:
    """Counts of one run."""

    quarantined: int
    resumed: int
    clipped: int = 0
    duplicates: int = 0
    drums: int = 0


def _run(request: PrepareRequest, documents: Sequence[Document], header: Header) -> _Totals:
    bad = {row["name"] for row in read_quarantine(request.out)}
    with ShardWriter(request.out, header) as writer:
        done = writer.done
        todo = [d for d in documents if d.name not in done and d.name not in bad]
        totals = _Totals(quarantined=len(bad), resumed=len(done))
        work = partial(
            encode_document,
            scheme=request.scheme,
            steps_per_quarter=request.steps_per_quarter,
            kind=request.labels,
        )
        workers = min(request.workers or available_cores(), max(1, len(todo)))
        with (
            progress(len(documents), f"prepare {header.corpus}") as advance,
            closing(run_each(work, todo, workers=workers, seconds=SECONDS_PER_FILE)) as outcomes,
        ):
            advance(len(documents) - len(todo))
            for outcome in outcomes:
                if outcome.result is None:
                    totals.quarantined += 1
                    file = outcome.item.path.relative_to(request.folder).as_posix()
                    bad_row = {"name": outcome.item.name, "file": file, "reason": outcome.error}
                    quarantine(request.out, bad_row)
                else:
                    _add(writer, totals, outcome.item, outcome.result)
                advance(note=f"{totals.quarantined} bad" if totals.quarantined else "")
    return totals


def _add(writer: ShardWriter, totals: _Totals, document: Document, encoded: Encoded) -> None:
    entry = Entry(document.name, document.song, document.corpus, len(encoded.values), encoded.notes)
    writer.add(entry, encoded.values, encoded.label)
    totals.clipped += encoded.clipped
    totals.duplicates += encoded.duplicates
    totals.drums += encoded.drums


def _summarise(
    request: PrepareRequest, corpus: Corpus, found: int, totals: _Totals, seconds: float
) -> Summary:
    written = (request.out / "documents.jsonl").exists()
    entries = read_entries(request.out) if written else []
    return Summary(
        corpus=corpus.name,
        out=str(request.out),
        licence=corpus.licence,
        commercial=corpus.commercial,
        found=found,
        expected=corpus.expected,
        documents=len(entries),
        notes=sum(entry.notes for entry in entries),
        rows=sum(entry.rows for entry in entries),
        quarantined=totals.quarantined,
        resumed=totals.resumed,
        clipped=totals.clipped,
        duplicates=totals.duplicates,
        drums=totals.drums,
        seconds=round(seconds, 2),
        warnings=tuple(_warnings(request, corpus, found, totals)),
    )


def _warnings(
    request: PrepareRequest, corpus: Corpus, found: int, totals: _Totals
) -> Iterator[str]:
    if corpus.expected is not None and found != corpus.expected and not request.stretch:
        yield f"expected {corpus.expected:,} documents of {corpus.title}, found {found:,}"
    if totals.quarantined:
        path = request.out / "quarantine.jsonl"
        files = counted(totals.quarantined, "file", "files")
        yield f"{files} could not be read: reasons are in {path}"


def _show(summary: Summary) -> None:
    out = console()
    counts = [
        counted(summary.documents, "document", "documents"),
        counted(summary.notes, "note", "notes"),
        counted(summary.rows, "row", "rows"),
    ]
    folder = escape(printable(summary.out))
    out.print(f"{', '.join(counts)} in {folder} ({summary.seconds:,.1f} s)")
    if summary.resumed:
        out.print(f"  {summary.resumed:,} of them were there from an earlier run")
    out.print(f"  licence: {summary.licence}")
    for warning in summary.warnings:
        out.print(f"  [yellow]![/] {escape(printable(warning))}")
