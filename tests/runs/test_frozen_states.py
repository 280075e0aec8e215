"""Frozen states: of every note once, by any encoder; and a perceptron that learns from them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from ostinato.data.shards import read_shards
from ostinato.models.words import WordConfig
from ostinato.train.words import WordWindow, build_words, save_words
from tiny_model import write_model
from toy_corpus import HEADER, write_toy_shards

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import frozen_states as program

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of toy music, one encoder of ours and a peer."""
    root = tmp_path_factory.mktemp("frozen")
    write_toy_shards(root / "shards", documents=6)
    write_model(root / "ours")
    config = WordConfig(vocab=HEADER.vocab, hidden_size=16, num_layers=2, num_heads=2)
    made = build_words(config, seed=0, device=torch.device("cpu"))
    save_words(root / "peer", made, HEADER, WordWindow(rows=32), "float32")
    return root


@pytest.mark.parametrize("name", ["ours", "peer"])
def test_a_note_has_one_state_wherever_windows_lie(folder: Path, name: str) -> None:
    """A piece that fits into one window is read as its one window."""
    reader = program.reader_of(folder / name)
    documents = read_shards([folder / "shards"])
    values = documents.values[: documents.offset[1]]
    states = program.states_of(reader, values)
    assert states.shape[0] == len(values) > reader.rows
    assert bool(states.isfinite().all())
    short = values[: reader.rows]
    ((batch, hidden),) = reader.read(short)
    found = program.mean_of_pieces(hidden, batch.row, batch.source.shape[1])[0, : len(short)]
    torch.testing.assert_close(program.states_of(reader, short), found, atol=1e-5, rtol=1e-5)


def test_a_perceptron_tells_what_the_states_say_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "BATCH", 64)
    torch.manual_seed(3)
    label = torch.randint(0, 3, (6000,))
    noise = torch.randn(6000, 8)
    known = noise + 3 * torch.nn.functional.one_hot(label, 8)
    song = torch.arange(6000) // 100

    def notes(states: torch.Tensor, half: slice) -> program.Notes:
        return program.Notes(states[half].half(), label[half], song[half])

    first, last = slice(0, 4500), slice(4500, 6000)
    right = program.told(notes(known, first), notes(known, last))
    assert float(right.float().mean()) > 0.95
    wrong = program.told(notes(noise, first), notes(noise, last))
    assert 0.25 < float(wrong.float().mean()) < 0.42


def test_each_side_is_read_by_its_songs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = read_shards([folder / "shards"])
    sides = dict(zip((e.name for e in documents.entries), "tttvve", strict=True))
    names = {"t": "train", "v": "valid", "e": "test"}

    class Sides:
        def side(self, entry: object) -> str:
            return names[sides[entry.name]]  # type: ignore[attr-defined]

    monkeypatch.setattr(program, "load_split", lambda _: Sides())
    monkeypatch.setattr(program, "BATCH", 32)
    row = program.measure(folder / "ours", documents, 3, 1)
    labelled = [
        int((documents.label[a:b] > 0).sum())
        for a, b in zip(documents.offset[:-1], documents.offset[1:], strict=True)
    ]
    assert row["notes"] == {"train": sum(labelled[:3]), "valid": labelled[3]}
    assert row["interval"][0] <= row["accuracy"] <= row["interval"][1]
