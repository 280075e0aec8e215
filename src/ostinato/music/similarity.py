"""Which pieces are the same music: fingerprints of the top line, and groups of near-duplicates.

A fingerprint is a set of hashes, one for each run of ``RUN`` intervals of the top line. It is the
same in another key, at another tempo and in another resolution, and much of it stays the same
under another accompaniment or in another performance. ``RUN`` and ``SHARE`` were chosen on
POP909's training songs: 93 % of their versions are linked with their song, and of 1.3 million
pairs of different songs none that is not the same music.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ostinato.music.score import Int, Score

RUN = 12  # intervals of one hash
SHARE = 0.2  # of the hashes of the smaller one of two pieces
LEAST = 8  # hashes in common, or all of a piece that has fewer: a run of 20 notes
DISTINCT = 3  # different intervals in a run: scales, trills and repeated notes say nothing
PERIOD = 4  # a run that repeats itself after so few intervals is an arpeggio, and says nothing
TOGETHER = 0.1  # quarters: notes that begin within it are one chord, played by hand

_FACTOR = 0x9E3779B97F4A7C15  # odd: its powers are units modulo 2^64

Prints = NDArray[np.uint64]


class Link(NamedTuple):
    """Two pieces that share music."""

    first: str
    second: str
    share: float  # of the hashes of the smaller one
    common: int  # hashes


def top_line(score: Score) -> Int:
    """The highest pitch of each onset, in time, int64; drums are left out.

    What still sounds from before is not heard: transcriptions hold notes with the pedal.
    """
    score = score.select(~score.is_drum)
    order = np.lexsort((-score.pitch, score.onset))
    near = TOGETHER * score.ticks_per_quarter
    line: list[int] = []
    begun = -np.inf
    pairs = zip(score.onset[order].tolist(), score.pitch[order].tolist(), strict=True)
    for onset, pitch in pairs:
        if onset - begun > near:
            line.append(pitch)
            begun = onset
        elif pitch > line[-1]:
            line[-1] = pitch
    return np.array(line, dtype=np.int64)


def fingerprint(score: Score) -> Prints:
    """Hashes of the runs of the top line's intervals, uint64 [n], sorted and unique.

    Empty for a piece whose top line is shorter than a run, or nothing but scales and arpeggios.
    """
    return hashes(np.diff(top_line(score)))


def hashes(intervals: Int, run: int = RUN) -> Prints:
    """The hashes of all telling runs of a sequence of intervals, uint64 [n], sorted and unique."""
    if len(intervals) < run:
        return np.zeros(0, dtype=np.uint64)
    runs = np.lib.stride_tricks.sliding_window_view(intervals, run)
    runs = runs[_telling(runs)]
    powers = np.array([pow(_FACTOR, place + 1, 1 << 64) for place in range(run)], dtype=np.uint64)
    mixed = ((runs + 128).astype(np.uint64) * powers).sum(axis=1, dtype=np.uint64)
    return np.unique(mixed ^ (mixed >> np.uint64(32)))


def _telling(runs: Int) -> NDArray[np.bool_]:
    ordered = np.sort(runs, axis=1)
    telling = np.count_nonzero(ordered[:, 1:] != ordered[:, :-1], axis=1) + 1 >= DISTINCT
    for period in range(DISTINCT, min(PERIOD, runs.shape[1] // 2) + 1):
        telling &= (runs[:, period:] != runs[:, :-period]).any(axis=1)
    return telling


def near_duplicates(prints: Mapping[str, Prints], *, share: float = SHARE) -> dict[str, str]:
    """A group for each piece, called by its first name: equal for those that ``links`` link.

    Linking is transitive. A piece without hashes is a group of its own.
    """
    group = {name: name for name in sorted(prints)}

    def root(name: str) -> str:
        while group[name] != name:
            group[name] = group[group[name]]
            name = group[name]
        return name

    for link in links(prints, share=share):
        keep, lose = sorted((root(link.first), root(link.second)))
        group[lose] = keep
    return {name: root(name) for name in group}


def links(prints: Mapping[str, Prints], *, share: float = SHARE) -> Iterator[Link]:
    """Every two pieces of which the smaller one has at least ``share`` of its hashes in common
    with the other, and ``LEAST`` of them, in the order of their names.
    """
    names = [name for name in sorted(prints) if len(prints[name])]
    if not names:
        return
    size = np.array([len(prints[name]) for name in names])
    offset = np.concatenate([[0], np.cumsum(size)])
    owner, begin, end = _owners([prints[name] for name in names])
    for piece, name in enumerate(names):
        own = slice(offset[piece], offset[piece + 1])
        repeated = end[own] - begin[own] > 1  # every hash has its own piece as an owner
        if not repeated.any():
            continue
        owners = owner[_ranges(begin[own][repeated], end[own][repeated])]
        common = np.bincount(owners, minlength=len(names))[piece + 1 :]
        smaller = np.minimum(size[piece + 1 :], size[piece])
        linked = (common >= share * smaller) & (common >= np.minimum(LEAST, smaller))
        for other in np.flatnonzero(linked).tolist():
            of_smaller = float(common[other] / smaller[other])
            yield Link(name, names[piece + 1 + other], of_smaller, int(common[other]))


def _owners(prints: Sequence[Prints]) -> tuple[Int, Int, Int]:
    """The pieces sorted by their hashes, and where in that list those with each hash stand.

    For hash i of all pieces' hashes one after the other: its owners are ``owner[begin:end]`` of i.
    """
    every = np.concatenate(prints)
    order = np.argsort(every, kind="stable")
    owner = np.repeat(np.arange(len(prints)), [len(part) for part in prints])[order]
    bounds = np.flatnonzero(np.diff(every[order])) + 1
    bounds = np.concatenate([[0], bounds, [len(every)]])
    group = np.empty(len(every), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    return owner, bounds[group], bounds[group + 1]


def _ranges(begin: Int, end: Int) -> Int:
    """The integers of all half-open ranges, one after the other."""
    lengths = end - begin
    before = np.cumsum(lengths) - lengths
    return np.arange(int(lengths.sum())) + np.repeat(begin - before, lengths)
