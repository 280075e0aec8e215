"""The peers from shards to a labelled side, on made-up music: the jobs, resumed and cut short."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from ostinato.base.config import load_recipe
from ostinato.base.errors import UserError
from ostinato.data.shards import read_shards
from ostinato.eval.music import record
from ostinato.jobs import finetune, finetune_words
from ostinato.jobs.finetune_words import FinetuneWordsRecipe
from ostinato.jobs.music_peers import load_word_pieces
from ostinato.jobs.pretrain import pretrain
from ostinato.jobs.pretrain_words import PretrainWordsRecipe
from ostinato.models import words
from ostinato.train.answers import Answers
from ostinato.train.notes import note_answers
from ostinato.train.steps import Reader
from toy_corpus import TINY_MODEL, TINY_WINDOW, write_toy_shards

MODEL = """
[model]
positions = "{positions}"
column_size = 8
hidden_size = 16
num_layers = 2
num_heads = 2
intermediate_size = 32
max_distance = 32
"""
WINDOW = """
[window]
rows = 24
transpose = 2
"""
TRAIN = """
[train]
steps = {steps}
log_every = 5
validate_every = 10
[train.optimizer]
learning_rate = 1e-2
warmup_steps = 5
"""


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing the losses would take longer than the training does."""
    monkeypatch.setattr("ostinato.jobs.training.plot_metrics", lambda run: None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_toy_shards(tmp_path / "shards")
    shards = f'shards = ["{tmp_path}/shards"]\nbatch = 4\n'
    for positions in ("rotary", "relative"):
        model = MODEL.format(positions=positions)
        head = (
            f'kind = "words"\nrun = "{tmp_path}/{positions}"\n{shards}'
            f'exclude = ["{tmp_path}/split.csv"]\nvalid = "{tmp_path}/split.csv"\n'
        )
        text = head + WINDOW + model + TRAIN.format(steps=20)
        (tmp_path / f"{positions}.toml").write_text(text)
    fine = f'run = "{tmp_path}/fine"\n{shards}split = "{tmp_path}/split.csv"\nstride = 12\n'
    fine += "report_test = true\n"
    (tmp_path / "fine.toml").write_text(fine + WINDOW + TRAIN.format(steps=60))
    plain = fine + TINY_WINDOW + TINY_MODEL + TRAIN.format(steps=1)
    (tmp_path / "plain.toml").write_text(plain)
    return tmp_path


def result(folder: Path, run: str) -> dict[str, Any]:
    return json.loads((folder / run / "result.json").read_text())


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return words.load(folder).state_dict()


@pytest.mark.parametrize("positions", ["rotary", "relative"])
def test_from_shards_to_labels_of_notes(folder: Path, positions: str) -> None:
    pretrain(folder / f"{positions}.toml")
    found = result(folder, positions)
    assert (found["reason"], found["step"]) == ("finished", 20)
    assert (found["training"]["documents"], found["validation"]["documents"]) == (8, 2)
    rows = [json.loads(r) for r in (folder / positions / "metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < losses[0]
    steps = 60 if positions == "rotary" else 120
    quick = [f"train.steps={steps}", "train.validate_every=0"]
    finetune_words.finetune(folder / "fine.toml", [f"init={folder}/{positions}/model", *quick])
    found = result(folder, "fine")
    assert found["documents"] == {"train": 8, "valid": 2, "test": 2}
    assert found["valid"]["accuracy"] > 0.9
    assert found["test"]["accuracy"] > 0.9
    assert words.load(folder / "fine" / "model").config.positions == positions


def test_the_same_command_goes_on_to_the_same_weights(folder: Path) -> None:
    recipe, other = folder / "rotary.toml", f"run={folder}/other"
    pretrain(recipe, ["train.validate_every=0"])
    pretrain(recipe, [other, "train.validate_every=0", "train.max_seconds=1e-9"])
    assert result(folder, "other")["reason"] == "out of time"
    pretrain(recipe, [other, "train.validate_every=0"])
    straight, again = (weights(folder / run / "model") for run in ("rotary", "other"))
    assert all(torch.equal(straight[name], again[name]) for name in straight)
    with pytest.raises(UserError, match=r"another recipe \(batch\)"):
        pretrain(recipe, [other, "train.validate_every=0", "batch=2"])


def test_whole_pieces_are_labelled_by_a_file(folder: Path) -> None:
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = [("name", "label"), *((f"d{n}", "ab"[n % 2]) for n in range(12))]
        csv.writer(file).writerows(rows)
    pretrain(folder / "rotary.toml", ["train.steps=1"])
    pieces = ["kind=sequence", "head=letter", f"piece_labels={folder}/labels.csv"]
    finetune_words.finetune(
        folder / "fine.toml", [f"init={folder}/rotary/model", "train.steps=4", *pieces]
    )
    found = result(folder, "fine")
    assert found["labels"] == ["a", "b"]
    assert found["test"]["pieces"] == 2
    (scored,) = record.read(folder / "fine" / record.NAME)
    assert (scored.task, scored.split) == ("letter", f"{folder}/split.csv")
    assert scored.digest == record.digest(folder / "fine" / "model")
    regression = [*pieces, "pool=layers", f"run={folder}/layers", f"init={folder}/rotary/model"]
    regression.append("dtype=float32")
    finetune_words.finetune(folder / "fine.toml", regression)
    found = result(folder, "layers")
    assert (found["read"], found["test"]["pieces"]) == (8, 2)
    before, after = (words.load(folder / run / "model") for run in ("rotary", "layers"))
    held = after.encoder.state_dict()
    assert all(torch.equal(held[name], one) for name, one in before.encoder.state_dict().items())
    model = load_word_pieces(folder / "layers" / "model", device="cpu")
    values = read_shards([folder / "shards"]).values[:20]
    told = model.label_words(values)
    assert told.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert told.label in ("a", "b")


def test_the_same_notes_are_scored_as_of_a_midiformer(folder: Path) -> None:
    """Whatever reads them: the same documents, sides, units and truth."""
    finetune.finetune(folder / "plain.toml", [f"run={folder}/plain"])
    finetune_words.finetune(folder / "fine.toml", ["train.steps=1", "model.hidden_size=16"])
    ours, theirs = result(folder, "fine"), result(folder, "plain")
    for side in ("valid", "test"):
        assert ours[side]["notes"] == theirs[side]["notes"] > 0
        truth = [[sum(row) for row in found[side]["confusion"]] for found in (ours, theirs)]
        assert truth[0] == truth[1]
    assert ours["documents"] == theirs["documents"]


def test_a_part_is_not_scored_and_the_files_are(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is scored at the end, unlike what the weights are chosen by, fits the files."""
    rounded: list[bool] = []

    def scored(reader: Reader, *rest: Any, **named: Any) -> Answers:
        weights = [p.detach() for p in reader.model.parameters()]
        rounded.append(all(torch.equal(w, w.bfloat16().float()) for w in weights))
        return note_answers(reader, *rest, **named)

    monkeypatch.setattr("ostinato.jobs.finetune_evaluation.note_answers", scored)
    small = ["train.steps=3", "train.validate_every=0", "model.hidden_size=16", "dtype=bfloat16"]
    finetune_words.finetune(folder / "fine.toml", [*small, "train.max_seconds=1e-9"])
    part = result(folder, "fine")
    assert (part["reason"], part["next"]) == ("out of time", "the same command goes on")
    assert not rounded
    assert not (folder / "fine" / "model").exists()
    finetune_words.finetune(folder / "fine.toml", small)
    assert rounded == [False, True, True]
    assert "next" not in result(folder, "fine")


def test_fine_tuning_begins_at_the_pretrained_encoder(folder: Path) -> None:
    pretrain(folder / "rotary.toml", ["train.steps=2"])
    still = ["train.steps=1", "train.optimizer.learning_rate=0.0", "dtype=float32"]
    finetune_words.finetune(folder / "fine.toml", [f"init={folder}/rotary/model", *still])
    before, after = (words.load(folder / run / "model").encoder for run in ("rotary", "fine"))
    held = after.state_dict()
    assert all(torch.equal(tensor, held[name]) for name, tensor in before.state_dict().items())


def test_what_a_user_gets_wrong(folder: Path) -> None:
    with pytest.raises(UserError, match="with `init` the pre-trained encoder decides"):
        finetune_words.finetune(folder / "fine.toml", ["init=x", "model.num_layers=3"])
    with pytest.raises(UserError, match=r"config\.json is missing"):
        finetune_words.finetune(folder / "fine.toml", [f"init={folder}/none"])
    with pytest.raises(UserError, match="stride"):
        finetune_words.finetune(folder / "fine.toml", ["stride=25"])
    with pytest.raises(UserError, match=r"unknown key 'window\.tokens'"):
        pretrain(folder / "rotary.toml", ["window.tokens=9"])
    pretrain(folder / "rotary.toml", ["train.steps=1"])
    path = folder / "rotary" / "model" / "words.json"
    path.write_text(path.read_text().replace('"steps_per_quarter": 4', '"steps_per_quarter": 12'))
    with pytest.raises(UserError, match="12 steps per quarter"):
        finetune_words.finetune(folder / "fine.toml", [f"init={folder}/rotary/model"])


def test_the_jobs_need_no_library_of_the_terminal_or_of_midi(folder: Path) -> None:
    missing = "symusic", "typer", "rich", "matplotlib"
    code = (
        "import sys\n"
        f"for name in {missing}: sys.modules[name] = None\n"
        "from pathlib import Path\n"
        "from ostinato.jobs import finetune_words, pretrain\n"
        "quick = ['train.steps=1', 'train.validate_every=0']\n"
        f"pretrain.pretrain(Path('{folder}/rotary.toml'), quick)\n"
        f"init = ['init={folder}/rotary/model']\n"
        f"finetune_words.finetune(Path('{folder}/fine.toml'), [*quick, *init])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert result(folder, "fine")["step"] == 1


def test_configs_are_recipes() -> None:
    configs = Path(__file__).parents[2] / "configs"
    found = sorted(configs.glob("words-*.toml"))
    assert len(found) == 4
    for path in found:
        kind = PretrainWordsRecipe if "pretrain" in path.name else FinetuneWordsRecipe
        assert load_recipe(path, kind).shards
