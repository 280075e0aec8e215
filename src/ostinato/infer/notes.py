"""A label for every note of a piece, however long: windows of it, their probabilities merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ostinato.base.device import autocast
from ostinato.data.batches import Batch
from ostinato.infer.windows import WindowReader
from ostinato.models.midiformer import MidiformerModel
from ostinato.music.score import Int

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class NoteLabels:
    """The labels of a score's notes, in the score's order."""

    probabilities: Float  # float32 [n, labels]; rows of 0 for notes that are not labelled
    labels: Int  # int64 [n], index into ``names``, -1 for notes that are not labelled (drums)
    names: tuple[str, ...]

    def confidence(self) -> Float:
        """The probability of the label that each note was given, float32 [n]; 0 for -1."""
        chosen = np.take_along_axis(self.probabilities, np.maximum(self.labels, 0)[:, None], 1)
        return np.where(self.labels < 0, np.float32(0), chosen[:, 0])


def choose(probabilities: Float, threshold: float | None = None) -> Int:
    """The label of each note, int64 [n]: the likeliest, -1 for rows of zeros.

    With a threshold, label 0 goes to exactly the notes whose probability of it reaches the
    threshold; the others get the likeliest of the other labels.
    """
    likeliest = probabilities.argmax(1)
    if threshold is not None:
        others = probabilities[:, 1:].argmax(1) + 1
        likeliest = np.where(probabilities[:, 0] >= threshold, 0, others)
    return np.where(probabilities.any(1), likeliest, -1)


class RowLabeller:
    """A model, its head and its vocabulary on a device: rows of words to probabilities."""

    def __init__(self, model: MidiformerModel, head: str, reader: WindowReader) -> None:
        """``reader`` reads with the encoder of ``model``."""
        self._head = model.note_head(head)
        self._labels = len(model.specs[head].labels)
        self._reader = reader

    @torch.inference_mode()
    def probabilities(self, values: Int) -> Float:
        """Words int16 [n, F] to float32 [n, labels], each row of which sums to 1.

        Where two windows cover a row, their probabilities are averaged (`WindowReader.merged`).
        """
        if not len(values):
            return np.zeros((0, self._labels), dtype=np.float32)
        return self._reader.merged(values, self._told).numpy()

    def _told(self, batch: Batch, hidden: Tensor) -> Tensor:
        """Probabilities [B, W, labels] of the rows of a batch's windows."""
        with autocast(self._reader.device):
            logits = self._head(hidden, batch.row, batch.source.shape[1])
        return logits.float().softmax(-1)


def scatter(rows: Float, note_index: Int, notes: Sequence[int] | Int, size: int) -> Float:
    """Probabilities of rows [r, labels] to those of the score's notes [size, labels].

    ``note_index`` [r] is the note of a row among ``notes``, which are those of the score that
    were encoded; -1 where a row is no note. Notes that were not encoded get zeros.
    """
    found = np.zeros((size, rows.shape[1]), dtype=np.float32)
    is_note = note_index >= 0
    found[np.asarray(notes)[note_index[is_note]]] = rows[is_note]
    return found
