"""Statistics of windows: of the rows that a window holds, and of no other."""

from __future__ import annotations

import torch

from ostinato.data.statistics import window_statistics
from ostinato.music.compound_words import encode
from ostinato.music.statistics import NUM_STATISTICS, notes_of, word_statistics
from tiny_model import random_score


def test_each_window_has_those_of_its_rows() -> None:
    values = encode(random_score(90)).values
    source = torch.full((3, 40), -1)
    source[0] = torch.arange(40)
    source[1, :25] = torch.arange(50, 75)
    found = window_statistics(values, source)
    assert found.shape == (3, NUM_STATISTICS) and found.dtype == torch.float32
    for window, rows in enumerate((slice(0, 40), slice(50, 75), slice(0, 0))):
        expected = word_statistics(notes_of(values[rows]))
        torch.testing.assert_close(found[window], torch.tensor(expected, dtype=torch.float32))
    assert not torch.equal(found[0], found[1])
