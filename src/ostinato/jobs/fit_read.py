"""Every file of a folder as words, labels and a fingerprint, over all cores."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.base.log import progress
from ostinato.base.workers import available_cores, run_each
from ostinato.jobs.fit_folder import Item, Left
from ostinato.jobs.show import naming, printable
from ostinato.music.compound_words import encode
from ostinato.music.labels import shuffle
from ostinato.music.midi import read_midi
from ostinato.music.score import Int, Score
from ostinato.music.similarity import fingerprint

SECONDS_PER_FILE = 60.0
MOST_LABELS = 100  # of notes and of pieces


@dataclass(frozen=True)
class TrackLabels:
    """Labels of notes by the names of their tracks: upper case, without spaces around them."""

    names: tuple[str, ...]  # of the labels; label ``i`` of a note is ``names[i - 1]``
    of_track: Mapping[str, int]  # track's name to 1.. the label

    def of(self, score: Score) -> NDArray[np.int8]:
        """The label of each note, int8 [n], 0 for none."""
        found = [self.of_track.get(track.name.strip().upper(), 0) for track in score.tracks]
        labels = np.array(found, dtype=np.int8)
        return labels[score.track] if len(labels) else np.zeros(len(score), dtype=np.int8)


def track_labels(text: str) -> TrackLabels:
    """``MELODY=tune,BRIDGE=tune,PIANO=rest``; a name without ``=`` is its own label."""
    of_track: dict[str, int] = {}
    names: list[str] = []
    for part in text.split(","):
        track, _, label = (piece.strip() for piece in part.partition("="))
        label = printable(label or track.lower())
        if not track or track.upper() in of_track:
            raise UserError(
                "--notes: expected names of tracks, each once, with their labels, such as "
                f"MELODY=tune,PIANO=rest; got {text!r}"
            )
        if label not in names:
            names.append(label)
        of_track[track.upper()] = names.index(label) + 1
    if not 2 <= len(names) <= MOST_LABELS:
        raise UserError(f"--notes: expected 2 to {MOST_LABELS} labels to tell; got {len(names)}")
    return TrackLabels(tuple(names), of_track)


@dataclass(frozen=True, eq=False)
class Reading:
    """What one file holds, without its drums."""

    values: NDArray[np.int16]  # [r, F], its words
    label: NDArray[np.int8]  # [r], of notes: 1.., 0 for none
    notes: int
    music: bytes  # equal for files with the same words
    prints: NDArray[np.uint64]


def read_items(
    items: Sequence[Item], steps_per_quarter: int, tracks: TrackLabels | None
) -> tuple[dict[Item, Reading], list[Left]]:
    """The readings of the files that can be read, in their order, and why the others cannot."""
    work = partial(read_item, steps_per_quarter=steps_per_quarter, tracks=tracks)
    workers = min(available_cores(), len(items))
    found: dict[Item, Reading] = {}
    left: list[Left] = []
    with (
        progress(len(items), "reading") as advance,
        closing(run_each(work, items, workers=workers, seconds=SECONDS_PER_FILE)) as outcomes,
    ):
        for outcome in outcomes:
            item = outcome.item
            if outcome.result is None:
                reason = (outcome.error or "").removeprefix(f"{item.path}: ")
                left.append(Left(item.name, reason))
            else:
                found[item] = outcome.result
            advance(note=f"{len(left)} left out" if left else "")
    return found, left


def read_item(item: Item, steps_per_quarter: int, tracks: TrackLabels | None) -> Reading:
    """One file; a ``UserError`` if it is damaged or holds nothing to learn from."""
    score, labels = labelled_score(item, tracks)
    with naming(item.path):
        words = encode(score, "cp4", steps_per_quarter=steps_per_quarter)
    label = np.zeros(len(words), dtype=np.int8)
    is_note = words.note_index >= 0
    label[is_note] = labels[words.note_index[is_note]]
    values = words.values.astype(np.int16, copy=False)
    music = hashlib.blake2b(np.ascontiguousarray(values).tobytes(), digest_size=16).digest()
    return Reading(values, label, len(score), music, fingerprint(score))


def labelled_score(item: Item, tracks: TrackLabels | None) -> tuple[Score, Int]:
    """The notes of a file but drums, and the label of each, int8 [n]: 0 for none.

    Where tracks tell labels, equal notes of several tracks are shuffled, lest their order tell.
    """
    score = read_midi(item.path)
    pitched = ~score.is_drum
    if not pitched.any():
        raise UserError("no notes but drums" if len(score) else "no notes")
    score = score.select(pitched)
    if tracks is None:
        return score, np.zeros(len(score), dtype=np.int8)
    score = shuffle(score, item.name.encode(errors="replace").decode())
    labels = tracks.of(score)
    if not labels.any():
        names = ", ".join(repr(track.name) for track in score.tracks[:6])
        raise UserError(f"no track has a name among {', '.join(tracks.of_track)}; got {names}")
    return score, labels
