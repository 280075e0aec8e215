"""What the two jobs of masked training share: which documents, and how they are validated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from ostinato.base.errors import UserError
from ostinato.data.batches import WindowConfig
from ostinato.data.selection import held_out, load_split, side_of
from ostinato.data.shards import Documents, read_shards
from ostinato.data.vocabulary import Vocabulary
from ostinato.train.loop import Validate
from ostinato.train.recipe import build_batches
from ostinato.train.steps import MaskedStep


def choose_documents(
    shards: Sequence[Path], exclude: Sequence[str], valid: str
) -> tuple[Documents, Documents]:
    """The documents to train on, and those to validate on: the valid side of one split."""
    documents = read_shards(shards)
    held = held_out(documents.entries, (*exclude, valid) if valid else exclude)
    training = documents.select(lambda entry: (entry.corpus, entry.song) not in held)
    if not len(training.values):
        raise UserError("the shards hold no song that may be trained on: add other corpora.")
    if not valid:
        return training, documents.select(lambda _: False)
    return training, side_of(documents, load_split(valid), "valid")


def validation(
    step: MaskedStep,
    documents: Documents,
    vocabulary: Vocabulary,
    window: WindowConfig,
    *,
    most: int,
    device: torch.device,
) -> Validate | None:
    """The loss on ``most`` windows of documents, if there are any."""
    if not len(documents.values):
        return None
    batches = build_batches(documents, vocabulary, window, transpose=0, device=device)
    windows = batches.grid(window.rows).spread(most)
    return lambda: step.validate(batches, windows)


def size(documents: Documents) -> dict[str, int]:
    """How much music that is."""
    notes = sum(entry.notes for entry in documents.entries)
    return {"documents": len(documents), "notes": notes, "rows": len(documents.values)}
