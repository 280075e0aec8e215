"""``ostinato pretrain`` with ``kind = "m1"``: a decoder of text, from shards to model directory.

Also runs as ``python -m ostinato.jobs.pretrain RECIPE.toml key=value ...``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import torch

from ostinato.base.device import pick_device
from ostinato.base.errors import UserError
from ostinato.chat.tokenizer import Tokenizer
from ostinato.data.packing import CutPacker, Plan, Stage, in_order
from ostinato.data.text import TextDocuments, copy_tokenizer, read_text
from ostinato.infer.directory import find_model
from ostinato.jobs.training import describe, finish
from ostinato.models.m1 import M1
from ostinato.train.language import LanguageModelStep, M1Choice, check_fit, start_from
from ostinato.train.loop import LoopConfig, train
from ostinato.train.recipe import DTypeName
from ostinato.train.run import open_run


@dataclass(frozen=True, kw_only=True)
class PretrainM1Recipe:
    """Everything that decides a run."""

    kind: Literal["m1"]
    run: Path  # directory of the run; its ``model`` becomes the model directory
    shards: tuple[Path, ...]
    stages: tuple[Stage, ...]
    init: Path | None = None  # a model directory or bundled name; ``model`` then says nothing
    valid_share: float = 0.01  # of the documents, held out by their content
    valid_tokens: int = 200_000  # of them, at most
    device: str = "auto"
    dtype: DTypeName = "float32"  # of the weights in the model directory
    layout: Literal["transformers", "minimax_m1"] = "transformers"
    checkpointing: bool = False  # compute layers twice rather than keep what they computed
    fresh: bool = False  # begin anew even if the run directory holds a run
    model: M1Choice = field(default_factory=M1Choice)
    train: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        if not self.stages:
            raise UserError("expected at least one of [[stages]], with length and rows.")
        if self.train.compile or self.train.budget_seconds:
            raise UserError(
                "an M1 is not compiled, and its stages follow steps: leave out train.compile "
                "and train.budget_seconds."
            )


def run(recipe: PretrainM1Recipe) -> dict[str, object]:
    """Train, and write the model directory; returns what to report."""
    device = pick_device(recipe.device)
    documents = read_text(recipe.shards)
    training, held = documents.hold_out(recipe.valid_share)
    model = _model(recipe, documents, device)
    check_fit(model.config, documents, recipe.stages)
    model.gradient_checkpointing = recipe.checkpointing
    resume = open_run(recipe.run, recipe, fresh=recipe.fresh)

    plan = Plan(recipe.stages, recipe.train.steps, recipe.train.accumulate)
    packer = CutPacker(training, plan, seed=recipe.train.seed)
    step = LanguageModelStep(model, packer, device)

    def validate() -> Mapping[str, float]:
        return step.validate(in_order(held, recipe.stages[-1], recipe.valid_tokens))

    outcome = train(
        model,
        step,
        recipe.train,
        recipe.run,
        resume=resume,
        validate=validate if len(held) else None,
    )
    step.enter(max(0, outcome.counters.step * recipe.train.accumulate - 1))
    result: dict[str, object] = {
        **describe(outcome),
        "training": {"documents": len(training), "tokens": training.tokens},
        "validation": {"documents": len(held), "tokens": held.tokens},
        "epochs": round(outcome.counters.tokens / training.tokens, 3),
        "vocabulary": model.config.vocab_size,
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    if outcome.reason != "interrupted":
        if len(held):
            result["valid"] = dict(validate())
        folder = recipe.run / "model"
        copy_tokenizer(recipe.shards[0], folder)
        model.save_pretrained(folder, layout=recipe.layout, dtype=getattr(torch, recipe.dtype))
        result["model"] = str(folder)
    return finish(recipe.run, result)


def _model(recipe: PretrainM1Recipe, documents: TextDocuments, device: torch.device) -> M1:
    """That of ``init``, or one with fresh weights: the same for the same seed on any device."""
    if recipe.init is not None:
        return start_from(find_model(recipe.init), documents, device)
    tokenizer = Tokenizer.load(recipe.shards[0])
    config = recipe.model.config(documents.vocab_size, bos=tokenizer.bos, eos=tokenizer.eos)
    torch.manual_seed(recipe.train.seed)
    return M1(config).to(device)
