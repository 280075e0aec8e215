"""The matcher on a device says what ``music.lexicon`` says, and tells nothing masked."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.masking import MaskingConfig, mask_tokens
from ostinato.data.ngrams import NgramMatcher
from ostinato.music.compoundation import CLS, PAD, SEP, SPECIALS
from ostinato.music.lexicon import Lexicon, count, empty_lexicon, match, matrix

CPU = torch.device("cpu")
VOCAB = 14


def sequences(batch: int, width: int, seed: int = 0) -> np.ndarray:
    """Windows over few tokens, so that n-grams abound: [CLS] ... [SEP] and padding."""
    draw = np.random.default_rng(seed)
    tokens = draw.integers(len(SPECIALS), VOCAB, (batch, width))
    for line in tokens:
        end = int(draw.integers(1, width))
        line[0], line[end], line[end + 1 :] = CLS, SEP, PAD
    return tokens


def lexicon(rank: str = "count", threshold: int = 3) -> Lexicon:
    lines = sequences(40, 60, seed=9).astype(np.int32)
    return count(list(lines), threshold=threshold, rank=rank)  # type: ignore[arg-type]


def matcher(words: Lexicon, slots: int) -> NgramMatcher:
    return NgramMatcher(words, vocab_size=VOCAB, slots=slots, device=CPU)


@pytest.mark.parametrize("rank", ["count", "pmi"])
@pytest.mark.parametrize("slots", [1, 7, 40, 400])
@pytest.mark.parametrize("width", [3, 64])
def test_equal_to_the_reference(rank: str, slots: int, width: int) -> None:
    words = lexicon(rank)
    assert set(words.length.tolist()) >= {2, 3}
    tokens = sequences(12, width)
    found = matcher(words, slots)(torch.from_numpy(tokens))
    for number, line in enumerate(tokens):
        expected = match(line, words, slots=slots)
        used = len(expected.id)
        assert found.ids[number, :used].tolist() == expected.id.tolist()
        assert found.start[number, :used].tolist() == expected.start.tolist()
        assert found.length[number, :used].tolist() == expected.length.tolist()
        assert not found.ids[number, used:].any()
        weights = matrix(expected, words, width, slots)
        np.testing.assert_allclose(found.matrix[number].numpy(), weights, rtol=1e-6)


def test_the_worked_example_of_the_specification() -> None:
    a, b, c, d = range(5, 9)
    words = Lexicon(
        ngrams=np.array([[0] * 4, [a, b, 0, 0], [a, b, c, 0], [b, c, 0, 0], [c, d, 0, 0]]),
        length=np.array([0, 2, 3, 2, 2], np.int8),
        frequency=np.array([0, 300, 200, 100, 50]),
    )
    found = matcher(words, 6)(torch.tensor([[CLS, a, b, c, d, SEP, PAD]]))
    triples = zip(found.ids[0], found.start[0], found.length[0], strict=True)
    assert [tuple(map(int, t)) for t in triples][:4] == [(1, 1, 2), (2, 1, 3), (3, 2, 2), (4, 3, 2)]
    expected = torch.zeros(7, 6)
    expected[1, :2] = torch.tensor([0.6, 0.4])
    expected[2, :3] = torch.tensor([3, 2, 1]) / 6
    expected[3, 1:4] = torch.tensor([4, 2, 1]) / 7
    expected[4, 3] = 1
    assert found.matrix.is_floating_point()
    torch.testing.assert_close(found.matrix[0], expected, atol=1e-6, rtol=0)


def test_padding_changes_nothing_and_an_empty_lexicon_finds_nothing() -> None:
    tokens = torch.from_numpy(sequences(8, 50))
    longer = torch.nn.functional.pad(tokens, (0, 30), value=PAD)
    short, long = matcher(lexicon(), 30)(tokens), matcher(lexicon(), 30)(longer)
    assert torch.equal(short.ids, long.ids)
    assert torch.equal(short.start, long.start)
    assert torch.equal(short.matrix, long.matrix[:, :50])
    nothing = matcher(empty_lexicon(), 4)(tokens)
    assert not nothing.ids.any()
    assert not nothing.matrix.any()


def test_masked_tokens_do_not_leak_through_their_ngrams() -> None:
    """Fails where n-grams are matched before masking, as the published code does."""
    tokens = torch.from_numpy(sequences(16, 60, seed=4))
    row = torch.where(tokens >= len(SPECIALS), torch.arange(60).expand(16, -1), -1)
    config = MaskingConfig("token", masked=1.0, random=0.0)

    def inputs(truth: torch.Tensor) -> tuple[torch.Tensor, ...]:
        generator = torch.Generator().manual_seed(3)
        seen, target = mask_tokens(truth, row, config, vocab_size=VOCAB, generator=generator)
        found = matcher(lexicon(), 30)(seen)
        return seen, target, found.ids, found.start, found.matrix

    first = inputs(tokens)
    target = first[1]
    assert target.any()
    others = torch.where(target, (tokens - len(SPECIALS) + 1) % (VOCAB - 5) + 5, tokens)
    assert not torch.equal(tokens, others)
    for before, after in zip(first, inputs(others), strict=True):
        assert torch.equal(before, after)
    # The same question put to the published order, for the test to be able to fail.
    before, after = matcher(lexicon(), 30)(tokens), matcher(lexicon(), 30)(others)
    assert not torch.equal(before.ids, after.ids)


def test_keys_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="63 bits"):
        NgramMatcher(lexicon(), vocab_size=10**6, slots=4, device=CPU)
