"""Where model directories lie: those of the package by name, others by path. Without torch."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from ostinato.base.errors import UserError

MELODY = "midiformer-melody"


def bundled() -> dict[str, Path]:
    """The model directories that came with the package, by name."""
    root = Path(str(resources.files("ostinato"))) / "weights"
    if not root.is_dir():
        return {}
    return {path.parent.name: path.parent for path in sorted(root.glob("*/config.json"))}


def find_model(name: str | Path) -> Path:
    """The directory of a bundled model's name, or a directory itself."""
    known = bundled()
    if str(name) in known:
        return known[str(name)]
    if (Path(name) / "config.json").is_file():
        return Path(name)
    raise UserError(
        f"{name}: expected a model directory (it holds config.json) or the name of a bundled "
        f"model, which are: {', '.join(known) or 'none'}"
    )


def model_type(folder: Path) -> str | None:
    """What ``config.json`` says the model is; None where it says nothing that can be read."""
    try:
        read: Any = json.loads((folder / "config.json").read_bytes())
    except ValueError:
        return None
    kind: Any = read.get("model_type") if isinstance(read, dict) else None
    return kind if isinstance(kind, str) else None
