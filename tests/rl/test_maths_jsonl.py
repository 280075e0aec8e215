"""A user's own problems: what is read, what is refused and how it is said."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.rl.agents import says
from ostinato.rl.envs.maths import jsonl
from ostinato.rl.envs.maths.jsonl import environment, read_problems
from ostinato.rl.episode import play

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def lines(*rows: object) -> Path:
        path = tmp_path / "mine.jsonl"
        texts = (row if isinstance(row, str) else json.dumps(row) for row in rows)
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return path

    return lines


@pytest.mark.parametrize("problem", ["problem", "question", "prompt"])
@pytest.mark.parametrize("answer", ["answer", "solution"])
def test_every_pair_of_keys(write: Write, problem: str, answer: str) -> None:
    (question,) = read_problems(
        write({problem: " What is 6 * 7? ", answer: "42", "id": 3})
    ).questions
    assert question.prompt == "What is 6 * 7?"
    assert question.answer == "42"


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        ("42", "42"),
        ('"42"', "42"),
        ('"6 * 7, so \\\\boxed{42}."', "42"),
        ('"So \\\\boxed{\\\\frac{1}{2}}"', r"\frac{1}{2}"),
        ("0.10", "0.10"),
        ("-3", "-3"),
    ],
)
def test_the_answer_is_taken_as_it_is_written(write: Write, answer: str, wanted: str) -> None:
    (question,) = read_problems(write(f'{{"problem": "p", "answer": {answer}}}')).questions
    assert question.answer == wanted


def test_an_environment_by_seed(write: Write) -> None:
    path = write(
        {"problem": "What is 6 * 7?", "answer": "42"},
        "",
        {"problem": "Expand x(x+1).", "solution": r"It is \boxed{x^2+x}."},
        {"problem": " What is  6 * 7?", "answer": "41"},
        {"problem": "Half of one?", "answer": "1/2"},
    )
    mine = environment(path)
    assert (mine.name, mine.levels) == ("maths/mine", 1)
    assert "3 problems" in mine.summary and "1 duplicates" in mine.summary
    assert read_problems(path).duplicates == 1
    answers = [mine.task(1, seed).answer for seed in range(4)]
    assert answers == ["42", "x^2+x", "1/2", "42"], "the first of the same problems stays"
    task = mine.task(1, 0)
    assert play(task.env(), task.perfect()).grade.correct
    assert play(task.env(), says(r"so \boxed{42.0}")).grade.correct
    assert not play(task.env(), says(r"\boxed{6*7}")).grade.correct
    assert not play(task.env(), says("42")).grade.well_formed
    for name, agent in task.cheats().items():
        assert play(task.env(), agent).grade.score == 0, name
    assert pickle.loads(pickle.dumps(task)) == task  # noqa: S301 - our own
    with pytest.raises(UserError, match="expected a level of 1 to 1"):
        mine.task(2, 0)


def test_one_problem_is_enough_to_guess(write: Write) -> None:
    task = environment(write({"problem": "What is 6 * 7?", "answer": "42"})).task(1, 5)
    assert task.cheats()


BAD = [
    ("{", "expected a JSON object, got '{'"),
    ("[1]", "got a list"),
    ("3", "got a number"),
    ("null", "got null"),
    ("true", "got true or false"),
    ('"text"', "got text"),
    ("[" * 100_000, "expected a JSON object"),
    ('{"problem": "p", "answer": NaN}', "expected a JSON object"),
    ("{}", "expected one of the keys problem, question, prompt, got no keys"),
    ('{"problem": "p"}', "expected one of the keys answer, solution, got 'problem'"),
    ('{"text": "p", "answer": "1"}', "expected one of the keys problem"),
    ('{"problem": 3, "answer": "1"}', "expected 'problem' to be text, got a number"),
    ('{"problem": "p", "answer": null}', "expected 'answer' to be text, got null"),
    ('{"problem": "p", "answer": ["1"]}', "expected 'answer' to be text, got a list"),
    ('{"problem": "p", "answer": true}', "got true or false"),
    ('{"problem": " ", "answer": "1"}', "expected 'problem' to say something"),
    ('{"problem": "p", "answer": ""}', "expected 'answer' to say something"),
    ('{"problem": "p", "answer": "\\\\boxed{1} \\\\boxed{2}"}', "expected one .*, got 2"),
    ('{"problem": "p", "answer": "\\\\boxed{1"}', "a broken or empty one"),
    ('{"problem": "p", "answer": "\\\\boxed{}"}', "a broken or empty one"),
    ('{"problem": "p", "answer": "' + "so " * 500 + '"}', "at most 1000 letters, got 1499"),
]


@pytest.mark.parametrize(("line", "message"), BAD)
def test_a_bad_line_is_named(write: Write, line: str, message: str) -> None:
    path = write({"problem": "good", "answer": "1"}, "", line)
    with pytest.raises(UserError, match=message) as caught:
        environment(path)
    assert "mine.jsonl, line 3: expected" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_line_may_be_only_so_long(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "LONGEST_LINE", 100)
    with pytest.raises(UserError, match="line 1: expected at most 100 bytes"):
        read_problems(write({"problem": "p" * 100, "answer": "1"}))
    read_problems(write({"problem": "p" * 50, "answer": "1"}))


def test_files_that_are_none(tmp_path: Path, write: Write) -> None:
    with pytest.raises(UserError, match="expected a file of JSON lines"):
        environment(tmp_path / "missing.jsonl")
    with pytest.raises(UserError, match="at least one problem"):
        environment(write())
    path = tmp_path / "latin.jsonl"
    path.write_bytes(b'{"problem": "caf\xe9", "answer": "1"}\n')
    with pytest.raises(UserError, match="line 1: expected UTF-8, got the byte 0xe9"):
        environment(path)


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "windows.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"problem": "p", "answer": "1"}\r\n')
    assert len(read_problems(path).questions) == 1
