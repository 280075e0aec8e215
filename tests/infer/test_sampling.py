"""The filters by their definition, the frequencies of what is drawn, and seeds."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.infer.requests import Sampling
from ostinato.infer.sampling import Sampler, filtered

pytestmark = pytest.mark.usefixtures("one_thread")


def reference(logprobs: list[float], sampling: Sampling) -> dict[int, float]:
    """The tokens that stay and their shares, in plain numbers, one filter after the other."""
    weights = torch.tensor(logprobs, dtype=torch.float64) / sampling.temperature
    shares = {i: float(p) for i, p in enumerate(weights.softmax(-1))}
    ranked = sorted(shares, key=lambda i: -shares[i])  # stable: the first of equals first
    if sampling.top_k:
        ranked = ranked[: sampling.top_k]
    total = sum(shares[i] for i in ranked)
    kept: list[int] = []
    reached = 0.0
    for i in ranked:
        if kept and reached >= sampling.top_p:
            break
        kept.append(i)
        reached += shares[i] / total
    kept = [i for i in kept if shares[i] >= sampling.min_p * shares[ranked[0]]]
    total = sum(shares[i] for i in kept)
    return {i: shares[i] / total for i in kept}


def normalised(logprobs: Tensor, sampling: Sampling) -> dict[int, float]:
    probabilities, order = filtered(logprobs, sampling)
    assert bool((probabilities.diff() <= 0).all())
    shares = probabilities / probabilities.sum()
    return dict(zip(order.tolist(), shares.tolist(), strict=True))


@given(
    st.lists(st.integers(-12, 0), min_size=1, max_size=12),
    st.sampled_from([0.3, 1.0, 1.7]),
    st.integers(0, 6),
    st.sampled_from([0.05, 0.313, 0.77, 1.0]),
    st.sampled_from([0.0, 0.123, 0.71, 1.0]),
)
def test_filters_against_their_definition(
    quarters: list[int], temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    logits = [quarter / 4 for quarter in quarters]
    sampling = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    expected = reference(logits, sampling)
    assert normalised(torch.tensor(logits), sampling) == pytest.approx(expected, abs=1e-9)


def test_each_filter_alone() -> None:
    logprobs = torch.tensor([0.1, 0.4, 0.2, 0.3]).log()
    assert set(normalised(logprobs, Sampling(top_p=1))) == {0, 1, 2, 3}
    assert set(normalised(logprobs, Sampling(top_p=1, top_k=2))) == {1, 3}
    assert set(normalised(logprobs, Sampling(top_p=0.69))) == {1, 3}
    assert set(normalised(logprobs, Sampling(top_p=0.71))) == {1, 2, 3}
    assert set(normalised(logprobs, Sampling(top_p=1e-9))) == {1}
    assert set(normalised(logprobs, Sampling(top_p=1, min_p=0.6))) == {1, 3}
    assert set(normalised(logprobs, Sampling(top_p=1, min_p=1))) == {1}
    assert set(normalised(logprobs, Sampling(top_p=1, top_k=99))) == {0, 1, 2, 3}


def test_no_filter_keeps_all_of_a_large_vocabulary() -> None:
    """In float32 the sum of the shares reaches 1 long before the tail."""
    for seed in range(10):
        logits = torch.randn(5000, generator=torch.Generator().manual_seed(seed)) * 6
        assert len(filtered(logits.log_softmax(-1), Sampling(top_p=1))[0]) == 5000


@pytest.mark.parametrize("temperature", [1e-300, 1e-45, 1e-8, 1e30])
def test_temperatures_at_the_edge(temperature: float) -> None:
    logprobs = torch.tensor([-3.0, -0.5, -1.0])
    shares = normalised(logprobs, Sampling(temperature=temperature, top_p=1))
    certain = temperature < 1
    assert shares[1] == pytest.approx(1.0 if certain else 1 / 3)
    assert sum(shares.values()) == pytest.approx(1.0)


def test_a_token_without_probability_is_never_drawn() -> None:
    logprobs = torch.tensor([-torch.inf, 0.0, -torch.inf]).log_softmax(-1)
    sampler = Sampler(Sampling(top_p=1, seed=0))
    assert {sampler.choose(logprobs) for _ in range(50)} == {1}


def test_greedy_takes_the_first_of_the_likeliest() -> None:
    sampler = Sampler(Sampling(temperature=0))
    assert sampler.choose(torch.tensor([-2.0, -1.0, -3.0, -1.0])) == 1
    assert Sampler(Sampling(top_k=1)).choose(torch.tensor([-2.0, -1.0, -3.0, -1.0])) == 1


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(seed=1, top_p=1),
        Sampling(seed=2, top_p=0.8, temperature=1.5),
        Sampling(seed=3, top_k=4, top_p=1, min_p=0.2),
    ],
)
def test_frequencies_are_the_probabilities(sampling: Sampling) -> None:
    logits = [-0.1, -1.3, -0.4, -2.2, -0.9, -3.0]
    expected = reference(logits, sampling)
    sampler, draws = Sampler(sampling), 5000
    row = torch.tensor(logits).log_softmax(-1)
    seen = Counter(sampler.choose(row) for _ in range(draws))
    assert set(seen) <= set(expected)
    statistic = sum((seen[i] - draws * p) ** 2 / (draws * p) for i, p in expected.items())
    assert statistic < 20.5  # of chi-square with 5 degrees of freedom, 1 in 1000 is above


def test_seeds() -> None:
    row = torch.zeros(1000).log_softmax(-1)

    def drawn(seed: int | None) -> list[int]:
        sampler = Sampler(Sampling(seed=seed, top_p=1))
        return [sampler.choose(row) for _ in range(8)]

    assert drawn(7) == drawn(7)
    different = [drawn(seed) for seed in (0, 1, 2, 1 + 2**32, 2**63, None, None)]
    assert len({tuple(one) for one in different}) == len(different)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"temperature": -0.1}, "temperature must be at least 0 and finite, got -0.1"),
        ({"temperature": float("nan")}, "temperature must be at least 0 and finite, got nan"),
        ({"temperature": float("inf")}, "temperature must be at least 0 and finite, got inf"),
        ({"top_p": 0.0}, "expected top_p in 0..1 .* got 0.0, 0.0 and 0"),
        ({"top_p": 1.01}, "expected top_p in 0..1 .* got 1.01, 0.0 and 0"),
        ({"min_p": -1.0}, "expected top_p .* got 0.95, -1.0 and 0"),
        ({"min_p": float("nan")}, "expected top_p .* got 0.95, nan and 0"),
        ({"top_k": -1}, "expected top_p .* got 0.95, 0.0 and -1"),
        ({"seed": -1}, "a seed must be at least 0, got -1"),
    ],
)
def test_values_that_cannot_be(values: dict[str, float], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Sampling(**values)
