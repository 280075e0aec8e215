"""The claim: ``similar`` finds a song by another version of it, in any key.

Run as ``python benchmarks/similar.py POP909 [--side valid]``. All songs are the catalogue; the
queries are their versions, of the songs on one side of the split ``pop909_song`` (those of
``valid`` chose every constant of the search, those of ``test`` nothing), each moved to another
key. Files keep their own time signatures, though most are wrong. Keeps recall, dated, in
``benchmarks/results``, with 95 % intervals over songs, beside pitch-class histograms in the best
of twelve keys and beside chance; all queries, and those that are not the song's file again.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from keep import keep

from ostinato.base.device import machine
from ostinato.eval.metrics import bootstrap
from ostinato.infer.embedding import Index, embed_score, query_score, write_index, write_part
from ostinato.music import splits
from ostinato.music.corpora import find_corpus
from ostinato.music.midi import read_midi
from ostinato.music.score import Score

SAME = 0.9  # of the notes in common: a version that is as good as the song's own file
AT = (1, 10)
EXCERPT = 32  # quarters


@dataclass(frozen=True, eq=False)
class Query:
    """A version, and how much of it is the very notes of its song."""

    name: str
    song: str
    score: Score
    shared: float


def shared_notes(one: Score, other: Score) -> float:
    """The share of the notes that two scores have in common, of those of the larger one.

    Onsets count in 16ths, from the commonest difference among equal pitches; keys as they are.
    """
    rows = [
        np.unique(np.stack([np.rint(s.onset * 4 / s.ticks_per_quarter), s.pitch]), axis=1)
        for s in (one, other)
    ]
    (a, a_pitch), (b, b_pitch) = rows
    if not len(a) or not len(b):
        return 0.0
    apart = (b - a[:, None])[b_pitch == a_pitch[:, None]]
    if not len(apart):
        return 0.0
    shift, counts = np.unique(apart, return_counts=True)
    common = set(zip(a + shift[counts.argmax()], a_pitch, strict=True))
    return len(common & set(zip(b, b_pitch, strict=True))) / max(len(a), len(b))


def moved(score: Score, name: str) -> Score:
    """The score in another key, up or down by 1 to 6 semitones, by its name."""
    digest = hashlib.blake2b(name.encode(), digest_size=2).digest()
    semitones = (1 + digest[0] % 6) * (1 if digest[1] % 2 else -1)
    return replace(score, pitch=np.clip(score.pitch + semitones, 0, 127).astype(np.int16))


def excerpt(score: Score, name: str) -> Score:
    """``EXCERPT`` quarters of a score, from a bar of four quarters that its name decides."""
    bar = 4 * score.ticks_per_quarter
    last = max(1, int(score.end - EXCERPT * score.ticks_per_quarter) // bar)
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    start = int.from_bytes(digest) % last * bar
    inside = (score.onset >= start) & (score.onset < start + EXCERPT * score.ticks_per_quarter)
    part = score.select(inside)
    return replace(part, onset=part.onset - np.int32(start))


def histogram_ranks(songs: Mapping[str, Score], queries: Sequence[Query]) -> list[int]:
    """The rank of each query's song by pitch-class histograms, in the best of twelve keys."""
    known = np.array([_histogram(score) for score in songs.values()])
    names = list(songs)
    ranks: list[int] = []
    for query in queries:
        mine = _histogram(query.score)
        alike = np.max([known @ np.roll(mine, key) for key in range(12)], axis=0)
        ranks.append(1 + int((alike > alike[names.index(query.song)]).sum()))
    return ranks


def _histogram(score: Score) -> np.ndarray:
    sounding = np.bincount(score.pitch % 12, weights=score.duration, minlength=12)
    return sounding / max(float(np.linalg.norm(sounding)), 1e-9)


def index_ranks(index: Index, queries: Sequence[Query]) -> tuple[list[int], dict[str, Any]]:
    """The rank of each query's song among the first ten found (11: none), and what it took."""
    names = [piece.name for piece in index.pieces]
    ranks: list[int] = []
    wrong: list[float] = []
    right: list[float] = []
    began, cpu = time.perf_counter(), time.process_time()
    for query in queries:
        found = index.search(query_score(query.score), top=max(AT))
        order = [names[one.piece] for one in found]
        ranks.append(order.index(query.song) + 1 if query.song in order else max(AT) + 1)
        worths = list(zip(order, (one.alignment.worth for one in found), strict=True))
        right += [worth for name, worth in worths if name == query.song]
        wrong += [worth for name, worth in worths if name != query.song][:1]
    told = {
        "seconds_per_query": round((time.perf_counter() - began) / len(queries), 3),
        "cpu_seconds_per_query": round((time.process_time() - cpu) / len(queries), 3),
        "worth_right_percentiles_1_5_50": _percentiles(right, (1, 5, 50)),
        "worth_wrong_percentiles_50_95_99_100": _percentiles(wrong, (50, 95, 99, 100)),
    }
    return ranks, told


