"""The peers, encoders of whole words, as the suite ``music`` asks a model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.shards import read_header
from ostinato.data.vocabulary import Vocabulary, load_window
from ostinato.infer.load import NoteModel
from ostinato.infer.notes import RowLabeller
from ostinato.infer.pieces import PieceModel
from ostinato.infer.windows import WindowReader
from ostinato.models.midiformer import Midiformer, MidiformerModel
from ostinato.models.midiformer.calibration import load_calibration
from ostinato.train.words import load_words, word_vocabulary


def load_word_notes(folder: Path, *, device: str | None = None) -> NoteModel:
    """The model directory of a peer with one head for notes."""
    opened = _open(folder, "note", device)
    rows = RowLabeller(opened.model, opened.head, opened.reader)
    return NoteModel(str(folder), opened.labels, opened.vocabulary, rows, load_calibration(folder))


def load_word_pieces(folder: Path, *, device: str | None = None) -> PieceModel:
    """The model directory of a peer with one head for pieces."""
    opened = _open(folder, "sequence", device)
    return PieceModel(
        str(folder),
        opened.labels,
        opened.vocabulary,
        opened.reader,
        opened.model.sequence_head(opened.head),
        load_calibration(folder),
    )


@dataclass(frozen=True, eq=False)
class _Opened:
    model: MidiformerModel  # so to speak: it has the verbs of one
    head: str
    vocabulary: Vocabulary
    reader: WindowReader

    @property
    def labels(self) -> tuple[str, ...]:
        return self.model.specs[self.head].labels


def _open(folder: Path, kind: Literal["note", "sequence"], device: str | None) -> _Opened:
    place, header = pick_device(device), read_header(folder)
    found = load_words(folder, header, place)
    heads = [name for name, spec in found.specs.items() if spec.kind == kind]
    if len(heads) != 1:
        raise UserError(
            f"{folder}: expected an encoder of words with one head of kind {kind}; it has "
            f"{len(heads)}"
        )
    vocabulary = word_vocabulary(header)
    reader = WindowReader(
        cast("Midiformer", found.encoder),
        vocabulary.compoundation,
        None,
        rows=load_window(folder).rows,
        device=place,
        every_second=found.specs[heads[0]].every_second,
    )
    return _Opened(cast("MidiformerModel", found), heads[0], vocabulary, reader)
