"""Rules: what they refuse, and several of them in one batch."""

from __future__ import annotations

import math

import pytest
import torch
from loss_cases import Case, case
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.losses import cispo, unified
from ostinato.rl.token_rule import TokenRule


def capped(found: Case, cap: float | Tensor) -> Tensor:
    """The gradient of CISPO."""
    return found.gradient(lambda *batch: cispo(*batch, max_weight=cap)[0])


def test_rows_may_have_rules_of_their_own() -> None:
    found = case(10)
    rules = [TokenRule.cispo(2.0), TokenRule.grpo(), TokenRule.dapo(), TokenRule.reinforce()]
    arm = torch.arange(12) % 4
    rule = TokenRule.by_row(rules, arm)
    got = found.gradient(lambda *batch: unified(*batch, rule=rule)[0])
    for number, one in enumerate(rules):
        alone = found.gradient(lambda *batch, one=one: unified(*batch, rule=one)[0])
        assert torch.equal(got[arm == number], alone[arm == number])
        assert alone[arm == number].abs().sum() > 0
    few = rule.rows(slice(2, 7))
    part = few.weigh(
        *(t[2:7] for t in (found.logprobs, found.sampled_logprobs, found.advantages, found.mask))
    )
    whole = rule.weigh(found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    assert torch.equal(part.weight, whole.weight[2:7])
    caps = torch.tensor([[1.5]] * 6 + [[3.0]] * 6)
    mixed = capped(found, caps)
    assert torch.equal(mixed[:6], capped(found, 1.5)[:6])
    assert torch.equal(mixed[6:], capped(found, 3.0)[6:])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_weight": 0.0}, "max_weight is above 0"),
        ({"max_weight": math.nan}, "max_weight is above 0"),
        ({"max_weight": torch.tensor([[1.0], [-1.0]])}, "max_weight is above 0"),
        ({"min_weight": -0.1}, "min_weight is 0"),
        ({"max_weight": 1.0, "min_weight": 2.0}, "at most max_weight"),
        ({"mask_low": -0.2}, "mask_low is 0 or more"),
        ({"mask_high": math.nan}, "mask_high is 0 or more"),
    ],
)
def test_bad_rules_are_refused(options: dict, message: str) -> None:
    with pytest.raises(UserError, match=message):
        TokenRule(**options)


def test_rules_of_two_levels_do_not_mix() -> None:
    with pytest.raises(UserError, match="one level"):
        TokenRule.by_row([TokenRule.gspo(), TokenRule.grpo()], torch.tensor([0, 1]))
