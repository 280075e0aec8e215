"""Training state on disk: weights, optimiser and counters in one safetensors file.

One file, so that it is whole or not there; the counters are JSON in its header. Nothing is
ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write

FORMAT = "ostinato-training-1"


@dataclass(frozen=True)
class Counters:
    """Where a run stands."""

    step: int = 0  # optimiser steps done
    seconds: float = 0.0  # of training, over all its parts
    best: float | None = None  # the best validation score so far
    best_step: int = 0
    tokens: int = 0  # trained on


def save_state(
    path: Path,
    counters: Counters,
    weights: Mapping[str, Tensor],
    optimizer: torch.optim.Optimizer | None = None,
    average: Mapping[str, Tensor] | None = None,
    notes: Mapping[str, Any] | None = None,
) -> None:
    """Write a training state; ``average`` is the moving average of the weights, if any, and
    ``notes`` are plain values beside the counters.
    """
    tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
    tensors |= {f"average.{name}": tensor for name, tensor in (average or {}).items()}
    if optimizer is not None:
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer.{index}.{key}": value for key, value in state.items()}
    held = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "counters": json.dumps(asdict(counters))}
    if notes is not None:
        metadata["notes"] = json.dumps(notes)
    with atomic_write(path) as temporary:
        save_file(held, temporary, metadata=metadata)


def load_state(
    path: Path,
    model: nn.Module,
    optimizer: torch.optim.Optimizer | None = None,
    average: Mapping[str, Tensor] | None = None,
) -> Counters:
    """Read what ``save_state`` wrote into the model, the optimiser and the average, in place."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    if metadata.get("format") != FORMAT:
        raise UserError(f"{path} is no training state of this version: start the run anew.")
    _copy(path, _under("model.", tensors), weights_of(model))
    if average:
        _copy(path, _under("average.", tensors), average)
    if optimizer is not None:
        states: dict[int, dict[str, Tensor]] = {}
        for name, tensor in _under("optimizer.", tensors).items():
            index, key = name.split(".", 1)
            states.setdefault(int(index), {})[key] = tensor
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": states, "param_groups": groups})
    return Counters(**json.loads(metadata["counters"]))


def load_notes(path: Path) -> dict[str, Any]:
    """The notes of a training state; empty where it has none."""
    with safe_open(path, framework="pt") as file:
        return json.loads((file.metadata() or {}).get("notes", "{}"))


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """Every parameter that is trained, once, by name; tied ones under their first name.

    Frozen ones are as they were before the training: whoever resumes has them already.
    """
    named = model.named_parameters()
    return {name: parameter.detach() for name, parameter in named if parameter.requires_grad}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _copy(path: Path, source: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> None:
    if {n: t.shape for n, t in source.items()} != {n: t.shape for n, t in target.items()}:
        raise UserError(
            f"{path} is the training state of another model: resume with the recipe that began "
            "the run, or choose another run directory."
        )
    for name, tensor in source.items():
        target[name].copy_(tensor)
