"""An encoder of words as a model directory: ``config.json`` and shards of safetensors.

Tensors have the names of the model's ``state_dict``. ``words.json`` is not this file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.midiformer import HeadSpec
from ostinato.models.safetensors_io import (
    read_config,
    read_state,
    write_state,
)
from ostinato.models.words.config import WordConfig
from ostinato.models.words.model import WordModel

MODEL_TYPE = "word_encoder"


def save(directory: Path, model: WordModel, *, dtype: torch.dtype = torch.float32) -> None:
    """Write the model directory; the configuration is written last."""
    write_state(directory, model.state_dict(), dtype=dtype)
    description = {
        "model_type": MODEL_TYPE,
        "torch_dtype": str(dtype).removeprefix("torch."),
        **to_dict(model.config),
        "heads": {name: to_dict(spec) for name, spec in model.specs.items()},
        "masked_word": model.masked_word is not None,
    }
    write_json(directory / "config.json", description)


def load(
    directory: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> WordModel:
    """Return the model of a directory, in evaluation mode, its weights cast to ``dtype``."""
    with torch.device("meta"):
        model = _described(directory)
    state = read_state(directory, model.state_dict(), device=device, dtype=dtype)
    model.load_state_dict(state, assign=True)
    return model.eval()


def _described(directory: Path) -> WordModel:
    """The model that ``config.json`` describes."""
    path = directory / "config.json"
    read = read_config(directory, MODEL_TYPE)
    read.pop("torch_dtype", None)
    heads: dict[str, Any] = read.pop("heads", {})
    masked_word = read.pop("masked_word", False)
    if not isinstance(heads, dict):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"{path}: expected a table of heads by name, got {heads!r}.")
    try:
        config = from_dict(WordConfig, read)
        specs = {name: from_dict(HeadSpec, values) for name, values in heads.items()}
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return WordModel(config, specs, masked_word=bool(masked_word))
