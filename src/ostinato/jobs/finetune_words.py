"""A head for notes or pieces on an encoder of whole words: ``finetune`` for the peers.

Runs as ``python -m ostinato.jobs.finetune_words RECIPE.toml key=value ...``, which needs neither
the MIDI library nor the terminal's. Documents are read, and answers are scored, by the very code
of ``finetune``, so that the numbers are comparable.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from ostinato.base.config import load_recipe
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.vocabulary import Vocabulary
from ostinato.jobs.finetune_data import Labelled, read_labelled
from ostinato.jobs.finetune_evaluation import (
    GOES_ON,
    NoteEvaluation,
    PieceEvaluation,
    round_weights,
)
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.training import describe, finish, main, report
from ostinato.models.midiformer import HeadSpec
from ostinato.models.words import WordModel
from ostinato.train.answers import fit_temperature
from ostinato.train.loop import LoopConfig, LossOf, train
from ostinato.train.pieces import PieceBatches
from ostinato.train.recipe import DTypeName, build_batches
from ostinato.train.run import open_run
from ostinato.train.steps import NoteLabelStep, Reader, SequenceLabelStep
from ostinato.train.words import (
    WordChoice,
    WordWindow,
    build_words,
    load_words,
    save_words,
    word_reader,
    word_vocabulary,
)


@dataclass(frozen=True, kw_only=True)
class FinetuneWordsRecipe:
    """Everything that decides a run; what a field means, ``FinetuneRecipe`` says."""

    run: Path
    shards: tuple[Path, ...]
    split: str
    train_shards: tuple[Path, ...] = ()
    init: str = ""  # model directory of the pre-trained encoder; none: from scratch
    kind: Literal["note", "sequence"] = "note"
    head: str = "melody"
    labels: tuple[str, ...] = ()
    piece_labels: str = ""
    piece_task: str = ""
    pool: Literal["first", "attention"] = "attention"
    smoothing: float = 0.0
    batch: int = 32
    windows_per_piece: int = 1
    balanced: bool = False
    stride: int = 128
    evaluation_batch: int = 64
    report_test: bool = False
    device: str = "auto"
    dtype: DTypeName = "float16"
    fresh: bool = False
    window: WordWindow = field(default_factory=WordWindow)
    model: WordChoice = field(default_factory=WordChoice)  # with ``init``: dropout only
    train: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        if self.init and replace(self.model, dropout=None) != WordChoice():
            raise UserError(
                "model: with `init` the pre-trained encoder decides it (but for model.dropout); "
                "leave it out of the recipe."
            )
        _ = self.common  # which checks the rest

    @property
    def common(self) -> FinetuneRecipe:
        """The same for what does not ask which model it is: documents, drawing and scores."""
        own = ("init", "window", "model")
        shared = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shared = {name: value for name, value in shared.items() if name not in own}
        return FinetuneRecipe(**shared, window=self.window.config)


def finetune(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, FinetuneWordsRecipe, overrides)), as_json)


def run(recipe: FinetuneWordsRecipe) -> dict[str, object]:
    """Train the head and the encoder, and write the model directory; returns what to report."""
    device = pick_device(recipe.device)
    labelled = read_labelled(recipe.common)
    header = labelled.documents["train"].header
    vocabulary = word_vocabulary(header)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)
    model = _model(recipe, labelled, device)
    reader = word_reader(model, device)
    step = _step(recipe, labelled, vocabulary, reader)

    def evaluation(side: str) -> NoteEvaluation | PieceEvaluation:
        if recipe.kind == "sequence":
            return PieceEvaluation(recipe.common, reader, vocabulary, labelled.pieces[side])
        return NoteEvaluation(recipe.common, reader, vocabulary, labelled.documents[side])

    valid = evaluation("valid")
    outcome = train(model, step, recipe.train, recipe.run, resume=resume, validate=valid.validate)
    result: dict[str, object] = {**describe(outcome), "best_step": outcome.counters.best_step}
    result["documents"] = {side: len(held) for side, held in labelled.documents.items()}
    if outcome.reason != "finished":  # of a part, no test set is scored
        result["next"] = GOES_ON
    else:
        round_weights(model, recipe.dtype)
        answers = valid.answers()
        temperature = fit_temperature(answers)
        result |= {"labels": list(labelled.labels), "temperature": temperature}
        result["valid"] = answers.as_json(valid.unit, temperature)
        if recipe.report_test:
            found = evaluation("test").answers()
            result["test"] = found.as_json(valid.unit, temperature)
        folder = recipe.run / "model"
        save_words(folder, model, header, recipe.window, recipe.dtype)
        result["model"] = str(folder)
    return finish(recipe.run, result)


def _step(
    recipe: FinetuneWordsRecipe, labelled: Labelled, vocabulary: Vocabulary, reader: Reader
) -> LossOf:
    """The objective."""
    window, device, compiled = recipe.window.config, reader.device, recipe.train.compile
    if recipe.kind == "sequence":
        drawing, pieces = recipe.common.drawing, labelled.pieces["train"]
        drawn = PieceBatches(pieces, vocabulary, window, drawing, device=device)
        return SequenceLabelStep(
            reader, drawn, recipe.head, smoothing=recipe.smoothing, compiled=compiled
        )
    documents, reach = labelled.documents["train"], window.transpose
    return NoteLabelStep(
        reader,
        build_batches(documents, vocabulary, window, transpose=reach, device=device),
        window,
        recipe.head,
        batch=recipe.batch,
        seed=recipe.train.seed,
        smoothing=recipe.smoothing,
        compiled=compiled,
    )


def _model(recipe: FinetuneWordsRecipe, labelled: Labelled, device: torch.device) -> WordModel:
    """The model with a fresh head, its encoder taken from the pre-trained model, if any."""
    header, seed = labelled.documents["train"].header, recipe.train.seed
    pool = recipe.pool if recipe.kind == "sequence" else "first"
    heads = {recipe.head: HeadSpec(recipe.kind, labelled.labels, pool)}
    if not recipe.init:
        return build_words(recipe.model.config(header), seed=seed, device=device, heads=heads)
    pretrained = load_words(Path(recipe.init), header, device)
    config = pretrained.config
    if recipe.model.dropout is not None:
        config = replace(config, dropout=recipe.model.dropout)
    model = build_words(config, seed=seed, device=device, heads=heads)
    model.encoder.load_state_dict(pretrained.encoder.state_dict())
    return model


if __name__ == "__main__":
    sys.exit(main(finetune, sys.argv[1:]))
