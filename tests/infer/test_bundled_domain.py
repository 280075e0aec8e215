"""The bundled head of folk dances says "out of domain" of music that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.infer.load import PieceModel, load_piece_model
from ostinato.music.midi import read_midi

NAMES = ("jigs149", "reelsa-c27", "reelsm-q16")
EVERY = {"EMOPIA": 360, "Pianist8": 140}  # which files of theirs are asked about, by name


@pytest.fixture(scope="module")
def dances() -> PieceModel:
    return load_piece_model("midiformer-dance", device="cpu")


@pytest.mark.usefixtures("one_thread")
def test_music_for_piano_is_no_folk_dance(dances: PieceModel, shared: Path) -> None:
    for corpus, step in EVERY.items():
        paths = sorted((shared / "data" / corpus).rglob("*.mid"))[::step]
        assert len(paths) == 3
        for path in paths:
            found = dances.label_piece(read_midi(path))
            assert found.out_of_domain, (path.name, found.distance)


@pytest.mark.usefixtures("one_thread")
def test_dances_are(dances: PieceModel, shared: Path) -> None:
    """Of the test side: the head has seen none of them."""
    folder = shared / "data" / "Nottingham" / "MIDI"
    for name in NAMES:
        found = dances.label_piece(read_midi(folder / f"{name}.mid"))
        assert not found.out_of_domain, (name, found.distance)
