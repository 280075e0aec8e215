from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import score_of, scores

from ostinato.base.errors import UserError
from ostinato.music.compound_words import Scheme, encode, vocabulary
from ostinato.music.compoundation import PAD, SPECIALS, Compoundation, learn
from ostinato.music.score import Score


def _learn(words: list[list[int]], counts: list[int], merges: int) -> Compoundation:
    """Merges over words in which column i only takes values of its own: cp4's columns."""
    return learn(
        np.array(words, dtype=np.int16),
        np.array(counts),
        merges=merges,
        scheme="cp4",
        steps_per_quarter=4,
        vocab=vocabulary("cp4"),
    )


def _pieces(compoundation: Compoundation, word: list[int]) -> list[str]:
    tokens, count = compoundation.pieces(np.array([word], dtype=np.int16))
    return [compoundation.text(t) for t in tokens[0, : count[0]].tolist()]


# The letters of the worked example, section 6.4: "abcd" and, with another last symbol, "abce".
ABCD, ABCE = [0, 1, 2, 3], [0, 1, 2, 4]


def test_the_worked_example():
    two = _learn([ABCD, [1, 5, 2, 3], [0, 1, 9, 9]], [12, 10, 5], 2)
    assert [tuple(map(two.text, pair)) for pair in two.merges.tolist()] == [
        ("c2+", "d3"),
        ("a0+", "b1+"),
    ]
    assert _pieces(two, ABCD) == ["a0.b1+", "c2.d3"]
    assert _pieces(two, ABCE) == ["a0.b1+", "c2+", "d4"]
    three = _learn([ABCD, [1, 5, 2, 3], [0, 1, 9, 9]], [12, 10, 5], 3)
    assert _pieces(three, ABCD) == ["a0.b1.c2.d3"]


def test_equal_counts_are_merged_in_the_order_of_their_ids():
    words, counts = [[1, 5, 6, 7], [0, 1, 2, 3]], [4, 4]
    first = _learn(words, counts, 1)
    assert [tuple(map(first.text, pair)) for pair in first.merges.tolist()] == [("a0+", "b1+")]
    assert (_learn(words[::-1], counts, 6).merges == _learn(words, counts, 6).merges).all()


def test_learning_stops_where_no_pair_is_left():
    assert len(_learn([ABCD], [1], 50).merges) == 3


def _lowest_rank_first(compoundation: Compoundation, word: list[int]) -> list[int]:
    """BPE as it is defined, on one word at a time."""
    rank = {tuple(pair): k for k, pair in enumerate(compoundation.merges.tolist())}
    plain = Compoundation("cp4", 4, compoundation.vocab, compoundation.merges[:0])
    tokens = [t for t in plain.pieces(np.array([word], dtype=np.int16))[0][0].tolist() if t]
    first = compoundation.vocab_size - len(rank)
    while True:
        ranked = [(rank.get(pair, 1 << 30), i) for i, pair in enumerate(pairwise(tokens))]
        if not ranked or min(ranked)[0] == 1 << 30:
            return tokens
        best, at = min(ranked)
        tokens[at : at + 2] = [first + best]


words_ = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(58, 63), st.integers(0, 4)),
    min_size=1,
    max_size=40,
)


@given(words=words_, merges=st.integers(0, 40))
def test_applying_is_the_definition_and_undoing_gives_the_words_again(
    words: list[tuple[int, ...]], merges: int
):
    values, counts = np.unique(np.array(words, dtype=np.int16), axis=0, return_counts=True)
    compoundation = _learn(values.tolist(), counts.tolist(), merges)
    tokens, count = compoundation.pieces(values)
    for word, row, n in zip(values.tolist(), tokens.tolist(), count.tolist(), strict=True):
        assert row[:n] == _lowest_rank_first(compoundation, word)
        assert row[n:] == [PAD] * (4 - n)
    flat = tokens[tokens != PAD]
    assert compoundation.undo(flat).tolist() == values.tolist()
    assert int(compoundation.token_final[flat].sum()) == len(values)


@given(words=words_)
def test_more_merges_never_give_a_note_more_pieces(words: list[tuple[int, ...]]):
    values, counts = np.unique(np.array(words, dtype=np.int16), axis=0, return_counts=True)
    before = np.full(len(values), 4)
    for merges in range(0, 30, 3):
        compoundation = _learn(values.tolist(), counts.tolist(), merges)
        _, count = compoundation.pieces(values)
        assert (count >= 1).all()
        assert (count <= before).all()
        assert compoundation.vocab_size <= len(SPECIALS) + 2 * sum(compoundation.vocab) + merges
        before = count


@pytest.mark.parametrize("scheme", ["cp4", "cp7"])
@given(pieces=st.lists(scores(), min_size=1, max_size=3))
def test_every_piece_of_music_survives(pieces: list[Score], scheme: Scheme):
    words = [encode(piece, scheme) for piece in pieces]
    values = np.concatenate([w.values for w in words])
    distinct, counts = np.unique(values, axis=0, return_counts=True)
    compoundation = learn(
        distinct,
        counts,
        merges=25,
        scheme=scheme,
        steps_per_quarter=4,
        vocab=vocabulary(scheme),
    )
    for word in words:
        compounds = compoundation.apply(word)
        assert compoundation.undo(compounds.tokens).tolist() == word.values.tolist()
        # 6.5: a label spread over the pieces of each word comes back to that word.
        assert np.unique(compounds.row).tolist() == list(range(len(word)))
        ends = compoundation.token_final[compounds.tokens]
        assert compounds.row[ends].tolist() == list(range(len(word)))


def test_labels_follow_their_words():
    # Words of 2, 1 and 3 pieces with labels 1, 3, 2; the published routine gives 1 1 3 3 3 3.
    compoundation = _learn([ABCD], [9], 2)
    two, one, three = ABCD, [0, 192, 128, 64], [0, 1, 8, 8]
    values = np.array([two, one, three], dtype=np.int16)
    words = replace(encode(score_of([(0, 1, 60, 64, 0)])), values=values)
    assert np.array([1, 3, 2])[compoundation.apply(words).row].tolist() == [1, 1, 3, 2, 2, 2]


def test_a_file_says_the_merges_again(tmp_path: Path):
    compoundation = _learn([ABCD, ABCE, [1, 5, 6, 7]], [3, 2, 5], 5)
    path = tmp_path / "merges.txt"
    compoundation.save(path)
    again = Compoundation.load(path)
    assert again.merges.tolist() == compoundation.merges.tolist()
    assert (again.scheme, again.steps_per_quarter, again.vocab) == ("cp4", 4, compoundation.vocab)
    path.write_text(path.read_text() + "a0+ z9\n")
    with pytest.raises(UserError, match="line 8: 'a0\\+ z9'"):
        Compoundation.load(path)
    path.write_text("#version: 0.2\n")
    with pytest.raises(UserError, match="first line"):
        Compoundation.load(path)


def test_words_of_another_scheme_are_refused():
    compoundation = _learn([ABCD], [1], 1)
    with pytest.raises(UserError, match="cp4 at 4 steps per quarter; the words are cp7 at 12"):
        compoundation.apply(encode(score_of([(0, 1, 60, 64, 0)]), "cp7", steps_per_quarter=12))
