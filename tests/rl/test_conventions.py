"""Our bounds against each framework's formula, written out."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import torch
from loss_cases import case, token_mean
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl import conventions as of
from ostinato.rl.conventions import Weights
from ostinato.rl.losses import cispo

CASES: dict[str, tuple[Weights, Callable[[Tensor], Tensor]]] = {
    "TRL": (of.from_trl(5.0), lambda r: r.clamp(max=5.0)),
    "TRL, as it comes": (of.from_trl(), lambda r: r.clamp(max=0.2)),
    "TRL, epsilon alone": (of.from_trl(epsilon=0.3), lambda r: r.clamp(max=0.3)),
    "ms-swift": (of.from_swift(3.0), lambda r: r.clamp(max=3.0)),
    "Liger": (of.from_liger(4.0), lambda r: r.clamp(max=4.0)),
    "verl": (of.from_verl(10, 4), lambda r: r.clamp(1 - 10, 1 + 4)),
    "verl, as it comes": (of.from_verl(), lambda r: r.clamp(1 - 0.2, 1 + 0.2)),
    "slime": (of.from_slime(1.0, 4.0), lambda r: r.clamp(1 - 1.0, 1 + 4.0)),
    "slime, as it comes": (of.from_slime(), lambda r: r.clamp(1 - 0.2, 1 + 0.2)),
    "slime, one option": (of.from_slime(0.4), lambda r: r.clamp(1 - 0.4, 1 + 0.4)),
    "SkyRL": (of.from_skyrl(), lambda r: r.clamp(1 - 1.0, 1 + 4.0)),
    "SkyRL, before": (of.from_skyrl(0, 5), lambda r: r.clamp(1 - 0, 1 + 5)),
    "NeMo-RL": (of.from_nemo_rl(1.0, 5.0), lambda r: r.clamp(1 - 1.0, 1 + 5.0)),
    "open-instruct": (of.from_open_instruct(), lambda r: r.clamp(max=1 + 0.272)),
    "open-instruct, 4": (of.from_open_instruct(4.0), lambda r: r.clamp(max=1 + 4.0)),
    "Tinker": (of.from_tinker(0.0, 4.0), lambda r: r.clamp(0.0, 4.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients_are_the_frameworks(name: str) -> None:
    weights, bounded = CASES[name]
    found = case(3, spread=1.5)
    assert (found.ratio[found.mask] > 6).any() and (found.ratio[found.mask] < 0.2).any()

    def theirs(logprobs, sampled, advantages, mask):
        weight = bounded((logprobs - sampled).exp()).detach()
        return token_mean(-weight * advantages * logprobs, mask)

    def ours(*batch):
        bounds = {"max_weight": weights.max_weight, "min_weight": weights.min_weight}
        return cispo(*batch, **bounds)[0]

    torch.testing.assert_close(found.gradient(ours), found.gradient(theirs), rtol=1e-12, atol=1e-17)


def test_five_is_one_and_the_same_everywhere() -> None:
    same = [
        of.from_trl(5.0),
        of.from_swift(5.0),
        of.from_liger(5.0),
        of.from_verl(10, 4),
        of.from_slime(1.0, 4.0),
        of.from_skyrl(1.0, 4.0),
        of.from_nemo_rl(1.0, 4.0),
        of.from_open_instruct(4.0),
        of.from_tinker(0.0, 5.0),
    ]
    assert {(weights.max_weight, weights.min_weight) for weights in same} == {(5.0, 0.0)}
    assert not any(weights.traps for weights in same if weights is not same[7])


def test_trl_as_it_comes_is_a_fifth_of_reinforce() -> None:
    found, weights = case(4, spread=0), of.from_trl()

    def plain(logprobs, sampled, advantages, mask):
        return token_mean(-advantages * logprobs, mask)

    got = found.gradient(lambda *batch: cispo(*batch, max_weight=weights.max_weight)[0])
    torch.testing.assert_close(got, 0.2 * found.gradient(plain), rtol=1e-12, atol=1e-17)
    assert any("REINFORCE with 0.2 times" in trap for trap in weights.traps)
    assert any("unset" in trap for trap in weights.traps)


@pytest.mark.parametrize(
    ("weights", "word"),
    [
        (of.from_verl(), "floor of 0.8"),
        (of.from_verl(), "close to 1"),
        (of.from_verl(10, 0.2), "cap of 1.2"),
        (of.from_skyrl(0, 5), "floor of 1"),
        (of.from_open_instruct(), "KL"),
        (of.from_trl(0.9), "below 1"),
    ],
)
def test_traps_are_told(weights: Weights, word: str) -> None:
    assert sum(word in trap for trap in weights.traps) == 1


READERS: dict[str, Callable[..., Weights]] = {
    "TRL": of.from_trl,
    "ms-swift": of.from_swift,
    "Liger": of.from_liger,
    "verl": of.from_verl,
    "slime": of.from_slime,
    "SkyRL": of.from_skyrl,
    "NeMo-RL": of.from_nemo_rl,
    "open-instruct": of.from_open_instruct,
    "Tinker": of.from_tinker,
}
WITHOUT_FLOOR = {"TRL", "ms-swift", "Liger", "open-instruct"}


@pytest.mark.parametrize("bounds", [(5.0, 0.0), (1.5, 0.0), (3.0, 0.5)])
def test_equivalents_read_back(bounds: tuple[float, float]) -> None:
    told = of.equivalents(*bounds)
    assert set(told) == set(READERS) - (set() if bounds[1] == 0 else WITHOUT_FLOOR)
    for name, text in told.items():
        numbers = [float(number) for number in re.findall(r"[ =](-?[\d.]+)", text)]
        read = READERS[name](*numbers)
        assert (read.max_weight, read.min_weight) == pytest.approx(bounds)


def test_bounds_that_leave_nothing_are_refused() -> None:
    with pytest.raises(UserError, match=r"clip the weight to 0\.5\.\.0\.2"):
        of.from_tinker(0.5, 0.2)
    with pytest.raises(UserError, match="expected"):
        of.from_trl(-1.0)
    with pytest.raises(UserError, match="min_weight"):
        of.equivalents(1.0, 2.0)
