"""How often each test set was scored: one JSON line per scoring, never taken back.

A test set that is scored again and again is chosen on in the end, whoever does it. So each
scoring of a model leaves a line beside the results, and tables say how many lines there are.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ostinato.base.errors import UserError

NAME = "scorings.jsonl"  # of the file, in the folder of the results


@dataclass(frozen=True)
class Scoring:
    """One model scored on one test set."""

    task: str
    protocol: str  # of the suite ``music``, or what else scored it
    split: str  # whose test side it is
    model: str
    digest: str  # of the model's directory
    time: str  # UTC, ISO 8601


def now() -> str:
    """The time of a scoring, UTC, in seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def digest(folder: Path) -> str:
    """16 hexadecimal digits of the configuration and the weights in a model directory."""
    state = hashlib.sha256()
    for path in sorted([folder / "config.json", *folder.glob("*.safetensors")]):
        state.update(path.name.encode())
        state.update(path.read_bytes())
    return state.hexdigest()[:16]


def append(path: Path, scorings: Sequence[Scoring]) -> None:
    """Add lines to a record, which begins with the first one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(one)) + "\n" for one in scorings)


def read(path: Path) -> list[Scoring]:
    """The scorings of a record in order; none where there is no file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_parse(path, number, line) for number, line in enumerate(lines, start=1)]


def times(scorings: Sequence[Scoring]) -> Counter[tuple[str, str]]:
    """How often the test set of each (task, split) was scored."""
    return Counter((one.task, one.split) for one in scorings)


def _parse(path: Path, number: int, line: str) -> Scoring:
    try:
        return Scoring(**json.loads(line))
    except (TypeError, ValueError):
        raise UserError(
            f"{path}: line {number} is no scoring; expected a JSON object with "
            f"{', '.join(Scoring.__dataclass_fields__)}. Move the file away to start a new record"
        ) from None
