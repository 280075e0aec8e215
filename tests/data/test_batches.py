"""Word tables and windows: pieces in order, labels with their notes, batches by step alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.batches import Batches, WindowConfig, Windows, middle_weight
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.shards import Documents, Entry
from ostinato.data.vocabulary import Vocabulary
from ostinato.data.words import distinct_rows, token_stream, transpose_values, word_table
from ostinato.music.compound_words import vocabulary as columns_of
from ostinato.music.compoundation import CLS, PAD, SEP
from toy_corpus import HEADER, toy_documents

CPU = torch.device("cpu")
ROWS = 40


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return toy_documents(tmp_path)


def learnt(documents: Documents, merges: int = 20) -> Vocabulary:
    return learn_vocabulary(documents, CompoundationConfig(merges), LexiconConfig(threshold=5))


def batches(documents: Documents, *, transpose: int = 0, rows: int = ROWS) -> Batches:
    distinct = distinct_rows(documents.values, documents.header.vocab)
    table = word_table(distinct, learnt(documents).compoundation, transpose=transpose, device=CPU)
    return Batches(documents, table, rows=rows, device=CPU)


def windows(*spans: tuple[int, int, int]) -> Windows:
    return Windows(*np.array(spans, np.int64).T)


@pytest.mark.parametrize("semitones", [-2, 0, 3])
def test_tokens_say_the_rows_again(documents: Documents, semitones: int) -> None:
    vocabulary = learnt(documents)
    made = batches(documents, transpose=3)
    batch = made.assemble(windows((5, 45, semitones), (50, 60, semitones)), tokens=None)
    assert batch.tokens.shape[1] % 64 == 0
    for number, (start, stop) in enumerate([(5, 45), (50, 60)]):
        tokens = batch.tokens[number].numpy()
        said = vocabulary.compoundation.undo(tokens)
        expected, inside = transpose_values(documents.values[start:stop], "cp4", semitones)
        assert inside.all()
        assert (said == expected).all()
        used = int((tokens != PAD).sum())
        assert tokens[0] == CLS
        assert tokens[used - 1] == SEP
        assert not tokens[used:].any()


def test_every_piece_knows_its_row_and_every_label_its_note(documents: Documents) -> None:
    vocabulary = learnt(documents)
    batch = batches(documents).assemble(windows((5, 45, 0)), tokens=None)
    _, count = vocabulary.compoundation.pieces(documents.values[5:45])
    inside = batch.tokens[0] > SEP
    assert batch.row[0][inside].tolist() == np.repeat(np.arange(ROWS), count).tolist()
    assert (batch.row[0][~inside] == -1).all()
    assert batch.label[0].tolist() == documents.label[5:45].tolist()
    assert batch.source[0].tolist() == list(range(5, 45))


def test_labels_do_not_depend_on_how_words_are_merged(documents: Documents) -> None:
    """The published script loses count at every word that is one token."""
    per_row: list[list[int]] = []
    for merges in (0, 5, 60):
        compoundation = learnt(documents, merges).compoundation
        distinct = distinct_rows(documents.values, documents.header.vocab)
        table = word_table(distinct, compoundation, transpose=0, device=CPU)
        made = Batches(documents, table, rows=ROWS, device=CPU)
        batch = made.assemble(windows((0, ROWS, 0)), tokens=None)
        of_token = batch.label[0][batch.row[0].clamp(min=0)][batch.row[0] >= 0]
        closing = torch.from_numpy(compoundation.token_final)[batch.tokens[0]]
        per_row.append(of_token[closing[batch.row[0] >= 0]].tolist())
    assert per_row[0] == per_row[1] == per_row[2] == documents.label[:ROWS].tolist()


def test_rows_that_do_not_fit_are_left_out_whole(documents: Documents) -> None:
    made = batches(documents)
    whole = made.assemble(windows((0, ROWS, 0)), tokens=None)
    for width in range(10, 40):
        cut = made.assemble(windows((0, ROWS, 0)), tokens=width)
        assert cut.tokens.shape == (1, width)
        kept = int((cut.source >= 0).sum())
        used = int((cut.tokens != PAD).sum())
        assert cut.tokens[0, used - 1] == SEP
        assert torch.equal(cut.tokens[0, : used - 1], whole.tokens[0, : used - 1])
        assert cut.row[0].max() == kept - 1
        assert (cut.source[0, kept:] == -1).all()
        assert not cut.label[0, kept:].any()
        # The next row would not have fitted.
        pieces = int((whole.row[0] == kept).sum())
        assert used + pieces > width


def test_a_step_is_a_function_of_seed_and_step(documents: Documents) -> None:
    made = batches(documents, transpose=2)
    again = batches(documents, transpose=2)
    for step in (0, 7, 10**6):
        a, b = made.draw(16, seed=3, step=step), again.draw(16, seed=3, step=step)
        for name in ("start", "stop", "semitones"):
            assert (getattr(a, name) == getattr(b, name)).all()
    assert (made.draw(16, seed=3, step=0).start != made.draw(16, seed=3, step=1).start).any()
    assert (made.draw(16, seed=3, step=0).start != made.draw(16, seed=4, step=0).start).any()


def test_windows_lie_within_one_document(documents: Documents) -> None:
    made = batches(documents, transpose=2)
    drawn = made.draw(500, seed=0, step=0)
    offset = documents.offset
    document = np.searchsorted(offset, drawn.start, side="right") - 1
    assert (drawn.stop <= offset[document + 1]).all()
    assert (drawn.stop - drawn.start == ROWS).all()
    assert set(drawn.semitones.tolist()) == {-2, -1, 0, 1, 2}
    assert len(set(document.tolist())) == len(documents)


def test_a_document_shorter_than_a_window_is_one_window(documents: Documents) -> None:
    made = batches(documents, rows=10_000)
    drawn = made.draw(20, seed=0, step=0)
    assert {*zip(drawn.start.tolist(), drawn.stop.tolist(), strict=True)} <= {
        *zip(documents.offset[:-1].tolist(), documents.offset[1:].tolist(), strict=True)
    }
    batch = made.assemble(drawn, tokens=None)
    assert ((batch.source >= 0).sum(1).numpy() == drawn.stop - drawn.start).all()


def test_the_grid_covers_every_row(documents: Documents) -> None:
    made = batches(documents)
    seen = torch.zeros(made.num_rows, dtype=torch.int64)
    for batch in made.batches(made.grid(ROWS // 2), 3):
        seen += torch.bincount(batch.source[batch.source >= 0], minlength=made.num_rows)
    assert seen.min() >= 1
    assert len(made.grid(ROWS // 2)) > len(made.grid(ROWS).spread(5)) == 5


def test_a_grid_with_holes_is_refused(documents: Documents) -> None:
    for stride in (0, ROWS + 1):
        with pytest.raises(AssertionError, match="uncovered"):
            batches(documents).grid(stride)


def test_transposition_keeps_a_whole_document_in_range() -> None:
    values = np.array([[0, 0, 1, 3], [1, 4, 60, 3], [0, 0, 126, 3], [0, 192, 128, 64]], np.int16)
    entries = (Entry("low", "low", "toy", 2, 2), Entry("high", "high", "toy", 2, 1))
    two = Documents(HEADER, entries, values, np.zeros(4, np.int8), np.array([0, 2, 4]))
    distinct = distinct_rows(values, HEADER.vocab)
    table = word_table(distinct, learnt(two, 0).compoundation, transpose=3, device=CPU)
    drawn = Batches(two, table, rows=2, device=CPU).draw(400, seed=0, step=0)
    low = drawn.start == 0
    assert set(drawn.semitones[low].tolist()) == {-1, 0, 1, 2, 3}
    assert set(drawn.semitones[~low].tolist()) == {-3, -2, -1, 0, 1}
    moved, inside = transpose_values(values, "cp4", 2)
    assert inside.tolist() == [True, True, False, True]
    assert moved[3].tolist() == values[3].tolist()


def test_cp7_moves_chords_with_their_notes() -> None:
    # tempo, chord, bar-beat, type, pitch, duration, velocity
    chord = np.array([[5, 3, 2, 1, 0, 0, 0], [5, 2, 2, 1, 0, 0, 0], [5, 1, 2, 1, 0, 0, 0]])
    note = np.array([[0, 0, 0, 2, 61, 5, 7], [0, 0, 0, 2, 128, 5, 7]])
    rows = np.concatenate([chord, note]).astype(np.int16)
    vocab = columns_of("cp7")
    up, inside = transpose_values(rows, "cp7", 1)
    assert inside.tolist() == [True, True, True, True, False]
    assert up[3, 4] == 62
    assert up[0, 1] != rows[0, 1]
    assert (up[1:3] == rows[1:3]).all()
    assert (up.max(0) < vocab).all()
    back, _ = transpose_values(up, "cp7", -1)
    assert (back[:4] == rows[:4]).all()
    assert (transpose_values(rows, "cp7", 12)[0][:3] == rows[:3]).all()
    with pytest.raises(UserError, match="cannot transpose"):
        transpose_values(rows, "midibert", 1)


def test_token_streams_are_the_compoundation_of_each_document(documents: Documents) -> None:
    vocabulary = learnt(documents)
    distinct = distinct_rows(documents.values, documents.header.vocab)
    streams = token_stream(documents, distinct, vocabulary.compoundation)
    assert len(streams) == len(documents)
    first = documents.values[: documents.offset[1]]
    assert (vocabulary.compoundation.undo(streams[0]) == first).all()


def test_the_middle_of_a_window_weighs_most() -> None:
    weight = middle_weight(torch.tensor([[3, 4, 5, 6, 7], [8, 9, 10, -1, -1]]))
    assert weight.tolist() == [[1, 2, 3, 2, 1], [1, 2, 1, 0, 0]]


def test_windows_of_no_size_are_refused() -> None:
    with pytest.raises(UserError, match="window"):
        WindowConfig(rows=0)
