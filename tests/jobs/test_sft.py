"""From a pre-trained M1 and conversations to one that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.chat.encode import encode_chat
from ostinato.chat.messages import from_openai
from ostinato.chat.tokenizer import Tokenizer
from ostinato.cli import main
from ostinato.jobs.prepare_text import PrepareTextRequest, prepare_text
from ostinato.jobs.pretrain import pretrain
from ostinato.jobs.sft import sft
from ostinato.models.m1 import M1
from toy_text import TINY_M1, TINY_TRAIN, conversation, write_chats, write_texts

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Shards of both kinds, a model, and the recipe."""
    texts, chats = write_texts(tmp_path / "texts"), write_chats(tmp_path / "chats")
    prepare_text(PrepareTextRequest("text", (texts,), tmp_path / "shards", vocab_size=300))
    head = f'kind = "m1"\nrun = "{tmp_path}/pre"\nshards = ["{tmp_path}/shards"]\nvalid_share=0.0\n'
    stages = "stages = [{length = 32, rows = 4}]\n"
    (tmp_path / "m1.toml").write_text(head + stages + TINY_M1 + TINY_TRAIN.format(steps=1))
    pretrain(tmp_path / "m1.toml")
    model = tmp_path / "pre" / "model"
    prepare_text(PrepareTextRequest("chat", (chats,), tmp_path / "chat", tokenizer=model))
    head = (
        f'run = "{tmp_path}/sft"\ninit = "{model}"\nshards = ["{tmp_path}/chat"]\n'
        "length = 96\nrows = 4\nvalid_share = 0.1\n"
    )
    (tmp_path / "sft.toml").write_text(head + TINY_TRAIN.format(steps=60))
    return tmp_path


def test_it_learns_to_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    command = ["sft", f"{folder}/sft.toml", "train.validate_every=20", "--json"]
    assert main(command) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["reason"], result["step"], result["cut_short"]) == ("finished", 60, 0)
    assert result["best_step"] in (20, 40, 60)
    rows = read_metrics(folder / "sft" / "metrics.jsonl")
    assert rows[-2]["loss"] < 0.4 * rows[0]["loss"]
    assert result["valid"]["loss"] == min(r["valid_loss"] for r in rows if "valid_loss" in r)

    model = M1.from_pretrained(folder / "sft" / "model")
    tokenizer = Tokenizer.load(folder / "sft" / "model")
    ids = encode_chat(tokenizer, from_openai(conversation(3)[:1]))
    before = len(ids)
    for _ in range(8):
        ids.append(int(model(torch.tensor([ids]))[0, -1].argmax()))
    assert tokenizer.decode(ids[before:]).startswith("<think>")


def test_without_validation_the_last_weights_are_kept(folder: Path) -> None:
    sft(folder / "sft.toml", ["train.steps=3", "valid_share=0.0", "length=60"])
    result = json.loads((folder / "sft" / "result.json").read_text())
    assert "valid" not in result
    assert result["cut_short"] == 40
    assert result["epochs"] > 0
    assert (folder / "sft" / "model" / "tokenizer_config.json").exists()


def test_the_same_command_goes_on_to_the_same_weights(folder: Path) -> None:
    recipe, quick = folder / "sft.toml", ["train.steps=3", "train.accumulate=2"]
    sft(recipe, quick)
    other = [*quick, f"run={folder}/other"]
    sft(recipe, [*other, "train.max_seconds=1e-9"])
    assert json.loads((folder / "other" / "result.json").read_text())["step"] == 1
    sft(recipe, other)
    straight, again = (
        M1.from_pretrained(folder / run / "model").state_dict() for run in ("sft", "other")
    )
    assert all(torch.equal(straight[name], again[name]) for name in straight)


def test_what_a_user_gets_wrong(folder: Path) -> None:
    recipe = folder / "sft.toml"
    cases = {
        "unknown key 'stages'": ["stages=[]"],
        "expected a model directory": [f"init={folder}/none"],
        "no folder of tokens": [f'shards=["{folder}"]'],
        "length of at least 2": ["length=1"],
        "within the first 20 tokens .* nothing is to be learnt": ["length=20"],
        "not compiled": ["train.compile=true"],
    }
    for sentence, overrides in cases.items():
        with pytest.raises(UserError, match=sentence):
            sft(recipe, overrides)
    with pytest.raises(UserError, match="expected conversations"):
        sft(recipe, [f'shards=["{folder}/shards"]'])
    texts, chats = write_texts(folder / "others", 70), folder / "chats"
    prepare_text(PrepareTextRequest("text", (texts,), folder / "other", vocab_size=280))
    other = PrepareTextRequest("chat", (chats,), folder / "chat2", tokenizer=folder / "other")
    prepare_text(other)
    with pytest.raises(UserError, match="prepare them with --tokenizer"):
        sft(recipe, [f'shards=["{folder}/chat2"]'])
