"""Steps: repeatable, and whole documents labelled through overlapping windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.data.batches import Batches, WindowConfig
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.masking import MaskingConfig
from ostinato.data.shards import Documents, Entry, Header
from ostinato.models.midiformer import HeadSpec
from ostinato.music.compound_words import encode
from ostinato.music.compoundation import MASK, SPECIALS
from ostinato.train.notes import note_answers, note_probabilities
from ostinato.train.recipe import ModelChoice, build_batches, build_matcher, build_model
from ostinato.train.steps import MaskedTokenStep, NoteLabelStep, Reader, Regularisation, Taught
from tiny_model import random_score
from toy_corpus import toy_documents

CPU = torch.device("cpu")
WINDOW = WindowConfig(rows=24, tokens=64, slots=16, transpose=2)
CHOICE = ModelChoice(
    hidden_size=16, num_layers=2, num_heads=2, intermediate_size=32, num_ngram_layers=1, dropout=0.1
)


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return toy_documents(tmp_path)


def reader(
    documents: Documents, rank: str = "count", heads: tuple[str, ...] = ("melody",)
) -> tuple[Reader, Batches]:
    vocabulary = learn_vocabulary(
        documents,
        CompoundationConfig(20),
        LexiconConfig(rank, threshold=5),  # type: ignore[arg-type]
    )
    config = CHOICE.config(vocabulary)
    specs = {name: HeadSpec("note", ("a", "b", "c")) for name in heads}
    model = build_model(config, vocabulary, seed=0, device=CPU, heads=specs, masked_token=True)
    matcher = build_matcher(config, vocabulary, WINDOW, CPU)
    made = Reader(model, matcher, CPU)
    return made, build_batches(documents, vocabulary, WINDOW, transpose=2, device=CPU)


@pytest.mark.parametrize("mode", ["token", "note"])
def test_a_masked_step_is_a_function_of_its_number(documents: Documents, mode: str) -> None:
    read, batches = reader(documents)
    step = MaskedTokenStep(
        read,
        batches,
        WINDOW,
        MaskingConfig(mode),  # type: ignore[arg-type]
        batch=4,
        seed=1,
    )
    losses: list[torch.Tensor] = []
    for number in (0, 1, 0):
        torch.manual_seed(number)
        losses.append(step(number)["loss"])
    assert torch.equal(losses[0], losses[2])
    assert not torch.equal(losses[0], losses[1])
    losses[0].backward()
    without = [n for n, p in read.model.named_parameters() if p.grad is None]
    assert all(name.startswith("heads.") for name in without)
    assert without
    read.model.eval()
    windows = batches.grid(24)
    assert step.validate(batches, windows) == step.validate(batches, windows)


def test_hidden_words_are_hidden_whole_before_ngrams_are_found(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, batches = reader(documents)
    seen: list[torch.Tensor] = []
    find = Reader.find

    def watched(self: Reader, tokens: torch.Tensor) -> tuple[torch.Tensor, ...]:
        seen.append(tokens)
        return find(self, tokens)

    monkeypatch.setattr(Reader, "find", watched)
    hiding = Regularisation(hide=0.3)
    step = NoteLabelStep(
        read, batches, WINDOW, [Taught("melody")], batch=64, seed=1, regularisation=hiding
    )
    read.model.eval()
    losses = [step(number)["loss"] for number in (0, 0, 1)]
    assert torch.equal(losses[0], losses[1]) and torch.equal(seen[0], seen[1])
    batch = batches.assemble(batches.draw(64, seed=1, step=0), tokens=WINDOW.tokens)
    masked, word = seen[0] == MASK, batch.row >= 0
    assert torch.equal(seen[0][~masked], batch.tokens[~masked])
    assert not masked[~word].any()
    words = batch.row + 1000 * torch.arange(64)[:, None]
    shares = [masked[words == one].float().mean().item() for one in words[word].unique()]
    assert set(shares) == {0.0, 1.0}
    assert 0.25 < np.mean(shares) < 0.35
    plain = NoteLabelStep(read, batches, WINDOW, [Taught("melody")], batch=64, seed=1)
    plain(0)
    assert torch.equal(seen[-1], batch.tokens)


def test_heads_that_are_taught_together_read_once(
    documents: Documents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by its own labels; where a head has none in a window, it weighs nothing."""
    read, batches = reader(documents, heads=("melody", "again"))
    read.model.eval()
    turned = torch.from_numpy(documents.label.astype(np.int64))
    turned = torch.where(turned > 0, 4 - turned, 0)
    turned[: documents.offset[3]] = 0  # the first documents have labels of one head only
    heads = [Taught("melody"), Taught("again", turned, weight=0.5)]

    def told(taught: list[Taught], number: int) -> dict[str, torch.Tensor]:
        return NoteLabelStep(read, batches, WINDOW, taught, batch=4, seed=0)(number)

    each = [[told([head], number) for head in heads] for number in range(8)]
    readings: list[torch.Tensor] = []
    hidden = Reader.hidden

    def watched(
        self: Reader, tokens: torch.Tensor, ngrams: tuple[torch.Tensor, ...]
    ) -> torch.Tensor:
        readings.append(tokens)
        return hidden(self, tokens, ngrams)

    monkeypatch.setattr(Reader, "hidden", watched)
    for number, (first, second) in enumerate(each):
        both = told(heads, number)
        torch.testing.assert_close(both["loss"], (2 * first["loss"] + second["loss"]) / 3)
        assert both["tokens"] == first["tokens"] == second["tokens"]
        assert both["accuracy"] == first["accuracy"]
    assert len(readings) == 8
    assert any(first["accuracy"] != second["accuracy"] for first, second in each)


