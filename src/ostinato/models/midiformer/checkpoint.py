"""A Midiformer as a model directory in Hugging Face form.

``config.json`` holds the fields of ``MidiformerConfig``, the heads and whether the masked-token
head is there; the weights lie in ``model-00001-of-0000N.safetensors`` and so on, with
``model.safetensors.index.json`` beside them. Tensors have the names of the model's
``state_dict``; the decoder of the masked-token head is the token embedding and not stored
again. Other files of the directory (vocabulary, lexicon, card) are not this file's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.midiformer.config import HeadSpec, MidiformerConfig
from ostinato.models.midiformer.model import MidiformerModel
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

MODEL_TYPE = "ostinato-midiformer"
MAX_SHARD_BYTES = 12 * 2**20


def save(
    directory: Path,
    model: MidiformerModel,
    *,
    dtype: torch.dtype = torch.float32,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write the model directory; integer buffers keep their type whatever ``dtype`` is.

    A shard holds at most ``max_shard_bytes`` of tensors, or a single larger tensor. The
    index is written last, and shards of an earlier save that it does not name are removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tensors = {name: _stored(name, t, dtype) for name, t in model.state_dict().items()}
    sizes = {name: tensor.nbytes for name, tensor in tensors.items()}
    write_shards(directory, split(sizes, max_shard_bytes), tensors.__getitem__)
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
    expected = model.state_dict()
    weight_map = read_weight_map(directory)
    check_names(directory, expected, weight_map)
    state: dict[str, Tensor] = {}
    for name, tensor in _stream(directory, sorted(set(weight_map.values())), expected):
        state[name] = tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)
    check_names(directory, expected, state)
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
    read = read_object(path)
    kind = read.pop("model_type", None)
    if kind != MODEL_TYPE:
        raise UserError(f"{path} describes a model of type {kind!r}: expected {MODEL_TYPE!r}.")
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


def _stored(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    if not tensor.is_floating_point():
        return tensor.detach().cpu().contiguous()
    stored = tensor.detach().to(device="cpu", dtype=dtype).contiguous()
    check_finite(name, stored)
    return stored


def _stream(
    directory: Path, files: Sequence[str], expected: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of one shard after the other, their shapes checked."""
    for file in files:
        with opened(directory / file) as shard:
            for name in shard.keys():  # noqa: SIM118  no mapping
                tensor = shard.get_tensor(name)
                if name in expected:
                    check_shape(directory / file, name, tensor, expected[name])
                yield name, tensor
