"""Model directories on disk: shards of safetensors, their index, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json

INDEX = "model.safetensors.index.json"


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


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3]) or "none"
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
