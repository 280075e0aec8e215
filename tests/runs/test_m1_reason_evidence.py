"""What is told of the reasoner's reinforcement: kept whole, compared row by row, drawn."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "runs"))

import m1_reason_evidence as program

RIGHT = {"before": 30, "after": 45, "control": 60}


def row(environment: str, right: int, budgets: tuple[int | None, ...] = (None,)) -> dict[str, Any]:
    cell = {"accuracy": right / 60, "interval": [right / 60 - 0.1, right / 60 + 0.1]}
    told = {"episodes": 60, "tokens": 100 + right, "thinking_tokens": 50}
    cells = [{"thinking_budget": budget, **cell, **told} for budget in budgets]
    return {
        "environment": environment,
        "levels": [1, 2],
        "standing": "trained on",
        "cells": cells,
    }


@pytest.fixture
def results(tmp_path: Path) -> dict[str, Any]:
    run, scored = tmp_path / "run", {}
    run.mkdir()
    step = dict.fromkeys(program.CURVE, 0.5) | {"window": 512}
    lines = [{"step": 0, "valid_accuracy": 0.3}, *({"step": n, **step} for n in (1, 2))]
    (run / "metrics.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    event = {"step": 1, "event": "window", "text": "the window grows"}
    (run / "events.jsonl").write_text(json.dumps(event) + "\n")
    (run / "result.json").write_text(json.dumps({"reason": "out of time"}))
    for name, right in RIGHT.items():
        scored[name] = tmp_path / f"{name}.json"
        rows = [row("logic/dyck_language", right), row("maths/arithmetic", 60)]
        scored[name].write_text(json.dumps({"rows": rows}))
    program.keep(run, tmp_path / "kept.json", scored)
    return program.read(str(tmp_path / "kept.json"))


def test_a_run_is_kept_with_its_scores(results: dict[str, Any]) -> None:
    run = results["run"]
    assert [one["step"] for one in run["curve"]] == [1, 2]
    assert run["validations"] == [{"step": 0, "window": 512, "valid_accuracy": 0.3}]
    assert run["windows"][0]["text"] == "the window grows"
    assert set(results["scores"]) == set(RIGHT)


def test_differences_have_intervals(
    results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    program.tables(results)
    head, _, dyck, *_ = capsys.readouterr().out.splitlines()
    assert head.startswith("| | before | after | control |")
    # Newcombe's with both half-widths 0.1: 0.1 * sqrt(2).
    assert "| 50 | 75 | 100 | +25 [+11, +39] | +25 [+11, +39] | 130 to 145 |" in dyck


def test_what_a_model_was_not_asked_is_left_blank_and_out_of_the_mean(
    results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    results["scores"]["taught"] = [row("logic/dyck_language", 15)]
    program.tables(results)
    head, _, dyck, sums, mean = capsys.readouterr().out.splitlines()
    assert head.startswith("| | taught | before | after | control |")
    assert dyck.startswith("| `logic/dyck_language` 1-2 | 25 | 50 | 75 | 100 |")
    assert sums.startswith("| `maths/arithmetic` 1-2 |  | 100 | 100 | 100 |")
    assert mean.startswith(
        "| **mean: taught, or asked for rewards, 1 rows that all were asked** | 25 | 50 | 75 |"
    )


def test_validations_have_a_table_of_their_own(
    results: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"valid_accuracy/maths/arithmetic": 0.25, "valid_accuracy": 0.125}
    results["valid"] = {"valid-before": told, "valid-after": {**told, "valid_accuracy": 0.5}}
    program.tables(results)
    printed = capsys.readouterr().out.splitlines()
    assert "| kept prompts | before | after |" in printed
    assert printed[-2:] == ["| `maths/arithmetic` | 25 | 25 |", "| **mean** | 12.5 | 50.0 |"]


def test_a_validation_is_told_from_scores(tmp_path: Path, results: dict[str, Any]) -> None:
    del results
    told = tmp_path / "valid.json"
    told.write_text(json.dumps({"valid_accuracy": 0.5}))
    program.keep(tmp_path / "run", tmp_path / "kept.json", {"valid-after": told})
    kept = program.read(tmp_path / "kept.json")
    assert (kept["scores"], kept["valid"]) == ({}, {"valid-after": {"valid_accuracy": 0.5}})


@pytest.mark.parametrize("budgets", [False, True])
def test_the_figure(results: dict[str, Any], tmp_path: Path, budgets: bool) -> None:
    if budgets:
        results["scores"]["after-budgets"] = [row("maths/arithmetic", 30, (0, 64, None))]
    program.figure(results, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
