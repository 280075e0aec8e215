"""Windows of pieces: drawn fairly, labelled as their piece, and merged by their rows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.batches import WindowConfig
from ostinato.data.learning import CompoundationConfig, LexiconConfig, learn_vocabulary
from ostinato.data.shards import read_shards
from ostinato.data.vocabulary import Vocabulary
from ostinato.models.midiformer import HeadSpec
from ostinato.music.compoundation import PAD
from ostinato.train.optimizer import OptimizerConfig, make_optimizer
from ostinato.train.pieces import Drawing, PieceBatches, PieceReader, Pieces, label_pieces
from ostinato.train.recipe import ModelChoice, build_batches, build_matcher, build_model
from ostinato.train.steps import Reader, SequenceLabelStep
from toy_pieces import KINDS, write_toy_pieces

CPU = torch.device("cpu")
WINDOW = WindowConfig(rows=24, tokens=64, slots=16, transpose=2)
CHOICE = ModelChoice(
    hidden_size=16, num_layers=2, num_heads=2, intermediate_size=32, num_ngram_layers=1, dropout=0.1
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pieces, Vocabulary]:
    folder = write_toy_pieces(tmp_path_factory.mktemp("pieces"), pieces=12)
    documents = read_shards([folder / "shards"])
    pieces = label_pieces(documents, lambda entry: int(int(entry.name[1:]) % 3 == 2))
    vocabulary = learn_vocabulary(documents, CompoundationConfig(20), LexiconConfig(threshold=5))
    return pieces, vocabulary


def reader(vocabulary: Vocabulary) -> Reader:
    config = CHOICE.config(vocabulary)
    heads = {"kind": HeadSpec("sequence", KINDS, "attention")}
    model = build_model(config, vocabulary, seed=0, device=CPU, heads=heads)
    return Reader(model, build_matcher(config, vocabulary, WINDOW, CPU), CPU)


def batches(made: tuple[Pieces, Vocabulary], drawing: Drawing) -> PieceBatches:
    return PieceBatches(*made, WINDOW, drawing, device=CPU)


def test_windows_lie_in_their_piece_and_reach_both_of_its_ends(made) -> None:
    pieces, _ = made
    offset = pieces.documents.offset
    drawn = [batches(made, Drawing(64)).draw(step) for step in range(10)]
    for windows, piece in drawn:
        assert (windows.start >= offset[piece]).all()
        assert (windows.stop <= offset[piece + 1]).all()
        length = np.diff(offset)[piece]
        assert ((windows.stop - windows.start) == np.minimum(24, length)).all()
    starts = np.concatenate([windows.start for windows, _ in drawn])
    stops = np.concatenate([windows.stop for windows, _ in drawn])
    assert set(offset[:-1].tolist()) <= set(starts.tolist())
    assert set(offset[1:].tolist()) <= set(stops.tolist())


def test_long_pieces_are_not_drawn_more_often(made) -> None:
    pieces, _ = made
    drawn = np.concatenate([batches(made, Drawing(64)).draw(step)[1] for step in range(40)])
    share = np.bincount(drawn, minlength=len(pieces)) / len(drawn)
    assert share == pytest.approx(np.full(len(pieces), 1 / len(pieces)), abs=0.025)


def test_by_rows_long_pieces_are_drawn_as_often_as_they_have_rows(made) -> None:
    pieces, _ = made
    rows = np.diff(pieces.documents.offset)
    drawing = Drawing(64, by_rows=True)
    drawn = np.concatenate([batches(made, drawing).draw(step)[1] for step in range(40)])
    share = np.bincount(drawn, minlength=len(pieces)) / len(drawn)
    assert share == pytest.approx(rows / rows.sum(), abs=0.025)
    assert rows.max() > 1.5 * rows.min()
    with pytest.raises(UserError, match="two ways"):
        Drawing(64, balanced=True, by_rows=True)


def test_balanced_classes_come_equally_often(made) -> None:
    pieces, _ = made
    shares = []
    for balanced in (False, True):
        drawing = Drawing(64, balanced=balanced)
        drawn = np.concatenate([batches(made, drawing).draw(step)[1] for step in range(40)])
        shares.append(pieces.truth[drawn].mean())
    assert shares[0] == pytest.approx(pieces.truth.mean(), abs=0.03)
    assert pieces.truth.mean() == pytest.approx(1 / 3)
    assert shares[1] == pytest.approx(1 / 2, abs=0.03)


def test_a_batch_holds_several_windows_of_each_piece(made) -> None:
    windows, piece = batches(made, Drawing(60, per_piece=4, seed=3)).draw(0)
    grouped = piece.reshape(-1, 4)
    assert (grouped == grouped[:, :1]).all()
    assert len(np.unique(piece)) > 4
    assert len(np.unique(np.stack([windows.start, piece]), axis=1).T) > len(np.unique(piece))
    with pytest.raises(UserError, match="divides the batch; got 7 and a batch of 60"):
        Drawing(60, per_piece=7)


def test_a_step_is_a_function_of_its_number_and_the_seed(made) -> None:
    first, again, other = (batches(made, Drawing(8, seed=seed))(5)[0].tokens for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_pieces_without_a_class_or_a_row_are_left_out(made) -> None:
    documents = made[0].documents
    known = label_pieces(documents, lambda entry: {"d3": 1, "d7": 0}.get(entry.name))
    assert [entry.name for entry in known.documents.entries] == ["d3", "d7"]
    assert known.truth.tolist() == [1, 0]
    assert label_pieces(documents, lambda _: None).truth.tolist() == []


@pytest.mark.parametrize(("stride", "batch"), [(24, 64), (12, 5), (7, 1)])
def test_a_piece_is_the_mean_of_its_windows_weighted_by_rows(made, stride: int, batch: int) -> None:
    pieces, vocabulary = made
    read = reader(vocabulary)
    head = read.model.sequence_head("kind")
    found = PieceReader(pieces, vocabulary, WINDOW, stride=stride, batch=batch, device=CPU)(
        read, "kind"
    )
    still = build_batches(pieces.documents, vocabulary, WINDOW, transpose=0, device=CPU)
    grid = still.grid(stride)
    for number in (0, 4, 11):
        first, last = pieces.documents.offset[number : number + 2]
        told, rows, states, pooled = [], [], [], []
        for index in np.flatnonzero((grid.start >= first) & (grid.stop <= last)):
            part = still.assemble(grid.part(int(index), 1), tokens=None)
            with torch.no_grad():
                hidden = read.hidden(part.tokens, read.find(part.tokens))
                mask = part.tokens != PAD
                told.append(head(hidden, mask).log_softmax(-1)[0].numpy())
                pooled.append(head.pooled(hidden, mask)[0].numpy())
            rows.append(int(grid.stop[index] - grid.start[index]))
            states.append(hidden[0, part.row[0] >= 0].numpy())
        expected = np.average(told, axis=0, weights=rows)
        assert found.answers.log_probabilities[number] == pytest.approx(expected, abs=1e-5)
        mean = np.concatenate(states).mean(0)
        assert found.states[number] == pytest.approx(mean, abs=1e-5)
        of = found.parts.piece == number
        assert found.parts.pooled[of] == pytest.approx(np.array(pooled), abs=1e-5)
        assert found.parts.share[of] == pytest.approx(np.array(rows) / sum(rows))


def test_a_head_learns_what_tells_the_pieces_apart(made) -> None:
    pieces, vocabulary = made
    read = reader(vocabulary)
    step = SequenceLabelStep(read, batches(made, Drawing(16)), "kind", smoothing=0.05)
    optimizer = make_optimizer(read.model, OptimizerConfig(learning_rate=5e-3))
    evaluate = PieceReader(pieces, vocabulary, WINDOW, stride=12, batch=8, device=CPU)
    before = evaluate(read, "kind").answers.loss()
    read.model.train()
    for group in optimizer.param_groups:
        group["lr"] = 5e-3
    for number in range(20):
        torch.manual_seed(number)
        step(number)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
    after = evaluate(read, "kind").answers
    assert after.accuracy() == 1
    assert after.loss() < before / 3


def test_a_sample_is_spread_over_all_and_keeps_its_classes(
    made: tuple[Pieces, Vocabulary],
) -> None:
    pieces, _ = made
    few = pieces.sample(3)
    names = [entry.name for entry in few.documents.entries]
    every = [entry.name for entry in pieces.documents.entries]
    assert len(few) == 3 and names[0] == every[0] and names[-1] == every[-1]
    assert few.truth.tolist() == [pieces.truth[every.index(name)] for name in names]
    assert pieces.sample(len(pieces)) is pieces
