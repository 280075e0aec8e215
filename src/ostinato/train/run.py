"""A run directory: the recipe that began it, so that only the same recipe goes on with it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ostinato.base.config import to_dict
from ostinato.base.errors import UserError
from ostinato.base.files import read_object, write_json

# May change from one part of a run to the next.
FREE = (
    "device",
    "fresh",
    "report_test",
    "scorings",
    "checkpointing",
    "max_seconds",
    "keep_windows",
)
FREE_IN_TRAIN = ("compile", "log_every", "save_every", "max_seconds", "turn")
BEGUN = ("recipe.json", "state.safetensors", "fit.json")  # a run's folder holds one of them


def open_run(run: Path, recipe: Any, *, fresh: bool, also: Mapping[str, Any] | None = None) -> bool:
    """Whether ``run`` holds the training state of this very recipe, to be gone on with.

    Otherwise it is claimed for the recipe (written to ``recipe.json``), unless it holds what is no
    run's. ``fresh`` claims it whatever run it holds, and removes the models that an earlier run
    left; without, another recipe's state there is a ``UserError``. What else must not change within
    a run is in ``also``, by the name that the error calls it.
    """
    if run.resolve() == Path.cwd():
        raise UserError("run: expected a folder of the run's own; got the working directory.")
    path = run / "recipe.json"
    if run.is_dir() and any(run.iterdir()) and not any((run / name).exists() for name in BEGUN):
        raise UserError(
            f"run: expected an empty folder or one that a run has begun; {run} holds other files."
        )
    if fresh:
        _remove_models(run, str(getattr(recipe, "init", None) or ""))
    wanted = {**to_dict(recipe), **(also or {})}
    if not fresh and (run / "state.safetensors").exists():
        found = read_object(path, "say fresh=true to begin anew") if path.exists() else {}
        if different := _differences(_fixed(wanted), _fixed(found)):
            raise UserError(
                f"{run} holds a run of another recipe ({', '.join(different)}): choose another "
                "run directory, or say fresh=true to lose that one."
            )
        return True
    for stale in ("state.safetensors", "best.safetensors", "metrics.jsonl", "result.json"):
        (run / stale).unlink(missing_ok=True)
    write_json(path, wanted)
    return False


def _remove_models(run: Path, init: str) -> None:
    """Remove ``model`` and each ``model-WINDOW`` of a run, and its further heads; not one that the
    new run begins with.
    """
    found = [run / "model", *(folder for folder in run.glob("model-*") if _of_window(folder.name))]
    path = run / "recipe.json"
    try:
        before = read_object(path, "") if path.exists() else {}
    except UserError:
        before = {}
    found += [run / other["head"] for other in before.get("others", ())]
    stale = [folder for folder in found if folder.is_dir()]
    if init and any(Path(init).resolve().is_relative_to(folder.resolve()) for folder in stale):
        raise UserError(
            f"init: fresh=true removes the models of {run}, and {init} is one of them: choose "
            "another run directory."
        )
    for folder in stale:
        if folder.is_symlink():
            folder.unlink()
        else:
            shutil.rmtree(folder)


def _of_window(name: str) -> bool:
    return name.removeprefix("model-").isdecimal()


def _fixed(recipe: dict[str, Any]) -> dict[str, Any]:
    """The keys that must not change within a run."""
    kept = {key: value for key, value in recipe.items() if key not in FREE}
    train = kept.get("train", {})
    return {**kept, "train": {k: v for k, v in train.items() if k not in FREE_IN_TRAIN}}


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    return sorted(key for key in wanted | found if wanted.get(key) != found.get(key))
