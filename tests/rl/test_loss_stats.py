"""What is counted, and what is warned of."""

from __future__ import annotations

import math

import pytest
import torch
from loss_cases import case

from ostinato.rl.loss_stats import LossStats
from ostinato.rl.losses import cispo, dapo, grpo, gspo, reinforce, unified
from ostinato.rl.token_rule import TokenRule, concerns

SHARES = ("masked_positive", "masked_negative", "capped_positive", "capped_negative")


def test_shares_are_of_the_tokens_of_their_sign() -> None:
    ratio = torch.tensor([[1.0, 1.3, 6.0, 0.5], [1.0, 0.7, 6.0, 9.0]], dtype=torch.float64)
    sampled = torch.full_like(ratio, -3.0)
    logprobs = sampled + ratio.log()
    advantages = torch.tensor([[2.0], [-1.0]])
    mask = torch.tensor([[True] * 4, [True, True, True, False]])
    _, stats = dapo(logprobs, sampled, advantages, mask)
    told = stats.metrics()
    assert told["masked_positive"] == 2 / 4 and told["masked_negative"] == 1 / 3
    assert told["capped_positive"] == told["capped_negative"] == 0
    assert told["ratio_mean"] == pytest.approx(16.5 / 7) and told["ratio_max"] == pytest.approx(6)
    r = ratio[mask]
    assert told["kl"] == pytest.approx(float((r - 1 - r.log()).mean()))
    _, stats = cispo(logprobs, sampled, advantages, mask)
    told = stats.metrics()
    assert told["masked_positive"] == told["masked_negative"] == 0
    assert told["capped_positive"] == 1 / 4 and told["capped_negative"] == 1 / 3
    both = unified(logprobs, sampled, advantages, mask, rule=TokenRule.unified(5.0, mask_high=0.2))[
        1
    ].metrics()
    assert both["masked_positive"] == 2 / 4 and both["capped_positive"] == 0
    assert both["masked_negative"] == 0 and both["capped_negative"] == 1 / 3
    _, stats = reinforce(logprobs, sampled, advantages, mask)
    assert stats.metrics()["capped_positive"] == 0, "bounds that coincide are no cap to be hit"


def test_no_advantage_is_of_neither_sign() -> None:
    found = case(0)
    _, stats = cispo(found.logprobs, found.sampled_logprobs, found.advantages * 0, found.mask)
    assert int(stats.positive) == int(stats.negative) == 0
    assert int(stats.tokens) == int(found.mask.sum())
    told = stats.metrics()
    assert told["capped_positive"] == told["capped_negative"] == 0


@pytest.mark.parametrize("loss", [cispo, grpo, gspo])
def test_stats_add_up_over_micro_batches(loss) -> None:
    found = case(1)
    batch = (found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    whole = loss(*batch)[1].metrics()
    parts = [loss(*(t[rows] for t in batch))[1] for rows in (slice(0, 5), slice(5, 12))]
    assert (parts[0] + parts[1]).metrics() == pytest.approx(whole, rel=1e-12)


def test_stats_by_row_are_those_of_the_row_alone() -> None:
    found = case(2)
    batch = (found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    rule = TokenRule.unified(1.5, mask_low=0.2)
    rows = unified(*batch, rule=rule, by_row=True)[1]
    for row in range(12):
        one = unified(*(t[row : row + 1] for t in batch), rule=rule)[1]
        assert [float(getattr(rows, name)[row]) for name in vars(rows)] == [
            float(getattr(one, name)) for name in vars(one)
        ]
    assert isinstance(rows.total(), LossStats)
    assert rows.total().metrics() == unified(*batch, rule=rule)[1].metrics()


def test_kl_is_of_tokens_even_where_the_ratio_is_of_sequences() -> None:
    found = case(3)
    batch = (found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    assert gspo(*batch)[1].metrics()["kl"] == cispo(*batch)[1].metrics()["kl"]


def test_kl_is_that_of_the_sampler_to_the_policy() -> None:
    sampler = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    policy = torch.tensor([0.4, 0.3, 0.3], dtype=torch.float64)
    tokens = torch.tensor([[0] * 7 + [1] * 2 + [2]])  # as often as the sampler draws them
    mask = torch.ones_like(tokens, dtype=torch.bool)
    _, stats = cispo(policy.log()[tokens], sampler.log()[tokens], torch.ones(1, 1), mask)
    exact = float((sampler * (sampler / policy).log()).sum())
    assert stats.metrics()["kl"] == pytest.approx(exact, rel=1e-12)


def test_anchored_on_the_old_policy_one_update_has_weights_of_one() -> None:
    """And only then: so it is worth a warning."""
    found = case(4)
    policy = found.logprobs.detach()
    for rule in (TokenRule.cispo(), TokenRule.grpo(), TokenRule.unified(mask_low=0.2)):
        batch = (found.logprobs, policy, found.advantages, found.mask)
        weighed = rule.weigh(*batch)
        assert (weighed.weight[found.mask] == 1).all()
        told = unified(*batch, rule=rule)[1].metrics()
        assert all(told[name] == 0 for name in SHARES)
        assert told["ratio_mean"] == told["ratio_max"] == 1 and told["kl"] == 0
        (sentence,) = concerns(rule, updates=1, anchor="old")
        assert "exactly 1" in sentence
        assert not concerns(rule, updates=2, anchor="old")
        assert not concerns(rule, updates=1, anchor="sampler")


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (TokenRule.cispo(), None),
        (TokenRule.cispo(1.2), None),
        (TokenRule.cispo(8.0), None),
        (TokenRule.cispo(1.19), "1.19 is outside 1.2 to 8"),
        (TokenRule.cispo(8.1), "outside"),
        (TokenRule.cispo(0.2), "outside"),
        (TokenRule.cispo(math.inf), "Neither"),
        (TokenRule.unified(math.inf, mask_low=0.2), "Neither"),
        (TokenRule.unified(math.inf, mask_high=0.2), None),
        (TokenRule.cispo(5.0, 1.0), "no floor"),
        (TokenRule.reinforce(), None),
        (TokenRule.gspo(), None),
        (TokenRule.cispo(torch.tensor([[5.0], [20.0]])), "20 is outside"),
        (TokenRule.by_row([TokenRule.cispo(), TokenRule.dapo()], torch.tensor([0, 1])), None),
    ],
)
def test_odd_rules_are_warned_of(rule: TokenRule, expected: str | None) -> None:
    found = concerns(rule, updates=16, anchor="sampler")
    assert len(found) == (expected is not None)
    assert expected is None or expected in found[0]
