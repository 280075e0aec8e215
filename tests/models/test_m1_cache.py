"""The memory of an M1 by slot: going back, forks, reuse, beams (bit for bit where it can be)."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ostinato.models.m1 import M1, Cache
from tiny_language import tiny_m1

pytestmark = pytest.mark.usefixtures("one_thread")

DRAW = torch.Generator().manual_seed(0)
VOCABULARY = 300


def tokens(*shape: int) -> Tensor:
    return torch.randint(0, VOCABULARY, shape, generator=DRAW)


@pytest.fixture(scope="module", params=["lightning first", "softmax first"])
def model(request: pytest.FixtureRequest) -> M1:
    kinds = ("lightning", "softmax", "lightning")
    first = request.param == "lightning first"
    return tiny_m1(attention=kinds if first else ("softmax", "lightning", "softmax"))


@torch.inference_mode()
def read(model: M1, ids: Tensor, cache: Cache, *slots: int) -> Tensor:
    """Logits of the last token of each row, [B, V]."""
    return model(ids, cache=cache, slots=slots or None)[:, -1]


@torch.inference_mode()
def continue_with(model: M1, ids: Tensor, cache: Cache, slot: int) -> list[Tensor]:
    """Logits after each token, token by token."""
    return [read(model, token.view(1, 1), cache, slot)[0] for token in ids]


def assert_same(ours: list[Tensor], theirs: list[Tensor]) -> None:
    assert all(torch.equal(one, two) for one, two in zip(ours, theirs, strict=True))


def test_restoring_is_as_if_nothing_had_run(model: M1) -> None:
    """The keys outgrow their room meanwhile, and another slot moves on."""
    prompt, detour, after = tokens(1, 37), tokens(400), tokens(20)
    untouched, used = model.make_cache(2), model.make_cache(2)
    for cache in (untouched, used):
        read(model, prompt, cache, 1)
    expected = continue_with(model, after, untouched, 1)
    saved = used.snapshot(1)
    read(model, detour[:380][None], used, 1)
    continue_with(model, detour[380:], used, 1)
    read(model, tokens(1, 5), used, 0)
    assert used.lengths == [5, 437] and used.capacity > untouched.capacity
    for _ in range(2):  # a snapshot can be used again
        used.restore(1, saved)
        assert used.lengths == [5, 37]
        assert_same(continue_with(model, after, used, 1), expected)


def test_a_snapshot_is_a_copy(model: M1) -> None:
    cache = model.make_cache(1)
    read(model, tokens(1, 9), cache)
    saved = cache.snapshot(0)
    before = [x.clone() for x in (saved.states, saved.keys, saved.values)]
    continue_with(model, tokens(3), cache, 0)
    cache.reset()
    assert_same([saved.states, saved.keys, saved.values], before)
    assert saved.keys.shape[2] == saved.length == 9


def test_a_snapshot_fits_into_another_cache(model: M1) -> None:
    prompt, after = tokens(1, 30), tokens(5)
    cache, other = model.make_cache(1), model.make_cache(3)
    read(model, prompt, cache)
    other.restore(2, cache.snapshot(0))
    assert other.lengths == [0, 0, 30]
    assert_same(continue_with(model, after, other, 2), continue_with(model, after, cache, 0))


def test_two_continuations_of_one_prompt_do_not_cross(model: M1) -> None:
    prompt, one, two = tokens(1, 21), tokens(12), tokens(12)
    expected: list[list[Tensor]] = []
    for after in (one, two):
        cache = model.make_cache(3)
        read(model, prompt, cache, 0)
        expected.append(continue_with(model, after, cache, 0))
    cache = model.make_cache(3)
    read(model, prompt, cache, 0)
    cache.fork(0, 2)
    found: list[list[Tensor]] = [[], []]
    for a, b in zip(one, two, strict=True):  # in turns
        found[0] += continue_with(model, a[None], cache, 0)
        found[1] += continue_with(model, b[None], cache, 2)
    assert_same(found[0], expected[0])
    assert_same(found[1], expected[1])
    assert cache.lengths == [33, 0, 33]


def test_a_slot_that_was_reset_is_as_new(model: M1) -> None:
    """A shorter sequence follows a longer one, whose keys are still there."""
    used, fresh = model.make_cache(2, capacity=64), model.make_cache(2, capacity=64)
    for cache in (used, fresh):
        read(model, tokens(1, 3) * 0 + 7, cache, 0)
    read(model, tokens(1, 50), used, 1)
    used.reset([1])
    assert used.lengths == [3, 0] and not used.states[:, 1].any()
    prompt, after = tokens(1, 11), tokens(6)
    assert torch.equal(read(model, prompt, used, 1), read(model, prompt, fresh, 1))
    assert_same(continue_with(model, after, used, 1), continue_with(model, after, fresh, 1))
    # Rows of different lengths together read only their own keys.
    pair = tokens(2, 1)
    assert torch.equal(read(model, pair, used), read(model, pair, fresh))


def test_reset_of_all(model: M1) -> None:
    cache = model.make_cache(2)
    read(model, tokens(2, 4), cache)
    cache.reset()
    assert cache.lengths == [0, 0] and not cache.states.any()


def test_reorder_takes_each_slot_from_its_source(model: M1) -> None:
    cache = model.make_cache(3)
    for slot, length in enumerate((4, 9, 6)):
        read(model, tokens(1, length), cache, slot)
    held = [cache.snapshot(slot) for slot in range(3)]
    cache.reorder([2, 2, 0])
    assert cache.lengths == [6, 6, 4]
    after = tokens(5)
    for slot, source in enumerate((2, 2, 0)):
        expected = model.make_cache(1)
        expected.restore(0, held[source])
        assert_same(
            continue_with(model, after, cache, slot), continue_with(model, after, expected, 0)
        )


@torch.inference_mode()
def beam_search(model: M1, prompt: Tensor, steps: int, beams: int, *, cached: bool) -> Tensor:
    """The best texts, [beams, steps], by reordering a cache or by reading all anew."""
    cache = model.make_cache(beams)
    texts = prompt.expand(beams, -1)
    logits = model(texts, cache=cache)[:, -1]
    scores = torch.tensor([0.0] + [-torch.inf] * (beams - 1))
    for _ in range(steps):
        total = scores[:, None] + logits.log_softmax(-1)
        scores, best = total.flatten().topk(beams)
        sources, chosen = best // total.shape[1], best % total.shape[1]
        texts = torch.cat([texts[sources], chosen[:, None]], 1)
        if cached:
            cache.reorder(sources.tolist())
            logits = model(chosen[:, None], cache=cache)[:, -1]
        else:
            logits = model(texts)[:, -1]
    return texts[:, prompt.shape[1] :]


def test_beam_search_with_the_cache_is_that_without(model: M1) -> None:
    prompt = tokens(1, 13)
    found = beam_search(model, prompt, 8, 4, cached=True)
    assert torch.equal(found, beam_search(model, prompt, 8, 4, cached=False))
    assert len(found.unique(dim=0)) == 4


def test_states_do_not_grow_and_keys_belong_to_softmax_layers_alone(model: M1) -> None:
    cache = model.make_cache(1)
    states = cache.states.nbytes
    read(model, tokens(1, 700), cache)
    assert cache.states.nbytes == states
    assert cache.keys.shape[0] == model.config.softmax_layers
    assert cache.nbytes == states + cache.keys.nbytes + cache.values.nbytes
    assert tiny_m1(attention=("lightning",)).make_cache(1, capacity=999).nbytes == 4 * 8 * 8 * 4
