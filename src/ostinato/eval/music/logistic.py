"""Multinomial logistic regression in numpy: what simple features tell, and an honest floor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ostinato.eval.music.types import Float
from ostinato.music.score import Int

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
STEPS = 300
LEAST_SPREAD = 1e-9  # features that vary less have no say; the least that ``least`` may be


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted model. Features that do not vary in training have no say."""

    mean: NDArray[np.float64]  # [f]
    scale: NDArray[np.float64]  # [f], 0 for a constant feature
    weight: NDArray[np.float64]  # [f + 1, classes], the last row is the bias

    def __call__(self, features: Float) -> NDArray[np.float64]:
        """Features [u, f] to probabilities [u, classes]."""
        x = (features - self.mean) * self.scale
        return _softmax(x @ self.weight[:-1] + self.weight[-1])


def fit(
    features: Float,
    label: Int,
    classes: int,
    *,
    penalty: float,
    least: float = LEAST_SPREAD,
    share: Float | None = None,
) -> Logistic:
    """The least of mean cross-entropy + penalty / 2 * |weight|^2, the bias left free.

    ``share`` [u]: how much each unit counts in the mean, in means and standard deviations; none:
    all alike.
    """
    return fits(features, label, classes, (penalty,), least=least, share=share)[0]


def fits(
    features: Float,
    label: Int,
    classes: int,
    penalties: Sequence[float],
    *,
    least: float = LEAST_SPREAD,
    share: Float | None = None,
) -> list[Logistic]:
    """``fit`` for each penalty, all at once: features are read as often as for one.

    A feature is divided by its standard deviation, or by ``least`` where that is smaller: what is
    nearly always the same in training does not shout when it is not.

    By Nesterov's accelerated gradient from zero with the step 1/L, where L bounds the
    curvature: no randomness, no line search. Where there are more features than units, along
    the units' principal axes, outside of which no weight ever leaves zero.
    """
    counts = np.ones(len(features)) if share is None else share.astype(np.float64)
    counts = (counts / counts.sum())[:, None]
    mean = (features * counts).sum(0)
    spread = np.sqrt(((features - mean) ** 2 * counts).sum(0))
    scale = np.where(spread > LEAST_SPREAD, 1 / np.maximum(spread, least), 0.0)
    x, axes = (features - mean) * scale, None
    if x.shape[1] > len(x):
        left, size, axes = np.linalg.svd(x, full_matrices=False)
        x = left * size
    x = np.hstack([x, np.ones((len(x), 1))])
    weights = _descend(x, np.eye(classes)[label], counts, np.array(penalties))
    if axes is not None:
        weights = [np.vstack([axes.T @ weight[:-1], weight[-1:]]) for weight in weights]
    return [Logistic(mean, scale, weight) for weight in weights]


def _descend(
    x: NDArray[np.float64],
    target: NDArray[np.float64],
    counts: NDArray[np.float64],
    penalties: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """The weights [f, classes] of each penalty; ``counts`` [u, 1] sum to 1."""
    classes, each = target.shape[1], len(penalties)
    steepest = float(np.linalg.eigvalsh(x.T @ (x * counts))[-1]) / 2
    penalty = np.repeat(penalties, classes)  # side by side: [f, penalties * classes]
    decay = np.tile(penalty, (x.shape[1], 1))
    decay[-1] = 0  # the bias
    weight = before = np.zeros((x.shape[1], each * classes))
    for step in range(STEPS):
        ahead = weight + step / (step + 3) * (weight - before)
        told = _softmax((x @ ahead).reshape(-1, each, classes))
        off = (told - target[:, None]) * counts[:, None]
        slope = x.T @ off.reshape(len(x), -1) + decay * ahead
        before, weight = weight, ahead - slope / (steepest + penalty)
    return np.split(weight, each, axis=1)


def choose(
    train: tuple[Float, Int], valid: tuple[Float, Int], classes: int
) -> tuple[Logistic, float]:
    """The fit to ``train`` with the penalty that is best on ``valid``, and that penalty."""
    found = fits(*train, classes, PENALTIES)
    features, label = valid
    right = [float(np.mean(model(features).argmax(1) == label)) for model in found]
    best = int(np.argmax(right))
    return found[best], PENALTIES[best]


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)
