"""Next-token training of an M1 on packed documents: from a step's number to its loss."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from ostinato.base.device import autocast
from ostinato.base.errors import UserError
from ostinato.data.packing import Packer, Stage, TextBatch
from ostinato.data.text import TextDocuments, tokenizer_digest
from ostinato.models.m1 import M1, M1Config


@dataclass(frozen=True)
class M1Choice:
    """A preset and what differs from it; what is left out is the preset's."""

    preset: Literal["tiny", "20m", "100m", "1b", "456b"] = "tiny"
    attention: Literal["hybrid", "lightning", "softmax"] | None = None
    layers: int | None = None
    hidden_size: int | None = None
    num_heads: int | None = None
    num_kv_heads: int | None = None
    head_dim: int | None = None
    rotary_dim: int | None = None
    intermediate_size: int | None = None
    num_experts: int | None = None
    experts_per_token: int | None = None
    vocab_size: int | None = None  # None: the tokenizer's
    max_position_embeddings: int | None = None
    rope_theta: float | None = None
    router_aux_loss_coef: float | None = None
    initializer_range: float | None = None

    def config(self, vocab_size: int, *, bos: int, eos: int) -> M1Config:
        """The configuration for a tokenizer."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        changes = {name: value for name, value in given.items() if value is not None}
        preset = changes.pop("preset")
        changes.setdefault("vocab_size", vocab_size)
        return M1Config.preset(preset, bos_token_id=bos, eos_token_id=eos, **changes)


class LanguageModelStep:
    """Training on the batches of a packer, and the loss on held-out ones.

    The loss of an optimiser step is the mean over all tokens of its micro-batches that are to
    be learnt, plus the router's loss times ``router_aux_loss_coef``.
    """

    def __init__(self, model: M1, packer: Packer, device: torch.device) -> None:
        self._model, self._packer, self._device = model, packer, device
        self._thetas: list[float] = []
        theta = model.config.rope_theta
        for stage in packer.plan.stages:
            theta = theta if stage.rope_theta is None else stage.rope_theta
            self._thetas.append(theta)

    def __call__(self, number: int) -> dict[str, Tensor]:
        """Loss and its parts, tokens and context length of micro-batch ``number``."""
        self.enter(number)
        batch = self._packer.draw(number)
        with autocast(self._device):
            total, router = self._losses(batch)
        token_loss = total * (self._share(number, batch) / max(1, batch.learnt))
        length = self._packer.plan[number].length
        return {
            "loss": token_loss + self._model.config.router_aux_loss_coef * router,
            "token_loss": token_loss,
            "router_loss": router,
            "tokens": torch.tensor(batch.tokens.numel(), device=self._device),
            "context": torch.tensor(float(length), device=self._device),
        }

    def enter(self, number: int) -> None:
        """Rotate positions as the stage of micro-batch ``number`` does."""
        config, theta = self._model.config, self._thetas[self._packer.plan.index(number)]
        if config.rope_theta != theta:
            self._model.config = replace(config, rope_theta=theta)

    @torch.no_grad()
    def validate(self, batches: Iterable[TextBatch]) -> dict[str, float]:
        """Mean loss over the tokens of the batches that are to be learnt."""
        total, learnt = 0.0, 0
        for batch in batches:
            with autocast(self._device):
                total += float(self._losses(batch)[0])
            learnt += batch.learnt
        return {"loss": total / max(1, learnt)}

    def _losses(self, batch: TextBatch) -> tuple[Tensor, Tensor]:
        """The summed loss of the tokens, and the router's."""
        tokens, targets = batch.tokens.to(self._device), batch.targets.to(self._device)
        encoded = self._model.encode(tokens, cu_seqlens=batch.cu_seqlens)
        losses = self._model.token_losses(encoded.hidden[0], targets)
        return losses.sum(), self._model.router_loss(encoded)

    def _share(self, number: int, batch: TextBatch) -> float:
        """Micro-batches are averaged as if alike: this weighs them by what they have to learn."""
        count = self._packer.plan.accumulate
        if count == 1:
            return 1.0
        first = number - number % count
        others = (self._packer.draw(n).learnt for n in range(first, first + count) if n != number)
        return count * batch.learnt / max(1, batch.learnt + sum(others))


def start_from(directory: Path, documents: TextDocuments, device: torch.device) -> M1:
    """The model of a directory, to be trained on; its tokenizer must be the documents'."""
    if tokenizer_digest(directory) != documents.tokenizer:
        raise UserError(
            f"the shards were made with another tokenizer than that of {directory}: prepare them "
            f"with --tokenizer {directory}."
        )
    return M1.from_pretrained(directory, device=device, dtype=torch.float32)


def check_fit(config: M1Config, documents: TextDocuments, stages: Iterable[Stage]) -> None:
    """Refuse shards or stages that the model has no room for."""
    if config.vocab_size < documents.vocab_size:
        raise UserError(
            f"the shards have a vocabulary of {documents.vocab_size}, and the model one of "
            f"{config.vocab_size}: leave out model.vocab_size, or prepare the text with a "
            "smaller one."
        )
    longest = max(stage.length for stage in stages)
    if longest > config.max_position_embeddings:
        raise UserError(
            f"a stage has a length of {longest}, and the model's max_position_embeddings is "
            f"{config.max_position_embeddings}."
        )
