"""The verbs `env list`, `show` and `check`, as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ostinato.cli import main
from ostinato.grading import wrong
from ostinato.rl.envs import catalogue
from ostinato.rl.envs.catalogue import environments, mixture
from ostinato.rl.envs.music.continuation import Continuation


def test_list_names_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "list"]) == 0
    out = capsys.readouterr().out
    assert "logic/minesweeper" in out
    assert f"{len(environments())} environments" in out
    assert main(["env", "list", "--kind", "tools", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == ["tools/shop", "tools/calendar", "tools/airline"]
    assert set(listed[0]) == {
        "name", "kind", "summary", "truth", "levels", "extra", "guessable"
    }  # fmt: skip


def test_show_prints_a_task_and_its_solution(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "show", "maths/arithmetic", "--level", "2", "--seed", "3"]) == 0
    text = capsys.readouterr().out
    assert main(["env", "show", "maths/arithmetic", "--level", "2", "--seed", "3", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["grade"]["score"] == 1
    assert shown["prompt"][0]["content"].splitlines()[0] in text
    assert shown["perfect"][-1]["content"] in text
    assert "\\boxed{}" in text


def test_show_lists_tools_and_calls(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "show", "tools/calendar"]) == 0
    text = capsys.readouterr().out
    assert "end_conversation" in text
    assert "grade 1" in text


def test_check_reports_and_fails_where_one_fails(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["env", "check", "music/continuation", "maths/words", "--n", "4", "--level", "1"]
    assert main([*asked, "--json"]) == 0
    checks = json.loads(capsys.readouterr().out)
    assert [one["environment"] for one in checks] == ["music/continuation", "maths/words"]
    assert all(one["perfect"] == 1 and not one["failures"] for one in checks)
    assert main(asked) == 0
    assert "maths/words" in capsys.readouterr().out
    monkeypatch.setattr(Continuation, "check", lambda *_: wrong("whatever it is"))
    assert main(asked) == 2
    captured = capsys.readouterr()
    assert "FAILED music/continuation level 1" in captured.out
    assert "1 of 2 checks failed" in captured.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["show", "logic/minesweper"], "did you mean logic/minesweeper"),
        (["show", "x"], "`ostinato env list` names them"),
        (["show", "tools/shop", "--level", "9"], "a level of 1 to 5, got 9"),
        (["show", "tools/shop", "--seed", "-1"], "a seed of at least 0"),
        (["check", "tools/shop", "--n", "0"], "at least 1 task"),
        (["list", "--kind", "poetry"], "expected one of code"),
    ],
)
def test_what_there_is_not_is_refused(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["env", *arguments]) == 2
    assert complaint in capsys.readouterr().err


def test_default_check_is_of_what_is_installed() -> None:
    assert mixture()
    assert all(one.extra is None for one in mixture())
    assert catalogue.find("logic/minesweeper").name == "logic/minesweeper"


def test_a_users_own_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problems = tmp_path / "mine.jsonl"
    problems.write_text('{"problem": "2 + 2?", "answer": "4"}\n', encoding="utf-8")
    assert main(["env", "show", str(problems)]) == 0
    assert "maths/mine" in capsys.readouterr().out
    exercises = tmp_path / "sums.jsonl"
    test = {"args": [3, 4], "expected": 7}
    task = {"prompt": "Write add(a, b).", "function": "add", "tests": [test]}
    exercises.write_text(json.dumps(task) + "\n", encoding="utf-8")
    assert main(["env", "show", str(exercises)]) == 0
    out = capsys.readouterr().out
    assert "code/sums" in out
    assert "perfect" not in out
    solved = task | {"solution": "def add(a, b):\n    return a + b\n"}
    exercises.write_text(json.dumps(solved) + "\n", encoding="utf-8")
    assert main(["env", "check", str(exercises), "--n", "1"]) == 0
    assert main(["env", "show", str(tmp_path / "none.jsonl")]) == 2
    assert "No such file" in capsys.readouterr().err
