"""``ostinato pretrain`` with ``kind = "words"``: an encoder of whole words, which fills them in.

Also runs as ``python -m ostinato.jobs.pretrain RECIPE.toml key=value ...``, which needs neither
the MIDI library nor the terminal's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.masking import MaskingConfig
from ostinato.data.selection import held_out, load_split, side_of
from ostinato.data.shards import Documents, read_shards
from ostinato.data.vocabulary import Vocabulary
from ostinato.jobs.training import describe, finish
from ostinato.train.loop import LoopConfig, Validate, train
from ostinato.train.recipe import DTypeName, build_batches
from ostinato.train.run import open_run
from ostinato.train.words import (
    WordChoice,
    WordWindow,
    build_words,
    save_words,
    word_vocabulary,
)
from ostinato.train.words_steps import MaskedWordStep


@dataclass(frozen=True, kw_only=True)
class PretrainWordsRecipe:
    """Everything that decides a run. Whatever a split has in valid or test is never trained on."""

    kind: Literal["words"]
    run: Path  # directory of the run; its ``model`` becomes the model directory
    shards: tuple[Path, ...]
    exclude: tuple[str, ...] = ()  # further splits (names or CSV files) whose songs to hold out
    valid: str = ""  # split whose valid side measures progress; none: the loss in training only
    valid_windows: int = 256
    batch: int = 64  # windows
    device: str = "auto"
    dtype: DTypeName = "float32"  # of the weights in the model directory
    fresh: bool = False  # begin anew even if the run directory holds a run
    window: WordWindow = field(default_factory=WordWindow)
    masking: MaskingConfig = field(default_factory=MaskingConfig)
    model: WordChoice = field(default_factory=WordChoice)
    train: LoopConfig = field(default_factory=LoopConfig)


def run(recipe: PretrainWordsRecipe) -> dict[str, object]:
    """Train, and write the model directory; returns what to report."""
    device = pick_device(recipe.device)
    training, validation = choose_documents(recipe.shards, recipe.exclude, recipe.valid)
    header, window = training.header, recipe.window.config
    vocabulary = word_vocabulary(header)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)
    config, seed = recipe.model.config(header), recipe.train.seed
    model = build_words(config, seed=seed, device=device, masked_word=True)
    reach = window.transpose
    step = MaskedWordStep(
        model,
        build_batches(training, vocabulary, window, transpose=reach, device=device),
        window,
        recipe.masking,
        batch=recipe.batch,
        seed=seed,
        compiled=recipe.train.compile,
    )
    validate = _validation(recipe, step, validation, vocabulary, device)
    outcome = train(model, step, recipe.train, recipe.run, resume=resume, validate=validate)
    result: dict[str, object] = {
        **describe(outcome),
        "training": _size(training),
        "validation": _size(validation),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    if outcome.reason != "interrupted":
        if validate is not None:
            result["valid"] = dict(validate())
        folder = recipe.run / "model"
        save_words(folder, model, header, recipe.window, recipe.dtype)
        result["model"] = str(folder)
    return finish(recipe.run, result)


def _validation(
    recipe: PretrainWordsRecipe,
    step: MaskedWordStep,
    documents: Documents,
    vocabulary: Vocabulary,
    device: torch.device,
) -> Validate | None:
    if not len(documents.values):
        return None
    window = recipe.window.config
    batches = build_batches(documents, vocabulary, window, transpose=0, device=device)
    windows = batches.grid(window.rows).spread(recipe.valid_windows)
    return lambda: step.validate(batches, windows)


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


def _size(documents: Documents) -> dict[str, int]:
    notes = sum(entry.notes for entry in documents.entries)
    return {"documents": len(documents), "notes": notes, "rows": len(documents.values)}
