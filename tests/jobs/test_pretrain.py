"""Both training jobs from shards to model directory, on made-up music."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from ostinato.base.config import load_recipe
from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.data.selection import held_out, load_split
from ostinato.data.shards import Entry
from ostinato.data.vocabulary import load_vocabulary
from ostinato.jobs.finetune import FinetuneRecipe, finetune
from ostinato.jobs.pretrain import PretrainRecipe, pretrain
from ostinato.jobs.training import main
from ostinato.models import midiformer
from ostinato.train.plot import plot_metrics
from toy_corpus import TINY_MODEL, TINY_WINDOW, write_toy_shards

TRAIN = """
[train]
steps = {steps}
log_every = 5
validate_every = 10
[train.optimizer]
learning_rate = 1e-2
warmup_steps = 5
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_toy_shards(tmp_path / "shards")
    head = (
        f'run = "{tmp_path}/pre"\nshards = ["{tmp_path}/shards"]\nbatch = 4\n'
        f'exclude = ["{tmp_path}/split.csv"]\nvalid = "{tmp_path}/split.csv"\n'
    )
    (tmp_path / "pre.toml").write_text(head + TINY_WINDOW + TINY_MODEL + TRAIN.format(steps=20))
    head = (
        f'run = "{tmp_path}/fine"\nshards = ["{tmp_path}/shards"]\nbatch = 4\n'
        f'split = "{tmp_path}/split.csv"\nstride = 12\nreport_test = true\n'
    )
    (tmp_path / "fine.toml").write_text(head + TINY_WINDOW + TINY_MODEL + TRAIN.format(steps=60))
    begun = head.replace("batch", f'init = "{tmp_path}/pre/model"\nbatch')
    (tmp_path / "init.toml").write_text(begun + TINY_WINDOW + TRAIN.format(steps=60))
    return tmp_path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return midiformer.load(folder).state_dict()


def test_from_shards_to_a_melody_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretrain(folder / "pre.toml", as_json=True)
    result = json.loads(capsys.readouterr().out)
    assert (result["reason"], result["step"]) == ("finished", 20)
    assert result["training"]["documents"] == 8
    assert result["validation"]["documents"] == 2
    rows = [row for row in read_metrics(folder / "pre" / "metrics.jsonl") if "loss" in row]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert (folder / "pre" / "loss.png").stat().st_size > 1000

    finetune(folder / "init.toml", as_json=True)
    result = json.loads(capsys.readouterr().out)
    assert result["documents"] == {"train": 8, "valid": 2, "test": 2}
    assert result["valid"]["accuracy"] > 0.9
    assert result["test"]["accuracy"] > 0.9
    assert result["test"]["notes"] == np.sum(result["test"]["confusion"])
    model = midiformer.load(folder / "fine" / "model")
    assert model.specs["melody"].labels == ("melody", "bridge", "accompaniment")
    vocabulary = load_vocabulary(folder / "fine" / "model")
    assert vocabulary.compoundation.vocab_size == model.config.vocab_size
    assert len(vocabulary.lexicon) == model.config.lexicon_size > 1
    before = load_vocabulary(folder / "pre" / "model")
    assert (before.lexicon.ngrams == vocabulary.lexicon.ngrams).all()


def test_the_same_command_goes_on_to_the_same_weights(folder: Path) -> None:
    recipe = folder / "pre.toml"
    pretrain(recipe, ["train.validate_every=0"])
    straight = weights(folder / "pre" / "model")
    other = [f"run={folder}/other", "train.validate_every=0"]
    pretrain(recipe, [*other, "train.max_seconds=1e-9"])
    assert json.loads((folder / "other" / "result.json").read_text())["reason"] == "out of time"
    assert json.loads((folder / "other" / "result.json").read_text())["step"] == 1
    pretrain(recipe, other)
    assert json.loads((folder / "other" / "result.json").read_text())["step"] == 20
    again = weights(folder / "other" / "model")
    assert all(torch.equal(straight[name], again[name]) for name in straight)
    with pytest.raises(UserError, match="another recipe \\(batch\\)"):
        pretrain(recipe, [*other, "batch=2"])
    pretrain(recipe, [*other, "batch=2", "fresh=true", "train.steps=1"])
    assert json.loads((folder / "other" / "result.json").read_text())["step"] == 1


