"""Accuracy, calibration error and temperature, by hand and against a search."""

from __future__ import annotations

import numpy as np
import pytest

from ostinato.train.answers import COLDEST, COLDEST_OF_MANY, HOTTEST, Answers, fit_temperature


def answers(probabilities: list[list[float]], truth: list[int]) -> Answers:
    return Answers(np.log(np.array(probabilities)), np.array(truth))


def drawn(temperature: float, *, units: int = 20_000) -> Answers:
    """Answers that are honest at a temperature: the truth is drawn from them."""
    draw = np.random.default_rng(0)
    told = 2 * draw.normal(size=(units, 4))
    scaled = told / temperature
    chances = np.exp(scaled) / np.exp(scaled).sum(1, keepdims=True)
    truth = (draw.random((units, 1)) > chances.cumsum(1)).sum(1)
    told -= np.log(np.exp(told).sum(1, keepdims=True))
    return Answers(told, truth)


def test_confusion_counts_the_truth_down_and_the_answer_across() -> None:
    found = answers([[0.9, 0.05, 0.05], [0.2, 0.7, 0.1], [0.6, 0.3, 0.1]], [0, 1, 2])
    assert found.confusion().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert found.accuracy() == pytest.approx(2 / 3)
    assert found.loss() == pytest.approx(-np.log([0.9, 0.7, 0.1]).mean())


def test_calibration_error_by_hand() -> None:
    """Two bins: three of four right at 0.9, none of two at 0.6; a bin is not split by class."""
    found = answers([[0.9, 0.1]] * 3 + [[0.1, 0.9], [0.4, 0.6], [0.6, 0.4]], [0, 0, 0, 0, 0, 1])
    assert found.calibration_error() == pytest.approx((4 * 0.15 + 2 * 0.6) / 6)
    sure = answers([[1.0, 1e-30]] * 5, [0] * 5)
    assert sure.calibration_error() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_that_made_the_truth_is_found(temperature: float) -> None:
    found = drawn(temperature)
    fitted = fit_temperature(found)
    assert fitted == pytest.approx(temperature, rel=0.03)
    assert found.calibration_error(fitted) < 0.012
    searched = min(np.geomspace(COLDEST, HOTTEST, 120), key=found.loss)
    assert found.loss(fitted) <= found.loss(searched) + 1e-9
    assert fitted == pytest.approx(searched, rel=0.04)


def test_few_answers_do_not_make_it_certain() -> None:
    """All right asks for 0, all wrong for infinity; both ends hold, and four say little."""
    for count, trusted in ((4, 4 / 24), (20, 1 / 2), (20_000, 1.0)):
        right, coldest = answers([[0.7, 0.3]] * count, [0] * count), COLDEST
        if count == 20_000:  # so many notes may say more
            coldest = COLDEST_OF_MANY
        assert fit_temperature(right) == pytest.approx(coldest**trusted, rel=5e-3)
        wrong = answers([[0.7, 0.3]] * count, [1] * count)
        assert fit_temperature(wrong) == pytest.approx(HOTTEST**trusted, rel=3e-3)


def test_many_answers_make_a_head_sure_that_doubts_without_need() -> None:
    """Nine of ten right, and it says 55 %."""
    found = answers([[0.55, 0.45]] * 2000, [0] * 1800 + [1] * 200)
    temperature = fit_temperature(found)
    assert temperature < COLDEST
    assert found.calibration_error(temperature) < 0.01 < 0.3 < found.calibration_error()


def test_plain_numbers() -> None:
    found = drawn(2.0, units=500)
    told = found.as_json("pieces", 2.0)
    assert told["pieces"] == 500
    assert told["loss"]["raw"] > told["loss"]["calibrated"]  # type: ignore[index]
    assert told["calibration_error"]["raw"] > told["calibration_error"]["calibrated"]  # type: ignore[index]
