"""The tables of music: a cell for each column, nothing of what was not scored, and the kept one is
what ships and what the documents say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from ostinato.eval.music.record import digest
from ostinato.eval.music.suite import evaluate
from ostinato.eval.music.tasks import TASKS
from ostinato.infer.directory import bundled
from toy_music_suite import toy_splits, write_corpora

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import music_baselines as program

ROOT = Path(__file__).parents[2]


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


def test_the_newest_table_is_of_the_weights_that_ship_and_is_what_the_documents_show() -> None:
    """Whoever trains anew has to score anew, and to tell of it wherever figures stand."""
    import music_table

    newest = max((ROOT / "benchmarks" / "results").glob("music-table-*.json"))
    results = json.loads(newest.read_text(encoding="utf-8"))["results"]
    assert set(music_table.markdown(results)) <= set(_lines("docs/music.md"))
    told = [line for line in _lines("README.md") if line.startswith("| ")]
    trunk = _lines("src/ostinato/weights/midiformer/README.md")
    shipped: set[str] = set()
    for result in results:
        name = TASKS[result["task"]].head
        if result["protocol"] != "clean" or name not in bundled():
            continue
        shipped.add(name)
        assert result["scored"][name]["files"] == digest(bundled()[name]), name
        scores = result["models"][name]
        low, high = scores["interval"]
        right = f"| **{scores['accuracy']:.1%}** | {low:.1%} to {high:.1%} |"
        own = _lines(f"src/ostinato/weights/{name}/README.md")
        for card in (trunk, own):
            assert any(line.startswith(f"| {name} |") and right in line for line in card), name
        cell = f"{100 * scores['accuracy']:.1f} [{100 * low:.1f}, {100 * high:.1f}]"
        assert any(cell in line.split(" | ")[1:2] for line in told), (name, cell)
    assert shipped == {task.head for task in TASKS.values()} & set(bundled())


def _lines(path: str) -> list[str]:
    return (ROOT / path).read_text(encoding="utf-8").splitlines()
