"""An encoder of words as a model directory: ``config.json`` and shards of safetensors.

Tensors have the names of the model's ``state_dict``. ``words.json`` is not this file's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.midiformer import HeadSpec
from ostinato.models.safetensors_io import (
    check_finite,
    check_names,
    check_shape,
    opened,
    read_object,
    read_weight_map,
    split,
    write_shards,
)
from ostinato.models.words.config import WordConfig
from ostinato.models.words.model import WordModel

MODEL_TYPE = "word_encoder"
MAX_SHARD_BYTES = 12 * 2**20


def save(directory: Path, model: WordModel, *, dtype: torch.dtype = torch.float32) -> None:
    """Write the model directory; the configuration is written last."""
    directory.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    for name, tensor in model.state_dict().items():
        tensors[name] = tensor.detach().to(device="cpu", dtype=dtype).contiguous()
        check_finite(name, tensors[name])
    sizes = {name: tensor.nbytes for name, tensor in tensors.items()}
    write_shards(directory, split(sizes, MAX_SHARD_BYTES), tensors.__getitem__)
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
    expected = model.state_dict()
    weight_map = read_weight_map(directory)
    check_names(directory, expected, weight_map)
    state: dict[str, Tensor] = {}
    for file in sorted(set(weight_map.values())):
        with opened(directory / file) as shard:
            for name in shard.keys():  # noqa: SIM118  no mapping
                tensor = shard.get_tensor(name)
                if name in expected:
                    check_shape(directory / file, name, tensor, expected[name])
                state[name] = tensor.to(device, dtype)
    check_names(directory, expected, state)
    model.load_state_dict(state, assign=True)
    return model.eval()


def _described(directory: Path) -> WordModel:
    """The model that ``config.json`` describes."""
    path = directory / "config.json"
    read = read_object(path)
    kind = read.pop("model_type", None)
    if kind != MODEL_TYPE:
        raise UserError(f"{path} describes a model of type {kind!r}: expected {MODEL_TYPE!r}.")
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
