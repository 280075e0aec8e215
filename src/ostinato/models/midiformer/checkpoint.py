"""A Midiformer as a model directory in Hugging Face form.

``config.json`` holds the fields of ``MidiformerConfig``, the heads and whether the masked-token
head is there; the weights lie in ``model-00001-of-0000N.safetensors`` and so on, with
``model.safetensors.index.json`` beside them. Tensors have the names of the model's
``state_dict``; the decoder of the masked-token head is the token embedding and not stored
again. Other files of the directory (vocabulary, lexicon, card) are not this file's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json
from ostinato.models.midiformer.config import HeadSpec, MidiformerConfig
from ostinato.models.midiformer.model import MidiformerModel

MODEL_TYPE = "ostinato-midiformer"
INDEX = "model.safetensors.index.json"
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
    shards = _shards(tensors, max_shard_bytes)
    weight_map: dict[str, str] = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        with atomic_write(directory / file) as temporary:
            save_file({name: tensors[name] for name in names}, temporary, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(names, file)
    write_json(directory / "config.json", _config_json(model, dtype))
    total = sum(t.nbytes for t in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    write_json(directory / INDEX, index)
    for stale in set(directory.glob("model-*-of-*.safetensors")) - {
        directory / file for file in weight_map.values()
    }:
        stale.unlink()


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
    weight_map = _read_weight_map(directory)
    _check_names(directory, expected, weight_map)
    state: dict[str, Tensor] = {}
    for name, tensor in _stream(directory, sorted(set(weight_map.values())), expected):
        state[name] = tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)
    _check_names(directory, expected, state)
    model.load_state_dict(state, assign=True)
    return model.eval()


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
    read = _read_json(path)
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


def _read_weight_map(directory: Path) -> dict[str, str]:
    weight_map = _read_json(directory / INDEX).get("weight_map")
    if not isinstance(weight_map, dict):
        raise UserError(f"{directory / INDEX} has no weight_map: save the model again.")
    return cast("dict[str, str]", weight_map)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path} is missing: expected a model directory with config.json, {INDEX}.")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON: {error}.") from error
    if not isinstance(read, dict):
        raise UserError(f"{path} must hold a JSON object, got a {type(read).__name__}.")
    return cast("dict[str, Any]", read)


def _stored(name: str, tensor: Tensor, dtype: torch.dtype) -> Tensor:
    if not tensor.is_floating_point():
        return tensor.detach().cpu().contiguous()
    stored = tensor.detach().to(device="cpu", dtype=dtype).contiguous()
    if not bool(stored.isfinite().all()):
        raise UserError(
            f"{name} is not finite in {dtype}: the training diverged, or it needs torch.float32."
        )
    return stored


def _shards(tensors: Mapping[str, Tensor], max_bytes: int) -> list[list[str]]:
    """Fill shards in the model's order; a tensor that is too large gets one of its own."""
    shards: list[list[str]] = [[]]
    room = max_bytes
    for name, tensor in tensors.items():
        if shards[-1] and tensor.nbytes > room:
            shards.append([])
            room = max_bytes
        shards[-1].append(name)
        room -= tensor.nbytes
    return shards


def _stream(
    directory: Path, files: Sequence[str], expected: Mapping[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """Yield the tensors of one shard after the other, their shapes checked."""
    for file in files:
        path = directory / file
        if path.parent != directory or not path.is_file():
            raise UserError(f"{path} is missing: {INDEX} names it as a shard of this directory.")
        try:
            shard = load_file(path)
        except SafetensorError as error:
            raise UserError(f"{path} is not a readable safetensors file: {error}.") from error
        for name, tensor in shard.items():
            if name in expected and tensor.shape != expected[name].shape:
                raise UserError(
                    f"{name} in {path} has shape {list(tensor.shape)}, but config.json asks for "
                    f"{list(expected[name].shape)}."
                )
            yield name, tensor


def _check_names(
    directory: Path, expected: Mapping[str, Tensor], found: Mapping[str, object]
) -> None:
    """Refuse a set of tensor names other than the model's."""
    missing, left_over = sorted(set(expected) - set(found)), sorted(set(found) - set(expected))
    if missing or left_over:
        raise UserError(
            f"the weights in {directory} are not those of its config.json: missing "
            f"{_some(missing)}; left over {_some(left_over)}."
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5]) or "none"
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
