"""The table of baselines: a cell for each column, and nothing of what was not scored."""

from __future__ import annotations

import json
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


def test_of_two_scorings_the_later_counts_and_a_peer_is_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import music_table

    scores = {"accuracy": 0.5, "interval": [0.25, 0.75], "confusion": [[1, 0], [1, 0]]}
    one: dict[str, object] = {
        "task": "dance",
        "protocol": "clean",
        "unit": "piece",
        "units": {"test": 2},
        "documents": {"test": 2},
        "published_midibert": None,
        "models": {"dance-clean-rotary": {**scores, "accuracy": 1.0}},
        "baselines": {"majority": scores},
        "differences": [],
    }
    models = {"dance-clean-rotary": {**scores, "accuracy": 1.0}, "midiformer-dance": scores}
    of_another = {"model": "dance-clean-alone", "less": "dance-clean-rotary", "accuracy": -1.0}
    of_ours = {**of_another, "model": "midiformer-dance", "accuracy": -0.5, "interval": [-0.75, 0]}
    two = {**one, "models": models, "differences": [of_another, of_ours]}
    for name, result in (("a", one), ("b", two)):
        (tmp_path / name).write_text(json.dumps({"results": [result]}), encoding="utf-8")
    kept: dict[str, object] = {}
    monkeypatch.setattr(music_table, "keep", lambda name, told: kept.update({name: told}))
    monkeypatch.setattr(sys, "argv", ["music_table", str(tmp_path / "a"), str(tmp_path / "b")])
    music_table.main()
    assert "confusion" not in json.dumps(kept) and "0.75" in json.dumps(kept)
    half, whole = "50.00 [25.0, 75.0]", "100.00 [25.0, 75.0]"  # ours and majority, and the peer's
    less = "-50.00 [-75.0, +0.0]"
    cells = f"| 2 pieces, 2 documents |  | {half} | {whole} | {less} | {half} |  |  |  |  |"
    assert capsys.readouterr().out.splitlines()[-1] == f"| dance | clean {cells}"
    assert "not trained yet" in list(music_table.markdown([one]))[-1]
    others = [{**one, "protocol": "published"}, {**one, "task": "melody"}]
    rows = list(music_table.markdown([one, *others]))[2:]
    order = ["melody | clean", "dance | published", "dance | clean"]
    assert [row[2 : 2 + len(name)] for row, name in zip(rows, order, strict=True)] == order
