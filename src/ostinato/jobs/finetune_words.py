"""A head for notes or pieces on an encoder of whole words: ``finetune`` for the peers.

Runs as ``python -m ostinato.jobs.finetune_words RECIPE.toml key=value ...``, which needs neither
the MIDI library nor the terminal's. Documents are read, and answers are scored, by the very code
of ``finetune``, so that the numbers are comparable.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch

from ostinato.base.config import load_recipe
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.jobs.finetune_data import Labelled, read_labelled
from ostinato.jobs.finetune_evaluation import GOES_ON, round_weights
from ostinato.jobs.finetune_recipe import FinetuneRecipe
from ostinato.jobs.finetune_regression import regress
from ostinato.jobs.finetuning import FineTuning
from ostinato.jobs.training import finish, main, report
from ostinato.models.midiformer import Calibration
from ostinato.models.midiformer.calibration import save_calibration
from ostinato.models.midiformer.config import Pool
from ostinato.models.words import WordModel
from ostinato.train.answers import fit_temperature
from ostinato.train.loop import LoopConfig
from ostinato.train.recipe import DTypeName
from ostinato.train.run import open_run
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
    pool: Pool = "attention"
    statistics: bool = False
    smoothing: float = 0.0
    hide: float = 0.0
    batch: int = 32
    windows_per_piece: int = 1
    balanced: bool = False
    stride: int = 128
    evaluation_batch: int = 64
    report_test: bool = False
    scorings: Path | None = None
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
        own = ("window", "model")
        shared = {name: getattr(self, name) for name in self.__dataclass_fields__}
        shared = {name: value for name, value in shared.items() if name not in own}
        return FinetuneRecipe(**shared, window=self.window.config)


def finetune(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, FinetuneWordsRecipe, overrides)), as_json)


def run(recipe: FinetuneWordsRecipe) -> dict[str, object]:
    """Train the head and the encoder, and write the model directory; returns what to report."""
    began, device = time.monotonic(), pick_device(recipe.device)
    labelled = read_labelled(recipe.common)
    header = labelled.header
    vocabulary = word_vocabulary(header)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)
    model = _model(recipe, labelled, device)
    fine = FineTuning(recipe.common, labelled, vocabulary, word_reader(model, device))
    valid = fine.evaluation("valid")
    if fine.recipe.regression:
        round_weights(model, recipe.dtype)  # the encoder too: what is read is what is written
        result, _ = regress(fine, resume=resume, began=began)
    else:
        result = fine.train(valid, resume=resume, began=began)
    if result["reason"] != "finished":  # of a part, no test set is scored
        result["next"] = GOES_ON
    else:
        round_weights(model, recipe.dtype)
        answers = valid.answers()
        temperature = fit_temperature(answers)
        result |= fine.scores(answers, temperature)
        folder = recipe.run / "model"
        save_words(folder, model, header, recipe.window, recipe.dtype)
        save_calibration(folder, Calibration(temperature))
        fine.record(folder)
        result["model"] = str(folder)
    return finish(recipe.run, result)


def _model(recipe: FinetuneWordsRecipe, labelled: Labelled, device: torch.device) -> WordModel:
    """The model with a fresh head, its encoder taken from the pre-trained model, if any."""
    header, seed = labelled.header, recipe.train.seed
    heads = {recipe.head: recipe.common.spec(labelled.labels)}
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
