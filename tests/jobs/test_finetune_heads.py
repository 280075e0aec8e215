"""Fine-tuning from a recipe to a head directory that labels: pieces, notes, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from ostinato.base.config import load_recipe
from ostinato.base.errors import UserError
from ostinato.data.shards import ShardWriter, read_shards
from ostinato.eval.music import record
from ostinato.infer.load import load_note_model, load_piece_model
from ostinato.jobs import finetuning
from ostinato.jobs.finetune import FinetuneRecipe, finetune
from ostinato.jobs.finetune_data import read_piece_labels
from ostinato.models import midiformer
from ostinato.models.midiformer import HeadSpec, checkpoint, head_directory
from ostinato.music import splits
from ostinato.music.corpora import find_corpus
from ostinato.train.pieces import PieceAnswers, PieceReader
from ostinato.train.steps import NoteLabelStep, Reader, SequenceLabelStep
from toy_corpus import TINY_WINDOW
from toy_pieces import KINDS, write_toy_pieces, write_toy_trunk

TRAIN = """
[train]
steps = 25
validate_every = 10
[train.optimizer]
learning_rate = 2e-2
warmup_steps = 2
"""


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Toy pieces and a model that is pre-trained on them."""
    return write_toy_trunk(tmp_path_factory.mktemp("trunk"))


@pytest.fixture
def folder(trunk: Path, tmp_path: Path) -> Path:
    """Recipes of two heads, of pieces and of notes, with adapters on the trunk."""
    same = (
        f'run = "{tmp_path}/fine"\ninit = "{trunk}/pre/model"\nshards = ["{trunk}/shards"]\n'
        f'split = "{trunk}/split.csv"\nadapter_rank = 2\nbatch = 8\nstride = 12\n'
        "report_test = true\n"
    )
    pieces = f'kind = "sequence"\nhead = "kind"\npiece_labels = "{trunk}/labels.csv"\n'
    (tmp_path / "pieces.toml").write_text(same + pieces + TINY_WINDOW + TRAIN)
    (tmp_path / "notes.toml").write_text(same + TINY_WINDOW + TRAIN)
    return tmp_path


def result(folder: Path) -> dict[str, object]:
    return json.loads((folder / "fine" / "result.json").read_text())


