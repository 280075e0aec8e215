"""A Midiformer small enough to be built in milliseconds, and a batch for it."""

from __future__ import annotations

import pytest
import torch

from ostinato.models.midiformer import HeadSpec, MidiformerConfig, MidiformerModel, NgramBatch


@pytest.fixture
def config() -> MidiformerConfig:
    return MidiformerConfig(
        vocab_size=20,
        lexicon_size=9,
        symbol_count=7,
        hidden_size=16,
        num_layers=3,
        num_heads=2,
        intermediate_size=32,
        num_ngram_layers=2,
        initial_std=0.2,
    )


@pytest.fixture
def token_symbols(config: MidiformerConfig) -> torch.Tensor:
    """Special tokens (0..4) are made of nothing, the others of up to four symbols."""
    draw = torch.Generator().manual_seed(0)
    symbols = torch.randint(0, config.symbol_count, (config.vocab_size, 4), generator=draw)
    symbols[:5] = 0
    return symbols


@pytest.fixture
def model(config: MidiformerConfig, token_symbols: torch.Tensor) -> MidiformerModel:
    torch.manual_seed(0)
    heads = {
        "melody": HeadSpec("note", ("melody", "bridge", "accompaniment")),
        "dance": HeadSpec("sequence", ("jig", "reel")),
    }
    return MidiformerModel(config, heads, token_symbols=token_symbols, masked_token=True).eval()


@pytest.fixture
def tokens() -> torch.Tensor:
    """[CLS] A B C D [SEP] as in the worked example, and a shorter window."""
    return torch.tensor([[2, 5, 6, 7, 8, 3], [2, 9, 10, 3, 0, 0]])


@pytest.fixture
def ngrams() -> NgramBatch:
    """The worked example: AB, ABC, BC, CD with frequencies 300, 200, 100, 50; and 9 10."""
    matrix = torch.zeros(2, 6, 5)
    matrix[0, 1, :4] = torch.tensor([0.6, 0.4, 0, 0])
    matrix[0, 2, :4] = torch.tensor([3, 2, 1, 0]) / 6
    matrix[0, 3, :4] = torch.tensor([0, 4, 2, 1]) / 7
    matrix[0, 4, :4] = torch.tensor([0.0, 0, 0, 1])
    matrix[1, 1:3, 0] = 1
    return NgramBatch(
        ids=torch.tensor([[1, 2, 3, 4, 0], [5, 0, 0, 0, 0]]),
        start=torch.tensor([[1, 1, 2, 3, 0], [1, 0, 0, 0, 0]]),
        matrix=matrix,
    )
