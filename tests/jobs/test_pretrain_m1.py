"""From text to an M1's directory by the command that pre-trains encoders too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from ostinato.base.config import load_recipe
from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.chat.tokenizer import Tokenizer
from ostinato.infer.directory import bundled
from ostinato.jobs.prepare_text import PrepareTextRequest, prepare_text
from ostinato.jobs.pretrain import pretrain
from ostinato.jobs.pretrain_m1 import PretrainM1Recipe
from ostinato.models.m1 import M1
from toy_text import TINY_M1, TINY_TRAIN, write_texts

pytestmark = pytest.mark.usefixtures("one_thread")

STAGES = """
[[stages]]
share = 0.5
length = 16
rows = 8
[[stages]]
share = 0.5
length = 64
rows = 2
rope_theta = 2e4
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = write_texts(tmp_path / "texts")
    prepare_text(PrepareTextRequest("text", (texts,), tmp_path / "shards", vocab_size=300))
    head = (
        f'kind = "m1"\nrun = "{tmp_path}/run"\nshards = ["{tmp_path}/shards"]\n'
        "valid_share = 0.1\nvalid_tokens = 500\n"
    )
    (tmp_path / "m1.toml").write_text(head + STAGES + TINY_M1 + TINY_TRAIN.format(steps=30))
    return tmp_path


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return M1.from_pretrained(folder).state_dict()


def test_from_shards_to_a_model_directory(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    pretrain(folder / "m1.toml", as_json=True)
    result = json.loads(capsys.readouterr().out)
    assert (result["reason"], result["step"], result["tokens"]) == ("finished", 30, 30 * 128)
    assert result["training"]["documents"] + result["validation"]["documents"] == 61
    rows = [row for row in read_metrics(folder / "run" / "metrics.jsonl") if "loss" in row]
    assert rows[-1]["loss"] < 0.8 * rows[0]["loss"]
    assert result["valid"]["loss"] < 0.8 * rows[0]["loss"]
    assert (rows[0]["context"], rows[-1]["context"]) == (16, 64)
    assert (folder / "run" / "loss.png").stat().st_size > 1000

    model = M1.from_pretrained(folder / "run" / "model")
    tokenizer = Tokenizer.load(folder / "run" / "model")
    assert model.config.vocab_size == tokenizer.vocab_size == result["vocabulary"]
    assert (model.config.bos_token_id, model.config.eos_token_id) == (tokenizer.bos, tokenizer.eos)
    assert model.config.rope_theta == 2e4
    assert result["parameters"] == sum(p.numel() for p in model.parameters())


def test_the_same_command_goes_on_to_the_same_weights(folder: Path) -> None:
    recipe, quick = folder / "m1.toml", ["train.steps=4", "train.accumulate=2", "train.log_every=1"]
    pretrain(recipe, quick)
    other = [*quick, f"run={folder}/other", "checkpointing=true"]
    for step in (1, 2, 3):
        pretrain(recipe, [*other, "train.max_seconds=1e-9"])
        result = json.loads((folder / "other" / "result.json").read_text())
        assert (result["reason"], result["step"]) == ("out of time", step)
    pretrain(recipe, other)
    straight, again = (weights(folder / run / "model") for run in ("run", "other"))
    assert all(torch.equal(straight[name], again[name]) for name in straight)
    logged = [
        [(row["step"], row["loss"]) for row in read_metrics(path) if "loss" in row]
        for path in (folder / "run" / "metrics.jsonl", folder / "other" / "metrics.jsonl")
    ]
    assert logged[0] == logged[1]
    with pytest.raises(UserError, match=r"another recipe \(stages\)"):
        pretrain(recipe, [*other, "stages=[{length=8,rows=8}]"])


def test_a_model_may_be_gone_on_with(folder: Path) -> None:
    pretrain(folder / "m1.toml", ["train.steps=2"])
    more = ["train.steps=1", f"run={folder}/more", f"init={folder}/run/model", "dtype=bfloat16"]
    pretrain(folder / "m1.toml", [*more, "train.optimizer.learning_rate=0.0", "layout=minimax_m1"])
    before, after = weights(folder / "run" / "model"), weights(folder / "more" / "model")
    for name in before:
        torch.testing.assert_close(before[name], after[name], atol=1e-2, rtol=1e-2)
    described = json.loads((folder / "more" / "model" / "config.json").read_text())
    assert described["model_type"] == "minimax_m1"


def test_a_bundled_model_may_be_gone_on_with(folder: Path) -> None:
    texts = write_texts(folder / "texts-of-spark", 70)
    shards = folder / "shards-of-spark"
    prepare_text(PrepareTextRequest("text", (texts,), shards, tokenizer=Path("m1-spark")))
    more = ["init=m1-spark", f'shards=["{shards}"]', "train.steps=1"]
    pretrain(folder / "m1.toml", [*more, "train.optimizer.learning_rate=0.0", "dtype=float32"])
    before, after = weights(bundled()["m1-spark"]), weights(folder / "run" / "model")
    assert before.keys() == after.keys()
    for name, tensor in before.items():
        torch.testing.assert_close(after[name], tensor, check_dtype=False)


def test_what_a_user_gets_wrong(folder: Path) -> None:
    recipe = folder / "m1.toml"
    cases = {
        "unknown key 'shard'": ["shard=1"],
        "unknown key 'model.depth'": ["model.depth=1"],
        "no folder of tokens": [f'shards=["{folder}"]'],
        "leave out model.vocab_size": ["model.vocab_size=100"],
        "add up to 1": ["stages=[{length=8,rows=8,share=0.5}]"],
        "at least one of": ["stages=[]"],
        "not compiled": ["train.compile=true"],
        "max_position_embeddings is 40": ["model.max_position_embeddings=40"],
        "every document is held out": ["valid_share=0.999999999"],
        "kind": ["kind=gpt"],
    }
    for sentence, overrides in cases.items():
        with pytest.raises(UserError, match=sentence):
            pretrain(recipe, overrides)
    texts = write_texts(folder / "others", 70)
    prepare_text(PrepareTextRequest("text", (texts,), folder / "other", vocab_size=280))
    pretrain(recipe, ["train.steps=1", "valid_share=0"])
    more = [f"init={folder}/run/model", f'shards=["{folder}/other"]', f"run={folder}/more"]
    with pytest.raises(UserError, match="another tokenizer"):
        pretrain(recipe, more)


def test_the_named_run_is_a_recipe() -> None:
    path = Path(__file__).parents[2] / "configs" / "m1-tiny-pretrain.toml"
    recipe = load_recipe(path, PretrainM1Recipe)
    optimizer = recipe.train.optimizer
    assert (optimizer.beta1, optimizer.beta2, optimizer.eps) == (0.9, 0.95, 1e-15)
    assert {stage.length * stage.rows for stage in recipe.stages} == {4096}
