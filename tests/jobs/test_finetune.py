"""Which documents fine-tuning reads for what, and which weights it begins with and keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.data.shards import Entry, Header, ShardWriter
from ostinato.jobs.finetune import finetune
from ostinato.jobs.pretrain import pretrain
from ostinato.models import midiformer
from ostinato.music import splits
from toy_corpus import HEADER, TINY_MODEL, TINY_WINDOW, toy_document

TRAIN = """
[train]
steps = 1
[train.optimizer]
warmup_steps = 1
"""
SPLIT = "pop909_song"
PER_SIDE = {"train": 4, "valid": 2, "test": 1}


def songs() -> dict[str, str]:
    """Real numbers and their sides: a few of each side, and one that the split does not name."""
    sides = splits.load(SPLIT)
    found = {
        name: side
        for side, size in PER_SIDE.items()
        for name in sorted(n for n, where in sides.items() if where == side)[:size]
    }
    nameless = next(f"{n:03d}" for n in range(1, 910) if f"{n:03d}" not in sides)
    return {**found, nameless: "none"}


def shards(folder: Path, corpus: str, names: dict[str, str], *, label: int = 0) -> str:
    """A shard folder of documents (name -> song); ``label`` stands for every label, where given."""
    header = Header(HEADER.scheme, HEADER.steps_per_quarter, HEADER.vocab, corpus)
    with ShardWriter(folder / corpus, header) as writer:
        for number, (name, song) in enumerate(names.items()):
            values, labels = toy_document(number)
            if label:
                labels = np.where(labels > 0, label, 0).astype(np.int8)
            writer.add(Entry(name, song, corpus, len(values), len(values)), values, labels)
    return str(folder / corpus)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Shards of seven songs and one that no side has, and of two versions of each of them."""
    versions = {f"{song}-v{number}": song for song in songs() for number in (1, 2)}
    main = shards(tmp_path, "pop909", {song: song for song in songs()})
    further = shards(tmp_path, "pop909-versions", versions)
    fine = (
        f'run = "{tmp_path}/fine"\nshards = ["{main}"]\ntrain_shards = ["{further}"]\n'
        f'split = "{SPLIT}"\nbatch = 4\nstride = 12\n'
        'report_test = true\ndtype = "float32"\n'
    )
    (tmp_path / "fine.toml").write_text(fine + TINY_WINDOW + TINY_MODEL + TRAIN)
    (tmp_path / "init.toml").write_text(fine + TINY_WINDOW + TRAIN)
    pre = f'run = "{tmp_path}/pre"\nshards = ["{main}", "{further}"]\nbatch = 4\n'
    (tmp_path / "pre.toml").write_text(pre + TINY_WINDOW + TINY_MODEL + TRAIN)
    return tmp_path


def result(folder: Path, run: str) -> dict[str, object]:
    return json.loads((folder / run / "result.json").read_text())


def test_of_the_further_shards_only_versions_of_train_songs_count(folder: Path) -> None:
    finetune(folder / "fine.toml")
    assert result(folder, "fine")["documents"] == {**PER_SIDE, "train": 3 * PER_SIDE["train"]}


def test_pretraining_holds_versions_out_without_being_told(folder: Path) -> None:
    pretrain(folder / "pre.toml")
    training = result(folder, "pre")["training"]
    assert isinstance(training, dict)
    assert training["documents"] == 3 * (PER_SIDE["train"] + 1)  # the song of no side as well


def test_weights_are_chosen_on_the_valid_songs(folder: Path) -> None:
    """The test songs of these shards are all melody, the others never are."""
    sides = {song: song for song, side in songs().items() if side != "test"}
    test = {song: song for song, side in songs().items() if side == "test"}
    some = shards(folder / "some", "pop909", sides, label=3)
    other = shards(folder / "other", "pop909", test, label=1)
    finetune(
        folder / "fine.toml",
        [
            f'shards=["{some}", "{other}"]',
            "train_shards=[]",
            "train.steps=20",
            "train.optimizer.learning_rate=1e-2",
        ],
    )
    found = result(folder, "fine")
    valid, test_scores = found["valid"], found["test"]
    assert isinstance(valid, dict)
    assert isinstance(test_scores, dict)
    assert (valid["accuracy"], test_scores["accuracy"]) == (1.0, 0.0)
    rows = (folder / "fine" / "metrics.jsonl").read_text().splitlines()
    scores = [json.loads(row)["valid_score"] for row in rows if "valid_score" in row]
    assert scores == [1.0]


def test_the_encoder_begins_as_it_was_pretrained(folder: Path) -> None:
    pretrain(folder / "pre.toml")
    finetune(
        folder / "init.toml",
        [f"init={folder}/pre/model", "train.optimizer.learning_rate=0.0"],
    )
    before = midiformer.load(folder / "pre" / "model").encoder.state_dict()
    after = midiformer.load(folder / "fine" / "model").encoder.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize(
    "setting", ["model.hidden_size=32", "compoundation.merges=7", 'lexicon.rank="pmi"']
)
def test_what_the_pretrained_encoder_decides_is_not_asked_again(folder: Path, setting: str) -> None:
    pretrain(folder / "pre.toml")
    with pytest.raises(UserError, match=f"{setting.split('.')[0]}.*the pre-trained encoder"):
        finetune(folder / "init.toml", [f"init={folder}/pre/model", setting])


def test_further_shards_of_which_nothing_is_used_are_refused(folder: Path) -> None:
    strange = shards(folder / "strange", "folder", {"a": "a"})
    with pytest.raises(UserError, match="train_shards"):
        finetune(folder / "fine.toml", [f'train_shards=["{strange}"]'])


def test_windows_that_leave_notes_out_are_refused(folder: Path) -> None:
    """They would score, and choose the weights, on notes that no window has seen."""
    with pytest.raises(UserError, match="stride"):
        finetune(folder / "fine.toml", ["stride=25"])
