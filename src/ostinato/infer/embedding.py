"""A catalogue as vectors, and the exact search in it: patches choose, cells decide.

First the query's patches, which no transposition changes, are compared with all patches of all
pieces, and the pieces ranked by how well each patch of the query is found in them. Then the best
of them are aligned with the query cell by cell, in every key and at up to three paces.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ostinato.base.errors import UserError
from ostinato.base.files import atomic_write, write_json
from ostinato.infer.alignment import Alignment, align, every_key
from ostinato.infer.streaming import Streamed, blocks_of, shape_of, thinned, write_streamed
from ostinato.music.bar_features import (
    PATCH_WIDTH,
    VERSION,
    WIDTH,
    Cells,
    Float,
    TooLongError,
    find_cells,
    find_patches,
    unit_cells,
)
from ostinato.music.score import Score

FILE, VECTORS = "index.json", "vectors.safetensors"
PACES = (1.0, 2.0, 0.5)  # of a query: other files may count the same music half or twice as fast
SHORTLIST = 64  # pieces that are aligned
DIMENSIONS = 64  # of a patch in the index
SAMPLE = 8192  # patches from which the projection is made
QUERY_PATCHES, QUERY_STEP = 32, 2  # of a query: about so many, but none closer than 2 cells
# On POP909's validation songs the best wrong piece is worth less than 6.6 for 95 % of the queries,
# and the right one at least 29 for 99 %.
SURE, CHANCE = 10.0, 6.6

_BLOCK = 1 << 15  # patches compared at once


@dataclass(frozen=True)
class Entry:
    """A piece of the catalogue."""

    name: str
    cells: int
    patches: int
    bars: int
    notes: int
    file: str = ""  # its path below the catalogue's folder; indices of before do not say it


@dataclass(frozen=True, eq=False)
class Embedded:
    """The vectors of one piece, as a worker hands them back."""

    entry: Entry
    cells: Cells
    patches: NDArray[np.float16]  # [p, 238]


@dataclass(frozen=True)
class Found:
    """A piece that was found: how it runs along with the query, whose times are ``pace`` faster."""

    piece: int  # number in the index
    pace: float
    alignment: Alignment


def embed_score(name: str, score: Score) -> Embedded:
    """The vectors of a piece; a ``UserError`` where it has no notes, or too many bars."""
    cells = find_cells(score)
    patches = find_patches(cells.values).astype(np.float16)
    bars = int(cells.bar[-1]) + 1
    entry = Entry(name, len(cells), len(patches), bars, int((~score.is_drum).sum()))
    return Embedded(entry, cells, patches)


class Index:
    """The vectors of a catalogue. They stay on the disk: a search reads patches by the block, and
    cells of the pieces that it aligns.
    """

    def __init__(self, folder: Path) -> None:
        """Read the index that ``write_index`` made; a ``UserError`` where it is none."""
        self.folder = folder
        told = _read_json(folder)
        self.root = str(told["root"])
        self.pieces = tuple(Entry(**piece) for piece in told["pieces"])
        self._cells = np.cumsum([0, *(piece.cells for piece in self.pieces)])
        self._edges = np.cumsum([0, *(piece.patches for piece in self.pieces)])
        try:
            self._file: Any = safe_open(str(folder / VECTORS), framework="numpy")
            self._mean = self._file.get_tensor("mean")
            self._projection = self._file.get_tensor("projection")
            wanted = {
                "mean": (PATCH_WIDTH,),
                "projection": (PATCH_WIDTH, *self._projection.shape[1:2]),
                "patches": (self._edges[-1], *self._projection.shape[1:2]),
                "cells": (self._cells[-1], WIDTH),
                "bar": (self._cells[-1],),
                "seconds": (self._cells[-1], 2),
            }
            shapes = {name: tuple(self._file.get_slice(name).get_shape()) for name in wanted}
            if shapes != wanted:
                raise UserError(f"{folder}: {VECTORS} and {FILE} do not belong together")
        except (OSError, SafetensorError) as error:
            raise UserError(
                f"{folder / VECTORS}: expected the vectors of an index ({error}); embed again"
            ) from error

    def __len__(self) -> int:
        return len(self.pieces)

    def cells(self, piece: int) -> Cells:
        """The cells of a piece."""
        rows = slice(int(self._cells[piece]), int(self._cells[piece + 1]))
        parts = {name: self._file.get_slice(name)[rows] for name in ("cells", "bar", "seconds")}
        edges = np.append(parts["seconds"][:, 0], parts["seconds"][-1:, 1])
        return Cells(parts["cells"], parts["bar"], edges)

    def search(
        self, query: Query, *, top: int = 10, transpose: bool = True, runs: int = 1
    ) -> list[Found]:
        """The pieces most like the query, the most similar first, at most ``top``.

        Only pieces that run alike somewhere are found. Without ``transpose`` only those in the
        query's key are. Of each at most ``runs`` runs are told.
        """
        keys = {
            pace: every_key(vectors) if transpose else vectors[None]
            for pace, vectors in query.vectors().items()
        }
        found: list[tuple[float, Found]] = []
        for piece, paces in self._shortlist(query).items():
            vectors = unit_cells(self.cells(piece).values)
            tried = [(align(keys[pace], vectors), pace) for pace in paces]
            best, pace = max(tried, key=lambda one: one[0].worth)
            if best.runs:
                found.append((best.worth, Found(piece, pace, best)))
        found.sort(key=lambda one: (-one[0], one[1].piece))
        chosen = [one for _, one in found[:top]]
        if runs == 1:
            return chosen
        return [
            Found(
                one.piece,
                one.pace,
                align(keys[one.pace], unit_cells(self.cells(one.piece).values), runs=runs),
            )
            for one in chosen
        ]

    def _shortlist(self, query: Query) -> dict[int, list[float]]:
        """The pieces to align, with the paces at which each was among the best."""
        paces = list(query.cells)
        if len(self) <= SHORTLIST:
            return dict.fromkeys(range(len(self)), paces)
        liked = self._liking(list(query.cells.values()))
        best = np.argsort(-liked.max(0), kind="stable")[:SHORTLIST]
        return {int(piece): [paces[int(liked[:, piece].argmax())]] for piece in best}

    def _liking(self, paces: Sequence[Cells]) -> Float:
        """How well the patches of a query are found in each piece, float32 [paces, pieces]."""
        steps = [max(QUERY_STEP, len(cells) // QUERY_PATCHES) for cells in paces]
        asked = [
            self._project(find_patches(cells.values, step=step))
            for cells, step in zip(paces, steps, strict=True)
        ]
        edges = np.cumsum([0, *map(len, asked)])
        patches = np.concatenate(asked).T
        liked = np.zeros((len(paces), len(self)), dtype=np.float32)
        stored, first = self._file.get_slice("patches"), self._edges.tolist()
        begin = 0
        while begin < len(self):
            stop = max(begin + 1, bisect_right(first, first[begin] + _BLOCK) - 1)
            block = stored[first[begin] : first[stop]].astype(np.float32)
            starts = self._edges[begin:stop] - first[begin]
            most = np.maximum.reduceat(block @ patches, starts, axis=0)
            squared = np.maximum(most, 0) ** 2
            liked[:, begin:stop] = np.add.reduceat(squared, edges[:-1], axis=1).T
            begin = stop
        return liked / np.diff(edges)[:, None].astype(np.float32)

    def _project(self, patches: Float) -> Float:
        return _unit((patches - self._mean) @ self._projection)


@dataclass(frozen=True, eq=False)
class Query:
    """A piece to be found, at each of ``PACES`` at which it is not too long."""

    cells: Mapping[float, Cells]  # by pace

    def vectors(self) -> dict[float, Float]:
        """The cells of each pace as vectors float32 [n, 48]."""
        return {pace: unit_cells(cells.values) for pace, cells in self.cells.items()}


def query_score(score: Score) -> Query:
    """A score as a query; a ``UserError`` where ``embed_score`` raises one.

    What can be embedded can be asked for: only paces that make it too long are left out.
    """
    cells = {1.0: find_cells(score)}
    for pace in PACES:
        if pace not in cells:
            with suppress(TooLongError):
                cells[pace] = find_cells(score, pace=pace)
    return Query(cells)


def write_index(folder: Path, root: str, parts: Iterable[tuple[Sequence[Entry], Path]]) -> None:
    """One index of the pieces of some ``write_part`` files, in their order.

    The vectors go from file to file in blocks: memory holds but the names and a sample of patches.
    """
    given = list(parts)
    entries = [entry for said, _ in given for entry in said]
    paths = [path for _, path in given]
    count = shape_of(paths, "raw")[0]
    sample = thinned(blocks_of(paths, "raw", _BLOCK), -(-count // SAMPLE))
    mean, projection = fit_projection(sample)
    kinds = {"cells": "uint8", "bar": "int32", "seconds": "float32"}
    joined = {
        name: Streamed(kind, shape_of(paths, name), blocks_of(paths, name, _BLOCK))
        for name, kind in kinds.items()
    }
    projected = (
        _unit((raw.astype(np.float32) - mean) @ projection).astype(np.float16)
        for raw in blocks_of(paths, "raw", _BLOCK)
    )
    joined["patches"] = Streamed("float16", (count, projection.shape[1]), projected)
    for name, held in (("mean", mean), ("projection", projection)):
        joined[name] = Streamed("float32", held.shape, [held])
    write_streamed(folder / VECTORS, joined)
    told = {"version": VERSION, "root": root, "pieces": [asdict(entry) for entry in entries]}
    write_json(folder / FILE, told)


def write_part(path: Path, pieces: Sequence[Embedded]) -> None:
    """The vectors of some pieces, for ``write_index``."""
    seconds = [np.stack([p.cells.seconds[:-1], p.cells.seconds[1:]], axis=1) for p in pieces]
    arrays = {
        "cells": np.concatenate([piece.cells.values for piece in pieces]),
        "bar": np.concatenate([piece.cells.bar for piece in pieces]),
        "seconds": np.concatenate(seconds),
        "raw": np.concatenate([piece.patches for piece in pieces]),
    }
    with atomic_write(path) as temporary:
        save_file(arrays, temporary)


def fit_projection(patches: NDArray[np.float16]) -> tuple[Float, Float]:
    """Mean [238] and projection [238, d] that whiten patches: principal axes of a sample."""
    sample = patches.astype(np.float64)
    mean = sample.mean(0)
    scale = sample.std(0) + 1e-3
    _, size, axes = np.linalg.svd((sample - mean) / scale, full_matrices=False)
    kept = min(DIMENSIONS, len(size))
    spread = size[:kept] / len(sample) ** 0.5
    projection = axes[:kept].T / scale[:, None] / np.maximum(spread, 1e-2 * max(spread[0], 1e-6))
    # In C order: safetensors writes the memory as it lies.
    return mean.astype(np.float32), np.ascontiguousarray(projection, dtype=np.float32)


def _unit(vectors: NDArray[np.floating]) -> Float:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, 1e-9)).astype(np.float32)


def _read_json(folder: Path) -> dict[str, Any]:
    path = folder / FILE
    if not path.is_file():
        raise UserError(
            f"{folder}: expected an index, a folder that `ostinato embed` has completed"
        )
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
        version = told["version"]
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{path}: expected the JSON of an index; embed again") from error
    if version != VERSION:
        raise UserError(f"{path}: an index of version {version}, expected {VERSION}; embed again")
    return told
