"""The tasks, with MidiBERT's published figures (arXiv 2107.05223; its repository, CP tokens)."""

from __future__ import annotations

import numpy as np

from ostinato.base.errors import UserError
from ostinato.eval.music.types import Protocol, ProtocolName, Task, Truth
from ostinato.music import labels, midibert
from ostinato.music.corpora import CORPORA
from ostinato.music.corpora import Document as File
from ostinato.music.score import Int, Score

REELS = ("reelsa-c", "reelsd-g", "reelsh-l", "reelsm-q", "reelsr-t", "reelsu-z")
DANCES = ("ashover", "hpps", "jigs", "morris", "playford", "slip", "waltzes", "xmas")
DANCES_14 = tuple(sorted((*DANCES, *REELS)))
DANCES_9 = tuple(sorted((*DANCES, "reels")))
COMPOSERS = (
    "Bethel",
    "Clayderman",
    "Einaudi",
    "Hancock",
    "Hillsong",
    "Hisaishi",
    "Ryuichi",
    "Yiruma",
)
QUADRANTS = ("Q1", "Q2", "Q3", "Q4")
VELOCITIES = ("1-31", "32-47", "48-63", "64-79", "80-95", "96-127")

NO_SPLIT = "no split was published: ours by tune"


def _melody(file: File, score: Score) -> Int:
    del file
    return labels.by_track_name(score).astype(np.int64) - 1


def _velocity(file: File, score: Score) -> Int:
    del file
    return midibert.velocity_labels(score.velocity).astype(np.int64) - 1


def _of_piece(label: str, classes: tuple[str, ...]) -> Truth:
    """The truth of whole pieces by one of the corpus's own labels of pieces."""

    def truth(file: File, score: Score) -> Int:
        del score
        name = CORPORA[file.corpus].piece_label(file.name, label)
        if name not in classes:
            raise UserError(
                f"{file.path}: expected a name that tells one of {', '.join(classes)}; "
                f"got {name or 'none of them'}"
            )
        return np.array([classes.index(name)], dtype=np.int64)

    return truth


def _two(published: Protocol, clean: Protocol) -> dict[ProtocolName, Protocol]:
    return {"published": published, "clean": clean}


_BY_NOTE = _two(
    Protocol(
        "published",
        "pop909_midibert",
        "note",
        remark="simultaneous notes stand melody, bridge, piano; song 018 (test) is 017 (train)",
    ),
    Protocol("clean", "pop909_song", "note"),
)

_ALL = (
    Task(
        name="melody",
        corpus="pop909",
        folder="POP909",
        head="midiformer-melody",
        classes=("melody", "bridge", "accompaniment"),
        truth=_melody,
        protocols=_BY_NOTE,
        figure=0.9637,
    ),
    Task(
        name="velocity",
        corpus="pop909",
        folder="POP909",
        head="midiformer-velocity",
        classes=VELOCITIES,
        truth=_velocity,
        protocols=_BY_NOTE,
        figure=0.5163,
        hides_velocity=True,
    ),
    Task(
        name="composer",
        corpus="pianist8",
        folder="Pianist8",
        head="midiformer-composer",
        classes=COMPOSERS,
        truth=_of_piece("composer", COMPOSERS),
        protocols=_two(
            Protocol(
                "published",
                "pianist8_midibert",
                "segment",
                shortest=256,
                remark="a bar is five quarters; a last segment under 256 words is dropped",
            ),
            Protocol("clean", "pianist8_song", "piece"),
        ),
        figure=0.7857,
    ),
    Task(
        name="emotion",
        corpus="emopia",
        folder="EMOPIA",
        head="midiformer-emotion",
        classes=QUADRANTS,
        truth=_of_piece("emotion", QUADRANTS),
        protocols=_two(
            Protocol(
                "published",
                "emopia_midibert_clip",
                "segment",
                remark="93 of 107 test clips share a song with train; a bar is five quarters",
            ),
            Protocol("clean", "emopia_song", "piece"),
        ),
        figure=0.6789,
    ),
    Task(
        name="dance",
        corpus="nottingham",
        folder="Nottingham",
        head="midiformer-dance",
        classes=DANCES_9,
        truth=_of_piece("dance9", DANCES_9),
        protocols=_two(
            Protocol("published", "nottingham_tune", "segment", remark=NO_SPLIT),
            Protocol("clean", "nottingham_tune", "piece"),
        ),
        figure=None,
    ),
    Task(
        name="dance14",
        corpus="nottingham",
        folder="Nottingham",
        head="midiformer-dance14",
        classes=DANCES_14,
        truth=_of_piece("dance14", DANCES_14),
        protocols=_two(
            Protocol(
                "published",
                "nottingham_tune",
                "segment",
                remark=f"{NO_SPLIT}; six classes are one dance cut by the title's initial",
            ),
            Protocol(
                "clean",
                "nottingham_tune",
                "piece",
                remark="six classes are one dance cut by the title's initial",
            ),
        ),
        figure=None,
    ),
)
TASKS = {task.name: task for task in _ALL}


def find_task(name: str) -> Task:
    """The task of a name, or a ``UserError`` that lists the names."""
    if name not in TASKS:
        raise UserError(f"expected tasks among {', '.join(TASKS)}; got {name!r}")
    return TASKS[name]
