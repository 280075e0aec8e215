"""The figure of several models' results."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from ostinato.base.errors import UserError
from ostinato.eval.long_context import MIN_LENGTH, Guesser, Solver, Suite, evaluate
from ostinato.jobs.long_context_figure import figure

SUITE = Suite(MIN_LENGTH, multiples=(1, 2, 4), examples=4)
FIRST, SECOND = "#D55E00", "#0072B2"


def amount(path: Path, colour: str) -> int:
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    image = imread(path)[:, :, :3]
    return int((np.abs(image - to_rgb(colour)).max(axis=2) < 0.02).sum())


def test_every_model_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figure.png"
    guesser, solver = evaluate(Guesser(), SUITE), evaluate(Solver(), SUITE)
    figure({"lightning $only": guesser}, path)
    assert amount(path, FIRST) > 100
    assert amount(path, SECOND) == 0
    figure({"lightning only": guesser, "hybrid": solver}, path)
    assert amount(path, FIRST) > 100
    assert amount(path, SECOND) > 100


def test_unequal_examples_are_not_drawn_together(tmp_path: Path) -> None:
    one = evaluate(Guesser(), Suite(MIN_LENGTH, multiples=(1,), examples=2))
    other = evaluate(Guesser(), Suite(MIN_LENGTH, multiples=(1,), examples=2, seed=1))
    with pytest.raises(UserError, match="one suite"):
        figure({"one": one, "other": other}, tmp_path / "figure.png")
    with pytest.raises(UserError, match="at least one"):
        figure({}, tmp_path / "figure.png")
