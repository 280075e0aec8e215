"""Statistics of the words of windows, for a head that reads them beside the states."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ostinato.music.score import Int
from ostinato.music.statistics import notes_of, word_statistics


def window_statistics(values: Int, source: Tensor) -> Tensor:
    """``word_statistics`` of each window, float32 [B, NUM_STATISTICS], on the device of ``source``.

    ``values`` [n, F] are cp4 words, ``source`` [B, W] the rows of a window among them, -1 where
    there is none (``Batch.source``).
    """
    windows = source.cpu().numpy()
    found = [word_statistics(notes_of(values[rows[rows >= 0]])) for rows in windows]
    return torch.from_numpy(np.stack(found).astype(np.float32)).to(source.device)