def _percentiles(values: Sequence[float], at: tuple[int, ...]) -> list[float]:
    return [round(float(v), 2) for v in np.percentile(values, at)] if values else []


def recall(ranks: Sequence[int], queries: Sequence[Query], *, copies: bool = True) -> Any:
    """Recall at 1 and 10 with intervals; without ``copies`` of versions that are no copies."""
    chosen = [
        (rank, query.song)
        for rank, query in zip(ranks, queries, strict=True)
        if copies or query.shared < SAME
    ]
    songs = sorted({song for _, song in chosen})
    size = np.array([sum(song == one for _, one in chosen) for song in songs])
    told: dict[str, Any] = {"queries": len(chosen), "songs": len(songs)}
    for at in AT if chosen else ():
        right = np.array([sum(rank <= at for rank, one in chosen if one == s) for s in songs])
        low, high = bootstrap(right, size)
        told[f"recall_at_{at}"] = round(float(right.sum() / size.sum()), 4)
        told[f"interval_at_{at}"] = [round(low, 4), round(high, 4)]
    return told


def load(folder: Path, side: str, only: int | None) -> tuple[dict[str, Score], list[Query], int]:
    """The catalogue, the queries of a side, and how many versions hold no note."""
    sides = splits.load("pop909_song")
    songs = {d.song: read_midi(d.path) for d in find_corpus("pop909").documents(folder)}
    wanted = [song for song in songs if sides.get(song) == side][:only]
    queries: list[Query] = []
    empty = 0
    for document in find_corpus("pop909-versions").documents(folder):
        if document.song in wanted:
            score = read_midi(document.path)
            if len(score):
                shared = shared_notes(songs[document.song], score)
                score = moved(score, document.name)
                queries.append(Query(document.name, document.song, score, shared))
            else:
                empty += 1
    return songs, queries, empty


def build(songs: Mapping[str, Score], folder: Path) -> Index:
    """An index of the catalogue."""
    pieces = [embed_score(song, score) for song, score in songs.items()]
    part = folder / "part.safetensors"
    write_part(part, pieces)
    write_index(folder, "POP909", [([piece.entry for piece in pieces], part)])
    return Index(folder)


def measure(folder: Path, side: str, only: int | None = None) -> dict[str, Any]:
    """Recall of every way of searching, on all queries and without the copies."""
    songs, queries, empty = load(folder, side, only)
    with tempfile.TemporaryDirectory() as temporary:
        began = time.perf_counter()
        index = build(songs, Path(temporary))
        embedding = time.perf_counter() - began
        ranks, told = index_ranks(index, queries)
        parts = [replace(query, score=excerpt(query.score, query.name)) for query in queries]
        parts = [query for query in parts if len(query.score)]
        part_ranks, _ = index_ranks(index, parts)
    ways = {"similar": ranks, "pitch-class histogram": histogram_ranks(songs, queries)}
    return {
        "side": side,
        "catalogue": len(songs),
        "versions_without_notes": empty,
        "copies": sum(query.shared >= SAME for query in queries),
        "chance": {f"recall_at_{at}": round(at / len(songs), 5) for at in AT},
        "all": {way: recall(found, queries) for way, found in ways.items()},
        "without_copies": {
            way: recall(found, queries, copies=False) for way, found in ways.items()
        },
        f"excerpts_of_{EXCERPT}_quarters": {
            "similar": recall(part_ranks, parts),
            "pitch-class histogram": recall(histogram_ranks(songs, parts), parts),
        },
        "missed": [q.name for q, rank in zip(queries, ranks, strict=True) if rank > 1],
        "embed_seconds": round(embedding, 2),
        **told,
    }


def main() -> None:
    """Measure on the folder named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of POP909")
    parser.add_argument("--side", choices=("train", "valid", "test"), default="test")
    parser.add_argument("--songs", type=int, help="only so many songs' versions")
    given = parser.parse_args()
    told = measure(given.folder, given.side, given.songs)
    keep(
        "similar" if given.side == "test" else f"similar-{given.side}",
        {"machine": machine(), **told},
    )


if __name__ == "__main__":
    main()
