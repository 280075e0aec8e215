"""How well a head labels the notes of whole documents: overlapping windows, merged."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ostinato.data.batches import Batches, middle_weight
from ostinato.data.shards import Documents
from ostinato.train.answers import Answers
from ostinato.train.steps import Reader


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


def note_answers(
    reader: Reader, head: str, batches: Batches, documents: Documents, *, stride: int, batch: int
) -> Answers:
    """The answers for every row that has a label (see ``note_probabilities``)."""
    found = note_probabilities(reader, head, batches, stride=stride, batch=batch)
    truth = documents.label.astype(np.int64) - 1
    known = truth >= 0
    told = found[torch.from_numpy(known).to(found.device)].clamp(min=1e-30).log()
    return Answers(told.double().cpu().numpy(), truth[known])
