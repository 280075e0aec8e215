"""What docs/tour.md says in Python of the bundled example is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import ostinato
from ostinato.examples import example_path

TOUR = (Path(__file__).parents[2] / "docs" / "tour.md").read_text(encoding="utf-8")


def told(line: str) -> str:
    """The comment beside a line of code."""
    found = re.search(rf"^{re.escape(line)} +# (.*)$", TOUR, flags=re.MULTILINE)
    assert found is not None, line
    return found[1]


@pytest.mark.usefixtures("one_thread")
def test_the_melody_of_the_example() -> None:
    score, model = ostinato.read_midi(example_path()), ostinato.load("midiformer-melody")
    found, sure = model.label_notes(score), model.label_notes(score, threshold=0.9)
    count = int((found.labels == 0).sum())
    assert told("melody = score.select(found.labels == 0)").startswith(f"{count} notes")
    assert told("(sure.labels == 0).sum()") == str(int((sure.labels == 0).sum()))
    assert told("found.labels[:4]").startswith(str(found.labels[:4]))
    confidence = [float(one) for one in told("found.confidence()[:4].round(3)")[1:-1].split()]
    assert np.abs(found.confidence()[:4] - confidence).max() < 1e-3