def test_pieces_from_recipe_to_answers(folder: Path, trunk: Path) -> None:
    before = {p.name: p.read_bytes() for p in (trunk / "pre" / "model").iterdir()}
    finetune(folder / "pieces.toml", ["windows_per_piece=2", "balanced=true"])
    told, head = result(folder), folder / "fine" / "model"
    assert told["labels"] == list(KINDS)
    for side in ("valid", "test"):
        scores = told[side]
        assert isinstance(scores, dict)
        assert (scores["accuracy"], scores["pieces"]) == (1.0, 4)
        assert np.trace(scores["confusion"]) == 4
        assert scores["loss"]["calibrated"] <= scores["loss"]["raw"]
        assert {*scores["calibration_error"]} == {"raw", "calibrated"}
    assert {p.name: p.read_bytes() for p in (trunk / "pre" / "model").iterdir()} == before
    assert {p.name for p in head.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    model = load_piece_model(head, device="cpu")
    assert model.calibration.temperature == told["temperature"]
    documents = read_shards([trunk / "shards"])
    for number in range(16):
        first, last = documents.offset[number : number + 2]
        found = model.label_words(documents.values[first:last])
        assert found.label == KINDS[number % 3 == 2]


def test_each_scoring_of_the_test_side_leaves_a_line(folder: Path, trunk: Path) -> None:
    brief = ["train.steps=1", "train.validate_every=0"]
    finetune(folder / "notes.toml", [*brief, "report_test=false"])
    assert not (folder / "fine" / record.NAME).exists()
    finetune(folder / "notes.toml", brief)
    finetune(folder / "notes.toml", [*brief, "fresh=true"])  # the record is never taken back
    found = record.read(folder / "fine" / record.NAME)
    assert record.times(found) == {("melody", f"{trunk}/split.csv"): 2}
    assert {one.digest for one in found} == {record.digest(folder / "fine" / "model")}
    assert {one.protocol for one in found} == {"finetune"}
    shared = folder / "results" / record.NAME
    finetune(folder / "notes.toml", [*brief, f"scorings={shared}"])  # goes on with the same run
    assert len(record.read(shared)) == 1
    assert len(record.read(folder / "fine" / record.NAME)) == 2


def test_notes_from_recipe_to_answers(folder: Path) -> None:
    finetune(folder / "notes.toml", ["train.steps=40"])
    told, head = result(folder), folder / "fine" / "model"
    scores = told["test"]
    assert isinstance(scores, dict)
    assert scores["accuracy"] > 0.5  # a third of the notes have each label
    assert sum(map(sum, scores["confusion"])) == scores["notes"] > 100
    described = head_directory.describe(head)
    assert described.adapter is not None
    assert described.adapter.rank == 2
    assert described.domain is None
    model = load_note_model(head, device="cpu")
    assert model.names == ("melody", "bridge", "accompaniment")


def test_one_encoder_learns_two_heads_of_notes(folder: Path, trunk: Path) -> None:
    """Both learn, each stands in a directory of its own, and each says what training said.

    What the one calls by its first name the other calls by its second.
    """
    labels, shards = ("x", "y", "z"), folder / "other"
    kept = read_shards([trunk / "shards"])
    with ShardWriter(shards, kept.header) as writer:
        for entry, rows in kept.places():
            own = kept.label[rows]
            writer.add(entry, kept.values[rows], np.where(own > 0, own % 3 + 1, 0))
    other = f"others=[{{head='again', shards=['{shards}'], labels={list(labels)}}}]"
    finetune(folder / "notes.toml", ["adapter_rank=0", "train.steps=60", other])
    told, run = result(folder), folder / "fine"
    again = told["others"]["again"]  # type: ignore[index,call-overload]
    assert again["test"]["accuracy"] > 0.5  # a third of the notes have each label
    card = (run / "again" / "README.md").read_text()
    assert "A head on a trunk that learnt this" in card
    assert "../" not in card  # its trunk may come to lie elsewhere
    assert checkpoint.read_heads(run / "model") == {
        "melody": HeadSpec("note", ("melody", "bridge", "accompaniment"))
    }
    documents = read_shards([trunk / "shards"], lambda entry: int(entry.name[1:]) % 4 == 2)
    for name, scores in (("model", told), ("again", again)):
        truth = documents.label - 1
        if name == "again":
            truth = np.where(truth >= 0, (truth + 1) % 3, -1)
        model = load_note_model(run / name, device="cpu")
        rows = np.concatenate(
            [
                model.rows.probabilities(documents.values[first:last])
                for first, last in zip(documents.offset, documents.offset[1:], strict=False)
            ]
        )[truth >= 0]
        right = rows[np.arange(len(rows)), truth[truth >= 0]]
        assert -np.log(right).mean() == pytest.approx(scores["valid"]["loss"]["raw"], rel=1e-4)
    assert load_note_model(run / "again", device="cpu").names == labels
    found = record.read(run / record.NAME)
    assert {(one.task, one.digest) for one in found} == {
        ("melody", record.digest(run / "model")),
        ("again", record.digest(run / "again")),
    }


@pytest.mark.parametrize(
    "settings",
    [
        ["dtype=float32"],
        ["dtype=float16"],
        ["dtype=bfloat16"],
        ["window.rows=16", "window.slots=3", "stride=8"],  # not the trunk's windows
    ],
)
def test_inference_says_what_training_said(folder: Path, trunk: Path, settings: list[str]) -> None:
    """The same pieces, windows and weights by either way: the files are what was scored."""
    finetune(folder / "pieces.toml", [*settings, "train.steps=10"])
    own = head_directory.describe(folder / "fine" / "model").window
    assert own == (head_directory.HeadWindow(16, 3) if "stride=8" in settings else None)
    told = result(folder)["valid"]
    assert isinstance(told, dict)
    model = load_piece_model(folder / "fine" / "model", device="cpu")
    documents = read_shards([trunk / "shards"], lambda entry: int(entry.name[1:]) % 4 == 2)
    losses, distances = [], []
    for number, entry in enumerate(documents.entries):
        first, last = documents.offset[number : number + 2]
        found = model.label_words(documents.values[first:last])
        losses.append(-np.log(found.probabilities[int(int(entry.name[1:]) % 3 == 2)]))
        distances.append(found.distance)
    assert np.mean(losses) == pytest.approx(told["loss"]["calibrated"], rel=3e-6)
    domain = model.calibration.domain
    assert domain is not None
    spread = np.mean(distances) + 3 * np.std(distances)
    assert domain.threshold == pytest.approx(max(*distances, spread), rel=1e-4)


def test_a_side_is_read_once_to_be_scored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    read = PieceReader.__call__

    def counted(self: PieceReader, reader: Reader, head: str) -> PieceAnswers:
        found = read(self, reader, head)
        sizes.append(len(found.states))
        return found

    monkeypatch.setattr(PieceReader, "__call__", counted)
    finetune(folder / "pieces.toml", ["train.steps=1", "train.validate_every=0"])
    assert sorted(sizes) == [4, 4, 4, 8]  # to choose the weights; valid, test and train at the end


def test_only_what_is_trained_is_saved_in_a_run(folder: Path) -> None:
    finetune(folder / "pieces.toml", ["train.steps=2", "train.average=0.5"])
    for file in ("state", "best"):
        names = load_file(folder / "fine" / f"{file}.safetensors")
        weights = [name for name in names if not name.startswith("optimizer.")]
        assert weights
        assert all(".heads." in name or name.endswith((".down", ".up")) for name in weights)


def test_an_interrupted_adapter_goes_on_to_the_same_weights(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides = ["train.steps=6", "train.validate_every=0"]
    finetune(folder / "pieces.toml", overrides)
    whole = (folder / "fine" / "model" / "model.safetensors").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("time.monotonic", iter(range(0, 10**6, 100)).__next__)
        finetune(folder / "pieces.toml", [*overrides, "fresh=true", "train.max_seconds=250"])
    part = result(folder)
    assert part["reason"] == "out of time" and 0 < int(str(part["step"])) < 6
    assert "test" not in part and "valid" not in part  # a part is not scored
    assert part["next"] == "the same command goes on"
    before = (folder / "fine" / "metrics.jsonl").read_text()
    assert before
    steps: list[int] = []
    step = SequenceLabelStep.__call__
    with monkeypatch.context() as patch:
        patch.setattr(
            SequenceLabelStep, "__call__", lambda s, number: steps.append(number) or step(s, number)
        )
        finetune(folder / "pieces.toml", overrides)
    assert steps == list(range(int(str(part["step"])), 6))
    assert result(folder)["reason"] == "finished" and "test" in result(folder)
    assert (folder / "fine" / "metrics.jsonl").read_text().startswith(before)
    assert (folder / "fine" / "model" / "model.safetensors").read_bytes() == whole


def test_a_run_does_not_go_on_with_another_trunk(
    folder: Path, trunk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "trunk"
    shutil.copytree(trunk / "pre" / "model", own)
    overrides = [f"init={own}", "train.steps=6", "train.validate_every=0"]
    with monkeypatch.context() as patch:
        patch.setattr("time.monotonic", iter(range(0, 10**6, 100)).__next__)
        finetune(folder / "pieces.toml", [*overrides, "train.max_seconds=250"])
    weights = load_file(own / "model-00001-of-00001.safetensors")
    changed = {n: t * 1.5 if t.is_floating_point() else t for n, t in weights.items()}
    save_file(changed, own / "model-00001-of-00001.safetensors")
    with pytest.raises(UserError, match=r"another recipe \(weights of init\)"):
        finetune(folder / "pieces.toml", overrides)
    assert result(folder)["reason"] == "out of time"


def test_a_head_is_no_encoder_to_begin_with(folder: Path) -> None:
    finetune(folder / "pieces.toml", ["train.steps=1"])
    again = [f"init={folder}/fine/model", f"run={folder}/again"]
    with pytest.raises(UserError, match="is a head and no encoder: name its trunk"):
        finetune(folder / "pieces.toml", again)


def test_a_whole_encoder_may_be_trained_on_pieces(folder: Path, trunk: Path) -> None:
    finetune(folder / "pieces.toml", ["adapter_rank=0", 'pool="first"', "train.steps=8"])
    head = folder / "fine" / "model"
    before = midiformer.load(trunk / "pre" / "model").encoder.layers[0].expand.weight
    after = midiformer.load(head).encoder.layers[0].expand.weight
    assert not np.allclose(before.detach(), after.detach(), atol=1e-3)
    model = load_piece_model(head, device="cpu")
    assert model.calibration.temperature == result(folder)["temperature"]
    assert model.calibration.domain is not None


def test_the_card_says_whose_music_it_learnt_from(folder: Path) -> None:
    finetune(folder / "pieces.toml", ["train.steps=1"])
    card = (folder / "fine" / "model" / "README.md").read_text()
    assert "| toy | 8 | made up |" in card
    assert "| test | 4 | " in card
    assert "rank 2" in card


def test_a_corpus_says_what_its_pieces_are(folder: Path, tmp_path: Path) -> None:
    """Two dances of Nottingham, named as its files are; the reels' six parts are one of the 9."""
    toy = write_toy_pieces(tmp_path / "toy")
    names = [f"{'reelsa-c' if n % 3 == 2 else 'jigs'}{n}" for n in range(16)]
    lines = (toy / "shards" / "documents.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    for entry, name in zip(entries, names, strict=True):
        entry |= {"name": name, "song": name, "corpus": "nottingham"}
    text = "".join(json.dumps(entry) + "\n" for entry in entries)
    (toy / "shards" / "documents.jsonl").write_text(text)
    split = (toy / "split.csv").read_text().splitlines()
    renamed = [f"{n},{n},{old.split(',')[2]}" for n, old in zip(names, split[1:], strict=True)]
    (toy / "split.csv").write_text("\n".join([split[0], *renamed]) + "\n")
    same = [f'shards=["{toy}/shards"]', f"split={toy}/split.csv", "train.steps=1", "fresh=true"]
    for task, expected in (("", ["jigs", "reelsa-c"]), ("dance9", ["jigs", "reels"])):
        finetune(folder / "pieces.toml", [*same, 'piece_labels=""', f'piece_task="{task}"'])
        assert result(folder)["labels"] == expected


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("labels=['staccato', 'legato']", "pieces are labelled tenuto, which `labels` has not"),
        ("init=", "adapter_rank needs `init`"),
        ("windows_per_piece=3", "divides the batch"),
        ("hide=0.1", '0 but for kind = "note"; got 0.1'),
        ("adapter_targets=['norm']", "targets among"),
        ("kind=note", "piece_labels: only a recipe of kind"),
        ("piece_labels=none.csv", r"none\.csv: expected a CSV file"),
        ("adapter_rank=-1", "rank of at least 1"),
    ],
)
def test_recipes_that_cannot_be_run(folder: Path, setting: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        finetune(folder / "pieces.toml", [setting])


@pytest.mark.parametrize("share", [1, -0.1])
def test_hidden_is_a_share(folder: Path, share: float) -> None:
    with pytest.raises(UserError, match="hide: expected 0 to below 1"):
        finetune(folder / "notes.toml", [f"hide={share}"])


@pytest.mark.parametrize(
    ("name", "labels", "rank", "sentence"),
    [
        ("again", "['x']", 2, "trains all of the encoder"),
        ("melody", "['x']", 0, "heads of different names"),
        *((name, "['x']", 0, "of letters, digits and _") for name in ("model", "a/b", "..", "")),
        ("again", "[]", 0, "the head 'again' needs the names of its `labels`"),
        *(
            ("again", f"['x'], weight={weight}", 0, "the weight of the head 'again' is a number")
            for weight in ("0", "-1")
        ),
        *(
            ("again", f"['x'], weight={weight}", 0, "weight': expected a finite number")
            for weight in ("inf", "nan")
        ),
    ],
)
def test_further_heads_that_cannot_be(
    folder: Path, name: str, labels: str, rank: int, sentence: str
) -> None:
    other = f"others=[{{head='{name}', shards=[], labels={labels}}}]"
    with pytest.raises(UserError, match=sentence):
        finetune(folder / "notes.toml", [f"adapter_rank={rank}", other])


def test_a_further_head_weighs_what_its_recipe_says(
    folder: Path, trunk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads: list[tuple[str, float]] = []

    def watched(*given: Any, **named: Any) -> NoteLabelStep:
        heads.extend((one.head, one.weight) for one in given[3])
        return NoteLabelStep(*given, **named)

    monkeypatch.setattr(finetuning, "NoteLabelStep", watched)
    of = f"shards=['{trunk}/shards'], labels=['x', 'y', 'z']"
    others = f"others=[{{head='a', {of}, weight=0.25}}, {{head='b', {of}}}]"
    brief = ["adapter_rank=0", "train.steps=1", "train.validate_every=0"]
    finetune(folder / "notes.toml", [*brief, others])
    assert heads == [("melody", 1.0), ("a", 0.25), ("b", 1.0)]


def test_further_heads_go_with_the_run_that_made_them(folder: Path, trunk: Path) -> None:
    """Their shards must speak the same words; `fresh` removes them, what fails first does not."""
    brief = ["adapter_rank=0", "train.steps=1", "train.validate_every=0"]
    of = f"shards=['{trunk}/shards'], labels=['x', 'y', 'z']"
    finetune(folder / "notes.toml", [*brief, f"others=[{{head='again', {of}}}]"])
    more = write_toy_pieces(folder / "more", pieces=20)  # four of which the first head has not
    for wrong, sentence in ((trunk / "none", "none"), (more / "shards", "d16: .* no document")):
        other = f"others=[{{head='b', {of.replace(f'{trunk}/shards', str(wrong))}}}]"
        with pytest.raises(UserError, match=sentence):
            finetune(
                folder / "notes.toml", ["fresh=true", *brief, other, f"split={more}/split.csv"]
            )
        for name in ("model", "again"):
            assert (folder / "fine" / name / "config.json").exists()
    finetune(folder / "notes.toml", ["fresh=true", *brief])
    assert not (folder / "fine" / "again").exists()
    strange = folder / "strange"
    shutil.copytree(trunk / "shards", strange)
    told = json.loads((strange / "words.json").read_text())
    (strange / "words.json").write_text(json.dumps({**told, "steps_per_quarter": 12}))
    odd = of.replace(f"{trunk}/shards", str(strange))
    with pytest.raises(UserError, match="4 steps per quarter, the shards cp4 with 12"):
        finetune(folder / "notes.toml", ["fresh=true", *brief, f"others=[{{head='b', {odd}}}]"])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,kind\nd0,a\n", "columns name,label; got name,kind"),
        ("", "columns name,label; got nothing"),
        ("name,label\nd0,a\nd0,b\n", "'d0' is there twice"),
        ("name,label\nd0,\n", "'d0' has no label"),
        ("name,label\nd0\n", "'d0' has no label"),
        ("name,label\nx,a\n", "at least 2 classes"),
        ("name,label\nd0,a\nd1,b\n", "no labelled document is on the valid side"),
    ],
)
def test_labels_that_cannot_be_used(folder: Path, text: str, sentence: str) -> None:
    (folder / "labels.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        finetune(folder / "pieces.toml", [f"piece_labels={folder}/labels.csv"])


def test_pieces_without_a_label_are_left_out_and_counted(folder: Path, trunk: Path) -> None:
    lines = (trunk / "labels.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("d0,", "d6,"))]
    (folder / "some.csv").write_text("\ufeff" + "\n".join(kept))
    finetune(folder / "pieces.toml", [f"piece_labels={folder}/some.csv", "train.steps=1"])
    told = result(folder)
    assert told["unlabelled"] == 2
    assert told["documents"] == {"train": 7, "valid": 3, "test": 4}


def test_names_of_labels_may_hold_what_unicode_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("name,label\na\u2028b,x\x85y\nc,z\n", encoding="utf-8")
    assert read_piece_labels(path) == {"a\u2028b": "x\x85y", "c": "z"}


@pytest.mark.parametrize("name", ["composer", "emotion", "dance"])
def test_the_recipes_of_pieces_name_every_class_of_their_split(name: str) -> None:
    configs = Path(__file__).parents[2] / "configs"
    recipe = load_recipe(configs / f"midiformer-{name}.toml", FinetuneRecipe)
    (corpus,) = splits.CORPORA[recipe.split]
    names = splits.load(recipe.split)
    found = {find_corpus(corpus).piece_label(piece, recipe.piece_task) for piece in names}
    assert found == {*recipe.labels}
    assert list(recipe.labels) == sorted(recipe.labels)
