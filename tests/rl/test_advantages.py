"""Advantages: every scheme as written, and what must not change them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.advantages import Scheme, advantages, uniform

SCHEMES: list[Scheme] = ["group", "batch", "none", "leave_one_out"]
GROUPS = torch.tensor([7, 7, 7, 7, -2, -2, -2, 5, 5])
scores = st.lists(st.integers(-3, 3), min_size=9, max_size=9).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)


def written(rewards: Tensor, scheme: Scheme) -> Tensor:
    """Group by group, as the papers have it."""
    found = torch.zeros_like(rewards)
    for group in GROUPS.unique():
        rows = torch.nonzero(group == GROUPS)[:, 0]
        of = rewards[rows]
        for row in rows:
            mean = of.mean()
            if scheme == "leave_one_out":
                mean = (of.sum() - rewards[row]) / (len(of) - 1)
            found[row] = rewards[row] - mean
        if scheme == "group":
            found[rows] /= of.std(correction=0)
    return found / found.std(correction=0) if scheme == "batch" else found


@given(scores)
def test_each_scheme_as_written(rewards: Tensor) -> None:
    for scheme in SCHEMES:
        expected = written(rewards, scheme).nan_to_num(0.0)
        torch.testing.assert_close(
            advantages(rewards, GROUPS, scheme), expected, rtol=1e-12, atol=1e-12
        )


@given(scores, st.floats(0.01, 100), st.floats(-10, 10))
def test_a_scale_and_an_offset_change_nothing(rewards: Tensor, scale: float, by: float) -> None:
    moved = rewards * scale + by
    for scheme in ("group", "batch"):
        torch.testing.assert_close(
            advantages(moved, GROUPS, scheme),
            advantages(rewards, GROUPS, scheme),
            rtol=1e-9,
            atol=1e-9,
        )
    for scheme in ("none", "leave_one_out"):
        torch.testing.assert_close(
            advantages(moved, GROUPS, scheme),
            advantages(rewards, GROUPS, scheme) * scale,
            rtol=1e-9,
            atol=1e-9,
        )


@given(scores, st.permutations(range(9)))
def test_the_order_of_rows_changes_nothing(rewards: Tensor, order: list[int]) -> None:
    index = torch.tensor(order)
    for scheme in SCHEMES:
        torch.testing.assert_close(
            advantages(rewards[index], GROUPS[index], scheme),
            advantages(rewards, GROUPS, scheme)[index],
            rtol=1e-12,
            atol=1e-12,
        )


@pytest.mark.parametrize("value", [0.1, 1 / 3, 0.7, 1e17])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_rewards_have_exactly_no_advantage(value: float, dtype: torch.dtype) -> None:
    """Means of equal numbers are rounded; noise over noise would be an advantage of 1."""
    rewards = torch.tensor([value] * 7 + [0.0, 1.0], dtype=dtype)
    for scheme in SCHEMES:
        found = advantages(rewards, GROUPS, scheme)
        assert found.dtype == dtype
        assert (found[:7] == 0).all() and (found[7:] != 0).all()
    assert uniform(rewards, GROUPS).tolist() == [True] * 7 + [False] * 2
    for scheme in SCHEMES:
        assert (advantages(torch.full((9,), value), GROUPS, scheme) == 0).all()


def test_any_spread_is_a_preference() -> None:
    rewards = torch.tensor([0.5, 0.5, 0.5, 0.5 + 1e-12] + [0.0] * 5, dtype=torch.float64)
    assert not uniform(rewards, GROUPS)[:4].any()
    assert advantages(rewards, GROUPS)[3] == pytest.approx(3**0.5, rel=1e-3)


def test_the_deviation_is_the_populations() -> None:
    found = advantages(torch.tensor([1.0] + [0.0] * 15), torch.zeros(16, dtype=torch.int64))
    assert float(found[0]) == pytest.approx(15**0.5)
    assert float(found.square().mean()) == pytest.approx(1)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UserError, match="group 3 has 1"):
        advantages(torch.tensor([0.0, 1.0, 1.0]), torch.tensor([4, 4, 3]))
    with pytest.raises(UserError, match=r"got \[2\] and \[3\]"):
        advantages(torch.tensor([0.0, 1.0]), torch.tensor([4, 4, 3]))
    with pytest.raises(UserError, match="finite"):
        advantages(torch.tensor([0.0, float("nan")]), torch.tensor([4, 4]))
    with pytest.raises(UserError, match="got 'std'"):
        advantages(torch.tensor([0.0, 1.0]), torch.tensor([4, 4]), "std")  # pyright: ignore
