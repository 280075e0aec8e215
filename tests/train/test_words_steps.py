"""Masked words: what the step sees, what it must tell, and how it is weighed."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.masking import MaskingConfig
from ostinato.data.shards import Documents, Header
from ostinato.models.words import WordEncoder, columns_of
from ostinato.music.compound_words import vocabulary
from ostinato.music.compoundation import CLS, MASK, PAD, SEP, SPECIALS
from ostinato.train.recipe import build_batches
from ostinato.train.words import (
    WholeWords,
    WordChoice,
    WordWindow,
    build_words,
    word_vocabulary,
)
from ostinato.train.words_steps import MaskedWordStep, masked_word_loss
from toy_corpus import HEADER, toy_documents

CPU = torch.device("cpu")
WINDOW = WordWindow(rows=24, transpose=2)
CHOICE = WordChoice(
    hidden_size=16, num_layers=1, num_heads=2, intermediate_size=32, column_size=8, max_distance=32
)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return toy_documents(tmp_path)


def step_of(documents: Documents, masking: MaskingConfig | None = None) -> MaskedWordStep:
    model = build_words(CHOICE.config(HEADER), seed=0, device=CPU, masked_word=True)
    batches = build_batches(
        documents, word_vocabulary(HEADER), WINDOW.config, transpose=2, device=CPU
    )
    masking = masking or MaskingConfig()
    return MaskedWordStep(model, batches, WINDOW.config, masking, batch=4, seed=1)


def test_a_window_is_its_rows_and_two_more(documents: Documents) -> None:
    """Every row is one position, whatever it holds; and its id is its columns again."""
    window = WINDOW.config
    batches = build_batches(documents, word_vocabulary(HEADER), window, transpose=0, device=CPU)
    batch = batches.assemble(batches.grid(24), tokens=window.tokens)
    assert batch.tokens.shape[1] == window.tokens == 32
    assert (batch.tokens[:, 0] == CLS).all()
    assert (batch.tokens[:, 25] == SEP).all()
    assert (batch.tokens[:, 26:] == PAD).all()
    assert torch.equal(batch.row[:, 1:25], torch.arange(24).expand(len(batch.row), 24))
    found = torch.stack(columns_of(batch.tokens[:, 1:25], HEADER.vocab), -1)
    assert np.array_equal(found.numpy(), documents.values[batch.source.numpy()])


def test_a_masked_step_is_a_function_of_its_number(documents: Documents) -> None:
    step = step_of(documents)
    losses: list[torch.Tensor] = []
    for number in (0, 1, 0):
        torch.manual_seed(number)
        losses.append(step(number)["loss"])
    assert torch.equal(losses[0], losses[2])
    assert not torch.equal(losses[0], losses[1])


def test_a_masked_step_hides_whole_words(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it sees differs from the truth at its targets alone, and there no column is left."""
    step = step_of(documents, MaskingConfig(masked=1.0, random=0.0))
    seen: list[torch.Tensor] = []
    forward = WordEncoder.forward
    truth = step._batches.assemble(step._batches.draw(4, seed=1, step=3), tokens=32).tokens

    def spy(self: WordEncoder, tokens: torch.Tensor, *, ngrams: None = None) -> torch.Tensor:
        seen.append(tokens)
        return forward(self, tokens, ngrams=ngrams)

    monkeypatch.setattr(WordEncoder, "forward", spy)
    step(3)
    hidden = seen[0] != truth
    assert (seen[0][hidden] == MASK).all()
    assert (truth[hidden] >= len(SPECIALS)).all()
    assert 5 <= int(hidden.sum()) <= 25  # of 96 words


def test_columns_are_weighed_by_their_size() -> None:
    """Uniform logits: log 2 and log 8, weighed 1 to 4; the third word is not live."""
    live = torch.tensor([True, True, False])
    logits = [torch.zeros(3, 2), torch.zeros(3, 8)]
    logits[1][1, 5] = 1e-9
    truth = [torch.tensor([0, 0, 0]), torch.tensor([0, 5, 7])]
    loss, right = masked_word_loss(logits, truth, live)
    assert float(loss) == pytest.approx(0.2 * math.log(2) + 0.8 * math.log(8))
    assert float(right) == 1.0  # the first of equal logits
    _, right = masked_word_loss(logits, [truth[0], torch.tensor([0, 4, 7])], live)
    assert float(right) == 0.5
    _, right = masked_word_loss(logits, [torch.tensor([0, 1, 0]), truth[1]], live)
    assert float(right) == 0.5
    loss, right = masked_word_loss(logits, truth, torch.zeros(3, dtype=torch.bool))
    assert (float(loss), float(right)) == (0.0, 0.0)


def test_every_words_token_is_its_own() -> None:
    vocab = (2, 3, 4)
    values = np.stack(np.meshgrid(*map(np.arange, vocab), indexing="ij"), -1).reshape(-1, 3)
    tokens, count = WholeWords("cp4", vocab).pieces(values)
    assert tokens[:, 0].tolist() == list(range(5, 29))
    assert count.tolist() == [1] * 24


def test_words_of_too_many_columns_are_refused() -> None:
    with pytest.raises(UserError, match="cp4"):
        word_vocabulary(Header("cp7", 4, vocabulary("cp7")))
    with pytest.raises(UserError, match="rows"):
        WordWindow(rows=0)
