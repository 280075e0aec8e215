"""Masking: shares, what takes a token's place, and words that are hidden as a whole."""

from __future__ import annotations

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.masking import MaskingConfig, mask_tokens
from ostinato.music.compoundation import CLS, MASK, PAD, SEP, SPECIALS

VOCAB = 50


def batch(size: int = 64, words: int = 100) -> tuple[torch.Tensor, torch.Tensor]:
    """Windows of words of 1, 2, 3, 1, 2, 3 ... pieces, between [CLS] and [SEP], padded."""
    generator = torch.Generator().manual_seed(1)
    owner = torch.repeat_interleave(torch.arange(words), torch.arange(words) % 3 + 1)
    body = torch.randint(len(SPECIALS), VOCAB, (size, len(owner)), generator=generator)
    pad = torch.full((size, 20), PAD)
    tokens = torch.cat([torch.full((size, 1), CLS), body, torch.full((size, 1), SEP), pad], 1)
    none = torch.full((size, 1), -1)
    row = torch.cat([none, owner.expand(size, -1), none, none.expand(-1, 20)], 1)
    return tokens, row


def masked(mode: str, seed: int = 0, **changes: float) -> tuple[torch.Tensor, ...]:
    tokens, row = batch()
    config = MaskingConfig(mode, **changes)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(seed)
    seen, target = mask_tokens(tokens, row, config, vocab_size=VOCAB, generator=generator)
    return tokens, row, seen, target


@pytest.mark.parametrize("mode", ["token", "note"])
def test_shares_are_berts(mode: str) -> None:
    tokens, _, seen, target = masked(mode)
    compound = tokens >= len(SPECIALS)
    assert (target.sum() / compound.sum()).item() == pytest.approx(0.15, abs=0.01)
    assert ((seen == MASK)[target].float().mean()).item() == pytest.approx(0.8, abs=0.03)
    kept = (seen == tokens)[target].float().mean().item()
    assert kept == pytest.approx(0.1 + 0.1 / (VOCAB - len(SPECIALS)), abs=0.03)


@pytest.mark.parametrize("mode", ["token", "note"])
def test_special_tokens_are_never_touched_and_never_drawn(mode: str) -> None:
    tokens, _, seen, target = masked(mode, rate=0.9, masked=0.0, random=1.0)
    special = tokens < len(SPECIALS)
    assert not target[special].any()
    assert (seen[special] == tokens[special]).all()
    assert (seen[~special] >= len(SPECIALS)).all()
    assert (seen[~target] == tokens[~target]).all()


def test_note_mode_hides_words_whole_and_token_mode_does_not() -> None:
    for mode, whole in (("note", True), ("token", False)):
        _, row, seen, target = masked(mode)
        is_mask = seen == MASK
        same = True
        for word in range(100):
            pieces = row[0] == word
            for drawn in (target, is_mask):
                same &= bool((drawn[:, pieces].all(1) | ~drawn[:, pieces].any(1)).all())
        assert same == whole


def test_the_seed_decides() -> None:
    first, again, other = masked("note")[2], masked("note")[2], masked("note", seed=1)[2]
    assert (first == again).all()
    assert not (first == other).all()


def test_unknown_mode_and_rate_are_refused() -> None:
    with pytest.raises(UserError, match=r"masking\.mode"):
        MaskingConfig("words")  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"masking\.rate"):
        MaskingConfig(rate=1.5)
