"""Temperature and domain: what they do to numbers, and how they are kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.models.midiformer import Calibration, domain_states
from ostinato.models.midiformer.calibration import (
    load_calibration,
    measure_domain,
    save_calibration,
)


def test_temperature_keeps_the_order_and_changes_how_sure() -> None:
    told = np.log(np.array([[0.7, 0.2, 0.1]]))
    assert Calibration().probabilities(told)[0] == pytest.approx([0.7, 0.2, 0.1])
    cold, hot = (Calibration(t).probabilities(told)[0] for t in (0.5, 2.0))
    assert cold == pytest.approx(np.array([49, 4, 1]) / 54)
    assert cold[0] > 0.7 > hot[0] > hot[1] > hot[2]
    # Logits serve as well as log-probabilities, however large.
    assert Calibration(2.0).probabilities(told + 5e4)[0] == pytest.approx(hot)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_above_zero(temperature: float) -> None:
    with pytest.raises(UserError, match="above 0"):
        Calibration(temperature)


def test_training_pieces_are_about_1_away_and_strangers_farther() -> None:
    draw = np.random.default_rng(0)
    scale = np.array([1.0, 10.0, 0.1, 0.0])  # a dimension that never moves must not divide by 0
    training, valid = (draw.normal(size=(200, 4)) * scale + 5 for _ in range(2))
    domain = measure_domain(training, valid, quantile=0.99)
    distances = np.array([domain.distance(state) for state in training])
    assert np.mean(distances**2) == pytest.approx(0.75, rel=0.05)
    known = np.array([domain.distance(state) for state in valid])
    assert np.mean(known <= domain.threshold) >= 0.99
    for dimension in range(4):
        strange = training.mean(0)
        strange[dimension] += 8 * max(scale[dimension], 0.1)
        assert domain.distance(strange) > domain.threshold


@pytest.mark.parametrize("size", [1, 2, 5, 20, 50])
def test_few_validation_pieces_do_not_make_ordinary_music_strange(size: int) -> None:
    flagged: list[bool] = []
    for seed in range(20):
        draw = np.random.default_rng(seed)
        training, valid, fresh = (draw.normal(size=(n, 64)) for n in (300, size, 200))
        domain = measure_domain(training, valid, quantile=0.99)
        assert all(domain.distance(state) <= domain.threshold for state in valid)
        flagged += [domain.distance(state) > domain.threshold for state in fresh]
        assert domain.distance(fresh[0] + 2) > domain.threshold
    if size >= 5:
        assert np.mean(flagged) < 0.05


@pytest.mark.parametrize(("layers", "chosen"), [(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)])
def test_the_domain_is_of_the_middle_layer(layers: int, chosen: int) -> None:
    hidden = torch.arange(2 * 3 * 4 * layers).reshape(2, 3, 4 * layers).float()
    assert torch.equal(domain_states(hidden, 4), hidden.split(4, -1)[chosen])


def test_a_directory_keeps_its_calibration(tmp_path: Path) -> None:
    assert load_calibration(tmp_path) == Calibration()
    states = np.random.default_rng(1).normal(size=(9, 3))
    calibration = Calibration(1.3, measure_domain(states, states, quantile=0.9))
    save_calibration(tmp_path, calibration)
    assert load_calibration(tmp_path) == calibration
    (tmp_path / "calibration.json").write_text('{"temperature": -1.0}')
    with pytest.raises(UserError, match=r"calibration\.json: a temperature"):
        load_calibration(tmp_path)
