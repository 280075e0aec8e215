"""The index: what it finds, in which key and where; and what is refused."""

from __future__ import annotations

import json
import tracemalloc
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from ostinato.base.errors import UserError
from ostinato.infer import embedding
from ostinato.infer.alignment import LEAST, RUNS, align, every_key
from ostinato.infer.embedding import (
    Entry,
    Index,
    embed_score,
    query_score,
    write_index,
    write_part,
)
from ostinato.music import bar_features
from ostinato.music.bar_features import transpose_cells
from ostinato.music.score import Score, Track

PIECES = 80  # more than are aligned


def tune(seed: int, *, quarters: int = 48, key: int = 0, begin: int = 0) -> Score:
    """The song of a seed, ``begin`` quarters after the file's beginning."""
    draw = np.random.default_rng(seed)
    notes: list[tuple[int, int, int]] = []  # onset, duration, pitch
    for quarter in range(quarters):
        at = (begin + quarter) * 480
        scale = [0, 2, 4, 5, 7, 9, 11]
        notes += [(at + half * 240, 240, 70 + int(draw.choice(scale)) + key) for half in (0, 1)]
        notes.append((at, 480, 48 + int(draw.choice(scale)) + key))
    rows = np.array(notes, dtype=np.int32)
    return Score(
        ticks_per_quarter=480,
        onset=rows[:, 0],
        duration=rows[:, 1],
        pitch=rows[:, 2].astype(np.int16),
        velocity=np.full(len(rows), 64, dtype=np.int16),
        track=np.zeros(len(rows), dtype=np.int16),
        tracks=(Track("piano"),),
    )


def write(folder: Path, pieces: dict[str, Score]) -> Index:
    folder.mkdir(exist_ok=True)
    embedded = [embed_score(name, score) for name, score in pieces.items()]
    write_part(folder / "part.safetensors", embedded)
    write_index(folder, "there", [([one.entry for one in embedded], folder / "part.safetensors")])
    return Index(folder)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("index")
    return write(folder, {f"song {seed}": tune(seed) for seed in range(PIECES)})


@pytest.mark.parametrize("seed", [0, 41, PIECES - 1])
@pytest.mark.parametrize("key", [0, 3, -5])
def test_a_song_is_found_in_every_key(index: Index, seed: int, key: int) -> None:
    found = index.search(query_score(tune(seed, key=key)), top=3)
    assert found[0].piece == seed
    assert found[0].alignment.semitones == -key
    assert found[0].pace == 1
    run = found[0].alignment.runs[0]
    assert (run.query, run.piece, run.length) == (0, 0, 48)
    assert found[0].alignment.worth > 3 * found[1].alignment.worth


def test_in_the_exact_key_another_key_is_another_song(index: Index) -> None:
    same = index.search(query_score(tune(7)), transpose=False)
    assert same[0].piece == 7
    assert same[0].alignment.semitones == 0
    moved = index.search(query_score(tune(7, key=3)), transpose=False)
    assert all(one.alignment.semitones == 0 for one in moved)
    assert moved[0].alignment.worth < same[0].alignment.worth / 3


def test_the_place_of_an_excerpt_is_told(index: Index) -> None:
    whole = tune(23)
    inside = (whole.onset >= 480 * 17) & (whole.onset < 480 * 29)
    part = whole.select(inside)
    part = replace(part, onset=part.onset - np.int32(480 * 13))  # begins with a silent bar
    found = index.search(query_score(part))[0]
    assert found.piece == 23
    run = found.alignment.runs[0]
    assert (run.query, run.piece, run.length) == (4, 17, 12)


