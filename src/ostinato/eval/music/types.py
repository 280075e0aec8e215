"""What the suite talks about: tasks, their two protocols, documents, and models as callables.

A *unit* is what one answer is for: a note, a segment of 512 words, or a whole piece.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ostinato.music.compound_words import NEW
from ostinato.music.corpora import Document as File
from ostinato.music.grid import POSITIONS, Bars
from ostinato.music.score import Int, Score

Float = NDArray[np.floating]

ProtocolName = Literal["published", "clean"]
Unit = Literal["note", "segment", "piece"]
Side = Literal["train", "valid", "test"]


@dataclass(frozen=True, eq=False)
class Document:
    """One document as a protocol shows it, and its truth.

    The score tells nothing that the task asks for: its notes stand in one track, and where
    velocities are asked for they are all 64. In the published protocol its notes are in the
    published order, in the clean one in an order that no track decides.
    """

    name: str
    song: str  # what intervals resample whole, and what clean splits keep on one side
    score: Score
    bars: Bars | None  # None: by the score's own signatures
    words: Int  # int16 [r, 4]: ``cp4`` in the clean protocol, ``midibert`` in the published one
    note: Int  # int32 [r], the note of ``score`` that a row stands for, -1 for none
    truth: Int  # int64 [u], the class of each unit, -1 where it is not scored
    segments: Int | None  # int16 [k, 512, 4], padded; published protocol only

    def place(self) -> tuple[Int, Int]:
        """Rows of ``words`` that are notes, int64 [n], and the onset of each on the grid.

        Onsets are int64 [n] and count positions; they never fall.
        """
        rows = np.flatnonzero(self.note >= 0)
        bar = np.cumsum(self.words[:, 0] == NEW, dtype=np.int64)
        return rows, bar[rows] * POSITIONS + self.words[rows, 1]


Truth = Callable[[File, Score], Int]
"""A file and its score to its classes, int64: [n] of the notes, or [1] of the whole piece."""

Model = Callable[[Document], Float]
"""A document to the probabilities of its units, float [u, classes]. Rows that are zero
throughout are no answer, which counts as wrong. Units that are notes are in the score's order."""


@dataclass(frozen=True)
class Protocol:
    """One way to score a task."""

    name: ProtocolName
    split: str  # a name of ``music.splits``
    unit: Unit
    shortest: int = 1  # words of a last segment; shorter ones are dropped
    remark: str = ""  # what a reader of the number has to know


@dataclass(frozen=True)
class Task:
    """One task: what is asked of a corpus, and how it was asked before."""

    name: str
    corpus: str  # a name of ``music.corpora``
    folder: str  # its published name, below the folder of all corpora
    head: str  # the bundled model that answers it
    classes: tuple[str, ...]
    truth: Truth
    protocols: Mapping[ProtocolName, Protocol]
    figure: float | None  # MidiBERT's published accuracy, where there is one
    hides_velocity: bool = False

    @property
    def of_notes(self) -> bool:
        """Whether each note has an answer, or each piece."""
        return self.protocols["clean"].unit == "note"
