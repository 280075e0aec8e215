"""``ostinato pretrain`` with ``kind = "words"``: an encoder of whole words, which fills them in.

Also runs as ``python -m ostinato.jobs.pretrain RECIPE.toml key=value ...``, which needs neither
the MIDI library nor the terminal's.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ostinato.base.device import pick_device
from ostinato.data.masking import MaskingConfig
from ostinato.jobs.pretraining import choose_documents, size, validation
from ostinato.jobs.training import describe, finish
from ostinato.train.loop import LoopConfig, train
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
    began, device = time.monotonic(), pick_device(recipe.device)
    training, held = choose_documents(recipe.shards, recipe.exclude, recipe.valid)
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
    validate = validation(step, held, vocabulary, window, most=recipe.valid_windows, device=device)
    outcome = train(
        model, step, recipe.train, recipe.run, resume=resume, validate=validate, began=began
    )
    result: dict[str, object] = {
        **describe(outcome),
        "training": size(training),
        "validation": size(held),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    if outcome.reason != "interrupted":
        if validate is not None:
            result["valid"] = dict(validate())
        folder = recipe.run / "model"
        save_words(folder, model, header, recipe.window, recipe.dtype)
        result["model"] = str(folder)
    return finish(recipe.run, result)
