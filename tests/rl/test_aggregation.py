"""What the mean is taken over, and that parts add up to the whole."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import Case, case
from torch import Tensor

from ostinato.base.errors import UserError
from ostinato.rl.aggregation import Aggregate, Normaliser, blend
from ostinato.rl.losses import cispo

EXACT = {"rtol": 1e-12, "atol": 1e-17}
WAYS: list[Aggregate] = ["token", "prompt", "sample", blend(0.3)]
seeds = st.integers(0, 10_000)


def gradient(found: Case, aggregate: Aggregate, rows: slice | Tensor = slice(None)) -> Tensor:
    """Of one call with these rows alone, normalised as a part of the whole."""
    whole = Normaliser.of(found.mask.sum(1), found.groups)
    return found.gradient(
        lambda *batch: cispo(
            *(t[rows] for t in batch), aggregate=aggregate, normaliser=whole.rows(rows)
        )[0]
    )


@settings(max_examples=25)
@given(seeds)
def test_each_way_as_written(seed: int) -> None:
    found = case(seed)

    def written(way: str):
        def loss(logprobs, sampled, advantages, mask):
            weight = (logprobs - sampled).detach().exp().clamp(max=5)
            tokens = -weight * advantages * logprobs
            if way == "token":
                return tokens[mask].mean()
            parts = range(len(mask)) if way == "sample" else found.groups.unique().tolist()
            of = torch.arange(len(mask)) if way == "sample" else found.groups
            return torch.stack([tokens[of == p][mask[of == p]].mean() for p in parts]).mean()

        return found.gradient(loss)

    for way in ("token", "sample", "prompt"):
        torch.testing.assert_close(gradient(found, way), written(way), **EXACT)


@settings(max_examples=25)
@given(seeds, st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_any_split_has_the_gradient_of_the_whole(seed: int, part: list[int]) -> None:
    found, of = case(seed), torch.tensor(part)
    for way in WAYS:
        parts = sum(gradient(found, way, torch.nonzero(of == p)[:, 0]) for p in set(part))
        torch.testing.assert_close(parts, gradient(found, way), **EXACT)


def test_a_mean_of_means_has_not() -> None:
    found = case(1)
    halves = [slice(0, 2), slice(2, 12)]
    wrong = found.gradient(
        lambda *batch: sum(cispo(*(t[rows] for t in batch))[0] for rows in halves) / 2
    )
    right = gradient(found, "token")
    assert (wrong - right).abs().max() > 1e-2 * right.abs().max()


@settings(max_examples=25)
@given(seeds, st.permutations(range(12)))
def test_the_order_of_rows_does_not_matter(seed: int, order: list[int]) -> None:
    found = case(seed)
    index = torch.tensor(order)
    for way in WAYS:
        whole = Normaliser.of(found.mask[index].sum(1), found.groups[index])
        shuffled = found.gradient(
            lambda *batch, way=way, whole=whole: cispo(
                *(t[index] for t in batch), aggregate=way, normaliser=whole
            )[0]
        )
        torch.testing.assert_close(shuffled, gradient(found, way), **EXACT)


def test_packed_and_padded_agree() -> None:
    """All tokens in one row, as packing has them: the token mean is the same."""
    found = case(2)
    packed = found.gradient(lambda *batch: cispo(*(t[found.mask][None] for t in batch))[0])
    wider = found.gradient(
        lambda *batch: cispo(*(torch.cat([t, torch.zeros_like(t)], 1) for t in batch))[0]
    )
    for got in (packed, wider):
        torch.testing.assert_close(got, gradient(found, "token"), **EXACT)


def weights(lengths: list[int], groups: list[int], way: Aggregate) -> list[float]:
    return Normaliser.of(torch.tensor(lengths), torch.tensor(groups)).weights(way).tolist()


def test_token_is_sample_where_lengths_are_equal() -> None:
    same = ([7] * 6, [0, 0, 1, 1, 2, 2])
    assert weights(*same, "token") == pytest.approx(weights(*same, "sample"))
    longer = ([7] * 5 + [8], [0, 0, 1, 1, 2, 2])
    assert weights(*longer, "token") != pytest.approx(weights(*longer, "sample"))


def test_prompt_is_token_where_groups_have_as_many_tokens() -> None:
    same = ([3, 5, 4, 4, 1, 7], [0, 0, 1, 1, 2, 2])
    assert weights(*same, "prompt") == pytest.approx(weights(*same, "token"))
    longer = ([3, 5, 4, 4, 1, 8], [0, 0, 1, 1, 2, 2])
    assert weights(*longer, "prompt") == pytest.approx([1 / 24] * 4 + [1 / 27] * 2)


@given(st.floats(0, 1), st.lists(st.integers(1, 9), min_size=2, max_size=8))
def test_a_blend_is_linear_between_its_ends(alpha: float, lengths: list[int]) -> None:
    groups = [0] * len(lengths)
    token, sample = (torch.tensor(weights(lengths, groups, way)) for way in ("token", "sample"))
    mixed = torch.tensor(weights(lengths, groups, blend(alpha)))
    torch.testing.assert_close(mixed, alpha * sample + (1 - alpha) * token)
    assert weights(lengths, groups, blend(0)) == weights(lengths, groups, "token")
    assert weights(lengths, groups, blend(1)) == weights(lengths, groups, "sample")


def test_what_has_no_token_does_not_count() -> None:
    lengths, groups = [4, 0, 2, 0, 0], [0, 0, 1, 2, 2]
    for way, first in (("sample", 1 / 8), ("prompt", 1 / 8), ("token", 1 / 6)):
        assert weights(lengths, groups, way)[0] == pytest.approx(first)


@settings(max_examples=25)
@given(seeds)
def test_cells_are_batches_of_their_own(seed: int) -> None:
    found = case(seed)
    cells = torch.arange(12) // 6 * 5
    for way in WAYS:
        both = Normaliser.of(found.mask.sum(1), found.groups, cells).weights(way)
        for rows in (slice(0, 6), slice(6, 12)):
            alone = Normaliser.of(found.mask[rows].sum(1), found.groups[rows]).weights(way)
            assert torch.equal(both[rows], alone)


def test_what_cannot_be_aggregated_is_refused() -> None:
    found = case(0)
    batch = (found.logprobs, found.sampled_logprobs, found.advantages, found.mask)
    with pytest.raises(
        UserError, match=r"'prompt' must know .* pass normaliser=Normaliser.of\(lengths, groups\)"
    ):
        cispo(*batch, aggregate="prompt")
    with pytest.raises(UserError, match="got 'tokens'"):
        cispo(*batch, aggregate="tokens")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError, match=r"got 1\.5"):
        blend(1.5)
    with pytest.raises(UserError, match="one cell"):
        Normaliser.of(torch.tensor([1, 1]), torch.tensor([0, 0]), torch.tensor([0, 1]))
