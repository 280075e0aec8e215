from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato.base.errors import UserError
from ostinato.music.compound_words import vocabulary
from ostinato.music.compoundation import CLS, MASK, PAD, SEP, Compoundation
from ostinato.music.lexicon import Lexicon, count, empty_lexicon, match, matrix

A, B, C, D = 10, 11, 12, 13

PLAIN = Compoundation("cp4", 4, vocabulary("cp4"), np.zeros((0, 2), dtype=np.int32))


def _lexicon(*entries: tuple[tuple[int, ...], int]) -> Lexicon:
    rows = [((), 0), *entries]
    return Lexicon(
        ngrams=np.array([[*tokens, *[PAD] * (4 - len(tokens))] for tokens, _ in rows], np.int32),
        length=np.array([len(tokens) for tokens, _ in rows], dtype=np.int8),
        frequency=np.array([frequency for _, frequency in rows]),
    )


EXAMPLE = _lexicon(((A, B), 300), ((A, B, C), 200), ((B, C), 100), ((C, D), 50))
SEQUENCE = np.array([CLS, A, B, C, D, SEP])


def test_the_worked_example():
    matches = match(SEQUENCE, EXAMPLE, slots=128)
    found = zip(matches.id.tolist(), matches.start.tolist(), matches.length.tolist(), strict=True)
    assert set(found) == {(1, 1, 2), (2, 1, 3), (3, 2, 2), (4, 3, 2)}
    assert matches.id.tolist() == [1, 2, 3, 4]
    weights = matrix(matches, EXAMPLE, len(SEQUENCE), 6)
    assert weights.dtype == np.float32
    expected = [
        [0, 0, 0, 0, 0, 0],
        [0.6, 0.4, 0, 0, 0, 0],
        [0.5, 1 / 3, 1 / 6, 0, 0, 0],
        [0, 0.4 / 0.7, 0.2 / 0.7, 0.1 / 0.7, 0, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    np.testing.assert_allclose(weights, expected, atol=1e-6)
    # As published: in float32, then integers, only D keeps a weight; for single notes' labels
    # in float64, then integers, nothing does.
    frequency = np.where(weights > 0, [300, 200, 100, 50, 0, 0], 0)
    for dtype, left in ((np.float32, [0, 0, 0, 0, 1, 0]), (np.float64, [0] * 6)):
        share = frequency.astype(dtype)
        share /= share.sum(axis=1, keepdims=True) + dtype(1e-10)
        assert share.astype(np.int64).sum(axis=1).tolist() == left


tokens_ = st.lists(st.sampled_from([PAD, CLS, MASK, A, B, C, D]), max_size=60)


@given(st.lists(tokens_, min_size=1, max_size=5), st.integers(1, 4), st.integers(2, 4))
def test_counting_counts(documents: list[list[int]], threshold: int, longest: int):
    expected: Counter[tuple[int, ...]] = Counter()
    for document in documents:
        for n in range(2, longest + 1):
            for start in range(len(document) - n + 1):
                run = tuple(document[start : start + n])
                if min(run) > MASK:
                    expected[run] += 1
    arrays = [np.array(document, dtype=np.int32) for document in documents]
    lexicon = count(arrays, threshold=threshold, max_length=longest)
    found = {
        tuple(lexicon.ngrams[i, : lexicon.length[i]].tolist()): int(lexicon.frequency[i])
        for i in range(1, len(lexicon))
    }
    assert found == {run: n for run, n in expected.items() if n >= threshold}
    assert (np.diff(lexicon.frequency[1:]) <= 0).all()


@given(st.lists(tokens_, min_size=1, max_size=3), tokens_, st.integers(1, 30))
def test_matching_finds_every_occurrence_and_keeps_the_longest(
    documents: list[list[int]], sequence: list[int], slots: int
):
    lexicon = count([np.array(d, dtype=np.int32) for d in documents], threshold=1)
    known = {
        tuple(lexicon.ngrams[i, : lexicon.length[i]].tolist()): i for i in range(1, len(lexicon))
    }
    every = [
        (-n, known[run], start)
        for n in (2, 3, 4)
        for start in range(len(sequence) - n + 1)
        if (run := tuple(sequence[start : start + n])) in known
    ]
    kept = sorted(every)[:slots]
    matches = match(np.array(sequence, dtype=np.int32), lexicon, slots=slots)
    found = list(
        zip(matches.start.tolist(), matches.length.tolist(), matches.id.tolist(), strict=True)
    )
    assert found == sorted((start, -n, id_) for n, id_, start in kept)
    weights = matrix(matches, lexicon, len(sequence), slots)
    covered = weights.any(axis=1)
    np.testing.assert_allclose(weights.sum(axis=1), covered, atol=1e-5)
    for row in np.flatnonzero(covered):
        assert sequence[row] > MASK


def test_padding_adds_nothing():
    matches = match(SEQUENCE, EXAMPLE, slots=8)
    padded = match(np.append(SEQUENCE, [PAD] * 100), EXAMPLE, slots=8)
    assert padded.start.tolist() == matches.start.tolist()
    longer = matrix(padded, EXAMPLE, len(SEQUENCE) + 100, 8)
    assert (longer[: len(SEQUENCE)] == matrix(matches, EXAMPLE, len(SEQUENCE), 8)).all()
    assert not longer[len(SEQUENCE) :].any()


def test_what_was_masked_cannot_be_told_from_the_matches():
    masked = SEQUENCE.copy()
    masked[2] = MASK
    assert match(masked, EXAMPLE, slots=8).id.tolist() == [4]
    # What was published matches before masking: the entries over the hole say what was there.
    assert 1 in match(SEQUENCE, EXAMPLE, slots=8).id


def test_an_empty_lexicon_matches_nothing():
    matches = match(SEQUENCE, empty_lexicon(), slots=8)
    assert len(matches.id) == 0
    assert not matrix(matches, empty_lexicon(), 6, 8).any()
    assert len(match(np.zeros(0, dtype=np.int32), EXAMPLE, slots=8).id) == 0


def test_mutual_information_prefers_pairs_that_belong_together():
    common, bound = [A, B] * 2 + [A, C] * 30 + [B, A] * 30, [D, 14] * 5
    documents = [np.array(common + bound, dtype=np.int32)]
    by_count = count(documents, threshold=2, max_length=2)
    by_pmi = count(documents, threshold=2, max_length=2, rank="pmi", most=3)
    assert by_count.ngrams[1, :2].tolist() != [D, 14]
    assert [D, 14] in by_pmi.ngrams[1:, :2].tolist()[:2]
    assert len(by_pmi) == 4
    runs = {tuple(run) for run in by_count.ngrams[1:, :2].tolist()}
    assert {tuple(run) for run in by_pmi.ngrams[1:, :2].tolist()} <= runs


def test_a_file_says_the_lexicon_again(tmp_path: Path):
    path = tmp_path / "lexicon.txt"
    EXAMPLE.save(path, PLAIN)
    again = Lexicon.load(path, PLAIN)
    assert again.ngrams.tolist() == EXAMPLE.ngrams.tolist()
    assert again.frequency.tolist() == EXAMPLE.frequency.tolist()
    path.write_text(path.read_text() + "12 nothing\n")
    with pytest.raises(UserError, match="line 6: '12 nothing'"):
        Lexicon.load(path, PLAIN)
