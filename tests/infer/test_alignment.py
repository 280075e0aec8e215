"""Runs of two pieces: as if every key were held at once, in the memory of a few."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from ostinato.infer.alignment import ALIKE, Alignment, align, every_key
from ostinato.music.bar_features import WIDTH, Float, transpose_cells


def cells(count: int, seed: int) -> Float:
    """Vectors of length 1, in part alike, as those of cells are."""
    found = np.random.default_rng(seed).random((count, WIDTH)) ** 4
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def likeliest_of_all_at_once(keys: Float, piece: Float) -> list[int]:
    """The two keys with most that is alike, from the product with every key."""
    excess = np.einsum("knw,mw->knm", keys, piece) - np.float32(ALIKE)
    return np.argsort(-np.maximum(excess, 0).sum(axis=(1, 2)), kind="stable")[:2].tolist()


def of_these_keys(keys: Float, piece: Float, chosen: list[int]) -> Alignment:
    """The better of the keys, the first where they are equal, each aligned alone."""
    alone = {key: align(keys[key][None], piece, runs=3) for key in chosen}
    key = max(chosen, key=lambda one: alone[one].worth)
    return Alignment((key + 5) % 12 - 5, alone[key].runs)


@pytest.mark.parametrize("seed", range(12))
def test_the_runs_are_those_of_the_two_likeliest_keys(seed: int) -> None:
    piece = cells(70, seed)
    query = np.concatenate([cells(9, seed + 100), piece[20:41], piece[3:15]])
    keys = every_key(transpose_cells(query, seed))
    told = align(keys, piece, runs=3)
    assert told.semitones == (-seed + 5) % 12 - 5
    assert [run.length >= 12 for run in told.runs[:2]] == [True, True]
    wanted = of_these_keys(keys, piece, likeliest_of_all_at_once(keys, piece))
    assert told.semitones == wanted.semitones
    for run, other in zip(told.runs, wanted.runs, strict=True):
        assert (run.query, run.piece, run.length) == (other.query, other.piece, other.length)
        assert run.worth == pytest.approx(other.worth, rel=1e-5)


def test_twelve_keys_take_the_memory_of_a_few() -> None:
    query, piece = cells(400, 0), cells(500, 1)
    keys = every_key(query)
    tracemalloc.start()
    align(keys, piece, runs=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * 400 * 500 * 4
