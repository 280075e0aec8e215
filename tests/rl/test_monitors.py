"""Each watch warns of its trouble, once, and of nothing else; none ever raises; all resume."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.errors import UserError
from ostinato.grading.length_bias import ACTION, LengthBiasAlarm, LengthBiasRule
from ostinato.rl.monitors import (
    CALM,
    Judged,
    MonitorRules,
    MonitorState,
    StepReading,
    pearson,
)

RULES = MonitorRules()


def watch(
    readings: Iterable[StepReading],
    rules: MonitorRules = RULES,
    state: MonitorState | None = None,
) -> tuple[MonitorState, list[tuple[int, str]]]:
    state, told = state or MonitorState(), list[tuple[int, str]]()
    for step, reading in enumerate(readings):
        state, texts = state.after(rules, reading)
        told += [(step, text) for text in texts]
    return state, told


def correlations(values: Iterable[float]) -> list[StepReading]:
    return [StepReading(correlation=value) for value in values]


def rewards(values: Iterable[float]) -> list[StepReading]:
    return [StepReading(reward=value) for value in values]


def test_a_low_correlation_is_told_once() -> None:
    told = watch(correlations([0.997, 0.99, 0.9899] + [0.95] * 50))[1]
    assert told == [
        (
            2,
            "the sampler's and the trainer's probabilities correlate by 0.9899, less than 0.99: do "
            "both compute the head in fp32?",
        )
    ]


def test_a_trouble_that_was_over_is_told_anew() -> None:
    low, fine = [0.9], [0.997]
    assert [step for step, _ in watch(correlations(low + fine * (CALM - 1) + low))[1]] == [0]
    assert [step for step, _ in watch(correlations(low + fine * CALM + low))[1]] == [0, CALM + 1]
    flicker = (low + fine) * 30
    assert len(watch(correlations(flicker))[1]) == 1


def test_a_correlation_that_drops_is_told_above_the_floor_too() -> None:
    (found,) = watch(correlations([0.9999] * 10 + [0.9951] * 3 + [0.9937]))[1]
    assert found[0] == 13 and found[1].endswith("0.9937, and did by 0.9988 over the last 13 steps")
    slowly = [0.9999 - 0.0001 * step for step in range(90)]
    assert watch(correlations(slowly))[1] == []
    assert watch(correlations([0.9999] * 7 + [0.991]))[1] == [], "too few to have a mean"


def test_a_collapse() -> None:
    readings = rewards([0.1] * 5 + [0.6] * 5 + [0.45] * 5 + [0.39] * 9)
    (found,) = watch(readings)[1]
    assert found[0] == 19
    assert "the mean reward of the last 5 steps is 0.390, and was 0.600" in found[1]


def test_noise_and_a_slow_start_are_no_collapse() -> None:
    rng = Random(1)
    noisy = [0.5 + rng.uniform(-0.3, 0.3) for _ in range(200)]
    assert watch(rewards(noisy), replace(RULES, last=20))[1] == []
    assert watch(rewards([0.0] * 50))[1] == []


def test_harder_tasks_are_no_collapse() -> None:
    first, later = rewards([0.8] * 9), rewards([0.3] * 20)
    assert len(watch(first + later)[1]) == 1
    harder = [replace(later[0], harder=True), *later[1:]]
    assert watch(first + harder)[1] == []
    assert len(watch(first + harder + rewards([0.05] * 9))[1]) == 1


@pytest.mark.parametrize(("share", "told"), [(0.1, 0), (0.101, 1), (0.5, 1)])
def test_truncation(share: float, told: int) -> None:
    found = watch([StepReading(truncated=share)] * 30)[1]
    assert len(found) == told
    assert all(step == 4 and "10%, which makes training unstable" in text for step, text in found)
    once = [StepReading(truncated=value) for value in (0.0, 0.0, 0.0, 0.0, 0.4, 0.0)]
    assert watch(once)[1] == [], "one bad step is none"


def test_weights_of_exactly_one() -> None:
    ones = StepReading(ratio_mean=1.0, ratio_max=1.0)
    (found,) = watch([ones] * 20)[1]
    assert found[0] == 0 and "anchor the ratio on the sampler" in found[1]
    for near in (
        StepReading(ratio_mean=1.0, ratio_max=1.0001),
        StepReading(ratio_mean=0.9, ratio_max=1.0),
        StepReading(ratio_max=1.0),
    ):
        assert watch([near] * 20)[1] == []


def judged(step: int, *, growth: float, success: float, name: str = "judged/summary") -> Judged:
    rng = Random(step)
    return Judged(
        name,
        tuple(1000 * growth**step * rng.uniform(0.9, 1.1) for _ in range(32)),
        tuple(0.3 + 0.008 * step + rng.uniform(-0.05, 0.05) for _ in range(32)),
        tuple(success if i % 3 else None for i in range(32)),
    )


def test_a_judge_that_pays_for_length() -> None:
    readings = [StepReading(judged=(judged(i, growth=1.02, success=0.4),)) for i in range(50)]
    state, told = watch(readings)
    assert [text for _, text in told] == [f"judged/summary: {ACTION}"]
    assert state.judged[0].raised
    alarm = LengthBiasAlarm()
    for reading in readings:
        one = reading.judged[0]
        alarm.feed(one.lengths, one.rewards, one.successes)
    plain = to_dict(state.judged[0])
    del plain["environment"]
    assert plain == alarm.state(), "it is the alarm itself"


def test_environments_are_judged_apart() -> None:
    """Together the lengths would grow, as one of them asks for longer and longer shares."""
    readings = [
        StepReading(
            judged=(
                judged(i, growth=1.0, success=0.4, name="judged/rewrite"),
                judged(i, growth=1.02, success=0.4),
            )
        )
        for i in range(50)
    ]
    state, told = watch(readings)
    assert [text.partition(":")[0] for _, text in told] == ["judged/summary"]
    assert [(one.environment, one.raised) for one in state.judged] == [
        ("judged/rewrite", False),
        ("judged/summary", True),
    ]


def random_reading(rng: Random) -> StepReading:
    step = rng.randrange(60)
    return StepReading(
        reward=rng.choice([None, rng.random()]),
        truncated=rng.choice([None, rng.random() / 4]),
        correlation=rng.choice([None, 1 - rng.random() / 40]),
        ratio_mean=1.0,
        ratio_max=rng.choice([1.0, 1.5]),
        harder=rng.random() < 0.05,
        judged=(judged(step, growth=1.02, success=0.4),) if rng.random() < 0.8 else (),
    )


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(0, 60))
def test_a_resumed_run_warns_of_the_same(seed: int, cut: int) -> None:
    rng = Random(seed)
    rules = MonitorRules(length_bias=LengthBiasRule(window=4, patience=1))
    readings = [random_reading(rng) for _ in range(60)]
    whole, told = watch(readings, rules)
    half, early = watch(readings[:cut], rules)
    again = from_dict(MonitorState, json.loads(json.dumps(to_dict(half))))
    end, late = watch(readings[cut:], rules, again)
    assert end == whole
    assert early + [(step + cut, text) for step, text in late] == told


ODD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e308, -5.0, 0.5, None])
ODD_NUMBERS = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1e300, -5.0, 0.5])


@given(st.lists(st.tuples(ODD, ODD, ODD, ODD, ODD_NUMBERS), min_size=1, max_size=30))
def test_nothing_raises_and_the_state_stays_plain(rows: list[tuple[Any, ...]]) -> None:
    rules = MonitorRules(length_bias=LengthBiasRule(window=4, patience=1))
    readings = [
        StepReading(
            reward=a,
            truncated=b,
            correlation=c,
            ratio_mean=d,
            ratio_max=d,
            judged=(Judged("x", (e, 1.0), (0.5, e), (a, b)), Judged("y", (), (), ())),
        )
        for a, b, c, d, e in rows
    ]
    state, _ = watch(readings, rules)
    saved = json.dumps(to_dict(state), allow_nan=False)
    assert from_dict(MonitorState, json.loads(saved)) == state


def test_what_is_no_number_is_told() -> None:
    told = watch([StepReading(reward=math.nan, correlation=math.nan)] * 5)[1]
    assert [step for step, _ in told] == [0, 0]
    assert "correlate by nan" in told[0][1] and told[1][1] == "the mean reward is no number"


def test_pearson() -> None:
    rng = np.random.default_rng(0)
    x = rng.random(500)
    y = 0.3 * x + 0.1 * rng.random(500)
    assert pearson(list(x), list(y)) == pytest.approx(np.corrcoef(x, y)[0, 1], abs=1e-12)
    assert pearson(list(x), list(x)) == 1.0
    assert pearson(list(x), list(3 - 2 * x)) == pytest.approx(-1.0)
    for one, two in (([], []), ([1.0], [1.0]), ([1.0, 1.0], [0.0, 1.0]), ([0.0, math.nan], [1, 2])):
        assert math.isnan(pearson(one, two))


def test_rounded_heads_are_noticed() -> None:
    """Probabilities from logits that were rounded to bfloat16's eight bits."""
    rng = np.random.default_rng(1)
    logits = rng.normal(scale=20, size=(2000, 8))
    rounded = (logits.astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)

    def sampled(values: Any) -> list[float]:
        shifted = np.exp(values - values.max(1, keepdims=True))
        return list((shifted / shifted.sum(1, keepdims=True))[:, 0])

    exact = pearson(sampled(logits), sampled(logits + rng.normal(scale=1e-4, size=logits.shape)))
    coarse = pearson(sampled(logits), sampled(rounded))
    assert exact > 0.99999 > coarse


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"correlation": 1.1}, r"a correlation of -1\.\.1"),
        ({"collapse": -0.1}, "the other bounds at least 0"),
        ({"truncated": math.nan}, "the other bounds at least 0"),
        ({"over": 7}, "over of at least 8"),
        ({"last": 0}, "last of at least 1"),
    ],
)
def test_rules_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        MonitorRules(**options)


def test_rules_from_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "monitors.toml"
    path.write_text("correlation = 0.98\n[length_bias]\nwindow = 16\n")
    assert load_recipe(path, MonitorRules) == MonitorRules(
        correlation=0.98, length_bias=LengthBiasRule(window=16)
    )
