"""``ostinato pretrain``: an encoder that fills in masked tokens, from shards to model directory.

A recipe with ``kind = "m1"`` is handed to the job ``pretrain_m1``, one with ``kind = "words"`` to
``pretrain_words``.
Also runs as ``python -m ostinato.jobs.pretrain RECIPE.toml key=value ...``, which needs
neither the MIDI library nor the terminal's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ostinato.base.config import load_recipe, read_table
from ostinato.base.device import pick_device
from ostinato.data.batches import WindowConfig
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.masking import MaskingConfig
from ostinato.data.shards import Documents
from ostinato.data.vocabulary import Vocabulary, Window, load_vocabulary
from ostinato.data.words import distinct_rows
from ostinato.jobs.pretraining import choose_documents, size, validation
from ostinato.jobs.training import describe, finish, main, report
from ostinato.train.loop import LoopConfig, train
from ostinato.train.recipe import (
    DTypeName,
    ModelChoice,
    build_batches,
    build_matcher,
    build_model,
    save_model,
)
from ostinato.train.run import open_run
from ostinato.train.steps import MaskedTokenStep, Reader


@dataclass(frozen=True)
class PretrainRecipe:
    """Everything that decides a run. Whatever a split has in valid or test is never trained on."""

    run: Path  # directory of the run; its ``model`` becomes the model directory
    shards: tuple[Path, ...]
    kind: Literal["midiformer"] = "midiformer"
    exclude: tuple[str, ...] = ()  # further splits (names or CSV files) whose songs to hold out
    valid: str = ""  # split whose valid side measures progress; none: the loss in training only
    valid_windows: int = 256
    batch: int = 64  # windows
    device: str = "auto"
    dtype: DTypeName = "float32"  # of the weights in the model directory
    fresh: bool = False  # begin anew even if the run directory holds a run
    window: WindowConfig = field(default_factory=WindowConfig)
    compoundation: CompoundationConfig = field(default_factory=CompoundationConfig)
    lexicon: LexiconConfig = field(default_factory=LexiconConfig)
    masking: MaskingConfig = field(default_factory=MaskingConfig)
    model: ModelChoice = field(default_factory=ModelChoice)
    train: LoopConfig = field(default_factory=LoopConfig)


def pretrain(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report; its ``kind`` says what is trained."""
    kind = read_table(path, overrides).get("kind", "midiformer")
    if kind == "m1":
        from ostinato.jobs import pretrain_m1

        recipe = load_recipe(path, pretrain_m1.PretrainM1Recipe, overrides)
        report(pretrain_m1.run(recipe), as_json)
    elif kind == "words":
        from ostinato.jobs import pretrain_words

        recipe = load_recipe(path, pretrain_words.PretrainWordsRecipe, overrides)
        report(pretrain_words.run(recipe), as_json)
    else:
        report(run(load_recipe(path, PretrainRecipe, overrides)), as_json)


def run(recipe: PretrainRecipe) -> dict[str, object]:
    """Learn the vocabulary, train, and write the model directory; returns what to report."""
    began, device = time.monotonic(), pick_device(recipe.device)
    training, held = choose_documents(recipe.shards, recipe.exclude, recipe.valid)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)
    folder = recipe.run / "model"
    if resume:
        vocabulary = load_vocabulary(folder)
    else:
        vocabulary = learn_vocabulary(training, recipe.compoundation, recipe.lexicon)
        vocabulary.save(folder, Window(recipe.window.rows, recipe.window.slots))
    config = recipe.model.config(vocabulary)
    model = build_model(
        config, vocabulary, seed=recipe.train.seed, device=device, masked_token=True
    )
    reader = Reader(model, build_matcher(config, vocabulary, recipe.window, device), device)
    step = MaskedTokenStep(
        reader,
        build_batches(
            training, vocabulary, recipe.window, transpose=recipe.window.transpose, device=device
        ),
        recipe.window,
        recipe.masking,
        batch=recipe.batch,
        seed=recipe.train.seed,
        compiled=recipe.train.compile,
    )
    validate = validation(
        step, held, vocabulary, recipe.window, most=recipe.valid_windows, device=device
    )
    outcome = train(
        model, step, recipe.train, recipe.run, resume=resume, validate=validate, began=began
    )
    result: dict[str, object] = {
        **describe(outcome),
        "training": size(training),
        "validation": size(held),
        "tokens_per_row": _tokens_per_row(training, vocabulary),
        "vocabulary": config.vocab_size,
        "ngrams": config.lexicon_size - 1,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    if outcome.reason != "interrupted":
        if validate is not None:
            result["valid"] = dict(validate())
        save_model(folder, model, vocabulary, recipe.window, recipe.dtype)
        result["model"] = str(folder)
    return finish(recipe.run, result)


def _tokens_per_row(documents: Documents, vocabulary: Vocabulary) -> float:
    distinct = distinct_rows(documents.values, documents.header.vocab)
    _, count = vocabulary.compoundation.pieces(distinct.values)
    return float(count @ distinct.count / max(1, len(documents.values)))


if __name__ == "__main__":
    sys.exit(main(pretrain, sys.argv[1:]))
