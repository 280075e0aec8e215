"""What a head knows about its own answers: their temperature, and the music it learnt from.

A directory of a head holds it in ``config.json``, a whole model's in ``calibration.json``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from ostinato.base.config import from_dict, to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.models.safetensors_io import read_object

FILE = "calibration.json"
DEVIATIONS = 3.0  # standard, above the mean distance
MARGIN = 1e-5  # of the threshold, lest rounding leave out the piece that lies on it


@dataclass(frozen=True)
class Domain:
    """The training pieces' mean hidden states: their mean and variance in each dimension."""

    mean: tuple[float, ...]
    variance: tuple[float, ...]
    threshold: float
    """A piece farther away than this is out of the domain."""
    quantile: float
    """Of the validation pieces this share lies within the threshold, or more."""

    def distance(self, state: NDArray[np.floating]) -> float:
        """How far a piece's mean hidden state [d] is away: about 1 for a training piece.

        The root of the mean over dimensions of the squared deviation over the variance.
        """
        deviation = state.astype(np.float64) - np.array(self.mean)
        floor = 1e-6 * max(self.variance) + 1e-12  # a dimension that never moved in training
        return float(np.sqrt(np.mean(deviation**2 / np.maximum(self.variance, floor))))


@dataclass(frozen=True)
class Calibration:
    """How to read a head's log-probabilities."""

    temperature: float = 1.0
    domain: Domain | None = None
    """None where it was not measured: heads of notes."""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise UserError(f"a temperature is above 0; got {self.temperature}.")

    def probabilities(self, log_probabilities: NDArray[np.floating]) -> NDArray[np.float64]:
        """Log-probabilities [..., C], normalised or not, to probabilities that sum to 1."""
        scaled = log_probabilities.astype(np.float64) / self.temperature
        scaled -= scaled.max(-1, keepdims=True)
        raised = np.exp(scaled)
        return raised / raised.sum(-1, keepdims=True)


def measure_domain(
    training: NDArray[np.floating], validation: NDArray[np.floating], *, quantile: float
) -> Domain:
    """The domain of training pieces [n, d], its threshold by validation pieces [m, d].

    That is the ``quantile`` of their distances (the larger of two that it lies between), or
    their mean and ``DEVIATIONS`` standard deviations where that is more: the largest of a few
    distances is soon exceeded by ordinary music.
    """
    domain = Domain(
        _rounded(training.mean(0, dtype=np.float64)),
        _rounded(training.var(0, dtype=np.float64)),
        threshold=np.inf,
        quantile=quantile,
    )
    distances = np.array([domain.distance(state) for state in validation])
    far = float(np.quantile(distances, quantile, method="higher"))
    farther = float(distances.mean() + DEVIATIONS * distances.std())
    return replace(domain, threshold=_rounded([max(far, farther) * (1 + MARGIN)])[0])


def save_calibration(folder: Path, calibration: Calibration) -> None:
    """Write ``calibration.json`` of a whole model's directory."""
    write_json(folder / FILE, to_dict(calibration))


def load_calibration(folder: Path) -> Calibration:
    """That of a whole model's directory; one that has none is read as it is (temperature 1)."""
    path = folder / FILE
    if not path.exists():
        return Calibration()
    try:
        return from_dict(Calibration, read_object(path))
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def domain_states(hidden: Float[Tensor, "b t w"], width: int) -> Float[Tensor, "b t d"]:
    """By which states strange music is told: of those of several layers side by side, the middle.

    The last layer's are about what the trunk learnt last and hide what music it is: by them one
    piano piece in ten is strange to a head of folk dances, and by the middle layer's all are.
    """
    at = (hidden.shape[-1] // width - 1) // 2 * width
    return hidden[..., at : at + width]


def state_sums(
    hidden: Float[Tensor, "b t d"], row: Int[Tensor, "b t"]
) -> tuple[Float[Tensor, "b d"], Int[Tensor, " b"]]:
    """The sum of each window's hidden states where a token is a piece of a row, and how many."""
    inside = row >= 0
    weight = inside.to(hidden.dtype)[..., None]
    return (hidden * weight).sum(1, dtype=torch.float32), inside.sum(1)


def _rounded(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, ...]:
    """Six digits of each are enough, and keep the file small."""
    return tuple(float(f"{value:.6g}") for value in values)
