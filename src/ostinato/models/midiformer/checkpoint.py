"""A Midiformer as a model directory in Hugging Face form.

``config.json`` holds the fields of ``MidiformerConfig``, the heads and whether the masked-token
head is there; the weights lie in ``model-00001-of-0000N.safetensors`` and so on, with
``model.safetensors.index.json`` beside them. Tensors have the names of the model's
``state_dict``; the decoder of the masked-token head is the token embedding and not stored
again. Other files of the directory (vocabulary, lexicon, card) are not this file's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.midiformer.config import HeadSpec, MidiformerConfig
from ostinato.models.midiformer.model import MidiformerModel
from ostinato.models.safetensors_io import (
    MAX_SHARD_BYTES,
    read_config,
    read_state,
    write_state,
)

MODEL_TYPE = "ostinato-midiformer"


def save(
    directory: Path,
    model: MidiformerModel,
    *,
    dtype: torch.dtype = torch.float32,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write the model directory (``write_state``); the configuration is written last."""
    write_state(directory, model.state_dict(), dtype=dtype, max_shard_bytes=max_shard_bytes)
    write_json(directory / "config.json", _config_json(model, dtype))


def load(
    directory: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> MidiformerModel:
    """Return the model of a directory, in evaluation mode, its weights cast to ``dtype``."""
    description = _read_description(directory)
    with torch.device("meta"):
        model = MidiformerModel(
            description.config, description.heads, masked_token=description.masked_token
        )
    state = read_state(directory, model.state_dict(), device=device, dtype=dtype)
    model.load_state_dict(state, assign=True)
    return model.eval()


def read_heads(directory: Path) -> dict[str, HeadSpec]:
    """The heads that a model directory says it has; its weights are not looked at."""
    return _read_description(directory).heads


@dataclass(frozen=True)
class _Description:
    """What config.json says."""

    config: MidiformerConfig
    heads: dict[str, HeadSpec]
    masked_token: bool


def _config_json(model: MidiformerModel, dtype: torch.dtype) -> dict[str, object]:
    return {
        "model_type": MODEL_TYPE,
        "torch_dtype": str(dtype).removeprefix("torch."),
        **to_dict(model.config),
        "heads": {name: to_dict(spec) for name, spec in model.specs.items()},
        "masked_token": model.masked_token is not None,
    }


def _read_description(directory: Path) -> _Description:
    path = directory / "config.json"
    read = read_config(directory, MODEL_TYPE)
    read.pop("torch_dtype", None)
    heads, masked_token = read.pop("heads", {}), read.pop("masked_token", False)
    if not isinstance(heads, dict):
        raise UserError(f"{path}: expected a table of heads by name, got {heads!r}.")
    try:
        config = from_dict(MidiformerConfig, read)
        specs = {
            name: from_dict(HeadSpec, values)
            for name, values in cast("dict[str, Any]", heads).items()
        }
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return _Description(config, specs, bool(masked_token))
