"""Where model directories lie: those of the package by name, others by path. Without torch."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from ostinato.base.errors import UserError

MELODY, VELOCITY = "midiformer-melody", "midiformer-velocity"


def bundled() -> dict[str, Path]:
    """The model directories that came with the package, by name."""
    root = Path(str(resources.files("ostinato"))) / "weights"
    if not root.is_dir():
        return {}
    return {path.parent.name: path.parent for path in sorted(root.glob("*/config.json"))}


def find_model(name: str | Path) -> Path:
    """The directory of a bundled model's name, or a directory itself, or that in a run's."""
    if (found := model_in(named(name))) is not None:
        return found
    raise UserError(
        f"{name}: expected a model directory (it holds config.json) or the name of a bundled "
        f"model, which are: {', '.join(bundled()) or 'none'}"
    )


def named(name: str | Path) -> Path:
    """Where the bundled model of that name lies; the path itself where it is no such name."""
    return bundled().get(str(name), Path(name))


def model_in(folder: Path) -> Path | None:
    """The folder itself or that of a run's model in it, whichever holds a model."""
    places = (folder, folder / "model")
    return next((place for place in places if (place / "config.json").is_file()), None)


def find_trunk(folder: Path, trunk: str) -> Path:
    """The trunk that a head's directory names: a bundled model, or a path relative to it."""
    place = bundled().get(trunk, folder / trunk)
    if (place / "config.json").is_file():
        return place
    raise UserError(
        f"{folder}: this head needs its trunk {trunk!r}, which is neither a bundled model nor at "
        f"{place}: copy the trunk there, or name it in config.json"
    )


def words_of(folder: Path) -> Path:
    """The directory that holds a model's vocabulary: its own, or its trunk's where it is a head."""
    trunk = _told(folder, "trunk")
    return folder if trunk is None else find_trunk(folder, trunk)


def model_type(folder: Path) -> str | None:
    """What ``config.json`` says the model is; None where it says nothing that can be read."""
    return _told(folder, "model_type")


def _told(folder: Path, key: str) -> str | None:
    try:
        read: Any = json.loads((folder / "config.json").read_bytes())
    except ValueError:
        return None
    found: Any = read.get(key) if isinstance(read, dict) else None
    return found if isinstance(found, str) else None
