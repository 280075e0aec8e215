"""The two trunks that heads may stand on: pre-trained, or taught the melody as well."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch

from ostinato.base.errors import UserError
from ostinato.data.vocabulary import load_window
from ostinato.models import midiformer
from ostinato.models.midiformer import MidiformerModel, head_directory
from ostinato.models.midiformer.calibration import load_calibration
from ostinato.models.midiformer.head_directory import HeadDescription, HeadWindow, NamedHead, digest

PRETRAINED, TAUGHT = "midiformer", "midiformer-taught"  # runs
TRUNKS = ("pretrained", "melody", "auto")  # what --trunk may say
GAIN = 0.003  # of valid's accuracy, from which ``auto`` takes the taught trunk
VOCABULARY = ("merges.txt", "lexicon.txt")  # of a model directory, beside words.json


def finished(run: Path) -> bool:
    """Whether a run has come to its end and left a model."""
    if not (run / "result.json").exists() or not (run / "model" / "config.json").exists():
        return False
    return result_of(run)["reason"] == "finished"


def result_of(run: Path) -> dict[str, Any]:
    """What a run wrote when it ended, finished or not."""
    return json.loads((run / "result.json").read_text(encoding="utf-8"))


def head_run(task: str, *, taught: bool) -> str:
    """The run of a head that ships."""
    return f"midiformer-{task}-taught" if taught else f"midiformer-{task}"


def chosen_trunk(out: Path, asked: str) -> str:
    """The run of a trunk. ``auto``: the taught one where it tells valid's melody better by GAIN."""
    if asked == "auto":
        taught, head = (_scored(out / run) for run in (TAUGHT, head_run("melody", taught=False)))
        return TAUGHT if taught - head >= GAIN else PRETRAINED
    return TAUGHT if asked == "melody" else PRETRAINED


def _scored(run: Path) -> float:
    if not finished(run):
        raise UserError(
            f"{run} is not finished: --trunk auto compares `teach` with the head `melody` on the "
            "pre-trained trunk; finish both, or say which trunk"
        )
    return result_of(run)["valid"]["accuracy"]


def pretrained_model(run: Path) -> str:
    """The model of a finished pre-training."""
    if not finished(run):
        raise UserError(
            f"{run}: expected a finished pre-training; the command that began it ends it"
        )
    return str(run / "model")


def taught_besides(out: Path) -> tuple[str, ...]:
    """What the taught trunk learnt beside the melody: heads of the same run."""
    path = out / TAUGHT / "recipe.json"
    if not path.exists():
        return ()
    recipe = json.loads(path.read_text(encoding="utf-8"))
    return tuple(other["head"] for other in recipe.get("others", ()))


def taught_trunk(run: Path) -> Path:
    """The encoder of the taught trunk, by itself; its melody head beside it is ``head``.

    The trunk keeps the windows of its pre-training, for whatever else begins with it.
    """
    folder, head = run / "trunk", run / "head"
    if not finished(run):
        raise UserError(f"{run}: expected a trunk that was taught the melody; `teach` makes one")
    if not (head / "config.json").exists():
        given = midiformer.load(run / "model")
        for name in VOCABULARY:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(run / "model" / name, folder)
        before = run.with_name(PRETRAINED) / "model"
        shutil.copy(before / "words.json", folder)
        save_bare(folder, given)
        named = NamedHead.of("melody", given.specs["melody"])
        temperature = load_calibration(run / "model").temperature
        own = load_window(run / "model")
        description = HeadDescription(
            "../trunk",
            digest(given.encoder),
            named,
            temperature=temperature,
            window=None if own == load_window(before) else HeadWindow(own.rows, own.slots),
        )
        head_directory.save(head, given, description)
        shutil.copy(run / "model" / "README.md", head)
    return folder


def save_bare(folder: Path, given: MidiformerModel) -> None:
    """The encoder of a model without its heads, in half precision."""
    bare = MidiformerModel(given.config)
    bare.encoder = given.encoder
    midiformer.save(folder, bare, dtype=torch.float16)
