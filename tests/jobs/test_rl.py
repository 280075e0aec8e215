"""A run of reinforcement learning: what it leaves behind, and that it can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from ostinato.base.config import from_dict, load_recipe
from ostinato.base.errors import UserError
from ostinato.base.log import read_metrics
from ostinato.infer.language import load_language_model
from ostinato.jobs import rl
from ostinato.jobs.rl_recipe import RlRecipe
from ostinato.models.m1 import M1
from ostinato.rl.curriculum import begin
from ostinato.rl.envs.catalogue import find
from ostinato.train.checkpoint import load_notes
from tiny_language import write_language_model

CONFIGS = Path(__file__).parents[2] / "configs"
TIMES = ("seconds", "seconds_rollout", "seconds_grade", "seconds_train", "tokens_per_second")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows nothing, and a file of problems that any digit may solve."""
    folder = tmp_path_factory.mktemp("start")
    write_language_model(folder / "model", max_position_embeddings=4096)
    lines = [{"problem": f"{i} + 1 = ?", "answer": str(i + 1)} for i in range(40)]
    (folder / "sums.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder


def recipe(start: Path, run: Path, **changes: Any) -> dict[str, Any]:
    table: dict[str, Any] = {
        "run": str(run),
        "init": str(start / "model"),
        "steps": 4,
        "save_every": 2,
        "collect": {"prompts": 2, "group": 3},
        "windows": {"stages": [{"tokens": 8}, {"tokens": 12}], "over": 1, "tolerance": 0.9},
        "curriculum": {"entries": [{"environment": str(start / "sums.jsonl")}]},
        "sampler": {"slots": 4, "context": 400, "workers": 1, "burst": 4},
        "update": {"mini_batches": 2, "max_tokens": 600, "learning_rate": 1e-3},
        "validation": {"tasks": 2},
        "device": "cpu",
    }
    return {**table, **changes}


def go(start: Path, run: Path, **changes: Any) -> dict[str, object]:
    return rl.run(from_dict(RlRecipe, recipe(start, run, **changes)), quiet=True)


def rows(run: Path) -> list[dict[str, Any]]:
    read = read_metrics(run / "metrics.jsonl")
    return [{k: v for k, v in row.items() if k not in TIMES} for row in read]


def test_a_run_leaves_a_model_that_answers_and_rows_that_tell(start: Path, tmp_path: Path) -> None:
    result = go(start, tmp_path / "run")
    assert result["reason"] == "finished"
    told = rows(tmp_path / "run")
    assert [row["step"] for row in told] == [0, 1, 2, 3, 4]
    trained = [row for row in told[1:] if row["updates"]]
    assert trained
    for row in trained:
        assert row["correlation"] > 0.9999
        assert row["updates"] == 2
    for row in told[1:]:
        assert {"reward", "entropy", "perplexity", "truncated", "groups"} <= set(row)
        assert row["length_p99"] <= row["window"] <= 12
    assert told[1]["window"] == 8
    events = read_metrics(tmp_path / "run" / "events.jsonl")
    assert [event["event"] for event in events if event["event"] == "window"] == ["window"]
    assert (tmp_path / "run" / "model-8" / "config.json").exists()
    model = load_language_model(tmp_path / "run" / "model")
    assert model.generate([model.text_request("1", max_tokens=3)])[0].tokens
    before = M1.from_pretrained(start / "model")
    assert any(
        not torch.equal(ours, theirs)
        for ours, theirs in zip(model.model.parameters(), before.parameters(), strict=True)
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"loss": {"kind": "dapo", "anchor": "trainer", "aggregate": "blend"}},
        {"loss": {"kind": "unified", "mask_low": 0.2, "advantages": "leave_one_out"}},
        {"loss": {"kind": "gspo", "aggregate": "sample", "advantages": "batch"}},
        {"asynchronous": True, "save_every": 3},
    ],
    ids=["dapo", "unified", "gspo", "asynchronous"],
)
def test_other_ways_to_learn(start: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    assert go(start, tmp_path / "run", **changes)["step"] == 4


def test_fixed_validation_is_of_the_widest_window_from_the_first_on(
    start: Path, tmp_path: Path
) -> None:
    changes: dict[str, Any] = {"validation": {"tasks": 6, "levels": "fixed"}, "steps": 1}
    go(start, tmp_path / "run", **changes)
    alone = rl.validate(from_dict(RlRecipe, recipe(start, tmp_path / "alone", **changes)))
    first = rows(tmp_path / "run")[0]
    assert {name: first[name] for name in alone} == alone
    (length,) = (value for name, value in alone.items() if name.startswith("valid_length/"))
    assert 8 < length <= 12  # the first stage's window has 8


def test_a_run_goes_on_to_the_same_trajectory(start: Path, tmp_path: Path) -> None:
    for asynchronous in (False, True):
        whole, parts = (tmp_path / f"{name}-{asynchronous}" for name in ("whole", "parts"))
        go(start, whole, asynchronous=asynchronous)
        stopped = go(start, parts, asynchronous=asynchronous, max_seconds=1e-9)
        assert stopped["reason"] == "out of time"
        assert stopped["step"] == 1
        if asynchronous:
            continue  # it stopped where the recipe would not have: weights of another age
        while go(start, parts, max_seconds=1e-9)["reason"] != "finished":
            pass
        assert rows(parts) == rows(whole)
        state = [load_notes(run / rl.STATE)["rl"] for run in (whole, parts)]
        assert state[0] == state[1]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_killed_without_warning_it_goes_on_from_the_last_saved_step(
    start: Path, tmp_path: Path, asynchronous: bool
) -> None:
    changes = {"steps": 12, "asynchronous": asynchronous}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    go(start, whole, **changes)
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(recipe(start, killed, **changes)))
    program = (
        "import json, sys; from ostinato.base.config import from_dict; "
        "from ostinato.jobs import rl; "
        "from ostinato.jobs.rl_recipe import RlRecipe; "
        "rl.run(from_dict(RlRecipe, json.load(open(sys.argv[1]))), quiet=True)"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(path)], env={**os.environ})
    deadline = time.monotonic() + 120
    metrics = killed / "metrics.jsonl"
    while time.monotonic() < deadline and child.poll() is None:
        if metrics.exists() and len(read_metrics(metrics)) >= 6:
            child.send_signal(signal.SIGKILL)
            break
        time.sleep(0.01)
    assert child.wait() == -signal.SIGKILL, "it was killed on its way"
    assert go(start, killed, **changes)["reason"] == "finished"
    assert rows(killed) == rows(whole)
    assert "resume" in [event["event"] for event in read_metrics(killed / "events.jsonl")]


