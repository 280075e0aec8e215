"""A head of pieces by regression: from recipe to answers, gone on with, and its penalty."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from ostinato.base.config import read_table
from ostinato.base.errors import UserError
from ostinato.data.shards import read_shards
from ostinato.eval.music import logistic
from ostinato.infer.load import load_piece_model
from ostinato.jobs import finetune_regression as regression
from ostinato.jobs.finetune import finetune
from ostinato.music.statistics import NUM_STATISTICS, notes_of, word_statistics
from ostinato.train.pieces import Parts
from toy_corpus import TINY_WINDOW
from toy_pieces import KINDS, write_toy_trunk

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy pieces and a model that is pre-trained on them."""
    return write_toy_trunk(tmp_path_factory.mktemp("trunk"))


@pytest.fixture
def recipe(trunk: Path, tmp_path: Path) -> Path:
    text = (
        f'run = "{tmp_path}/fine"\ninit = "{trunk}/pre/model"\nshards = ["{trunk}/shards"]\n'
        f'split = "{trunk}/split.csv"\nkind = "sequence"\nhead = "kind"\npool = "layers"\n'
        f'piece_labels = "{trunk}/labels.csv"\nstride = 12\nreport_test = true\n'
    )
    (tmp_path / "recipe.toml").write_text(text + TINY_WINDOW)
    return tmp_path / "recipe.toml"


def whole(features: np.ndarray) -> Parts:
    """Pieces of one part each."""
    return Parts(features, np.arange(len(features)), np.ones(len(features), np.float32))


def choose_penalty(
    parts: Parts, truth: np.ndarray, songs: np.ndarray, classes: int
) -> tuple[float, dict[str, float]]:
    """The penalty of these pieces, and how well it did held out."""
    folds = regression.song_folds(songs)
    scores = [regression.fold_scores(parts, truth, held, classes) for held in folds]
    return regression.best_penalty(np.array(scores), len(truth))


def result(recipe: Path) -> dict[str, object]:
    return json.loads((recipe.parent / "fine" / "result.json").read_text())


