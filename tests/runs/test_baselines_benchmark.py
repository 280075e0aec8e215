"""The table of baselines: a cell for each column, and nothing of what was not scored."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ostinato.eval.music.suite import evaluate
from ostinato.eval.music.tasks import TASKS
from toy_music_suite import toy_splits, write_corpora

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import music_baselines as program


def test_rows_tell_what_was_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_splits(monkeypatch)
    data = write_corpora(tmp_path)
    results = [evaluate(TASKS["velocity"], protocol, data, {}) for protocol in program.PROTOCOLS]
    head, rule, *rows = program.markdown(results)
    assert len(rows) == 2
    assert {line.count("|") for line in (head, rule, *rows)} == {head.count("|")}
    assert "ours" not in head
    assert not any("trained" in row for row in rows)
    cells = dict(zip(head.split("|"), rows[0].split("|"), strict=True))
    assert cells[" MidiBERT "] == " 51.63 "
    assert cells[" majority "].strip().endswith("]")
