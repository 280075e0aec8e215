"""Windows grow when both criteria hold and never otherwise, one stage at a time; they resume."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.errors import UserError
from ostinato.rl.windows import WindowPlan, WindowStage, WindowState, percentile

STAGES = (WindowStage(tokens=100), WindowStage(tokens=200), WindowStage(tokens=400))
PLAN = WindowPlan(stages=STAGES, over=3, tolerance=0.01)
Step = tuple[float, list[int]]


def run(plan: WindowPlan, steps: list[Step], state: WindowState | None = None) -> list[WindowState]:
    states = [state or WindowState()]
    for perplexity, lengths in steps:
        states.append(states[-1].after(plan, perplexity, lengths)[0])
    return states


def long(window: int, share: float = 0.95) -> list[int]:
    return [window // 4] * 90 + [int(window * share)] * 10


def resumed(state: WindowState) -> WindowState:
    return from_dict(WindowState, json.loads(json.dumps(to_dict(state))))


def test_it_moves_on_when_both_hold_and_not_a_step_sooner() -> None:
    states = run(PLAN, [(1.5, long(100))] * 6)
    assert [state.stage for state in states] == [0, 0, 0, 0, 0, 0, 1]
    assert states[-1] == WindowState(1), "what the last window saw says nothing of this one"


def test_converged_but_short_outputs_stay() -> None:
    assert run(PLAN, [(1.5, long(100, 0.89))] * 30)[-1].stage == 0
    assert run(PLAN, [(1.5, long(100, 0.9))] * 6)[-1].stage == 1


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_long_outputs_whose_perplexity_still_moves_stay(factor: float) -> None:
    moving = [(2 * factor**i, long(100)) for i in range(30)]
    assert run(PLAN, moving)[-1].stage == 0
    still = [(moving[-1][0], long(100))] * 6
    assert run(PLAN, moving + still)[-1].stage == 1


def test_the_tolerance_is_of_the_relative_change_of_the_means() -> None:
    for last, stage in ((1.0199, 1), (1.0201, 0), (0.9801, 1), (0.9799, 0)):
        plan = WindowPlan(stages=STAGES, over=3, tolerance=0.02)
        steps = [(3.0, long(100))] * 3 + [(3 * last, long(100))] * 3
        assert run(plan, steps)[-1].stage == stage


def test_truncated_outputs_count() -> None:
    """Without them the 99th percentile would stay far from the window for ever."""
    lengths = [30] * 98 + [100] * 2
    assert run(PLAN, [(1.5, lengths)] * 6)[-1].stage == 1
    assert run(PLAN, [(1.5, [30] * 99 + [100])] * 30)[-1].stage == 0


def test_a_stage_lasts_its_minimum() -> None:
    plan = WindowPlan(stages=STAGES, over=3, min_steps=9)
    assert [s.stage for s in run(plan, [(1.5, long(100))] * 9)] == [0] * 9 + [1]


def test_outputs_beyond_two_windows_skip_no_stage() -> None:
    states = run(PLAN, [(1.5, [1000] * 10)] * 30)
    assert [state.stage for state in states] == [0] * 6 + [1] * 6 + [2] * 19


def test_the_event_says_why() -> None:
    state = run(PLAN, [(1.5, long(100))] * 5)[-1]
    grown, (text,) = state.after(PLAN, 1.5, long(100))
    assert grown.tokens(PLAN) == 200
    assert text == (
        "the window grows from 100 to 200 tokens after 6 steps: perplexity has converged (changed "
        "by 0.00%), and the 99th percentile of length is 95 tokens"
    )
    assert state.after(PLAN, 9.0, long(100))[1] == ()


def random_steps(seed: int, count: int = 80) -> list[Step]:
    rng = Random(seed)
    perplexity, most = 2.0, 60
    steps: list[Step] = []
    for _ in range(count):
        perplexity *= rng.choice([1.0, 1.0, 1.001, 0.97])
        most = int(most * rng.choice([1.0, 1.05, 1.1, 0.98]))
        steps.append((perplexity, [rng.randint(1, most) for _ in range(20)]))
    return steps


@given(st.integers(0, 10**6), st.integers(0, 80))
def test_monotone_one_at_a_time_and_the_same_when_resumed(seed: int, cut: int) -> None:
    steps = random_steps(seed)
    states = run(PLAN, steps)
    stages = [state.stage for state in states]
    assert all(b - a in (0, 1) for a, b in itertools.pairwise(stages))
    assert run(PLAN, steps[cut:], resumed(states[cut])) == states[cut:]


def test_random_runs_do_reach_the_last_window() -> None:
    assert {state.stage for state in run(PLAN, random_steps(0))} == {0, 1, 2}


def test_the_state_is_bounded() -> None:
    last = run(PLAN, [(1.5, [1] * 50)] * 50)[-1]
    assert (len(last.perplexities), len(last.p99s), last.steps) == (6, 3, 50)


@pytest.mark.parametrize(
    ("lengths", "share", "expected"),
    [
        (list(range(1, 101)), 0.99, 99),
        (list(range(100, 0, -1)), 0.5, 50),
        ([5], 0.99, 5),
        ([1] * 50 + [9], 0.99, 9),
        (list(range(1, 1001)), 0.99, 990),
        (list(range(1, 201)), 0.07, 14),
    ],
)
def test_percentile(lengths: list[int], share: float, expected: int) -> None:
    assert percentile(lengths, share) == expected


def test_bounds_hold_from_their_stage_on() -> None:
    stages = (
        WindowStage(tokens=1),
        WindowStage(tokens=2, clip_norm=0.5),
        WindowStage(tokens=3, max_weight=2.0),
    )
    plan = WindowPlan(stages=stages)
    assert [plan.clip_norm(i, 1.0) for i in range(3)] == [1.0, 0.5, 0.5]
    assert [plan.max_weight(i, 5.0) for i in range(3)] == [5.0, 5.0, 2.0]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stages": ()}, "at least one stage"),
        ({"stages": STAGES[::-1]}, "expected tokens to rise from stage to stage, got 200 after"),
        ({"stages": STAGES[:1] * 2}, "expected tokens to rise"),
        ({"stages": (WindowStage(tokens=0),)}, "expected tokens, clip_norm and max_weight above 0"),
        ({"stages": (WindowStage(tokens=9, clip_norm=0.0),)}, "above 0"),
        (
            {
                "stages": (
                    WindowStage(tokens=1, max_weight=2.0),
                    WindowStage(tokens=2),
                    WindowStage(tokens=3, max_weight=5.0),
                )
            },
            "expected max_weight to not rise from stage to stage, got 5.0 after 2.0",
        ),
        ({"ratio": 1.1}, "a ratio in 0..1"),
        ({"tolerance": 0.0}, "a tolerance above 0"),
        ({"over": 0}, "over of at least 1"),
    ],
)
def test_plans_that_cannot_be(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        WindowPlan(**({"stages": STAGES} | options))


def test_a_plan_from_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_text(
        "stages = [{tokens = 512}, {tokens = 1024, clip_norm = 0.5, max_weight = 4}]\nover = 5\n"
    )
    plan = load_recipe(path, WindowPlan, ["ratio=0.8"])
    assert plan == WindowPlan(
        stages=(WindowStage(tokens=512), WindowStage(tokens=1024, clip_norm=0.5, max_weight=4.0)),
        over=5,
        ratio=0.8,
    )
    assert from_dict(WindowPlan, json.loads(json.dumps(to_dict(plan)))) == plan
