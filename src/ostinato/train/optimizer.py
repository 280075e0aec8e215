"""AdamW and its learning rate over a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

from ostinato.base.errors import UserError


@dataclass(frozen=True)
class OptimizerConfig:
    """AdamW (Loshchilov & Hutter, arXiv 1711.05101), warm-up, then decay."""

    learning_rate: float = 5e-4  # at its highest
    warmup_steps: int = 200  # linear, from almost nothing
    decay: Literal["cosine", "linear", "constant"] = "cosine"
    decay_from: float = 0.0  # fraction of the run up to which the rate stays at its highest
    final_ratio: float = 0.02  # share of the rate that is left at the end
    beta1: float = 0.9
    beta2: float = 0.98
    eps: float = 1e-6
    weight_decay: float = 0.01  # of matrices; biases, norms and embeddings do not decay
    clip_norm: float = 1.0  # of all gradients together

    def __post_init__(self) -> None:
        if self.decay not in ("cosine", "linear", "constant"):
            raise UserError(f"decay is cosine, linear or constant; got {self.decay!r}.")
        if not 0 <= self.decay_from < 1:
            raise UserError(f"decay_from lies in 0..1 (excluded); got {self.decay_from}.")
        wanted = {
            "learning_rate": (self.learning_rate >= 0, "0 or more"),
            "warmup_steps": (self.warmup_steps >= 0, "0 or more"),
            "final_ratio": (0 <= self.final_ratio <= 1, "in 0..1"),
            "beta1": (0 <= self.beta1 < 1, "in 0..1 (excluded)"),
            "beta2": (0 <= self.beta2 < 1, "in 0..1 (excluded)"),
            "eps": (self.eps >= 0, "0 or more"),
            "weight_decay": (self.weight_decay >= 0, "0 or more"),
            "clip_norm": (self.clip_norm > 0, "above 0"),
        }
        for name, (fits, what) in wanted.items():
            if not fits:
                raise UserError(f"{name}: expected a number {what}; got {getattr(self, name)}.")


def make_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW over the parameters that take gradients; fused on a GPU."""
    embeddings = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        for parameter in module.parameters()
    }
    decaying: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            matrix = parameter.ndim >= 2 and not name.endswith("bias")
            (decaying if matrix and id(parameter) not in embeddings else others).append(parameter)
    groups = [
        {"params": decaying, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=next(model.parameters()).device.type == "cuda",
    )


def learning_rate(config: OptimizerConfig, step: int, fraction: float) -> float:
    """The rate of the step after ``step`` done ones, ``fraction`` (0..1) of the way."""
    warm = min(1.0, (step + 1) / max(1, config.warmup_steps))
    decayed = (min(1.0, fraction) - config.decay_from) / (1.0 - config.decay_from)
    left = 1.0 - max(0.0, decayed)
    if config.decay == "cosine":
        left = 0.5 - 0.5 * math.cos(math.pi * left)
    elif config.decay == "constant":
        left = 1.0
    return config.learning_rate * warm * (config.final_ratio + (1 - config.final_ratio) * left)
