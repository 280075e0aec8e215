"""Tensors that are never whole in memory: from safetensors files to another one, in blocks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from ostinato.base.files import atomic_write

# What safetensors calls the types that are written here, in the order in which it writes them.
_DTYPES = {"float32": "F32", "int32": "I32", "float16": "F16", "uint8": "U8"}


@dataclass(frozen=True, eq=False)
class Streamed:
    """A tensor that comes in blocks of rows."""

    dtype: str  # numpy's name
    shape: tuple[int, ...]
    blocks: Iterable[NDArray[Any]]


def shape_of(paths: Sequence[Path], name: str) -> tuple[int, ...]:
    """The shape of a tensor's rows in some files, one file's after the other's."""
    shapes: list[tuple[int, ...]] = []
    for path in paths:
        with safe_open(str(path), framework="numpy") as file:
            opened: Any = file
            shapes.append(tuple(opened.get_slice(name).get_shape()))
    assert len({shape[1:] for shape in shapes}) == 1, "rows of one width"
    return (sum(shape[0] for shape in shapes), *shapes[0][1:])


def blocks_of(paths: Sequence[Path], name: str, size: int) -> Iterator[NDArray[Any]]:
    """The same rows, ``size`` at a time, wherever the files end; the last block may be shorter."""
    held: list[NDArray[Any]] = []
    room = size
    for path in paths:
        with safe_open(str(path), framework="numpy") as file:
            opened: Any = file
            rows = opened.get_slice(name)
            at, count = 0, rows.get_shape()[0]
            while at < count:
                held.append(rows[at : min(at + room, count)])
                at += len(held[-1])
                room -= len(held[-1])
                if not room:
                    yield np.concatenate(held)
                    held, room = [], size
    if held:
        yield np.concatenate(held)


def thinned(blocks: Iterable[NDArray[Any]], step: int) -> NDArray[Any]:
    """Every ``step``-th row of all blocks, from the first on."""
    found: list[NDArray[Any]] = []
    at = 0
    for block in blocks:
        found.append(block[-at % step :: step].copy())  # a view would keep its block
        at += len(block)
    return np.concatenate(found)


def write_streamed(path: Path, tensors: Mapping[str, Streamed]) -> None:
    """The file that safetensors' own ``save_file`` makes of the same tensors, byte by byte.

    That is: 8 bytes with the length of the header, the header as JSON filled up with spaces to a
    multiple of 8, and the tensors, ordered by type and name.
    """
    types = list(_DTYPES)
    names = sorted(tensors, key=lambda name: (types.index(tensors[name].dtype), name))
    header: dict[str, object] = {}
    end = 0
    for name in names:
        one = tensors[name]
        begin, end = end, end + int(np.prod(one.shape)) * np.dtype(one.dtype).itemsize
        told = {"dtype": _DTYPES[one.dtype], "shape": one.shape, "data_offsets": (begin, end)}
        header[name] = told
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with atomic_write(path) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in names:
            for block in tensors[name].blocks:
                assert block.dtype == tensors[name].dtype, name
                file.write(np.ascontiguousarray(block).astype(block.dtype.newbyteorder("<")).data)
        assert file.tell() == 8 + len(text) + end, "every tensor has the rows of its shape"
