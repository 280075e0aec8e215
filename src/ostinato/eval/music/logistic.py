"""Multinomial logistic regression in numpy: what simple features tell, and an honest floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.music.types import Float
from ostinato.music.score import Int

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
STEPS = 300


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model. Features that do not vary in training have no say."""

    mean: NDArray[np.float64]  # [f]
    scale: NDArray[np.float64]  # [f], 0 for a constant feature
    weight: NDArray[np.float64]  # [f + 1, classes], the last row is the bias

    def __call__(self, features: Float) -> NDArray[np.float64]:
        """Features [u, f] to probabilities [u, classes]."""
        return _softmax(_standard(features, self.mean, self.scale) @ self.weight)


def fit(features: Float, label: Int, classes: int, *, penalty: float) -> Logistic:
    """The least of mean cross-entropy + penalty / 2 * |weight|^2, the bias left free.

    By Nesterov's accelerated gradient from zero with the step 1/L, where L bounds the
    curvature: no randomness, no line search.
    """
    mean, spread = features.mean(0, dtype=np.float64), features.std(0, dtype=np.float64)
    scale = np.where(spread > 1e-9, 1 / np.maximum(spread, 1e-9), 0.0)
    x = _standard(features, mean, scale)
    target = np.eye(classes)[label]
    decay = np.append(np.full(x.shape[1] - 1, penalty), 0.0)[:, None]
    curvature = float(np.linalg.eigvalsh(x.T @ x / len(x))[-1]) / 2 + penalty
    weight = np.zeros((x.shape[1], classes))
    before = weight
    for step in range(STEPS):
        ahead = weight + step / (step + 3) * (weight - before)
        slope = x.T @ (_softmax(x @ ahead) - target) / len(x) + decay * ahead
        before, weight = weight, ahead - slope / curvature
    return Logistic(mean, scale, weight)


def choose(
    train: tuple[Float, Int], valid: tuple[Float, Int], classes: int
) -> tuple[Logistic, float]:
    """The fit to ``train`` with the penalty that is best on ``valid``, and that penalty."""
    found = [(penalty, fit(*train, classes, penalty=penalty)) for penalty in PENALTIES]
    features, label = valid
    right = [float(np.mean(model(features).argmax(1) == label)) for _, model in found]
    penalty, best = found[int(np.argmax(right))]
    return best, penalty


def _standard(
    features: Float, mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standardised features with a column of ones for the bias."""
    return np.hstack([(features - mean) * scale, np.ones((len(features), 1))])


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)
