"""``ostinato similar``: the pieces of an index that are like a file, and which bars are alike."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.markup import escape

from ostinato.base.errors import UserError
from ostinato.infer.alignment import RUNS, Run
from ostinato.infer.embedding import CHANCE, SURE, Found, Index, Query, query_score
from ostinato.jobs.show import console, counted, naming, print_json, printable, table
from ostinato.music.bar_features import Cells
from ostinato.music.midi import read_midi


@dataclass(frozen=True)
class SimilarRequest:
    """What the user asked for."""

    source: Path
    index: Path
    top: int = 10
    transpose: bool = True
    as_json: bool = False


@dataclass(frozen=True)
class Match:
    """Bars that are alike, numbered from 1 by each file's own metre; times in seconds."""

    query_bars: tuple[int, int]  # the first and the last
    piece_bars: tuple[int, int]
    query_seconds: tuple[float, float]
    piece_seconds: tuple[float, float]
    worth: float


@dataclass(frozen=True)
class Hit:
    """A piece that was found. ``worth`` ranks: quarter notes alike, weighted by how much."""

    name: str
    file: str | None  # where it was when the index was made; None: the index does not say
    worth: float
    sure: bool  # worth more than likeness by chance hardly ever is
    semitones: int  # added to the file, it sounds in the piece's key
    pace: float  # a quarter of the file is this many of the piece
    matches: tuple[Match, ...]  # the worthiest first


@dataclass(frozen=True)
class Summary:
    """What was found, the most similar first."""

    file: str
    index: str
    pieces: int
    transpose: bool
    hits: tuple[Hit, ...]
    seconds: float


def similar(request: SimilarRequest) -> Summary:
    """Search and say what was found."""
    began = time.perf_counter()
    if request.top < 1:
        raise UserError(f"--top {request.top}: expected at least 1")
    score = read_midi(request.source)
    index = Index(request.index)
    with naming(request.source):
        query = query_score(score)
    found = index.search(query, top=request.top, transpose=request.transpose, runs=RUNS)
    summary = Summary(
        file=str(request.source),
        index=str(request.index),
        pieces=len(index),
        transpose=request.transpose,
        hits=tuple(_hit(index, query, one) for one in found),
        seconds=round(time.perf_counter() - began, 3),
    )
    if request.as_json:
        print_json(asdict(summary))
    else:
        _show(summary)
    return summary


def _hit(index: Index, query: Query, found: Found) -> Hit:
    ours, theirs = query.cells[found.pace], index.cells(found.piece)
    alignment, piece = found.alignment, index.pieces[found.piece]
    return Hit(
        name=piece.name,
        file=str(Path(index.root, piece.file)) if piece.file else None,
        worth=round(alignment.worth, 2),
        sure=alignment.worth >= SURE,
        semitones=alignment.semitones,
        pace=found.pace,
        matches=tuple(_match(ours, theirs, run) for run in alignment.runs),
    )


def _match(ours: Cells, theirs: Cells, run: Run) -> Match:
    query_bars, query_seconds = _place(ours, run.query, run.length)
    piece_bars, piece_seconds = _place(theirs, run.piece, run.length)
    return Match(query_bars, piece_bars, query_seconds, piece_seconds, round(run.worth, 2))


def _place(cells: Cells, first: int, length: int) -> tuple[tuple[int, int], tuple[float, float]]:
    """The first and the last bar, from 1, and beginning and end in seconds, of some cells."""
    last = first + length - 1
    bars = int(cells.bar[first]) + 1, int(cells.bar[last]) + 1
    return bars, (round(float(cells.seconds[first]), 2), round(float(cells.seconds[last + 1]), 2))


def _show(summary: Summary) -> None:
    out = console()
    where = f"{counted(summary.pieces, 'piece', 'pieces')} in {summary.index}"
    out.print(escape(printable(f"{summary.file} among {where} ({summary.seconds:,.2f} s)")))
    if not summary.hits:
        out.print("  nothing is like it")
        return
    rows = [
        (
            hit.name if number == 0 else "",
            _verdict(hit) if number == 0 else "",
            f"{match.worth:.1f}",
            _span(match.query_bars, match.query_seconds),
            _span(match.piece_bars, match.piece_seconds),
            _change(hit) if number == 0 else "",
        )
        for hit in summary.hits
        for number, match in enumerate(hit.matches)
    ]
    columns = ("piece", "", "worth", "bars of the file", "bars of the piece", "change")
    out.print(table(columns, rows, left=columns))


def _verdict(hit: Hit) -> str:
    if hit.sure:
        return "same music"
    return "perhaps" if hit.worth >= CHANCE else "by chance"


def _span(bars: tuple[int, int], seconds: tuple[float, float]) -> str:
    first, last = (f"{int(at) // 60}:{int(at) % 60:02}" for at in seconds)
    return f"{bars[0]:,}-{bars[1]:,} ({first}-{last})"


def _change(hit: Hit) -> str:
    """How the file has to change to sound as the piece does."""
    parts = [f"{hit.semitones:+} semitones"] if hit.semitones else []
    if hit.pace != 1:
        parts.append("twice the quarters" if hit.pace > 1 else "half the quarters")
    return ", ".join(parts) or "none"
