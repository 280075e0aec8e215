"""The alarm: goes off for pay by length, and for nothing else; does not flicker; resumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.grading.length_bias import ACTION, LengthBiasAlarm, LengthBiasRule, Reading

SIZE = 64
Trend = Callable[[int], float]
Answers = list[tuple[float, float, float | None]]


def batches(
    length: Trend, reward: Trend, success: Trend, *, checked: float = 1.0, seed: int = 0
) -> Iterator[Answers]:
    """Batches for ever: means by the trends, noise on every answer."""
    rng = Random(seed)
    step = 0
    while True:
        yield [
            (
                max(1.0, length(step) * rng.uniform(0.8, 1.2)),
                min(1.0, max(0.0, reward(step) + rng.uniform(-0.2, 0.2))),
                float(rng.random() < success(step)) if rng.random() < checked else None,
            )
            for _ in range(SIZE)
        ]
        step += 1


def feed(alarm: LengthBiasAlarm, answers: Answers) -> Reading:
    lengths, rewards, successes = zip(*answers, strict=True)
    return alarm.feed(lengths, rewards, successes)


def run(alarm: LengthBiasAlarm, source: Iterator[Answers], steps: int) -> list[Reading]:
    return [feed(alarm, next(source)) for _ in range(steps)]


def grows(step: int) -> float:
    return 1000 * 1.02**step


def rises(step: int) -> float:
    return min(0.9, 0.3 + 0.01 * step)


def flat(step: int) -> float:
    return 0.4


def steady(step: int) -> float:
    return 1000.0


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("checked", [1.0, 0.3])
def test_pay_by_length_is_noticed(seed: int, checked: float) -> None:
    alarm = LengthBiasAlarm()
    readings = run(alarm, batches(grows, rises, flat, checked=checked, seed=seed), 60)
    first = next(n for n, reading in enumerate(readings) if reading.raised)
    assert first >= alarm.rule.window + alarm.rule.patience - 2
    assert readings[first].changed and readings[first].action == ACTION
    assert readings[-1].raised and sum(reading.changed for reading in readings) % 2 == 1
    assert not readings[first - 1].raised and readings[first - 1].action is None


@pytest.mark.parametrize(
    ("length", "reward", "success"),
    [
        (grows, rises, rises),
        (steady, rises, flat),
        (grows, flat, flat),
        (steady, flat, flat),
        (lambda step: 3000 / (1 + 0.02 * step), rises, flat),
        (grows, lambda step: 0.9 - 0.01 * step, flat),
    ],
    ids=["earned", "no longer", "not paid", "nothing happens", "shorter", "longer and worse"],
)
def test_all_else_is_quiet(length: Trend, reward: Trend, success: Trend) -> None:
    for seed in range(8):
        alarm = LengthBiasAlarm()
        readings = run(alarm, batches(length, reward, success, seed=seed), 64)
        assert not any(reading.raised for reading in readings), seed


def test_without_verified_success_nothing_is_said() -> None:
    alarm = LengthBiasAlarm()
    readings = run(alarm, batches(grows, rises, flat, checked=0.0), 50)
    assert not any(reading.raised for reading in readings)
    assert readings[-1].success_rise is None and readings[-1].length_rise is not None


def test_it_clears_once_success_keeps_up_and_only_then() -> None:
    def reward(step: int) -> float:
        return min(0.8, rises(step))

    alarm = LengthBiasAlarm()
    until_50 = batches(grows, reward, lambda step: flat(step) if step < 50 else 0.9)
    readings = run(alarm, until_50, 130)
    changes = [n for n, reading in enumerate(readings) if reading.changed]
    assert len(changes) == 2 and changes[1] > 50, changes
    assert not readings[-1].raised


def test_what_is_neither_biased_nor_calm_leaves_the_alarm_as_it_is() -> None:
    rule = LengthBiasRule(window=4, patience=1)

    def batch(length: float, reward: float, success: float) -> Answers:
        return [(length, reward, success)]

    biased = [batch(100 + 10 * n, 0.1 * n, 0.5) for n in range(4)]
    # Growth of 8 %: under what raises the alarm, above half of it, which would clear it.
    between = [batch(140 + 3.9 * n, 0.4 + 0.1 * n, 0.5) for n in range(4)]
    alarm = LengthBiasAlarm(rule)
    assert [feed(alarm, b).raised for b in biased] == [False, False, False, True]
    assert all(feed(alarm, b).raised for b in between)
    fresh = LengthBiasAlarm(rule)
    assert not any(feed(fresh, b).raised for b in between)


def test_the_rule_to_the_number() -> None:
    alarm = LengthBiasAlarm(LengthBiasRule(window=4, patience=1))
    reading = None
    for n in range(4):
        reading = alarm.feed(
            [90 + 10 * n, 110 + 10 * n], [0.1 * n, 0.1 * n], [0.0 if n < 2 else 0.25, None]
        )
    assert reading is not None
    assert reading.length_rise == pytest.approx(30 / 115)
    assert reading.reward_rise == pytest.approx(0.3)
    assert reading.success_rise == pytest.approx(0.1 * 3)
    assert reading.success_error == pytest.approx(3 * (0.0125 / 2 / 5) ** 0.5)
    assert reading.correlation == pytest.approx(1)
    assert not reading.raised, "success rises as much as reward"


def test_it_goes_on_from_a_checkpoint() -> None:
    source = batches(grows, rises, flat, seed=3)
    seen = [next(source) for _ in range(50)]
    whole, half = LengthBiasAlarm(), LengthBiasAlarm()
    expected = [feed(whole, answers) for answers in seen]
    for cut in (5, 33, 41):
        half = LengthBiasAlarm()
        for answers in seen[:cut]:
            feed(half, answers)
        resumed = LengthBiasAlarm()
        resumed.restore(json.loads(json.dumps(half.state())))
        assert [feed(resumed, answers) for answers in seen[cut:]] == expected[cut:]
        assert resumed.state() == whole.state()


def test_after_a_recalibration_it_starts_anew() -> None:
    alarm = LengthBiasAlarm()
    run(alarm, batches(grows, rises, flat), 50)
    assert alarm.raised
    alarm.reset()
    assert alarm.state() == LengthBiasAlarm().state()


@pytest.mark.parametrize(
    "options",
    [
        {"window": 3},
        {"patience": 0},
        {"growth": 0.0},
        {"gain": -0.1},
        {"share": 1.0},
        {"correlation": 1.5},
    ],
)
def test_bad_rules_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="length bias: expected"):
        LengthBiasRule(**options)
