"""A model directory, or the name of a bundled one, to an object with the verbs of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import numpy as np

from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.ngrams import NgramMatcher
from ostinato.data.vocabulary import Vocabulary, load_vocabulary, load_window
from ostinato.infer.directory import find_model, model_type
from ostinato.infer.notes import NoteLabels, RowLabeller, choose, scatter
from ostinato.models.m1.config import Dialect
from ostinato.models.midiformer import checkpoint
from ostinato.music.compound_words import encode
from ostinato.music.grid import Bars
from ostinato.music.score import Score

if TYPE_CHECKING:
    from ostinato.infer.language import LanguageModel


@dataclass(frozen=True, eq=False)
class NoteModel:
    """A trained encoder with a head that labels notes."""

    name: str
    names: tuple[str, ...]  # of the labels
    vocabulary: Vocabulary
    rows: RowLabeller

    def label_notes(
        self, score: Score, bars: Bars | None = None, *, threshold: float | None = None
    ) -> NoteLabels:
        """Label every note but drums, by ``bars`` or else by the score's own metre.

        With a ``threshold`` in 0..1, the notes of the first label are those whose probability
        of it reaches the threshold.
        """
        notes = np.flatnonzero(~score.is_drum)
        compoundation = self.vocabulary.compoundation
        words = encode(
            score.select(notes),
            compoundation.scheme,
            steps_per_quarter=compoundation.steps_per_quarter,
            bars=bars,
        )
        rows = self.rows.probabilities(words.values)
        probabilities = scatter(rows, words.note_index, notes, len(score))
        return NoteLabels(probabilities, choose(probabilities, threshold), self.names)


def load(name: str | Path, *, device: str | None = None) -> NoteModel | LanguageModel:
    """Load a bundled model by name, or any model directory: what is in it says its kind.

    ``load_note_model`` and ``load_language_model`` are this for who knows the kind.
    """
    folder = find_model(name)
    kind = model_type(folder)
    if kind in get_args(Dialect):
        from ostinato.infer.language import load_language_model

        return load_language_model(name, device=device)
    if kind not in (checkpoint.MODEL_TYPE, None):
        known = ", ".join((checkpoint.MODEL_TYPE, *get_args(Dialect)))
        raise UserError(f"{folder} holds a model of type {kind!r}: expected one of {known}")
    return load_note_model(name, device=device)


def load_note_model(name: str | Path, *, device: str | None = None) -> NoteModel:
    """Load a bundled model by name, or a model directory that has one head for notes."""
    folder = find_model(name)
    place = pick_device(device)
    model = checkpoint.load(folder, device=place)
    heads = [head for head, spec in model.specs.items() if spec.kind == "note"]
    if len(heads) != 1:
        raise UserError(
            f"{folder}: expected a model with one head that labels notes; it has {len(heads)}"
        )
    vocabulary = load_vocabulary(folder)
    window = load_window(folder)
    matcher = NgramMatcher(
        vocabulary.lexicon, vocab_size=model.config.vocab_size, slots=window.slots, device=place
    )
    rows = RowLabeller(
        model, heads[0], vocabulary.compoundation, matcher, rows=window.rows, device=place
    )
    return NoteModel(str(name), model.specs[heads[0]].labels, vocabulary, rows)