def test_a_further_head_learns_what_its_labels_say(documents: Documents) -> None:
    """Rows find their own labels, in whatever window they are drawn."""
    _, batches = reader(documents, heads=("melody", "again"))
    row = torch.arange(len(documents.values))
    batch = batches.assemble(batches.draw(16, seed=3, step=0), tokens=WINDOW.tokens)
    found, inside = Taught("again", row).labels(batch), batch.source >= 0
    assert torch.equal(found[inside], batch.source[inside]) and not found[~inside].any()
    assert torch.equal(Taught("melody").labels(batch), batch.label)
    own = torch.from_numpy(documents.label.astype(np.int64))
    assert torch.equal(Taught("again", own).labels(batch), batch.label)


@pytest.mark.parametrize("mode", ["token", "note"])
def test_a_masked_step_sees_nothing_of_what_it_must_tell(
    documents: Documents, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """Fails where the step matches n-grams before it masks, as the published code does."""
    read, batches = reader(documents)
    masking = MaskingConfig(mode, masked=1.0, random=0.0)  # type: ignore[arg-type]
    step = MaskedTokenStep(read, batches, WINDOW, masking, batch=4, seed=1)
    given: list[tuple[torch.Tensor, ...]] = []
    hidden = Reader.hidden

    def spy(self: Reader, tokens: torch.Tensor, ngrams: tuple[torch.Tensor, ...]) -> torch.Tensor:
        given.append((tokens, *ngrams))
        return hidden(self, tokens, ngrams)

    monkeypatch.setattr(Reader, "hidden", spy)
    step(0)
    truth = batches.assemble(batches.draw(4, seed=1, step=0), tokens=WINDOW.tokens).tokens
    step.validate(batches, batches.grid(24).part(0, 4))
    still = batches.assemble(batches.grid(24).part(0, 4), tokens=WINDOW.tokens).tokens
    for (seen, *ngrams), true in zip(given, (truth, still), strict=True):
        told = seen == true
        assert (seen[~told] == MASK).all()
        share = float((~told).sum() / (true >= len(SPECIALS)).sum())
        assert 0.02 < share < 0.4
        for found, expected in zip(ngrams, read.find(seen), strict=True):
            assert torch.equal(found, expected)
        # The masked places are covered by the n-grams of the truth, and by none of what is seen.
        assert read.find(true)[2].sum(-1)[~told].any()
        assert not ngrams[2].sum(-1)[~told].any()


def test_words_of_seven_columns_are_trained_on_alike() -> None:
    words = encode(random_score(300), "cp7")
    header = Header("cp7", 4, words.vocab)
    documents = Documents(
        header,
        (Entry("a", "a", "toy", len(words), 300),),
        words.values,
        (words.note_index >= 0).astype(np.int8),
        np.array([0, len(words)]),
    )
    read, batches = reader(documents)
    assert read.model.config.symbols_per_token == 7
    masking = MaskingConfig("note")
    masked = MaskedTokenStep(read, batches, WINDOW, masking, batch=2, seed=0)
    labelled = NoteLabelStep(read, batches, WINDOW, [Taught("melody")], batch=2, seed=0)
    for step in (masked, labelled):
        loss = step(0)["loss"]
        loss.backward()
        assert torch.isfinite(loss)


def test_without_a_lexicon_there_is_no_ngram_branch(documents: Documents) -> None:
    read, batches = reader(documents, "none")
    assert read.matcher is None
    assert read.model.encoder.ngrams is None
    step = NoteLabelStep(read, batches, WINDOW, [Taught("melody")], batch=2, seed=0)
    assert torch.isfinite(step(0)["loss"])


def test_every_row_gets_one_answer_however_windows_overlap(documents: Documents) -> None:
    read, _ = reader(documents)
    vocabulary = learn_vocabulary(documents, CompoundationConfig(20), LexiconConfig(threshold=5))
    still = build_batches(documents, vocabulary, WINDOW, transpose=0, device=CPU)
    answers = [
        note_probabilities(read, "melody", still, stride=stride, batch=batch)
        for stride, batch in ((24, 5), (24, 1), (6, 3))
    ]
    for answer in answers:
        torch.testing.assert_close(answer.sum(1), torch.ones(len(documents.values)))
    torch.testing.assert_close(answers[0], answers[1])
    assert not torch.allclose(answers[0], answers[2])
    scores = note_answers(read, "melody", still, documents, stride=24, batch=5)
    known = documents.label > 0
    assert scores.confusion().sum() == known.sum()
    truth = torch.from_numpy(documents.label[known].astype("int64")) - 1
    right = (answers[0].argmax(1)[torch.from_numpy(known)] == truth).float().mean()
    assert scores.accuracy() == pytest.approx(float(right))
