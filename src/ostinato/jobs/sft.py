"""``ostinato sft``: an M1 that answers, from a model directory and shards of conversations.

Only what the assistant wrote is learnt, its thinking included; conversations are never cut in
two. Also runs as ``python -m ostinato.jobs.sft RECIPE.toml key=value ...``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from ostinato.base.config import load_recipe
from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.data.packing import Plan, Stage, WholePacker, in_order
from ostinato.data.text import copy_tokenizer, read_text
from ostinato.infer.directory import find_model
from ostinato.jobs.training import describe, finish, main, report
from ostinato.train.language import LanguageModelStep, check_fit, start_from
from ostinato.train.loop import LoopConfig, train
from ostinato.train.recipe import DTypeName
from ostinato.train.run import open_run


@dataclass(frozen=True, kw_only=True)
class SftRecipe:
    """Everything that decides a run."""

    run: Path  # directory of the run; its ``model`` becomes the model directory
    init: Path  # the model directory to go on from, or the name of a bundled model
    shards: tuple[Path, ...]  # made by `prepare chat` with the tokenizer of that model
    length: int = 4096  # tokens of a conversation at most; longer ones lose their end
    rows: int = 8  # a batch holds whole conversations of up to ``rows * length`` tokens
    valid_share: float = 0.01  # of the conversations, held out by their content
    valid_tokens: int = 200_000  # of them, at most
    device: str = "auto"
    dtype: DTypeName = "float32"  # of the weights in the model directory
    layout: Literal["transformers", "minimax_m1"] = "transformers"
    checkpointing: bool = False  # compute layers twice rather than keep what they computed
    fresh: bool = False  # begin anew even if the run directory holds a run
    train: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        if self.train.compile:
            raise UserError("an M1 is not compiled: leave out train.compile.")


def sft(path: Path, overrides: Sequence[str] = (), as_json: bool = False) -> None:
    """Run a recipe, or go on with it, and report."""
    report(run(load_recipe(path, SftRecipe, overrides)), as_json)


def run(recipe: SftRecipe) -> dict[str, object]:
    """Train, and write the model directory with the weights that do best on what is held out."""
    device = pick_device(recipe.device)
    source = find_model(recipe.init)
    documents = read_text(recipe.shards)
    if any(weights is None for _, weights in documents.shards):
        raise UserError(
            "the shards hold texts: expected conversations, made by `prepare chat FILES "
            f"--tokenizer {recipe.init}`."
        )
    training, held = documents.hold_out(recipe.valid_share)
    stage = Stage(recipe.length, recipe.rows)
    if not training.clipped(recipe.length).learns():
        raise UserError(
            f"length: within the first {recipe.length:,} tokens of each conversation nothing is to "
            "be learnt: say a larger length."
        )
    model = start_from(source, documents, device)
    check_fit(model.config, documents, [stage])
    model.gradient_checkpointing = recipe.checkpointing
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)

    plan = Plan((stage,), recipe.train.steps, recipe.train.accumulate)
    packer = WholePacker(training, plan, seed=recipe.train.seed)
    step = LanguageModelStep(model, packer, device)

    judged = held.clipped(recipe.length).learns()

    def validate() -> Mapping[str, float]:
        scores = step.validate(in_order(held.clipped(recipe.length), stage, recipe.valid_tokens))
        return {**scores, "score": -scores["loss"]}

    outcome = train(
        model,
        step,
        recipe.train,
        recipe.run,
        resume=resume,
        validate=validate if judged else None,
    )
    result: dict[str, object] = {
        **describe(outcome),
        "training": {"documents": len(training), "tokens": training.tokens},
        "validation": {"documents": len(held), "tokens": held.tokens},
        "epochs": round(outcome.counters.tokens / training.clipped(recipe.length).tokens, 3),
        "cut_short": int((training.lengths > recipe.length).sum()),
    }
    if outcome.reason != "interrupted":
        if judged:
            result["valid"] = {"loss": validate()["loss"]}
            result["best_step"] = outcome.counters.best_step
        folder = recipe.run / "model"
        copy_tokenizer(source, folder)
        model.save_pretrained(folder, layout=recipe.layout, dtype=getattr(torch, recipe.dtype))
        result["model"] = str(folder)
    return finish(recipe.run, result)


if __name__ == "__main__":
    sys.exit(main(sft, sys.argv[1:]))
