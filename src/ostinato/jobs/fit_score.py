"""What a fitted model reaches on the test side, beside the commonest class and the nearest song."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ostinato.base.log import progress
from ostinato.eval.metrics import wilson
from ostinato.eval.music.note_baselines import one_hot
from ostinato.eval.music.note_features import note_features
from ostinato.eval.music.piece_baselines import NearestSong
from ostinato.eval.music.scores import TaskScores, score
from ostinato.eval.music.types import Document
from ostinato.infer.load import load_note_model, load_piece_model
from ostinato.jobs.fit_folder import Item
from ostinato.jobs.fit_look import FEW_TESTED, Look
from ostinato.jobs.fit_read import TrackLabels, labelled_score
from ostinato.music.compound_words import encode
from ostinato.music.score import Int
from ostinato.music.statistics import notes_of

Float = NDArray[np.floating]
Answer = Callable[[Document], Float]

NEAREST = {True: "nearest note", False: "nearest song"}
MOST_KNOWN = 4096  # training notes that a note is compared with, evenly spaced
MOST_PIECES = 48  # training pieces that they come from


def measure(
    found: Look, model: Path, tracks: TrackLabels | None, *, steps_per_quarter: int, device: str
) -> dict[str, TaskScores]:
    """Scores by the name of who answers: the model first, then the baselines."""

    def document(item: Item) -> Document:
        return _document(item, found, tracks, steps_per_quarter)

    tested = found.on("test")
    answers = {
        "model": _model(model, of_notes=found.of_notes, device=device),
        "majority": _majority(found),
        NEAREST[found.of_notes]: _nearest_note(found, document)
        if found.of_notes
        else _nearest_piece(found),
    }
    documents: list[Document] = []
    told: dict[str, list[Float]] = {name: [] for name in answers}
    with progress(len(tested), "testing") as advance:
        for item in tested:
            documents.append(document(item))
            for name, answer in answers.items():
                told[name].append(answer(documents[-1]))
            advance()
    return {
        name: score(documents, given, found.names, of_notes=found.of_notes)
        for name, given in told.items()
    }


def interval(scores: TaskScores) -> tuple[float, float]:
    """95 % of the accuracy, songs resampled whole; of few songs, no narrower than Wilson's.

    Resampled, the answers to a handful of songs that are all right would leave no doubt at all.
    """
    low, high = scores.interval
    if scores.songs >= FEW_TESTED:
        return low, high
    lower, upper = wilson(scores.accuracy * scores.songs, scores.songs)
    return min(low, lower), max(high, upper)


def _document(
    item: Item, found: Look, tracks: TrackLabels | None, steps_per_quarter: int
) -> Document:
    notes, labels = labelled_score(item, tracks)
    words = encode(notes, "cp4", steps_per_quarter=steps_per_quarter)
    if found.of_notes:
        truth = labels.astype(np.int64) - 1
    else:
        truth = np.array([found.names.index(item.label)], dtype=np.int64)
    return Document(
        name=item.name,
        song=found.grouping.group[item.name],
        score=notes,
        bars=None,
        words=words.values,
        note=words.note_index,
        truth=truth,
        segments=None,
    )


def _model(folder: Path, *, of_notes: bool, device: str) -> Answer:
    if of_notes:
        notes = load_note_model(folder, device=device)
        return lambda document: notes.label_notes(document.score).probabilities
    pieces = load_piece_model(folder, device=device)
    return lambda document: pieces.label_piece(document.score).probabilities[None]


def _majority(found: Look) -> Answer:
    commonest = int(found.counts("train").argmax())
    return lambda document: one_hot(np.full(len(document.truth), commonest), len(found.names))


def _nearest_piece(found: Look) -> Answer:
    train = found.on("train")
    known = [notes_of(found.readings[item].values) for item in train]
    label = np.array([found.names.index(item.label) for item in train])
    return NearestSong(known, label, len(found.names))


def _nearest_note(found: Look, document: Callable[[Item], Document]) -> Answer:
    """The label of the training note whose features (``note_features``) are nearest."""
    train = found.on("train")
    some = [
        train[n] for n in np.linspace(0, len(train) - 1, min(MOST_PIECES, len(train)), dtype=int)
    ]
    features, labels = _known_notes([document(item) for item in some])
    middle, spread = features.mean(0), features.std(0) + 1e-3
    known = (features - middle) / spread
    half = 0.5 * (known**2).sum(1)

    def answer(one: Document) -> Float:
        asked = (note_features(one) - middle) / spread
        told = np.zeros((len(one.truth), len(found.names)), dtype=np.float32)
        rows = one.note[one.note >= 0]
        for first in range(0, len(asked), MOST_KNOWN):
            part = slice(first, first + MOST_KNOWN)
            nearest = (asked[part] @ known.T - half).argmax(1)
            told[rows[part]] = one_hot(labels[nearest], len(found.names))
        return told

    return answer


def _known_notes(documents: Sequence[Document]) -> tuple[Float, Int]:
    """Features and labels of ``MOST_KNOWN`` labelled notes or fewer."""
    features = np.concatenate([note_features(one) for one in documents])
    labels = np.concatenate([one.truth[one.note[one.note >= 0]] for one in documents])
    labelled = np.flatnonzero(labels >= 0)
    every = max(1, -(-len(labelled) // MOST_KNOWN))
    return features[labelled[::every]], labels[labelled[::every]]
