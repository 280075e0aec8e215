"""A model directory without its weights: where it lies, and the words that it speaks.

Nothing here needs torch, so that a job which only counts words starts at once.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.music.compoundation import Compoundation
from ostinato.music.lexicon import Lexicon

MELODY = "midiformer-melody"


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """What turns words into tokens and finds the n-grams among them."""

    compoundation: Compoundation
    lexicon: Lexicon


@dataclass(frozen=True)
class Window:
    """What the model sees at once, as it was trained: rows of words, and n-grams among them."""

    rows: int
    slots: int


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


def read_vocabulary(folder: Path) -> Vocabulary:
    """``merges.txt`` and ``lexicon.txt`` of a model directory."""
    for name in ("merges.txt", "lexicon.txt"):
        if not (folder / name).is_file():
            raise UserError(f"{folder}: a model directory holds {name}, and this one does not")
    compoundation = Compoundation.load(folder / "merges.txt")
    return Vocabulary(compoundation, Lexicon.load(folder / "lexicon.txt", compoundation))


def read_window(folder: Path) -> Window:
    """The window that ``words.json`` of a model directory tells of."""
    path = folder / "words.json"
    if not path.is_file():
        raise UserError(f"{folder}: a model directory holds words.json, and this one does not")
    try:
        window = json.loads(path.read_text(encoding="utf-8"))["window"]
        found = Window(rows=int(window["rows"]), slots=int(window["slots"]))
    except (ValueError, TypeError, KeyError):  # no JSON, no object, no such key
        found = Window(rows=0, slots=0)
    if found.rows < 1 or found.slots < 0:
        raise UserError(
            f'{path}: expected "window" with its "rows" and "slots" in JSON; '
            "copy the file from where the model came from"
        )
    return found