def test_scores_of_steps_that_were_lost_are_not_reported(start: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    short = {"steps": 9, "max_seconds": 1e-6, "validation": {"tasks": 2, "every": 0}}
    go(start, run, **short)
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps({"step": 7, "valid_accuracy": 0.99}) + "\n")
    result = go(start, run, **short)
    assert result["step"] == 2
    valid = result["valid"]
    assert isinstance(valid, dict) and valid["valid_accuracy"] != 0.99


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*rl*.toml")), ids=lambda path: path.stem)
def test_recipes_of_the_repository_can_be_read(path: Path) -> None:
    read = load_recipe(path, RlRecipe)
    levels = {one.environment: find(one.environment).levels for one in read.curriculum.entries}
    assert begin(read.curriculum, levels).levels().keys() == levels.keys()
    assert read.concerns() == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": 0}, "steps"),
        ({"collect": {"group": 1}}, "groups of at least 2"),
        ({"asynchronous": True, "loss": {"anchor": "trainer"}}, "leave loss.anchor at sampler"),
        ({"windows": {"stages": [{"tokens": 400}]}}, "raise sampler.context"),
        ({"update": {"mini_batches": 0}}, "mini_batches"),
        ({"curriculum": {"entries": [{"environment": "logic/dyck"}]}}, "did you mean"),
        (
            {
                "curriculum": {
                    "entries": [{"environment": "a"}, {"environment": "b", "window": 4096}]
                }
            },
            "b would never take part",
        ),
        (
            {"sampler": {"slots": 4, "context": 20}, "windows": {"stages": [{"tokens": 8}]}},
            r"sampler\.context",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    start: Path, tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        go(start, tmp_path / "run", **changes)


def test_an_inert_rule_is_told_of(start: Path, tmp_path: Path) -> None:
    go(start, tmp_path / "run", steps=1, update={"mini_batches": 1}, loss={"anchor": "trainer"})
    texts = [event["text"] for event in read_metrics(tmp_path / "run" / "events.jsonl")]
    assert any("exactly 1" in text for text in texts)
