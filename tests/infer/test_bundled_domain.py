"""The bundled head of folk dances says "out of domain" of music that is none."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from ostinato.infer.load import PieceModel, load_piece_model
from ostinato.music.midi import read_midi

NAMES = ("jigs149", "reelsa-c27", "reelsm-q16")
EXAMPLE = Path(str(files("ostinato") / "examples" / "auld_lang_syne.mid"))


@pytest.fixture(scope="module")
def dances() -> PieceModel:
    return load_piece_model("midiformer-dance", device="cpu")


@pytest.mark.usefixtures("one_thread")
def test_an_arrangement_for_piano_is_no_folk_dance(dances: PieceModel) -> None:
    found = dances.label_piece(read_midi(EXAMPLE))
    assert found.out_of_domain and found.distance > 1.5


@pytest.mark.usefixtures("one_thread")
def test_dances_are(dances: PieceModel, shared: Path) -> None:
    """Of the test side: the head has seen none of them."""
    folder = shared / "data" / "Nottingham" / "MIDI"
    for name in NAMES:
        found = dances.label_piece(read_midi(folder / f"{name}.mid"))
        assert not found.out_of_domain, (name, found.distance)