def test_nothing_held_out_is_trained_on_or_counted(folder: Path) -> None:
    """Other content in the held-out documents leaves vocabulary and weights as they are."""
    recipe = folder / "pre.toml"
    quick = ["train.steps=2", 'valid=""']
    pretrain(recipe, quick)
    before = weights(folder / "pre" / "model")
    path = folder / "shards" / "shard-00001.safetensors"
    tensors = load_file(path)
    first, last = tensors["document"][1:3]  # d4: the valid side
    tensors["values"][first:last, 3] = 40
    save_file(tensors, path)
    pretrain(recipe, [*quick, f"run={folder}/other"])
    after = weights(folder / "other" / "model")
    assert all(torch.equal(before[name], after[name]) for name in before)
    for file in ("merges.txt", "lexicon.txt"):
        pair = [(folder / run / "model" / file).read_bytes() for run in ("pre", "other")]
        assert pair[0] == pair[1]


def test_ablations(folder: Path) -> None:
    plain = ["train.steps=1", "train.validate_every=0", f"run={folder}/plain"]
    pretrain(folder / "pre.toml", [*plain, "lexicon.rank=none", "compoundation.merges=0"])
    model = midiformer.load(folder / "plain" / "model")
    assert model.encoder.ngrams is None
    assert len(load_vocabulary(folder / "plain" / "model").compoundation.merges) == 0
    pmi = [f"run={folder}/pmi", "lexicon.rank=pmi", "lexicon.max_rows=7", "masking.mode=note"]
    pretrain(folder / "pre.toml", [*plain, *pmi])
    assert len(load_vocabulary(folder / "pmi" / "model").lexicon) == 8
    finetune(folder / "fine.toml", ["train.steps=2", "train.average=0.9"])
    assert (folder / "fine" / "model" / "config.json").exists()


def test_exclusion_reaches_every_version_of_a_song() -> None:
    entries = [
        Entry("009", "009", "pop909", 1, 1),
        Entry("009-v1", "009", "pop909-versions", 1, 1),
        Entry("009", "009", "pop909-cl", 1, 1),
        Entry("009", "009", "folder", 1, 1),
    ]
    side = load_split("pop909_midibert").sides
    song = next(name for name, where in side.items() if where == "test")
    mine = [Entry(e.name.replace("009", song), song, e.corpus, 1, 1) for e in entries]
    held = held_out(mine)
    assert held >= {(c, song) for c in ("pop909", "pop909-versions", "pop909-cl")}
    assert ("folder", song) not in held


def test_what_a_user_gets_wrong(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    everything = folder / "all.csv"
    rows = [f"d{n},s{n},test" for n in range(12)]
    everything.write_text("\n".join(["name,song,side", *rows]) + "\n")
    with pytest.raises(UserError, match="no song that may be trained on"):
        pretrain(folder / "pre.toml", [f'exclude=["{everything}"]'])
    with pytest.raises(UserError, match="there is no such recipe"):
        pretrain(folder / "none.toml")
    assert main(pretrain, [str(folder / "none.toml")]) == 2
    assert "error:" in capsys.readouterr().err
    assert main(pretrain, []) == 2
    with pytest.raises(UserError, match="name them all"):
        finetune(folder / "fine.toml", ['labels=["melody", "other"]'])
    only = folder / "only.csv"
    only.write_text("name,song,side\nd0,s0,train\n")
    with pytest.raises(UserError, match="valid side"):
        finetune(folder / "fine.toml", [f"split={only}", "report_test=false"])


def test_the_jobs_need_no_library_of_the_terminal_or_of_midi(folder: Path) -> None:
    missing = "symusic", "typer", "rich", "matplotlib"
    code = (
        "import sys\n"
        f"for name in {missing}: sys.modules[name] = None\n"
        "import runpy\n"
        "sys.argv[1:] = sys.argv[2:]\n"
        "from ostinato.jobs import finetune, pretrain\n"
        "from ostinato.jobs.training import main\n"
        "sys.exit(main(pretrain.pretrain, sys.argv[1:]))\n"
    )
    recipe = [str(folder / "pre.toml"), "train.steps=1", "train.validate_every=0", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, "-", *recipe], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["step"] == 1


def test_configs_are_recipes() -> None:
    configs = Path(__file__).parents[2] / "configs"
    found = sorted(configs.glob("midiformer-*.toml"))
    assert len(found) >= 6
    for path in found:
        kind = PretrainRecipe if "pretrain" in path.name else FinetuneRecipe
        assert load_recipe(path, kind).shards


def test_a_picture_without_matplotlib_is_no_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert plot_metrics(folder) is None
    assert "matplotlib" in caplog.text
