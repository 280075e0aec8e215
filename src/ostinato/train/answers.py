"""Answers against the truth: right and wrong, how sure, and the temperature that makes it honest.

The temperature is that of Guo et al. (arXiv 1706.04599, section 4.2): one number that all
log-probabilities are divided by, chosen on validation answers for their likelihood. It changes
no answer, only how sure each one is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.models.midiformer import Calibration

COLDEST, HOTTEST = 0.25, 10.0  # a few validation pieces, all told right, would ask for 0
COLDEST_OF_MANY, MANY = 0.02, 1000  # answers: so many may say how doubtful a head is without need
BINS = 15  # of the calibration error, as in the paper
_DOUBTS = 20  # answers
_HALVINGS = 40


@dataclass(frozen=True, eq=False)
class Answers:
    """What a head says of n units (notes or pieces) of C classes, and the truth."""

    log_probabilities: NDArray[np.float64]  # [n, C]
    truth: NDArray[np.int64]  # [n]

    def confusion(self) -> NDArray[np.int64]:
        """Counts of units, the truth down and the answer across, int64 [C, C]."""
        classes = self.log_probabilities.shape[1]
        index = self.truth * classes + self.log_probabilities.argmax(1)
        return np.bincount(index, minlength=classes**2).reshape(classes, classes).astype(np.int64)

    def accuracy(self) -> float:
        """Share of the units that are told right."""
        return float(np.trace(self.confusion()) / max(1, len(self.truth)))

    def loss(self, temperature: float = 1.0) -> float:
        """Mean negative log-likelihood of the truth in nats, at a temperature."""
        found = Calibration(temperature).probabilities(self.log_probabilities)
        true = np.take_along_axis(found, self.truth[:, None], 1)
        return float(-np.log(np.maximum(true, 1e-30)).mean())

    def calibration_error(self, temperature: float = 1.0) -> float:
        """Expected calibration error: how far sureness is from the share told right.

        Units are put into 15 equal bins by the probability of their answer; what is averaged,
        weighted by units, is the distance between a bin's mean probability and its accuracy.
        """
        found = Calibration(temperature).probabilities(self.log_probabilities)
        sure, right = found.max(1), found.argmax(1) == self.truth
        bins = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
        gap = np.bincount(bins, sure, BINS) - np.bincount(bins, right, BINS)
        return float(np.abs(gap).sum() / max(1, len(sure)))

    def as_json(self, unit: str, temperature: float) -> dict[str, object]:
        """Everything as plain numbers; ``unit`` is what they are counted in ("notes")."""
        return {
            "accuracy": self.accuracy(),
            unit: len(self.truth),
            "confusion": self.confusion().tolist(),
            "loss": {"raw": self.loss(), "calibrated": self.loss(temperature)},
            "calibration_error": {
                "raw": self.calibration_error(),
                "calibrated": self.calibration_error(temperature),
            },
        }


def fit_temperature(answers: Answers) -> float:
    """The temperature under which the truth is likeliest, nearer to 1 where few say so.

    It lies in 0.25..10, and of many answers, which are those to notes, in 0.02..10.

    The loss is convex in the inverse temperature: its slope is halved in on. Of n answers the
    logarithm of what is found counts n / (n + 20): two right answers are no certainty.
    """
    told = answers.log_probabilities
    true = np.take_along_axis(told, answers.truth[:, None], 1)[:, 0]
    count = len(answers.truth)
    low, high = np.log(1 / HOTTEST), np.log(1 / (COLDEST if count < MANY else COLDEST_OF_MANY))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        expected = Calibration(float(np.exp(-middle))).probabilities(told)
        slope = float(((expected * told).sum(1) - true).mean())
        low, high = (low, middle) if slope > 0 else (middle, high)
    trusted = count / (count + _DOUBTS)
    return float(f"{np.exp(-trusted * (low + high) / 2):.6g}")
