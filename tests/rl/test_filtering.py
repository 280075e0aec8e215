"""Groups without a signal are found exactly, counted, and replaced at a bounded cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.base.config import from_dict, load_recipe, to_dict
from ostinato.base.errors import UserError
from ostinato.rl.filtering import FilterRule, FilterState, Sifting, has_signal

Groups = list[list[float]]


def groups(kept: int, same: int) -> Groups:
    return [[0.0, 1.0]] * kept + [[1.0, 1.0]] * same


def sift(
    rule: FilterRule, wanted: int, answer: Callable[[int], Groups], state: FilterState | None = None
) -> tuple[FilterState, Sifting]:
    state, sifting = state or FilterState(), Sifting(wanted)
    while count := state.ask(rule, sifting):
        sifting = sifting.after(answer(count))
    return state.after(rule, sifting), sifting


@pytest.mark.parametrize(
    ("rewards", "signal"),
    [
        ([0.1, 0.1, 0.1], False),
        ([0.1 + 0.2, 0.3], True),
        ([0.0, 0.0, -1e-17], True),
        ([0.0, -0.0], False),
        ([1.0], False),
        ([1.0] * 15 + [0.0], True),
        ([-0.1, 0.0], True),
    ],
)
def test_equality_is_exact(rewards: list[float], signal: bool) -> None:
    """A standard deviation of 0.1, 0.1, 0.1 is no 0 where it is rounded."""
    assert has_signal(rewards) == signal
    assert has_signal(rewards[::-1]) == signal


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=8), st.randoms())
def test_the_order_of_a_group_does_not_matter(rewards: list[float], rng: Random) -> None:
    mixed = rewards[:]
    rng.shuffle(mixed)
    assert has_signal(mixed) == has_signal(rewards) == (max(rewards) > min(rewards))


def test_groups_without_a_signal_are_counted() -> None:
    sifting = Sifting(4).after(groups(2, 3)).after(groups(1, 0))
    assert sifting.metrics() == {
        "groups": 6,
        "groups_kept": 3,
        "groups_same": 3,
        "asked_again": 1,
    }
    assert Sifting(4).metrics()["asked_again"] == 0


def test_a_new_run_asks_what_it_wants_and_refills_by_the_share_kept() -> None:
    rule, state = FilterRule(max_asked=9.0), FilterState()
    assert state.ask(rule, Sifting(10)) == 10
    first = Sifting(10).after(groups(4, 6))
    assert state.ask(rule, first) == 14, "6 are missing, and about 5 of 11 are kept"
    assert state.ask(rule, first.after(groups(6, 8))) == 0
    assert state.ask(rule, first.after(groups(14, 0))) == 0


def test_later_steps_ask_more_at_once() -> None:
    rule = FilterRule(over=4)
    state, _ = sift(rule, 20, lambda n: groups(n // 2, n - n // 2))
    assert 36 <= state.ask(rule, Sifting(20)) <= 42
    for _ in range(4):
        state, sifting = sift(rule, 20, lambda n: groups(n, 0), state)
    assert state.ask(rule, Sifting(20)) == 20, "what was long ago is forgotten"
    assert len(state.recent) == 4 and sifting.same == 0


@pytest.mark.parametrize(("rounds", "share"), [(0, 3.0), (3, 3.0), (50, 2.5), (50, 1.0)])
def test_the_cost_is_bounded(rounds: int, share: float) -> None:
    rule = FilterRule(max_rounds=rounds, max_asked=share)
    state: FilterState | None = None
    for _ in range(3):
        state, sifting = sift(rule, 8, lambda n: groups(0, n), state)
        assert sifting.refills <= rounds
        assert 8 <= sifting.asked <= share * 8
        assert sifting.trained(rule) == 0


@given(st.integers(1, 40), st.floats(0, 1), st.integers(0, 6), st.floats(1, 5), st.integers(0, 99))
def test_it_ends_full_or_at_a_bound(
    wanted: int, share: float, rounds: int, most: float, seed: int
) -> None:
    rng, rule = Random(seed), FilterRule(max_rounds=rounds, max_asked=most)
    state: FilterState | None = None
    for _ in range(4):
        state, sifting = sift(
            rule, wanted, lambda n: [[0.0, float(rng.random() < share)] for _ in range(n)], state
        )
        assert sifting.refills <= rounds and sifting.asked <= most * wanted
        full = sifting.kept >= wanted
        assert full or sifting.refills == rounds or sifting.asked == int(most * wanted)
        assert (sifting.told(rule) == ()) == full
        assert sifting.trained(rule) == min(wanted, sifting.kept)


def test_a_source_that_runs_dry_ends_too() -> None:
    _, sifting = sift(FilterRule(max_rounds=5), 8, lambda n: [])
    assert (sifting.asked, sifting.rounds) == (0, 6)


def test_a_step_with_too_few_groups_says_so() -> None:
    rule = FilterRule()
    few = Sifting(8).after(groups(3, 5)).after(groups(2, 14))
    assert few.told(rule) == (
        "5 of 8 groups had a signal (24 were asked, refills: 1): the step trains on fewer",
    )
    assert Sifting(8).after(groups(0, 8)).told(rule) == (
        "none of 8 groups had a signal (8 were asked, refills: 0): the step trains on nothing",
    )


def test_without_the_filter_all_groups_are_trained_on_and_still_counted() -> None:
    rule = FilterRule(enabled=False)
    _, sifting = sift(rule, 8, lambda n: groups(3, n - 3))
    assert (sifting.asked, sifting.rounds, sifting.same) == (8, 1, 5)
    assert (sifting.trained(rule), sifting.told(rule)) == (8, ())


def test_it_resumes() -> None:
    state, _ = sift(FilterRule(), 20, lambda n: groups(n // 3, n - n // 3))
    assert from_dict(FilterState, json.loads(json.dumps(to_dict(state)))) == state


@pytest.mark.parametrize(
    "options", [{"max_rounds": -1}, {"max_asked": 0.9}, {"max_asked": float("nan")}, {"over": 0}]
)
def test_rules_that_cannot_be(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="expected max_rounds of at least 0, max_asked of at lea"):
        FilterRule(**options)


def test_a_rule_from_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "filter.toml"
    path.write_text("max_asked = 2\nenabled = false\n")
    assert load_recipe(path, FilterRule) == FilterRule(max_asked=2.0, enabled=False)
