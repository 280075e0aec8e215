"""How well a head labels the notes of whole documents: overlapping windows, merged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ostinato.data.batches import Batches, middle_weight
from ostinato.data.shards import Documents
from ostinato.train.steps import Reader


@dataclass(frozen=True, eq=False)
class NoteScores:
    """Counts of notes, the truth down and the answer across, int64 [C, C]."""

    confusion: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Share of the labelled notes that are told right."""
        return float(np.trace(self.confusion) / max(1, self.confusion.sum()))

    def as_json(self) -> dict[str, object]:
        """The same as plain numbers."""
        return {
            "accuracy": self.accuracy,
            "notes": int(self.confusion.sum()),
            "confusion": self.confusion.tolist(),
        }


@torch.no_grad()
def note_probabilities(
    reader: Reader, head: str, batches: Batches, *, stride: int, batch: int
) -> Tensor:
    """Probabilities float32 [n, C] of every row of the documents.

    Windows overlap by all but ``stride`` rows; where several cover a row their answers are
    averaged, weighted by how far the row is from each window's end.
    """
    model, classify = reader.model.eval(), reader.model.note_head(head)
    labels = len(model.specs[head].labels)
    total = torch.zeros(batches.num_rows + 1, labels, device=reader.device)
    weights = torch.zeros(batches.num_rows + 1, device=reader.device)
    for part in batches.batches(batches.grid(stride), batch):
        with reader.autocast():
            hidden = reader.hidden(part.tokens, reader.find(part.tokens))
            logits = classify(hidden, part.row, part.source.shape[1])
        # Rows that are not there go to a last row, which is cut off.
        source = torch.where(part.source < 0, batches.num_rows, part.source).flatten()
        weight = middle_weight(part.source).flatten()
        answer = logits.float().softmax(-1).flatten(0, 1)
        total.index_add_(0, source, answer * weight[:, None])
        weights.index_add_(0, source, weight)
    return total[:-1] / weights[:-1, None].clamp(min=1)


def score_notes(probabilities: Tensor, documents: Documents) -> NoteScores:
    """The likeliest label of each row against its label; rows without one do not count."""
    labels = probabilities.shape[1]
    answer = probabilities.argmax(1).cpu().numpy()
    truth = documents.label.astype(np.int64) - 1
    known = truth >= 0
    counts = np.bincount(truth[known] * labels + answer[known], minlength=labels**2)
    return NoteScores(counts.reshape(labels, labels).astype(np.int64))
