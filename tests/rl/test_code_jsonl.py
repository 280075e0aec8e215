"""A user's own exercises, right ones and every way to get them wrong."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.grading.code import Comparison
from ostinato.rl.envs.code import read_exercises, read_tasks
from ostinato.rl.episode import play

PROGRAM = {
    "prompt": "Print the sum of the numbers in the input.",
    "tests": [{"input": "3 4\n", "output": "7\n"}, {"input": "", "output": "0"}],
    "solution": "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
}
FUNCTION = {
    "prompt": "Write a function halve(n: int) that returns n / 2, a float.",
    "function": "halve",
    "tests": [{"args": [3], "expected": 1.5}, {"args": [4], "expected": 2.0}],
}


def written(folder: Path, *lines: Any) -> Path:
    path = folder / "mine.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path


def test_exercises_of_both_styles_are_read_and_graded(tmp_path: Path) -> None:
    program, function = read_tasks(written(tmp_path, PROGRAM, "", FUNCTION))
    assert play(program.env(), program.perfect()).grade.correct
    assert play(program.env(), program.says("print(7)")).grade.score == 0
    right = "def halve(n):\n    return n / 2"
    assert play(function.env(), function.says(right)).grade.correct
    assert play(function.env(), function.says(right.replace("/", "//"))).grade.score == 0
    observation = function.env().begin()
    assert FUNCTION["prompt"] in observation.messages[0].content
    assert pickle.loads(pickle.dumps(function)) == function  # noqa: S301


def test_partial_credit_and_comparison_hold_for_all(tmp_path: Path) -> None:
    path = written(tmp_path, PROGRAM, FUNCTION)
    rule = Comparison(tolerance=0.1)
    program, function = read_tasks(path, partial=True, comparison=rule)
    assert play(program.env(), program.says("print(7)")).grade.score == 0.5
    nearly = "def halve(n):\n    return n / 2 + 0.01"
    assert play(function.env(), function.says(nearly)).grade.correct


def test_cheats_of_an_exercise_without_examples_get_nothing(tmp_path: Path) -> None:
    _, function = read_tasks(written(tmp_path, PROGRAM, FUNCTION))
    cheats = function.cheats()
    assert "does nothing" in cheats and "knows the examples by heart" not in cheats
    assert play(function.env(), cheats["replies by itself"]).grade.score == 0


def test_an_exercise_without_a_solution_has_no_perfect_agent(tmp_path: Path) -> None:
    (task,) = read_tasks(written(tmp_path, FUNCTION))
    assert task.answer is None
    with pytest.raises(UserError, match="solution"):
        task.perfect()


def changed(good: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {key: value for key, value in {**good, **changes}.items() if value is not ...}


WRONG: dict[str, Any] = {
    "expected one JSON object": "{",
    "expected an object": "[1]",
    "expected the keys": changed(PROGRAM, answer="x"),
    "expected 'prompt' as text": changed(PROGRAM, prompt=...),
    "expected 'prompt' as text, got ' '": changed(PROGRAM, prompt=" "),
    "expected 'solution' as text": changed(PROGRAM, solution=3),
    "a list of one or more, got None": changed(PROGRAM, tests=...),
    "a list of one or more, got []": changed(PROGRAM, tests=[]),
    "the name of a function, got 'a b'": changed(FUNCTION, function="a b"),
    "the name of a function, got 'for'": changed(FUNCTION, function="for"),
    "test 1: expected an object": changed(PROGRAM, tests=["x"]),
    "test 2: expected the keys input and output, got input": changed(
        PROGRAM, tests=[PROGRAM["tests"][0], {"input": ""}]
    ),
    "test 1: expected the keys args and expected": changed(PROGRAM, function="f"),
    "test 1: expected the keys input and output": changed(FUNCTION, function=...),
    "test 1: expected 'output' as text, got 7": changed(
        PROGRAM, tests=[{"input": "", "output": 7}]
    ),
    "test 1: expected 'args' as a list, got 3": changed(
        FUNCTION, tests=[{"args": 3, "expected": 1.5}]
    ),
    "NaN, which is no JSON": json.dumps(
        changed(FUNCTION, tests=[{"args": [3], "expected": float("nan")}])
    ),
    "expected a plain value": '{"prompt": "x", "function": "f", "tests": [{"args": [1e999], '
    '"expected": 1}]}',
}


@pytest.mark.parametrize(("told", "line"), WRONG.items(), ids=WRONG)
def test_what_is_wrong_is_said_with_its_line(told: str, line: Any, tmp_path: Path) -> None:
    path = written(tmp_path, PROGRAM, line)
    with pytest.raises(UserError) as caught:
        read_exercises(path)
    message = str(caught.value)
    assert message.startswith(f"{path}, line 2") and told in message
    assert "\n" not in message


def test_a_file_that_cannot_be_read_or_is_empty(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="expected a readable file"):
        read_exercises(tmp_path / "none.jsonl")
    (tmp_path / "bytes.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="UTF-8"):
        read_exercises(tmp_path / "bytes.jsonl")
    with pytest.raises(UserError, match="got none"):
        read_exercises(written(tmp_path, "", " "))