def test_a_song_counted_twice_as_fast_is_found(index: Index) -> None:
    score = tune(31)
    fast = replace(score, onset=score.onset // 2, duration=score.duration // 2)
    found = index.search(query_score(fast))[0]
    assert (found.piece, found.pace) == (31, 2.0)
    slow = replace(score, onset=score.onset * 2, duration=score.duration * 2)
    found = index.search(query_score(slow))[0]
    assert (found.piece, found.pace) == (31, 0.5)


def test_a_piece_too_long_at_twice_its_pace_is_found_at_the_others(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bar_features, "MAX_CELLS", 60)
    query = query_score(tune(31))  # 48 cells
    assert list(query.cells) == [1.0, 0.5]
    found = index.search(query, top=1, runs=RUNS)[0]
    assert (found.piece, found.pace) == (31, 1.0)
    score = tune(31, quarters=24)
    slow = replace(score, onset=score.onset * 2, duration=score.duration * 2)
    found = index.search(query_score(slow), top=1, runs=RUNS)[0]
    assert (found.piece, found.pace) == (31, 0.5)
    assert found.alignment.runs[0].length == 24


def test_a_piece_too_long_to_be_embedded_is_no_query_and_its_length_is_true(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bar_features, "MAX_CELLS", 40)
    for refuse in (query_score, partial(embed_score, "long")):
        with pytest.raises(UserError, match="lasts 48 quarter notes, at most 40"):
            refuse(tune(31))


def test_cells_come_back_as_they_were_embedded(index: Index) -> None:
    for piece in (0, 55, PIECES - 1):
        score = tune(piece)
        held, made = index.cells(piece), embed_score("", score).cells
        assert np.array_equal(held.values, made.values)
        assert np.array_equal(held.bar, made.bar)
        assert held.seconds == pytest.approx(made.seconds)


def test_a_catalogue_of_one_short_piece(tmp_path: Path) -> None:
    one = write(tmp_path / "one", {"only": tune(1, quarters=3)})
    found = one.search(query_score(tune(1, quarters=3)))
    assert [hit.piece for hit in found] == [0]


def test_blocks_change_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    query = query_score(tune(12, key=1))
    whole = index.search(query)
    monkeypatch.setattr(embedding, "_BLOCK", 7)
    assert index.search(query) == whole


def joined(parts: list[dict[str, np.ndarray]]) -> bytes:
    """The file of an index whose vectors are all held at once."""
    held = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    raw = held.pop("raw")
    every = -(-len(raw) // embedding.SAMPLE)
    mean, projection = embedding.fit_projection(raw[::every])
    patches = [
        (raw[at : at + embedding._BLOCK].astype(np.float32) - mean) @ projection
        for at in range(0, len(raw), embedding._BLOCK)
    ]
    whole = np.concatenate(patches)
    unit = whole / np.maximum(np.linalg.norm(whole, axis=1, keepdims=True), 1e-9)
    held |= {"patches": unit.astype(np.float16), "mean": mean, "projection": projection}
    return save(held)


def write_parts(folder: Path, sizes: list[int]) -> list[tuple[list[Entry], Path]]:
    parts: list[tuple[list[Entry], Path]] = []
    for number, size in enumerate(sizes):
        pieces = [embed_score(f"{number}-{i}", tune(number + i, quarters=30)) for i in range(size)]
        write_part(folder / f"{number}.safetensors", pieces)
        parts.append(([piece.entry for piece in pieces], folder / f"{number}.safetensors"))
    return parts


@pytest.mark.parametrize("block", [3, 7, 64, 1 << 15])
def test_an_index_of_many_parts_is_the_same_byte_by_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(embedding, "_BLOCK", block)
    monkeypatch.setattr(embedding, "SAMPLE", 11)
    parts = write_parts(tmp_path, [3, 1, 9, 4])
    write_index(tmp_path, "there", iter(parts))
    expected = joined([load_file(path) for _, path in parts])
    assert (tmp_path / embedding.VECTORS).read_bytes() == expected
    assert [piece.name for piece in Index(tmp_path).pieces][2:5] == ["0-2", "1-0", "2-0"]


def test_the_memory_of_writing_an_index_does_not_grow_with_the_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "_BLOCK", 64)
    monkeypatch.setattr(embedding, "SAMPLE", 64)
    (_, path), *_ = write_parts(tmp_path, [32])
    peaks: list[int] = []
    for times in (2, 40):
        entries = [Entry("", 30, 1, 8, 90)]
        tracemalloc.start()
        write_index(tmp_path / "index", "there", [(entries, path)] * times)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (tmp_path / "index" / embedding.VECTORS).stat().st_size > 2 * peaks[1]
    assert peaks[1] < 1.2 * peaks[0]


def test_runs_are_the_best_diagonals_and_share_no_cell_of_the_query() -> None:
    draw = np.random.default_rng(0)
    piece = draw.random((60, 48)).astype(np.float32)
    piece /= np.linalg.norm(piece - piece.mean(0), axis=1, keepdims=True)
    piece -= piece.mean(0)
    query = np.concatenate([piece[30:50], draw.normal(size=(3, 48)) * 0.01, piece[:12]])
    turned = transpose_cells(query.astype(np.float32), 4)
    found = align(every_key(turned), piece, runs=RUNS)
    assert found.semitones == -4
    first, second = found.runs[:2]
    assert (first.query, first.piece, first.length) == (0, 30, 20)
    assert (second.query, second.piece, second.length) == (23, 0, 12)
    assert first.worth > second.worth >= LEAST
    cells = [cell for run in found.runs for cell in range(run.query, run.query + run.length)]
    assert len(cells) == len(set(cells))


def test_nothing_alike_is_no_run() -> None:
    found = align(np.zeros((12, 5, 48), np.float32), np.zeros((7, 48), np.float32), runs=RUNS)
    assert found.runs == ()
    assert found.worth == 0


def test_what_is_no_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected an index"):
        Index(tmp_path)
    folder = tmp_path / "index"
    write(folder, {"a": tune(1), "b": tune(2)})
    told = json.loads((folder / "index.json").read_text())
    for bad, reason in (
        ("{", "expected the JSON of an index"),
        ("[]", "expected the JSON of an index"),
        (json.dumps(told | {"version": 0}), "version 0, expected 1"),
        (json.dumps(told | {"pieces": told["pieces"][:1]}), "do not belong together"),
    ):
        (folder / "index.json").write_text(bad)
        with pytest.raises(UserError, match=reason):
            Index(folder)
    (folder / "index.json").write_text(json.dumps(told))
    vectors = folder / "vectors.safetensors"
    vectors.write_bytes(vectors.read_bytes()[:-100])
    with pytest.raises(UserError, match="expected the vectors of an index"):
        Index(folder)
    vectors.unlink()
    with pytest.raises(UserError, match="expected the vectors of an index"):
        Index(folder)
