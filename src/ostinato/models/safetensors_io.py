"""Model directories on disk: shards of safetensors, their index, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json

INDEX = "model.safetensors.index.json"
MAX_SHARD_BYTES = 12 * 2**20


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object of ``config.json`` or of the index."""
    if not path.is_file():
        raise UserError(f"{path} is missing: expected a model directory with {path.name}")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(read, dict):
        raise UserError(f"{path} must hold a JSON object, got a {type(read).__name__}")
    return cast("dict[str, Any]", read)


def read_config(directory: Path, model_type: str) -> dict[str, Any]:
    """What ``config.json`` says beside its ``model_type``, which must be the one given."""
    path = directory / "config.json"
    read = read_object(path)
    if (found := read.pop("model_type", None)) != model_type:
        raise UserError(f"{path} describes a model of type {found!r}: expected {model_type!r}.")
    return read


def write_state(
    directory: Path,
    state: Mapping[str, Tensor],
    *,
    dtype: torch.dtype,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write a ``state_dict``; integers keep their type whatever ``dtype`` is.

    A shard holds at most ``max_shard_bytes`` of tensors, or a single larger tensor. The
    index is written last, and shards of an earlier save that it does not name are removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {}
    for name, tensor in state.items():
        tensors[name] = tensor.detach().to("cpu", _kept(tensor, dtype)).contiguous()
        check_finite(name, tensors[name])
    sizes = {name: tensor.nbytes for name, tensor in tensors.items()}
    write_shards(directory, split(sizes, max_shard_bytes), tensors.__getitem__)


def read_state(
    directory: Path,
    expected: Mapping[str, Tensor],
    *,
    device: torch.device | str,
    dtype: torch.dtype,
) -> dict[str, Tensor]:
    """What ``write_state`` wrote, cast to ``dtype``; of the names and shapes of ``expected``."""
    weight_map = read_weight_map(directory)
    check_names(directory, expected, weight_map)
    state: dict[str, Tensor] = {}
    for file in sorted(set(weight_map.values())):
        with opened(directory / file) as shard:
            for name in shard.keys():  # noqa: SIM118  no mapping
                tensor = shard.get_tensor(name)
                if name in expected:
                    check_shape(directory / file, name, tensor, expected[name])
                state[name] = tensor.to(device, _kept(tensor, dtype))
    check_names(directory, expected, state)  # the index may promise what no shard holds
    return state


def read_weight_map(directory: Path) -> dict[str, str]:
    """The file of each tensor, by the index; every file is there."""
    found = read_object(directory / INDEX).get("weight_map")
    if not isinstance(found, dict):
        raise UserError(f"{directory / INDEX} has no weight_map: copy or save the model again")
    weight_map = cast("dict[str, str]", found)
    for file in sorted(set(weight_map.values())):
        if Path(file).name != file or not (directory / file).is_file():
            raise UserError(
                f"{directory / file} is missing: {INDEX} names it as a shard of this directory"
            )
    return weight_map


@contextmanager
def opened(path: Path) -> Generator[Any]:
    """A shard, whose tensors are read one by one."""
    try:
        shard: Any = safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise UserError(
            f"{path} is not a readable safetensors file ({error}): copy it anew"
        ) from None
    with shard as file:
        yield file


def split(sizes: Mapping[str, int], most: int) -> list[list[str]]:
    """Names by shard, in order: ``most`` bytes each, or a single tensor that is larger."""
    shards: list[list[str]] = [[]]
    room = most
    for name, size in sizes.items():
        if shards[-1] and size > room:
            shards.append([])
            room = most
        shards[-1].append(name)
        room -= size
    return shards


def write_shards(
    directory: Path, shards: Sequence[Sequence[str]], tensor: Callable[[str], Tensor]
) -> None:
    """Write the shards one after the other, then the index; what it does not name is removed.

    ``tensor`` gives a tensor by its name, on the CPU and contiguous.
    """
    weight_map: dict[str, str] = {}
    total = 0
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        tensors = {name: tensor(name) for name in names}
        with atomic_write(directory / file) as temporary:
            save_file(tensors, temporary, metadata={"format": "pt"})
        weight_map |= dict.fromkeys(names, file)
        total += sum(one.nbytes for one in tensors.values())
    write_json(directory / INDEX, {"metadata": {"total_size": total}, "weight_map": weight_map})
    for stale in directory.glob("model*.safetensors"):
        if stale.name not in weight_map.values():
            stale.unlink()


def check_finite(name: str, tensor: Tensor) -> None:
    """Refuse weights of a training that diverged, or that do not fit their precision."""
    if not bool(tensor.isfinite().all()):
        raise UserError(
            f"{name} is not finite in {tensor.dtype}: the training diverged, or it needs "
            "torch.float32"
        )


def check_shape(path: Path, name: str, found: Tensor, expected: Tensor) -> None:
    """Refuse a tensor of another shape than the model's."""
    if found.shape != expected.shape:
        raise UserError(
            f"{name} in {path} has shape {list(found.shape)}, but config.json asks for "
            f"{list(expected.shape)}"
        )


def check_names(directory: Path, expected: Iterable[str], found: Iterable[str]) -> None:
    """Refuse a set of tensor names other than the model's."""
    missing, left_over = sorted({*expected} - {*found}), sorted({*found} - {*expected})
    if missing or left_over:
        raise UserError(
            f"the weights in {directory} are not those of its config.json: missing "
            f"{_some(missing)}; left over {_some(left_over)}"
        )


def _kept(tensor: Tensor, dtype: torch.dtype) -> torch.dtype:
    return dtype if tensor.is_floating_point() else tensor.dtype


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) or "none"
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
