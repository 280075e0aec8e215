"""The published segments as the words that a model reads."""

from __future__ import annotations

import numpy as np

from ostinato.base.errors import UserError
from ostinato.eval.music.types import Document
from ostinato.music import midibert
from ostinato.music.score import Int

STEPS_PER_QUARTER = 4  # of the published words: 16ths


def rows_for(
    document: Document, scheme: str, steps_per_quarter: int = STEPS_PER_QUARTER
) -> list[Int]:
    """The words of each published segment, int16 [r, 4] without padding, in a model's scheme.

    ``midibert`` gets the segments as they are. ``cp4`` gets the same bars, positions and
    durations, whose numbers both schemes share, and the pitch counted from 0: the published
    content and order in the clean vocabulary. ``UserError`` for any other scheme, and for a model
    of other steps, which would take a 16th for something else.
    """
    assert document.segments is not None, "only the published protocol has segments"
    if scheme not in ("midibert", "cp4"):
        raise UserError(
            f"the published protocol needs a model of the words midibert or cp4; got {scheme}"
        )
    if steps_per_quarter != STEPS_PER_QUARTER:
        raise UserError(
            f"the published protocol counts {STEPS_PER_QUARTER} steps per quarter, the model "
            f"{steps_per_quarter}: it needs a model of shards with {STEPS_PER_QUARTER}"
        )
    lowest = midibert.LOWEST if scheme == "cp4" else 0
    shift = np.array([0, 0, lowest, 0], dtype=np.int16)
    kept = [segment[segment[:, 2] != midibert.PAD[2]] for segment in document.segments]
    return [segment + shift for segment in kept]
