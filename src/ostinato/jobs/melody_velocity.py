"""The velocities that a model expects of a piece's notes, beside those that its file has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.base.errors import UserError
from ostinato.infer.directory import VELOCITY, bundled
from ostinato.infer.load import NoteModel, load_note_model
from ostinato.infer.notes import NoteLabels
from ostinato.music.labels import velocity_classes
from ostinato.music.score import Score

CLASSES = 6


@dataclass(frozen=True)
class VelocitySummary:
    """Velocities by class (1 the softest, 6 the loudest): counts of the notes but drums."""

    model: str
    classes: tuple[str, ...]
    written: tuple[int, ...]  # notes of each class in the file
    expected: tuple[int, ...]  # notes of which the class is the likeliest
    mean_written: float
    mean_expected: float  # of the expected class of each note
    same: float  # share of the notes whose likeliest class is the one written


def load_velocity_model(model: str, device: str, wanted: bool) -> NoteModel | None:
    """The model that tells a note's class of velocity without looking at it; None: not wanted."""
    if not wanted:
        return None
    if model == VELOCITY and VELOCITY not in bundled():
        raise UserError(
            "no head for velocities came with this package: fine-tune one with "
            "configs/midiformer-velocity.toml and name its directory with --velocity-model"
        )
    loaded = load_note_model(model, device=device)
    if len(loaded.names) != CLASSES:
        raise UserError(
            f"{model}: expected a model of {CLASSES} classes of velocity; it labels notes as "
            f"{', '.join(loaded.names)}"
        )
    return loaded


def expected_class(found: NoteLabels) -> NDArray[np.float64]:
    """The mean class of each note, 1..6, float64 [n]; 0 where a note is not labelled."""
    return found.probabilities.astype(np.float64) @ np.arange(1, CLASSES + 1)


def summarise(score: Score, found: NoteLabels, model: str) -> VelocitySummary:
    """What is expected of the notes that are labelled, beside what is written."""
    labelled = found.labels >= 0
    written, likeliest = velocity_classes(score)[labelled], found.labels[labelled] + 1
    return VelocitySummary(
        model=model,
        classes=found.names,
        written=_counts(written),
        expected=_counts(likeliest),
        mean_written=round(float(written.mean()), 3),
        mean_expected=round(float(expected_class(found)[labelled].mean()), 3),
        same=round(float((written == likeliest).mean()), 4),
    )


def _counts(classes: NDArray[np.integer]) -> tuple[int, ...]:
    return tuple(np.bincount(classes, minlength=CLASSES + 1)[1:].tolist())
