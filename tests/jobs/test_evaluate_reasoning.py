"""``evaluate --suite reason``: tables and JSON of a tiny model, the options, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.eval.reasoning import Cell, Entry, Levels, Result, Row, Standing, Suite, TaskList
from ostinato.jobs.evaluate import EvaluateRequest, evaluate
from ostinato.jobs.evaluate_reasoning import show
from tiny_language import write_language_model

pytestmark = pytest.mark.usefixtures("one_thread")

LIST = TaskList(
    trained=(Levels("logic/boolean_expressions", (1,)), Levels("maths/arithmetic", (1, 2))),
    held_levels=(Levels("maths/arithmetic", (3,)),),
    held_kinds=(Levels("maths/words", (1,)), Levels("tools/shop", (1,))),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_language_model(tmp_path_factory.mktemp("model"))
    LIST.write(folder)
    return folder


def request(model: Path, **changes: object) -> EvaluateRequest:
    options: dict[str, Any] = {"examples": 3, "device": "cpu", "max_tokens": 8, **changes}
    return EvaluateRequest("reason", str(model), **options)


def test_json(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(request(model, thinking_budget="0, 5,none", as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == str(model)
    assert told["suite"]["thinking_budgets"] == [0, 5, None]
    assert [(row["environment"], row["levels"], row["standing"]) for row in told["rows"]] == [
        ("logic/boolean_expressions", [1], "trained on"),
        ("maths/arithmetic", [1, 2], "trained on"),
        ("maths/arithmetic", [3], "held-out levels"),
        ("maths/words", [1], "never trained on"),
    ]
    for row in told["rows"]:
        assert [cell["thinking_budget"] for cell in row["cells"]] == [0, 5, None]
        for cell in row["cells"]:
            assert cell["episodes"] == 3 and 1 <= cell["tokens"] <= 8
            assert cell["accuracy"] == cell["right"] / 3
    assert list(told["together"]) == ["trained on", "held-out levels", "never trained on"]
    evaluate(request(model, thinking_budget="5", as_json=True))
    again = json.loads(capsys.readouterr().out)
    assert again["prompts"] == told["prompts"]
    for one, other in zip(again["rows"], told["rows"], strict=True):
        assert one["cells"][0]["tokens"] == other["cells"][1]["tokens"]


def test_kinds_and_sampling(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lengths: list[list[float]] = []
    for seed in (1, 1, 2):
        changes = {"kinds": "maths", "temperature": 1.0, "seed": seed, "as_json": True}
        evaluate(request(model, max_tokens=30, **changes))
        told = json.loads(capsys.readouterr().out)
        assert {row["environment"] for row in told["rows"]} == {"maths/arithmetic", "maths/words"}
        lengths.append([row["cells"][0]["tokens"] for row in told["rows"]])
    assert lengths[0] == lengths[1] != lengths[2]


def test_tables_of_one_budget(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(request(model))
    told = capsys.readouterr().out
    assert told.startswith(f"reason: 3 tasks a row, greedy; {model}; ")
    titles = ["trained on: other", "trained on, but not at these levels", "never trained on"]
    places = [told.index(title) for title in titles]
    assert places == sorted(places)
    first = told[places[0] : places[1]].splitlines()
    assert first[2].split()[:5] == ["environment,", "levels", "right", "guess", "const"]
    assert first[4].split()[:5] == ["logic/boolean_expressions", "1", "0", "[0,", "56]"]
    assert first[5].split()[:2] == ["maths/arithmetic", "1-2"]
    assert first[6].split()[:4] == ["together", "0", "[0,", "39]"]
    assert max(map(len, told.splitlines())) <= 110


def test_tables_of_several_budgets(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(request(model, kinds="maths", thinking_budget="0,1024,none"))
    told = capsys.readouterr().out
    assert told.count("right by thinking budget") == 3
    header = next(line for line in told.splitlines() if "right by thinking budget" in line)
    assert header.split()[4:] == ["0", "1,024", "no", "end", "guess", "const"]
    assert told.count("0 [0, 56]") == 9 + 9
    assert "all rows together" in told
    many = ",".join(map(str, range(6)))
    evaluate(request(model, kinds="maths/words", thinking_budget=many))
    told = capsys.readouterr().out
    assert told.count("right by thinking budget") == 2
    assert max(map(len, told.splitlines())) <= 110


def test_what_a_reader_should_know_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    cell = Cell(
        thinking_budget=None,
        episodes=4,
        right=3,
        malformed=1,
        truncated=0,
        confident=0,
        overfull=0,
        budget_reached=0,
        untrusted=0,
        turns=1.0,
        tokens=2_000.0,
        thinking_tokens=1_500.4,
    )
    entry = Entry("logic/campsite", (1, 2, 5), Standing.UNKNOWN)
    suite = Suite(name="reason", entries=(entry,), examples=4)
    show("some", Result(suite, "0", (Row(entry, 4, None, 0.125, (cell,)),), 2.0))
    told = capsys.readouterr().out
    row = next(line for line in told.splitlines() if line.lstrip().startswith("logic"))
    expected = "logic/campsite 1, 2, 5 75 [30, 95] 12 25 0 2,000 1,500"
    assert row.split() == expected.split()
    assert "does not say what it was trained on" in told and "trusted" not in told
    doubtful = replace(cell, untrusted=1, turns=2.5)
    show("some", Result(suite, "0", (Row(entry, 4, None, None, (doubtful,)),), 2.0))
    told = capsys.readouterr().out
    assert "1 grade cannot be trusted" in told and " 2.5 " in told
    assert "few tasks" not in told
    show("some", Result(suite, "0", (Row(entry, 3, None, None, (cell,)),), 2.0))
    assert "logic/campsite 1, 2, 5 has few tasks: 3 of 4 are" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"thinking_budget": "12,many"}, "--thinking-budget: expected numbers.*got 'many'"),
        ({"thinking_budget": "-1"}, "got '-1'"),
        ({"thinking_budget": ""}, "got ''"),
        ({"thinking_budget": "5,5"}, "given twice"),
        ({"kinds": "code"}, "the suite asks nothing of 'code': expected logic"),
        ({"examples": 0}, "expected 1 to 10,000 examples"),
        ({"temperature": -1.0}, "temperature must be at least 0"),
        ({"max_tokens": 0}, "max_tokens must be at least 1"),
    ],
)
def test_what_is_refused(model: Path, changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        evaluate(request(model, **changes))


def test_a_model_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a model directory"):
        evaluate(request(tmp_path))


def test_the_bundled_model_is_asked(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ostinato.infer.directory.bundled", dict)
    with pytest.raises(UserError, match="reason scores a language model: name its directory"):
        evaluate(EvaluateRequest("reason"))
    monkeypatch.setattr("ostinato.infer.directory.bundled", lambda: {"m1-reason": model})
    asked = EvaluateRequest("reason", examples=1, device="cpu", max_tokens=4, kinds="logic")
    evaluate(asked)
    assert capsys.readouterr().out.startswith("reason: 1 task a row, greedy; m1-reason; ")
