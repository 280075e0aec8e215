"""The steps of the reasoner's life that train nothing: models between others, what is asked."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tests.tiny_language import write_language_model

sys.path.insert(0, str(Path(__file__).parents[2] / "runs"))

import m1_reason as program

from ostinato.eval.reasoning import TaskList, read_tasks
from ostinato.models.m1 import M1


def test_the_mean_of_two_models_is_half_way_and_asks_what_the_first_does(tmp_path: Path) -> None:
    folders = [tmp_path / "ours", tmp_path / "theirs"]
    for folder, shift in zip(folders, (0.0, 1.0), strict=True):
        write_language_model(folder)
        model = M1.from_pretrained(folder)
        with torch.no_grad():
            for weight in model.parameters():
                weight += shift
        model.save_pretrained(folder)
    tasks = TaskList(program.TAUGHT.trained[:2])
    tasks.write(folders[0])
    program.mean(*folders, tmp_path / "mean")
    ours, mean = (M1.from_pretrained(one).state_dict() for one in (folders[0], tmp_path / "mean"))
    for name, weight in mean.items():
        torch.testing.assert_close(weight.float(), ours[name] + 0.5, atol=2e-3, rtol=2e-3)
    assert read_tasks(tmp_path / "mean") == tasks
    assert (tmp_path / "mean" / "tokenizer.json").exists()


def test_kinds_that_no_training_may_see_are_not_taught() -> None:
    assert not {one.environment for one in program.TAUGHT.trained} & {*program.HELD_KINDS}
