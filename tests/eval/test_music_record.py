"""The record of scorings: lines are added, counted, and never taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.eval.music import record


def scoring(task: str, split: str = "s", digest: str = "0") -> record.Scoring:
    return record.Scoring(task, "clean", split, "m", digest, record.now())


def test_lines_are_added_and_counted_by_test_set(tmp_path: Path) -> None:
    path = tmp_path / "new" / "scorings.jsonl"
    assert record.read(path) == []
    record.append(path, [scoring("melody"), scoring("melody", digest="1")])
    record.append(path, [scoring("velocity"), scoring("melody", split="other")])
    found = record.read(path)
    assert [one.task for one in found] == ["melody", "melody", "velocity", "melody"]
    assert record.times(found)["melody", "s"] == 2
    assert record.times(found)["melody", "other"] == 1
    assert record.times(found)["dance", "s"] == 0


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scorings.jsonl"
    record.append(path, [scoring("melody")])
    with path.open("a") as file:
        file.write('{"task": "melody"}\n')
    with pytest.raises(UserError, match=r"line 2 is no scoring; expected .*task, protocol, split"):
        record.read(path)


def test_the_digest_is_of_weights_and_configuration_alone(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    before = record.digest(tmp_path)
    (tmp_path / "README.md").write_text("a card")
    assert record.digest(tmp_path) == before
    (tmp_path / "model.safetensors").write_bytes(b"weighty")
    assert record.digest(tmp_path) != before
