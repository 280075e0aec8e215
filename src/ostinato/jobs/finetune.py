"""``ostinato finetune``: a head that labels notes, on a pre-trained encoder or from scratch.

Also runs as ``python -m ostinato.jobs.finetune RECIPE.toml key=value ...``. The weights are
chosen on the valid side of the split; the test side is looked at once, at the end, if asked.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch

from ostinato.base.config import load_recipe
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.batches import WindowConfig
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.selection import load_split, side_of
from ostinato.data.shards import Documents, read_shards
from ostinato.data.vocabulary import Vocabulary, Window, load_vocabulary
from ostinato.jobs.training import describe, finish, main, report
from ostinato.models import midiformer
from ostinato.models.midiformer import HeadSpec, MidiformerModel
from ostinato.train.loop import LoopConfig, train
from ostinato.train.notes import NoteScores, note_probabilities, score_notes
from ostinato.train.recipe import (
    DTypeName,
    ModelChoice,
    build_batches,
    build_matcher,
    build_model,
    save_model,
)
from ostinato.train.run import open_run
from ostinato.train.steps import NoteLabelStep, Reader


@dataclass(frozen=True)
class FinetuneRecipe:
    """Everything that decides a run."""

    run: Path  # directory of the run; its ``model`` becomes the model directory
    shards: tuple[Path, ...]
    split: str  # a split's name, or a CSV file: the sides of songs or documents
    train_shards: tuple[Path, ...] = ()  # further documents, of which only the train side counts
    init: str = ""  # model directory of the pre-trained encoder; none: from scratch
    head: str = "melody"
    labels: tuple[str, ...] = ("melody", "bridge", "accompaniment")  # of the ids 1, 2, ...
    smoothing: float = 0.0  # of the labels
    batch: int = 32  # windows
    stride: int = 128  # rows between the windows of an evaluation
    evaluation_batch: int = 64  # windows
    report_test: bool = False
    device: str = "auto"
    dtype: DTypeName = "float16"  # of the weights in the model directory
    fresh: bool = False  # begin anew even if the run directory holds a run
    window: WindowConfig = field(default_factory=WindowConfig)
    compoundation: CompoundationConfig = field(default_factory=CompoundationConfig)
    lexicon: LexiconConfig = field(default_factory=LexiconConfig)
    model: ModelChoice = field(default_factory=ModelChoice)  # with ``init``: dropout only
    train: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.window.rows:
            raise UserError(
                f"stride lies in 1..window.rows ({self.window.rows}), or notes between windows "
                f"would have no answer; got {self.stride}."
            )
        asked = {
            "model": replace(self.model, dropout=None) != ModelChoice(),
            "compoundation": self.compoundation != CompoundationConfig(),
            "lexicon": self.lexicon != LexiconConfig(),
        }
        if self.init and (given := [name for name, differs in asked.items() if differs]):
            raise UserError(
                f"{', '.join(given)}: with `init` the pre-trained encoder decides them (but for "
                "model.dropout); leave them out of the recipe."
            )


def finetune(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, FinetuneRecipe, overrides)), as_json)


def run(recipe: FinetuneRecipe) -> dict[str, object]:
    """Train the head and the encoder, and write the model directory; returns what to report."""
    device = pick_device(recipe.device)
    sides = _sides(recipe)
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)
    folder = recipe.run / "model"
    vocabulary = _vocabulary(recipe, sides["train"], folder if resume else None)
    vocabulary.save(folder, Window(recipe.window.rows, recipe.window.slots))
    model = _model(recipe, vocabulary, device)
    matcher = build_matcher(model.config, vocabulary, recipe.window, device)
    reader = Reader(model, matcher, device)
    step = NoteLabelStep(
        reader,
        build_batches(
            sides["train"],
            vocabulary,
            recipe.window,
            transpose=recipe.window.transpose,
            device=device,
        ),
        recipe.window,
        recipe.head,
        batch=recipe.batch,
        seed=recipe.train.seed,
        smoothing=recipe.smoothing,
        compiled=recipe.train.compile,
    )
    valid = _Evaluation(recipe, reader, sides["valid"], vocabulary)
    outcome = train(model, step, recipe.train, recipe.run, resume=resume, validate=valid.validate)
    result: dict[str, object] = {**describe(outcome), "best_step": outcome.counters.best_step}
    result["documents"] = {side: len(documents) for side, documents in sides.items()}
    if outcome.reason != "interrupted":
        result["valid"] = valid.scores().as_json()
        if recipe.report_test:
            test = _Evaluation(recipe, reader, sides["test"], vocabulary)
            result["test"] = test.scores().as_json()
        save_model(folder, model, vocabulary, recipe.window, recipe.dtype)
        result["model"] = str(folder)
    return finish(recipe.run, result)


class _Evaluation:
    """Whole documents of one side, ready to be labelled."""

    def __init__(
        self, recipe: FinetuneRecipe, reader: Reader, documents: Documents, vocabulary: Vocabulary
    ) -> None:
        self._recipe, self._reader, self._documents = recipe, reader, documents
        self._batches = build_batches(
            documents, vocabulary, recipe.window, transpose=0, device=reader.device
        )

    def scores(self) -> NoteScores:
        """Counts of right and wrong notes with the weights as they stand."""
        recipe = self._recipe
        found = note_probabilities(
            self._reader,
            recipe.head,
            self._batches,
            stride=recipe.stride,
            batch=recipe.evaluation_batch,
        )
        return score_notes(found, self._documents)

    def validate(self) -> dict[str, float]:
        """The accuracy per note, by which the weights are chosen."""
        return {"score": self.scores().accuracy}


def _sides(recipe: FinetuneRecipe) -> dict[str, Documents]:
    """The labelled documents of each side of the split."""
    split = load_split(recipe.split)
    documents = read_shards(recipe.shards, lambda entry: split.side(entry) is not None)
    sides = {name: side_of(documents, split, name) for name in ("train", "valid", "test")}
    every = (*recipe.shards, *recipe.train_shards)
    sides["train"] = read_shards(every, lambda entry: split.side(entry) == "train")
    if recipe.train_shards and len(sides["train"]) == len(side_of(documents, split, "train")):
        raise UserError(f"train_shards hold no document on the train side of {recipe.split}.")
    highest = max(int(side.label.max(initial=0)) for side in sides.values())
    if highest > len(recipe.labels):
        raise UserError(f"the shards hold labels up to {highest}: name them all in `labels`.")
    needed = ("train", "valid", "test") if recipe.report_test else ("train", "valid")
    for name in needed:
        if not sides[name].label.any():
            raise UserError(f"no labelled document is on the {name} side of {recipe.split}.")
    return sides


def _vocabulary(recipe: FinetuneRecipe, documents: Documents, begun: Path | None) -> Vocabulary:
    """That of the run so far, or of the pre-trained encoder, or a new one."""
    source = begun or (Path(recipe.init) if recipe.init else None)
    if source is None:
        return learn_vocabulary(documents, recipe.compoundation, recipe.lexicon)
    vocabulary = load_vocabulary(source)
    if not vocabulary.header.same_words(documents.header):
        raise UserError(
            f"{source} speaks {vocabulary.header.scheme} with "
            f"{vocabulary.header.steps_per_quarter} steps per quarter, the shards "
            f"{documents.header.scheme} with {documents.header.steps_per_quarter}: prepare anew."
        )
    return vocabulary


def _model(recipe: FinetuneRecipe, vocabulary: Vocabulary, device: torch.device) -> MidiformerModel:
    """The model with a head, both taken from the pre-trained model as far as it has them."""
    heads = {recipe.head: HeadSpec("note", recipe.labels)}
    if not recipe.init:
        config = recipe.model.config(vocabulary)
        return build_model(config, vocabulary, seed=recipe.train.seed, device=device, heads=heads)
    pretrained = midiformer.load(Path(recipe.init), device=device)
    config = pretrained.config
    if recipe.model.dropout is not None:
        config = replace(config, dropout=recipe.model.dropout)
    model = build_model(config, vocabulary, seed=recipe.train.seed, device=device, heads=heads)
    model.encoder.load_state_dict(pretrained.encoder.state_dict())
    if pretrained.specs.get(recipe.head) == heads[recipe.head]:
        model.note_head(recipe.head).load_state_dict(pretrained.note_head(recipe.head).state_dict())
    return model


if __name__ == "__main__":
    sys.exit(main(finetune, sys.argv[1:]))
