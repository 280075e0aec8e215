"""A model directory, or the name of a bundled one, to an object with the verbs of its kind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch

from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.ngrams import NgramMatcher
from ostinato.data.vocabulary import Vocabulary, Window, load_vocabulary, load_window
from ostinato.infer.directory import find_model, find_trunk, model_type
from ostinato.infer.notes import Float, NoteLabels, RowLabeller, choose, scatter
from ostinato.infer.pieces import PieceModel
from ostinato.infer.windows import WindowReader
from ostinato.models.m1.config import Dialect
from ostinato.models.midiformer import (
    Calibration,
    HeadSpec,
    Midiformer,
    MidiformerModel,
    checkpoint,
    head_directory,
)
from ostinato.models.midiformer.calibration import load_calibration
from ostinato.models.midiformer.head_directory import HeadWindow
from ostinato.music.compound_words import encode
from ostinato.music.grid import Bars
from ostinato.music.score import Int, Score

if TYPE_CHECKING:
    from ostinato.infer.language import LanguageModel


@dataclass(frozen=True, eq=False)
class NoteModel:
    """A trained encoder with a head that labels notes."""

    name: str
    names: tuple[str, ...]  # of the labels
    vocabulary: Vocabulary
    rows: RowLabeller
    calibration: Calibration

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
        rows = self.label_words(words.values)
        probabilities = scatter(rows, words.note_index, notes, len(score))
        return NoteLabels(probabilities, choose(probabilities, threshold), self.names)

    def label_words(self, values: Int) -> Float:
        """The calibrated probabilities [n, labels] of the compound words int16 [n, F] of a piece,
        those without a note too.
        """
        rows = self.rows.probabilities(values)
        if self.calibration.temperature == 1:
            return rows
        told = np.log(np.maximum(rows, np.finfo(np.float32).tiny))
        return self.calibration.probabilities(told).astype(np.float32)


def load(name: str | Path, *, device: str | None = None) -> NoteModel | PieceModel | LanguageModel:
    """Load a bundled model by name, or any model directory: what is in it says its kind.

    ``load_note_model``, ``load_piece_model`` and ``load_language_model`` are this for who
    knows the kind.
    """
    folder = find_model(name)
    kind = model_type(folder)
    if kind in get_args(Dialect):
        from ostinato.infer.language import load_language_model

        return load_language_model(name, device=device)
    ours = (checkpoint.MODEL_TYPE, head_directory.MODEL_TYPE)
    if kind not in (*ours, None):
        known = ", ".join((ours[0], *get_args(Dialect), ours[1]))
        raise UserError(f"{folder} holds a model of type {kind!r}: expected one of {known}")
    specs = read_heads(folder)
    if any(spec.kind == "note" for spec in specs.values()) or not specs:
        return load_note_model(name, device=device)
    return load_piece_model(name, device=device)


def read_heads(folder: Path) -> dict[str, HeadSpec]:
    """The heads that a model directory says it has, whichever form it has."""
    if model_type(folder) == head_directory.MODEL_TYPE:
        head = head_directory.describe(folder).head
        return {head.name: head.spec}
    return checkpoint.read_heads(folder)


def load_note_model(name: str | Path, *, device: str | None = None) -> NoteModel:
    """Load a bundled model by name, or a model directory that has one head for notes."""
    opened = _open(find_model(name), "note", device)
    rows = RowLabeller(opened.model, opened.head, opened.reader)
    labels = opened.model.specs[opened.head].labels
    return NoteModel(str(name), labels, opened.vocabulary, rows, opened.calibration)


def load_piece_model(name: str | Path, *, device: str | None = None) -> PieceModel:
    """Load a bundled model by name, or a model directory that has one head for pieces."""
    opened = _open(find_model(name), "sequence", device)
    return PieceModel(
        str(name),
        opened.model.specs[opened.head].labels,
        opened.vocabulary,
        opened.reader,
        opened.model.sequence_head(opened.head),
        opened.calibration,
    )


@dataclass(frozen=True, eq=False)
class _Opened:
    """A model with the head that was asked for, and what reads pieces for it."""

    model: MidiformerModel
    head: str
    vocabulary: Vocabulary
    reader: WindowReader
    calibration: Calibration


def _open(folder: Path, kind: Literal["note", "sequence"], device: str | None) -> _Opened:
    """A model directory of either form, which must have one head of a kind."""
    heads = [name for name, spec in read_heads(folder).items() if spec.kind == kind]
    if len(heads) != 1:
        what = "notes" if kind == "note" else "whole pieces"
        raise UserError(
            f"{folder}: expected a model with one head that labels {what}; it has {len(heads)}"
        )
    place = pick_device(device)
    if model_type(folder) == head_directory.MODEL_TYPE:
        description = head_directory.describe(folder)
        words, calibration = find_trunk(folder, description.trunk), description.calibration
        window = description.window or load_window(words)
        model = head_directory.load(folder, words, device=place)
    else:
        words, calibration = folder, load_calibration(folder)
        window = load_window(folder)
        model = checkpoint.load(folder, device=place)
    vocabulary = load_vocabulary(words)
    every_second = model.specs[heads[0]].every_second
    reader = window_reader(model.encoder, vocabulary, window, place, every_second=every_second)
    return _Opened(model, heads[0], vocabulary, reader, calibration)


def window_reader(
    encoder: Midiformer,
    vocabulary: Vocabulary,
    window: Window | HeadWindow,
    device: torch.device,
    *,
    every_second: bool,
) -> WindowReader:
    """What reads pieces with an encoder that is on ``device``, in windows of such a size."""
    size = encoder.config.vocab_size
    matcher = NgramMatcher(vocabulary.lexicon, vocab_size=size, slots=window.slots, device=device)
    words = vocabulary.compoundation
    return WindowReader(encoder, words, matcher, window.rows, device, every_second=every_second)
