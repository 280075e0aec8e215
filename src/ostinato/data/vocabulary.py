"""What a model's ids mean: the compoundation, and the lexicon of n-grams over its tokens.

Nothing here needs torch, so that a job which only counts words starts at once.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.base.files import write_json
from ostinato.data.shards import Header
from ostinato.music.compoundation import Compoundation
from ostinato.music.lexicon import Lexicon


@dataclass(frozen=True)
class Window:
    """What a model sees at once, as it was trained: rows of words, and n-grams among them."""

    rows: int
    slots: int


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Tokens and n-grams; ``header`` says which words they are made of."""

    header: Header
    compoundation: Compoundation
    lexicon: Lexicon

    def save(self, folder: Path, window: Window) -> None:
        """Write ``words.json``, ``merges.txt`` and ``lexicon.txt`` of a model directory."""
        folder.mkdir(parents=True, exist_ok=True)
        words = {
            "scheme": self.header.scheme,
            "steps_per_quarter": self.header.steps_per_quarter,
            "vocab": list(self.header.vocab),
            "window": asdict(window),
        }
        write_json(folder / "words.json", words)
        self.compoundation.save(folder / "merges.txt")
        self.lexicon.save(folder / "lexicon.txt", self.compoundation)


def load_vocabulary(folder: Path) -> Vocabulary:
    """The vocabulary of a model directory."""
    compoundation = Compoundation.load(_held(folder, "merges.txt"))
    header = Header(compoundation.scheme, compoundation.steps_per_quarter, compoundation.vocab)
    return Vocabulary(
        header, compoundation, Lexicon.load(_held(folder, "lexicon.txt"), compoundation)
    )


def load_window(folder: Path) -> Window:
    """The window that ``words.json`` of a model directory tells of."""
    path = _held(folder, "words.json")
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


def _held(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise UserError(f"{folder}: a model directory holds {name}, and this one does not")
    return folder / name
