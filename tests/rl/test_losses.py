"""The losses against the papers' objectives, written out: gradients in float64."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import Case, case, surrogate, token_mean
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.losses import cispo, dapo, grpo, gspo, reinforce, unified
from ostinato.rl.token_rule import TokenRule

EXACT = {"rtol": 1e-12, "atol": 1e-16}
seeds = st.integers(0, 10_000)


def of_logprobs(found: Case, **options) -> Tensor:
    """The gradient of CISPO with respect to the log-probabilities."""
    leaf = found.logprobs.detach().requires_grad_()
    loss, _ = cispo(leaf, found.sampled_logprobs, found.advantages, found.mask, **options)
    return torch.autograd.grad(loss, leaf)[0]


@settings(max_examples=25)
@given(seeds, st.floats(1.0, 9.0))
def test_on_policy_all_are_reinforce(seed: int, cap: float) -> None:
    found = case(seed, spread=0)

    def plain(logprobs, sampled, advantages, mask):
        return -token_mean(advantages * logprobs, mask)

    expected = found.gradient(plain)
    for loss in (
        lambda *batch: cispo(*batch, max_weight=cap),
        lambda *batch: grpo(*batch, aggregate="token"),
        dapo,
        reinforce,
        lambda *batch: gspo(*batch, aggregate="token"),
    ):
        got = found.gradient(lambda *batch, loss=loss: loss(*batch)[0])
        torch.testing.assert_close(got, expected, **EXACT)


@settings(max_examples=25)
@given(seeds)
def test_without_a_cap_it_is_the_importance_weighted_gradient(seed: int) -> None:
    found = case(seed)

    def weighted(logprobs, sampled, advantages, mask):
        return -token_mean((logprobs - sampled).exp() * advantages, mask)

    got = found.gradient(lambda *batch: cispo(*batch, max_weight=math.inf)[0])
    torch.testing.assert_close(got, found.gradient(weighted), **EXACT)


def test_cispo_keeps_what_a_surrogate_drops() -> None:
    found = case(1)
    up = (found.advantages > 0) & (found.ratio > 1.2)
    down = (found.advantages < 0) & (found.ratio < 0.8)
    dropped = found.mask & (up | down)
    assert (found.mask & up).any() and (found.mask & down).any()
    clipped = found.gradient(lambda *batch: grpo(*batch)[0])
    kept = found.gradient(lambda *batch: cispo(*batch)[0])
    assert (clipped[dropped] == 0).all()
    assert (clipped[found.mask & ~dropped].abs().amax(-1) > 0).all()
    assert (kept[found.mask].abs().amax(-1) > 0).all()


@settings(max_examples=25)
@given(seeds, st.floats(0.05, 0.6), st.floats(0.05, 0.6))
def test_the_mask_without_a_cap_is_the_clipped_surrogate(
    seed: int, low: float, high: float
) -> None:
    found = case(seed)

    def true(logprobs, sampled, advantages, mask):
        ratio = (logprobs - sampled).exp()
        return -token_mean(surrogate(ratio, advantages, low, high), mask)

    expected = found.gradient(true)
    rule = TokenRule.unified(math.inf, mask_low=low, mask_high=high)
    for loss in (
        lambda *batch: dapo(*batch, clip_low=low, clip_high=high),
        lambda *batch: unified(*batch, rule=rule),
    ):
        got = found.gradient(lambda *batch, loss=loss: loss(*batch)[0])
        torch.testing.assert_close(got, expected, **EXACT)


def test_grpo_is_the_mean_over_samples_of_the_surrogate() -> None:
    found = case(3)

    def true(logprobs, sampled, advantages, mask):
        tokens = surrogate((logprobs - sampled).exp(), advantages, 0.2, 0.2)
        return -torch.stack([row[m].mean() for row, m in zip(tokens, mask, strict=True)]).mean()

    torch.testing.assert_close(
        found.gradient(lambda *batch: grpo(*batch)[0]), found.gradient(true), **EXACT
    )


def test_mask_and_finite_cap_differ_from_grpo_only_where_a_negative_token_is_above_the_cap() -> (
    None
):
    found = case(2)
    cap = 1.5
    rule = TokenRule.unified(cap, mask_low=0.2, mask_high=0.2)
    both = found.gradient(lambda *batch: unified(*batch, rule=rule)[0])
    clipped = found.gradient(lambda *batch: grpo(*batch, aggregate="token")[0])
    above = found.mask & (found.advantages < 0) & (found.ratio > cap)
    assert above.any()
    torch.testing.assert_close(both[~above], clipped[~above], **EXACT)
    shrunk = (cap / found.ratio[above])[:, None]
    torch.testing.assert_close(both[above], clipped[above] * shrunk, **EXACT)
    most = float(found.ratio[found.mask].max())
    rule = TokenRule.unified(most, mask_low=0.2, mask_high=0.2)
    enough = found.gradient(lambda *batch: unified(*batch, rule=rule)[0])
    torch.testing.assert_close(enough, clipped, **EXACT)


@pytest.mark.parametrize("side", ["low", "high"])
def test_each_side_of_the_mask_acts_alone(side: str) -> None:
    found = case(4)
    rule = TokenRule.unified(**{f"mask_{side}": 0.2})
    got = found.gradient(lambda *batch: unified(*batch, rule=rule)[0])
    free = found.gradient(lambda *batch: cispo(*batch)[0])
    up = found.mask & (found.advantages > 0) & (found.ratio > 1.2)
    down = found.mask & (found.advantages < 0) & (found.ratio < 0.8)
    dropped, kept = (down, up) if side == "low" else (up, down)
    assert dropped.any() and (got[dropped] == 0).all()
    assert kept.any() and (got[~dropped] == free[~dropped]).all()


@settings(max_examples=25)
@given(seeds)
def test_gspo_is_the_surrogate_of_the_sequence(seed: int) -> None:
    found = case(seed, spread=0.05)

    def true(logprobs, sampled, advantages, mask):
        rows = [
            surrogate((new[m] - old[m]).mean().exp(), row[0], 0.01, 0.02)
            for new, old, row, m in zip(logprobs, sampled, advantages, mask, strict=True)
        ]
        return -torch.stack(rows).mean()

    got = found.gradient(lambda *batch: gspo(*batch, clip_low=0.01, clip_high=0.02)[0])
    torch.testing.assert_close(got, found.gradient(true), **EXACT)


def test_padding_does_not_matter() -> None:
    found = case(5)
    logprobs = found.logprobs.detach()

    def result(fill: float) -> tuple[Tensor, Tensor, dict[str, float]]:
        new, old, advantages = (
            torch.where(found.mask, values, fill)
            for values in (logprobs, found.sampled_logprobs, found.advantages)
        )
        leaf = new.requires_grad_()
        loss, stats = cispo(leaf, old, advantages, found.mask)
        return loss.detach(), torch.autograd.grad(loss, leaf)[0], stats.metrics()

    value, gradient, told = result(0.0)
    for fill in (math.nan, -math.inf, math.inf, 1e30):
        other, changed, again = result(fill)
        assert other == value and torch.equal(changed, gradient) and again == told
    assert (gradient[~found.mask] == 0).all()


@settings(max_examples=25)
@given(seeds, st.floats(0.5, 6.0))
def test_no_token_weighs_more_than_the_cap(seed: int, cap: float) -> None:
    found = case(seed)
    gradient = of_logprobs(found, max_weight=cap)
    bound = cap * found.advantages.abs() / found.mask.sum()
    assert (gradient.abs() <= bound * (1 + 1e-12)).all()
    reached = found.mask & (found.ratio >= cap)
    torch.testing.assert_close(gradient[reached].abs(), bound[reached], **EXACT)


def test_gradients_of_logits_sum_to_nothing() -> None:
    found = case(6)
    sums = found.gradient(lambda *batch: cispo(*batch)[0]).sum(-1)
    torch.testing.assert_close(sums, torch.zeros_like(sums), rtol=0, atol=1e-16)


def test_the_weight_takes_no_gradient() -> None:
    found = case(7)
    old = found.sampled_logprobs.clone().requires_grad_()
    advantages = found.advantages.clone().requires_grad_()
    loss, stats = cispo(found.logprobs, old, advantages, found.mask)
    grads = torch.autograd.grad(loss, [old, advantages], allow_unused=True)
    assert grads == (None, None)
    assert not stats.ratio_sum.requires_grad
    rule = TokenRule.cispo()
    assert not rule.weigh(found.logprobs, old, advantages, found.mask).weight.requires_grad


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_extreme_ratios_stay_finite(dtype: torch.dtype) -> None:
    logprobs = torch.tensor([[-0.1, -900.0, -1.0]], dtype=dtype, requires_grad=True)
    sampled = torch.tensor([[-900.0, -0.1, -1.0]], dtype=dtype)
    advantages, mask = torch.ones_like(sampled), torch.ones(1, 3, dtype=torch.bool)
    loss, stats = cispo(logprobs, sampled, advantages, mask)
    loss.backward()
    assert logprobs.grad is not None
    assert logprobs.grad[0, 0] == pytest.approx(-5 / 3)
    assert abs(float(logprobs.grad[0, 1])) < 1e-8
    assert logprobs.grad[0, 2] == pytest.approx(-1 / 3)
    free, stats = cispo(logprobs, sampled, advantages, mask, max_weight=math.inf)
    assert bool(free.isfinite()) and math.isfinite(stats.metrics()["kl"])


@pytest.mark.parametrize(
    ("new", "old"), [(-1.0, -math.inf), (-math.inf, -1.0), (-math.inf, -math.inf)]
)
@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_an_impossible_token_takes_no_part_but_stays_in_the_denominator(
    new: float, old: float, floor: float
) -> None:
    logprobs = torch.tensor([[-0.5, new, -0.7]], dtype=torch.float64, requires_grad=True)
    sampled = torch.tensor([[-0.5, old, -0.7]], dtype=torch.float64)
    mask = torch.ones(1, 3, dtype=torch.bool)
    loss, stats = cispo(logprobs, sampled, torch.ones(1, 1), mask, min_weight=floor)
    loss.backward()
    assert logprobs.grad is not None
    assert logprobs.grad[0].tolist() == pytest.approx([-1 / 3, 0, -1 / 3])
    assert int(stats.impossible) == 1 and int(stats.positive) == 2
    assert stats.metrics()["ratio_mean"] == 1


@pytest.mark.parametrize("where", [0, 1])
def test_nan_at_a_token_of_the_mask_shows(where: int) -> None:
    found = case(8)
    batch = [found.logprobs.detach(), found.sampled_logprobs.clone()]
    batch[where][0, 0] = math.nan
    for loss in (cispo, grpo, gspo, dapo):
        value, _ = loss(*batch, found.advantages, found.mask)
        assert value.isnan()


def test_there_is_no_floor_unless_asked_for() -> None:
    found = case(9)
    given_up = found.mask & (found.advantages > 0) & (found.ratio < 1)
    assert given_up.any()
    share = found.advantages / found.mask.sum()
    free = of_logprobs(found)
    torch.testing.assert_close(free[given_up], -(found.ratio * share)[given_up], **EXACT)
    floored = of_logprobs(found, min_weight=1.0)
    torch.testing.assert_close(floored[given_up], -share[given_up], **EXACT)


def test_one_advantage_for_a_row_is_the_same_for_its_tokens() -> None:
    found = case(11)
    long, _ = cispo(found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    short, _ = cispo(found.logprobs, found.sampled_logprobs, found.advantages[:, :1], found.mask)
    assert long == short


def test_bad_batches_are_refused() -> None:
    found = case(0)
    batch = [found.logprobs, found.sampled_logprobs, found.advantages, found.mask]
    with pytest.raises(UserError, match=r"one shape .* got \[12, 9\], \[12, 8\]"):
        cispo(batch[0], batch[1][:, :8], *batch[2:])
    with pytest.raises(UserError, match="one shape"):
        cispo(*batch[:2], batch[2][:, 0], batch[3])
    with pytest.raises(UserError, match=r"mask is of bool; got torch\.float64"):
        cispo(*batch[:3], batch[3].double())
    for place, name in ((0, "logprobs"), (1, "sampled_logprobs")):
        rough = [*batch]
        rough[place] = rough[place].bfloat16()
        with pytest.raises(UserError, match=f"^{name} is of float32 or float64"):
            cispo(*rough)