@pytest.mark.parametrize("statistics", [False, True])
def test_from_recipe_to_answers(recipe: Path, trunk: Path, *, statistics: bool) -> None:
    finetune(recipe, [f"statistics={str(statistics).lower()}"])
    told, head = result(recipe), recipe.parent / "fine" / "model"
    assert told["reason"] == "finished" and told["penalty"] in regression.PENALTIES
    for side in ("valid", "test"):
        scores = told[side]
        assert isinstance(scores, dict)
        assert (scores["accuracy"], scores["pieces"]) == (1.0, 4)
    assert {p.name for p in head.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    assert not (recipe.parent / "fine" / "loss.png").exists()
    card = (head / "README.md").read_text()
    assert "A regression on the mean states" in card
    assert ("statistics" in card) == statistics
    model = load_piece_model(head, device="cpu")
    assert model.head.statistics == (NUM_STATISTICS if statistics else 0)
    documents = read_shards([trunk / "shards"])
    for number in range(16):
        first, last = documents.offset[number : number + 2]
        found = model.label_words(documents.values[first:last])
        assert found.label == KINDS[number % 3 == 2]
        assert not np.isnan(found.distance)


def test_what_was_read_is_not_read_again(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Interrupted after each block and after each fold, it comes to the same weights."""
    finetune(recipe)
    head = recipe.parent / "fine" / "model" / "model.safetensors"
    whole = head.read_bytes()
    count = result(recipe)["read"]
    assert isinstance(count, int) and count > 6

    @contextmanager
    def at_once() -> Iterator[object]:
        yield lambda: True

    monkeypatch.setattr(regression, "BLOCK", 3)
    monkeypatch.setattr(regression, "interruptible", at_once)
    fresh, seen = ["fresh=true"], list[object]()
    while True:
        with suppress(KeyboardInterrupt):
            finetune(recipe, fresh)
            break
        fresh = []
        told = result(recipe)
        seen.append(told["read"])
        assert told["reason"] == "interrupted"
        assert "goes on" in str(told["next"]) and not head.exists()
    assert seen == [*range(3, count, 3), count, *[count] * (regression.FOLDS - 1)]
    assert result(recipe)["reason"] == "finished"
    assert head.read_bytes() == whole


@pytest.mark.parametrize("examples", [4096, 20])
def test_it_learns_from_the_windows_of_pieces(
    recipe: Path, trunk: Path, monkeypatch: pytest.MonkeyPatch, examples: int
) -> None:
    """So many of each at most, and of many pieces fewer; a piece counts once."""
    monkeypatch.setattr(regression, "EXAMPLES", examples)
    finetune(recipe)
    found = load_file(recipe.parent / "fine" / regression.STATE)
    documents = read_shards([trunk / "shards"], lambda entry: int(entry.name[1:]) % 4 < 2)
    rows = [entry.rows for entry in documents.entries]
    windows = [len(range(0, count - 24, 12)) + 1 for count in rows]  # of 24 rows, one each 12
    assert min(windows) > 1 and max(windows) > 8
    most = min(8, examples // len(rows))
    assert np.bincount(found["piece"]).tolist() == [min(most, count) for count in windows]
    assert np.bincount(found["piece"], weights=found["share"]) == pytest.approx([1] * len(rows))
    assert len(found["states"]) == len(rows)


def test_the_time_of_a_call_ends_it(recipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "BLOCK", 3)
    finetune(recipe, ["train.max_seconds=1e-6"])
    assert (result(recipe)["reason"], result(recipe)["read"]) == ("out of time", 3)


def test_what_another_version_has_read_is_refused(recipe: Path) -> None:
    finetune(recipe)
    state = recipe.parent / "fine" / regression.STATE
    kept = load_file(state)
    save_file({name: kept[name] for name in ("pooled", "states")}, state)
    with pytest.raises(UserError, match=r"another version wrote it: say fresh = true"):
        finetune(recipe)
    finetune(recipe, ["fresh=true"])
    assert result(recipe)["reason"] == "finished"


def test_a_head_that_reads_words_says_the_same_of_them_alone(recipe: Path, trunk: Path) -> None:
    """With states that say nothing, the head is the regression on the statistics."""
    finetune(recipe, ["statistics=true"])
    model = load_piece_model(recipe.parent / "fine" / "model", device="cpu")
    documents = read_shards([trunk / "shards"])
    weight = model.head.classify.weight.detach().clone()
    weight[:, :-NUM_STATISTICS] = 0
    with torch.no_grad():
        model.head.classify.weight.copy_(weight)
    values = documents.values[: documents.offset[1]][:12]  # one window
    told = torch.from_numpy(word_statistics(notes_of(values))).float()
    logits = weight[:, -NUM_STATISTICS:] @ told + model.head.classify.bias
    expected = (logits / model.calibration.temperature).softmax(0)
    found = model.label_words(values)
    assert found.probabilities == pytest.approx(expected.detach().numpy(), abs=1e-5)


def test_statistics_are_for_a_regression_on_cp4(recipe: Path) -> None:
    with pytest.raises(UserError, match="only a regression"):
        finetune(recipe, ["statistics=true", 'pool="first"'])
    words = recipe.parent / "cp7"
    shutil.copytree(read_table(recipe)["shards"][0], words)
    header = json.loads((words / "words.json").read_text())
    (words / "words.json").write_text(json.dumps({**header, "scheme": "cp7"}))
    with pytest.raises(UserError, match="statistics are of cp4 words"):
        finetune(recipe, ["statistics=true", f'shards=["{words}"]'])


@pytest.mark.parametrize("change", ["adapter_rank=2", 'init=""'])
def test_it_needs_an_encoder_as_it_is(recipe: Path, change: str) -> None:
    with pytest.raises(UserError, match="needs `init` and no adapter_rank"):
        finetune(recipe, [change])


def test_no_song_is_in_two_folds() -> None:
    """Labels are drawn by song and features tell the song alone: held out, nothing is known."""
    rng = np.random.default_rng(0)
    song = np.repeat(np.arange(60), 4)
    truth = rng.integers(0, 2, 60)[song]
    features = rng.normal(size=(60, 80))[song].astype(np.float32)
    _, score = choose_penalty(whole(features), truth, song.astype(str), 2)
    assert 0.3 < score["accuracy"] < 0.7
    assert (logistic.fit(features, truth, 2, penalty=1e-2)(features).argmax(1) == truth).all()


@pytest.mark.parametrize(("pieces", "least", "most"), [(16, 0.75, 0.985), (2000, 0.99, 1.0)])
def test_few_pieces_told_right_are_no_certainty(pieces: int, least: float, most: float) -> None:
    """A feature that tells the two classes apart without fail, among others that say nothing."""
    rng = np.random.default_rng(5)
    truth = np.arange(pieces) % 2
    features = rng.normal(size=(pieces, 5)).astype(np.float32)
    features[:, 0] = truth + 0.01 * features[:, 0]
    songs = np.arange(pieces).astype(str)
    penalty, score = choose_penalty(whole(features), truth, songs, 2)
    assert score["accuracy"] == 1
    told = logistic.fit(features, truth, 2, penalty=penalty, least=regression.LEAST)(features)
    assert least < float(np.median(told.max(1))) < most


def test_the_penalty_is_that_of_the_least_loss_and_of_one_song_the_middle_one() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(120, 10)).astype(np.float32)
    truth = (features[:, 0] + 0.1 * rng.normal(size=120) > 0).astype(np.int64)
    songs = np.arange(120).astype(str)
    noise, score = choose_penalty(whole(features), rng.permutation(truth), songs, 2)
    real, better = choose_penalty(whole(features), truth, songs, 2)
    assert noise > real and better["accuracy"] > 0.8 > score["accuracy"]
    assert choose_penalty(whole(features), truth, np.array(["a"] * 120), 2) == (0.3, {})


def test_neighbouring_windows_make_a_part() -> None:
    """Of a piece with more than so many; by their shares, and none is lost."""
    pooled = np.arange(8, dtype=np.float32)[:, None]
    piece, share = np.array([0] * 5 + [1] + [2] * 2), np.ones(8, np.float32)
    share[:5] = (0.3, 0.1, 0.2, 0.2, 0.2)
    share[6:] = 0.5
    found = Parts(pooled, piece, share).fewer(2)
    assert found.piece.tolist() == [0, 0, 1, 2, 2]
    assert found.share == pytest.approx([0.6, 0.4, 1, 0.5, 0.5])
    assert found.pooled[:, 0] == pytest.approx([(0.1 + 0.4) / 0.6, 3.5, 5, 6, 7])
    for most in (1, 3, 5):
        fewer = Parts(pooled, piece, share).fewer(most)
        assert np.bincount(fewer.piece).tolist() == [min(most, n) for n in (5, 1, 2)]
        means = [np.average(pooled[piece == n, 0], weights=share[piece == n]) for n in range(3)]
        again = np.zeros(3)
        np.add.at(again, fewer.piece, fewer.pooled[:, 0] * fewer.share)
        assert again == pytest.approx(means)


def test_a_piece_counts_once_however_many_parts_it_has() -> None:
    """Parts that are all alike change neither the regression nor how it does held out."""
    rng = np.random.default_rng(3)
    features = rng.normal(size=(90, 6)).astype(np.float32)
    truth = (features[:, 0] + 0.5 * rng.normal(size=90) > 0).astype(np.int64)
    songs, repeat = np.arange(90).astype(str), rng.integers(1, 6, 90)
    piece = np.repeat(np.arange(90), repeat)
    parts = Parts(features[piece], piece, (1 / repeat[piece]).astype(np.float32))
    penalty, told = choose_penalty(parts, truth, songs, 2)
    assert (penalty, told) == choose_penalty(whole(features), truth, songs, 2)
    share = parts.share
    many = logistic.fit(parts.pooled, truth[piece], 2, penalty=0.1, share=share)
    once = logistic.fit(features, truth, 2, penalty=0.1)
    for name in ("mean", "scale", "weight"):
        assert getattr(many, name) == pytest.approx(getattr(once, name), rel=1e-4, abs=1e-6)


def test_pieces_are_told_by_all_their_parts() -> None:
    """A part says little of its piece's class, and ten of them nearly all."""
    rng = np.random.default_rng(4)
    truth, piece = np.arange(100) % 2, np.repeat(np.arange(100), 10)
    weak = (rng.normal(size=(1000, 1)) + (truth[piece, None] - 0.5)).astype(np.float32)
    songs = np.arange(100).astype(str)
    parts = Parts(weak, piece, np.full(1000, 0.1, np.float32))
    _, merged = choose_penalty(parts, truth, songs, 2)
    _, single = choose_penalty(whole(weak), truth[piece], piece.astype(str), 2)
    assert merged["accuracy"] > 0.85 > 0.75 > single["accuracy"] > 0.6


def test_along_principal_axes_the_regression_is_the_same() -> None:
    """More features than units; the weights are those that plain descent finds."""
    rng = np.random.default_rng(2)
    features = rng.normal(size=(12, 40)).astype(np.float32)
    truth = np.arange(12) % 3
    few, more = logistic.fits(features, truth, 3, (1e-2, 1.0))
    scaled = (features - few.mean) * few.scale
    x = torch.from_numpy(scaled)
    for model, penalty in ((few, 1e-2), (more, 1.0)):
        weight, bias = (torch.from_numpy(part) for part in (model.weight[:-1], model.weight[-1]))
        weight.requires_grad_()
        bias.requires_grad_()
        loss = torch.nn.functional.cross_entropy(x @ weight + bias, torch.from_numpy(truth))
        (loss + penalty / 2 * (weight**2).sum()).backward()
        assert weight.grad is not None and bias.grad is not None
        assert max(float(weight.grad.abs().max()), float(bias.grad.abs().max())) < 1e-3
