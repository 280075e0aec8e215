"""Trained models as the suite ``music`` sees them: a document to the probabilities of its units."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.eval.music.published import rows_for
from ostinato.eval.music.tasks import REELS
from ostinato.eval.music.types import Document, Float, Model, Task
from ostinato.infer.directory import model_type
from ostinato.infer.load import NoteModel, load_note_model, load_piece_model
from ostinato.infer.pieces import PieceModel
from ostinato.jobs.music_peers import load_word_notes, load_word_pieces
from ostinato.models.words import MODEL_TYPE as WORDS


def load_model(folder: Path, task: Task, device: str) -> Model:
    """The model in a directory as the suite asks it; ``UserError`` where it has other labels.

    A peer's, an encoder of whole words, may be there as well.
    """
    of_words = model_type(folder) == WORDS
    if task.of_notes:
        load_notes = load_word_notes if of_words else load_note_model
        notes = load_notes(folder, device=device)
        return note_answers(notes, columns(notes.names, task, folder))
    load_pieces = load_word_pieces if of_words else load_piece_model
    pieces = load_pieces(folder, device=device)
    return piece_answers(pieces, columns(pieces.names, task, folder))


def columns(names: Sequence[str], task: Task, folder: Path) -> NDArray[np.float32]:
    """A matrix [labels, classes] that turns a model's probabilities into the task's.

    Labels are matched by name. Six parts of the reels add up where the task has one class of
    them; and velocities, which are ordered, are matched in order whatever they are called.
    """
    turned = ["reels" if name in REELS and "reels" in task.classes else name for name in names]
    if task.hides_velocity and len(names) == len(task.classes):
        turned = list(task.classes)
    if set(turned) != set(task.classes):
        raise UserError(
            f"{folder}: expected a model with the labels {', '.join(task.classes)}; "
            f"it has {', '.join(names)}"
        )
    found = np.zeros((len(names), len(task.classes)), dtype=np.float32)
    found[np.arange(len(names)), [task.classes.index(name) for name in turned]] = 1
    return found


def note_answers(model: NoteModel, merge: NDArray[np.float32]) -> Model:
    """A labeller of notes. Published segments are labelled one by one, clean pieces whole."""

    def answer(document: Document) -> Float:
        if document.segments is None:
            return model.label_notes(document.score, document.bars).probabilities @ merge
        header = model.vocabulary.header
        segments = rows_for(document, header.scheme, header.steps_per_quarter)
        found = [model.label_words(segment) for segment in segments]
        return np.concatenate(found) @ merge

    return answer


def piece_answers(model: PieceModel, merge: NDArray[np.float32]) -> Model:
    """A labeller of pieces: published segments one by one, clean pieces with all windows merged."""

    def answer(document: Document) -> Float:
        if document.segments is None:
            found = [model.label_piece(document.score, document.bars)]
        else:
            header = model.vocabulary.header
            segments = rows_for(document, header.scheme, header.steps_per_quarter)
            found = [model.label_words(segment) for segment in segments]
        return np.stack([one.probabilities for one in found]) @ merge

    return answer
