"""One answer for a whole piece: all of its windows merged, calibrated, and how foreign it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ostinato.base.device import autocast
from ostinato.base.errors import UserError
from ostinato.data.statistics import window_statistics
from ostinato.data.vocabulary import Vocabulary
from ostinato.infer.windows import WindowReader
from ostinato.models.midiformer import Calibration, SequenceHead, domain_states, state_sums
from ostinato.music.compound_words import encode
from ostinato.music.compoundation import PAD
from ostinato.music.grid import Bars
from ostinato.music.score import Int, Score

Float = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class PieceLabels:
    """The label of a piece."""

    probabilities: Float  # float32 [C], of the whole piece; they sum to 1
    windows: Float  # float32 [w, C], of each window, in order; they overlap by half
    distance: float  # from the training pieces: about 1 for one of them; nan where unknown
    out_of_domain: bool  # farther away than nearly all validation pieces were
    names: tuple[str, ...]

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.names[int(self.probabilities.argmax())]


@dataclass(frozen=True, eq=False)
class PieceModel:
    """A trained encoder with a head that labels whole pieces."""

    name: str
    names: tuple[str, ...]  # of the classes
    vocabulary: Vocabulary
    reader: WindowReader
    head: SequenceHead
    calibration: Calibration

    def label_piece(self, score: Score, bars: Bars | None = None) -> PieceLabels:
        """Label a piece, drums left out, by ``bars`` or else by the score's own metre."""
        pitched = np.flatnonzero(~score.is_drum)
        if not len(pitched):
            held = f"it holds {len(score):,}, all of them drums" if len(score) else "it holds none"
            raise UserError(f"expected a piece with notes to label; {held}")
        compoundation = self.vocabulary.compoundation
        words = encode(
            score.select(pitched),
            compoundation.scheme,
            steps_per_quarter=compoundation.steps_per_quarter,
            bars=bars,
        )
        return self.label_words(words.values)

    @torch.inference_mode()
    def label_words(self, values: Int) -> PieceLabels:
        """Label the compound words int16 [n, F] of a piece.

        Its log-probabilities are the mean of its windows', weighted by their rows.
        """
        found: list[NDArray[np.float32]] = []
        rows: list[NDArray[np.int64]] = []
        total, tokens = torch.zeros(self.reader.encoder.config.hidden_size), 0
        for batch, hidden in self.reader.read(values):
            told = window_statistics(values, batch.source) if self.head.statistics else None
            with autocast(self.reader.device):
                logits = self.head(hidden, batch.tokens != PAD, told)
            found.append(logits.float().log_softmax(-1).cpu().numpy())
            rows.append((batch.source >= 0).sum(1).cpu().numpy())
            sums, counts = state_sums(domain_states(hidden, len(total)), batch.row)
            total += sums.sum(0).cpu()
            tokens += int(counts.sum())
        windows, weight = np.concatenate(found), np.concatenate(rows)
        merged = np.average(windows, axis=0, weights=weight)
        domain = self.calibration.domain
        distance = np.nan if domain is None else domain.distance(total.numpy() / tokens)
        return PieceLabels(
            self.calibration.probabilities(merged).astype(np.float32),
            self.calibration.probabilities(windows).astype(np.float32),
            float(distance),
            domain is not None and distance > domain.threshold,
            self.names,
        )
