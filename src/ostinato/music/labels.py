"""Labels of notes: melody, bridge or accompaniment by POP909's tracks; classes of velocity."""

from __future__ import annotations

import hashlib

import numpy as np

from ostinato.base.errors import UserError
from ostinato.music.midibert import velocity_labels
from ostinato.music.score import Int, Score

NONE, MELODY, BRIDGE, ACCOMPANIMENT = 0, 1, 2, 3
NAMES = ("none", "melody", "bridge", "accompaniment")
TRACKS = {"MELODY": MELODY, "BRIDGE": BRIDGE, "PIANO": ACCOMPANIMENT}
# The versions of POP909 call the bridge "CAU", and are less careful with case and spaces.
VERSION_TRACKS = {"MELODY": MELODY, "CAU": BRIDGE, "CAU CHEN": BRIDGE, "PIANO": ACCOMPANIMENT}

VELOCITY_NAMES = ("none", "pp", "p", "mp", "mf", "f", "ff")  # by class


def by_track_name(score: Score) -> Int:
    """The label of each note, int8 [n], by POP909's track names.

    Raises ``UserError`` where a track with notes has another name, or no track is MELODY.
    """
    of_track = np.array([TRACKS.get(track.name, NONE) for track in score.tracks], dtype=np.int8)
    label = of_track[score.track] if len(of_track) else np.zeros(0, dtype=np.int8)
    if MELODY not in of_track or not label.all():
        names = ", ".join(repr(track.name) for track in score.tracks) or "no track"
        raise UserError(f"expected tracks named MELODY, BRIDGE and PIANO; got {names}")
    return label


def by_version_track_name(score: Score) -> Int | None:
    """The label of each note of a version of a POP909 song, int8 [n]; None where names are odd."""
    names = [track.name.strip().upper() for track in score.tracks]
    of_track = np.array([VERSION_TRACKS.get(name, NONE) for name in names], dtype=np.int8)
    label = of_track[score.track] if len(of_track) else np.zeros(0, dtype=np.int8)
    return label if MELODY in label and label.all() else None


def velocity_classes(score: Score) -> Int:
    """The class of each note's velocity, int8 [n]: 1 below 32, then a class from each of 32, 48,
    64, 80 and 96 on. These are MidiBERT's six (arXiv 2107.05223).
    """
    return velocity_labels(score.velocity)


def shuffle(score: Score, name: str) -> Score:
    """The score with its notes in an order that depends on nothing but their number and ``name``.

    ``encode`` sorts simultaneous notes by pitch, duration and velocity, but leaves equal ones in
    the file's order, which is the order of tracks and so of labels. POP909 has 1,006 such notes
    in 35 songs. Whoever labels notes by track shuffles them first.
    """
    seed = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())
    return score.select(np.random.default_rng(seed).permutation(len(score)))
