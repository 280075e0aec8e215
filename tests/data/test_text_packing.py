"""Packing: every token of an epoch once, no target across a bound, batches by their number."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.packing import (
    IGNORE,
    CutPacker,
    Plan,
    Stage,
    TextBatch,
    WholePacker,
    in_order,
)
from ostinato.data.text import TextDocuments, TextHeader, TextWriter, read_text
from toy_text import toy_documents, write_documents

STAGES = (Stage(8, 4, 0.5), Stage(16, 2, 0.25), Stage(64, 1, 0.25))


def numbered(folder: Path, lengths: list[int]) -> TextDocuments:
    """Documents whose tokens are all different: 0, 1, 2, ..."""
    with TextWriter(folder, TextHeader("text", sum(lengths), "")) as writer:
        done = 0
        for item, length in enumerate(lengths):
            writer.add(item, list(range(done, done + length)))
            done += length
    return read_text([folder])


@pytest.fixture
def documents(tmp_path: Path) -> TextDocuments:
    """512 tokens in 40 documents of 1 to 77."""
    lengths = [1, 2, 77, 3, 1, 30, 5] + [12] * 32
    return numbered(tmp_path, [*lengths, 512 - sum(lengths)])


def sequences(batch: TextBatch) -> list[tuple[list[int], list[int]]]:
    bounds = batch.cu_seqlens.tolist()
    tokens, targets = batch.tokens[0].tolist(), batch.targets.tolist()
    return [(tokens[a:b], targets[a:b]) for a, b in pairwise(bounds)]


def check_targets(documents: TextDocuments, batch: TextBatch) -> None:
    ends = {int(n) - 1 for n in documents.lengths.cumsum()}
    for tokens, targets in sequences(batch):
        assert tokens == list(range(tokens[0], tokens[0] + len(tokens))), "one document"
        assert not ends & set(tokens[:-1]), "one document"
        expected = [IGNORE if token in ends else token + 1 for token in tokens]
        assert targets == expected


def test_cut_rows_hold_every_token_of_an_epoch_once(documents: TextDocuments) -> None:
    """One epoch over three stages of 32, 32 and 64 tokens to a batch."""
    for seed in (0, 1):
        packer = CutPacker(documents, Plan((Stage(8, 4, 0.5), Stage(32, 1, 0.5)), 16), seed=seed)
        seen: Counter[int] = Counter()
        learnt = 0
        for number in range(16):
            batch = packer.draw(number)
            assert batch.tokens.shape == (1, 32)
            check_targets(documents, batch)
            seen.update(batch.tokens[0].tolist())
            learnt += batch.learnt
        assert seen == Counter(range(512))
        assert learnt == 512 - len(documents), "all but the first token of each document"


def test_more_than_an_epoch_and_rows_longer_than_one(documents: TextDocuments) -> None:
    packer = CutPacker(documents, Plan((Stage(2048, 1, 0.5), Stage(256, 2, 0.5)), 4), seed=0)
    long = packer.draw(0)
    assert Counter(long.tokens[0].tolist()) == Counter(dict.fromkeys(range(512), 4))
    check_targets(documents, long)
    epochs = [packer.draw(n).tokens[0].tolist() for n in (2, 3)]
    assert [sorted(epoch) for epoch in epochs] == [list(range(512))] * 2
    assert epochs[0] != epochs[1]


def test_batches_are_functions_of_seed_and_number(documents: TextDocuments) -> None:
    plan = Plan(STAGES, 40, 2)
    for kind in (CutPacker, WholePacker):
        straight = kind(documents, plan, seed=3)
        drawn = [straight.draw(number) for number in range(80)]
        for number in (79, 0, 41, 40):
            again = kind(documents, plan, seed=3).draw(number)
            assert all(torch.equal(a, b) for a, b in zip(drawn[number], again, strict=True))
        other = kind(documents, plan, seed=4).draw(0)
        assert not torch.equal(drawn[0].tokens[:, :20], other.tokens[:, :20])


def test_whole_documents_are_never_cut_but_at_the_length(documents: TextDocuments) -> None:
    packer = WholePacker(documents, Plan((Stage(40, 2),), 200), seed=0)
    lengths = [min(40, int(n)) for n in documents.lengths]
    batches: list[TextBatch] = []
    while sum(batch.tokens.numel() for batch in batches) < sum(lengths):
        batches.append(packer.draw(len(batches)))
        check_targets(documents, batches[-1])
        assert batches[-1].tokens.numel() <= 80
    found = sorted(len(tokens) for batch in batches for tokens, _ in sequences(batch))
    assert found == sorted(lengths), "an epoch has each document once"
    assert len(batches) < 1.3 * sum(lengths) / 80
    following = packer.draw(len(batches)).tokens
    assert not torch.equal(following[:, :20], batches[0].tokens[:, :20])


def test_what_is_not_to_be_learnt_is_no_target(tmp_path: Path) -> None:
    with TextWriter(tmp_path, TextHeader("chat", 100, "")) as writer:
        writer.add(0, [10, 11, 12, 13, 14], [0, 0, 1, 1, 0])
    batch = WholePacker(read_text([tmp_path]), Plan((Stage(8, 1),), 1), seed=0).draw(0)
    assert batch.tokens.tolist() == [[10, 11, 12, 13, 14]]
    assert batch.targets.tolist() == [IGNORE, 12, 13, IGNORE, IGNORE]
    cut = CutPacker(read_text([tmp_path]), Plan((Stage(2, 1),), 2), seed=0)
    learnt = sorted(t for n in range(2) for t in cut.draw(n).targets.tolist() if t != IGNORE)
    assert learnt == [12, 13]


def test_validation_sees_the_same_tokens_each_time(documents: TextDocuments) -> None:
    batches = list(in_order(documents, Stage(16, 2), 10**6))
    assert Counter(t for b in batches for t in b.tokens[0].tolist()) == Counter(range(512))
    for batch in batches:
        assert batch.tokens.numel() <= 32
        assert all(len(tokens) <= 16 for tokens, _ in sequences(batch))
    few = list(in_order(documents, Stage(16, 2), 100))
    assert 100 <= sum(batch.tokens.numel() for batch in few) < 132
    assert torch.equal(few[0].tokens, batches[0].tokens)


def test_stages_share_the_steps() -> None:
    plan = Plan(STAGES, 10, 3)
    assert plan.first == (0, 15, 24, 30)
    assert [plan.index(number) for number in (0, 14, 15, 23, 24, 29)] == [0, 0, 1, 1, 2, 2]
    assert plan[15].length == 16
    assert Plan(STAGES, 1).index(0) == 1, "a stage may have no step at all"
    with pytest.raises(UserError, match=r"add up to 1; they make 0\.75"):
        Plan(STAGES[:2], 10)
    with pytest.raises(UserError, match="length of at least 2"):
        Stage(1, 1)


def test_several_folders_are_one_corpus(tmp_path: Path) -> None:
    folders = [
        write_documents(tmp_path / str(n), toy_documents(9, seed=n), max_tokens=50)
        for n in range(2)
    ]
    both = read_text(folders)
    assert both.tokens == sum(read_text([folder]).tokens for folder in folders)
    whole = CutPacker(both, Plan((Stage(both.tokens, 1),), 1), seed=0).draw(0)
    every = [token for n in range(2) for tokens in toy_documents(9, seed=n) for token in tokens]
    assert Counter(whole.tokens[0].tolist()) == Counter(every)
