"""Programs that are right, nearly right and crooked, and replies that are not quite replies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ostinato.base.errors import UserError
from ostinato.grading.code import (
    CASE_LIMITS,
    Case,
    Comparison,
    ReplyError,
    check_functions,
    check_programs,
    plain,
    read_reply,
    same,
    same_text,
)
from ostinato.grading.types import Grade
from ostinato.sandbox import best
from ostinato.sandbox.types import MIB, Command, Outcome, Sandbox, Status

ADD = "def add(a, b):\n    return a + b\n"
SUMS = [Case(args=(a, b), expected=a + b) for a, b in [(1, 2), (-5, 5), (10, 90)]]
ECHO = [Case(stdin=text, expected=text.upper()) for text in ["a b\n", "c\n", ""]]
QUICK = replace(CASE_LIMITS, wall_seconds=3.0, cpu_seconds=0.5)


def outcome(**changes: Any) -> Outcome:
    clean = Outcome(
        status=Status.EXITED,
        exit_code=0,
        signal=None,
        stdout=b"",
        stderr=b"",
        reply=b"",
        files={},
        wall_seconds=0.0,
        cpu_seconds=0.0,
        peak_memory_bytes=0,
    )
    return replace(clean, **changes)


@dataclass
class Scripted:
    """A sandbox that runs nothing, and remembers what it was given."""

    answer: Callable[[Command], Outcome]
    commands: list[Command] = field(default_factory=list[Command])

    name = "scripted"

    def run(self, command: Command) -> Outcome:
        self.commands.append(command)
        return self.answer(command)

    async def run_async(self, command: Command) -> Outcome:
        return self.run(command)


def replying(reply: bytes, **changes: Any) -> Scripted:
    return Scripted(lambda _: outcome(reply=reply, **changes))


def correct(command: Command) -> Outcome:
    return outcome(reply=json.dumps({"value": sum(json.loads(command.stdin)["args"])}).encode())


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return best()


def graded(source: str, sandbox: Sandbox, *cases: Case, function: str = "add") -> Grade:
    return check_functions(source, function, cases or SUMS, sandbox=sandbox, limits=QUICK)


def test_the_right_function_gets_everything(sandbox: Sandbox) -> None:
    assert graded(ADD, sandbox).correct


def test_partial_credit_is_the_share_of_passed_cases(sandbox: Sandbox) -> None:
    source = "def add(a, b):\n    return a + b if a > 0 else 7\n"
    grade = graded(source, sandbox)
    assert grade.score == pytest.approx(2 / 3) and not grade.correct
    assert check_functions(source, "add", SUMS, sandbox=sandbox, partial=False).score == 0


def test_the_first_failure_ends_it_where_nothing_is_to_be_gained() -> None:
    scripted = replying(b'{"value": 0}')
    grade = check_functions(ADD, "add", SUMS * 10, sandbox=scripted, partial=False)
    assert grade.score == 0 and "case 1 of 30" in grade.reason
    assert len(scripted.commands) == 1


def test_the_reason_names_the_first_failure_whichever_ends_first() -> None:
    def answer(command: Command) -> Outcome:
        a = json.loads(command.stdin)["args"][0]
        time.sleep(0.05 if a == 2 else 0)
        return correct(command) if a < 2 else outcome(reply=b"")

    cases = [Case(args=(a, 0), expected=a) for a in range(6)]
    for partial in (False, True):
        grade = check_functions(ADD, "add", cases, sandbox=Scripted(answer), partial=partial)
        assert "case 3 of 6: no reply" in grade.reason
        assert grade.score == (pytest.approx(2 / 6) if partial else 0)


def test_neither_the_expected_value_nor_another_case_enters_the_sandbox() -> None:
    cases = [Case(args=(1000 + n, 7), expected=555_000 + n) for n in range(5)]
    scripted = Scripted(correct)
    check_functions(ADD, "add", cases, sandbox=scripted)
    assert len(scripted.commands) == len(cases)
    for command in scripted.commands:
        told = repr([command.argv, dict(command.files), command.stdin, dict(command.environment)])
        assert "555" not in told
        assert sum(str(1000 + n) in told for n in range(5)) == 1
        assert command.keep == ()


REPLIES = {
    "none": b"",
    "twice": b'{"value": 7}{"value": 7}',
    "twice on lines": b'{"value": 7}\n{"value": 7}',
    "a line end too many": b'{"value": 7}\n',
    "a space before": b' {"value": 7}',
    "a byte of nothing": b'{"value": 7}\0',
    "no object": b"7",
    "a list": b'[{"value": 7}]',
    "another key": b'{"result": 7}',
    "a key too many": b'{"value": 7, "expected": 7}',
    "the key twice": b'{"value": 8, "value": 7}',
    "a key twice inside": b'{"value": {"a": 1, "a": 1}}',
    "cut off": b'{"value": 7',
    "not UTF-8": b'{"value": "\xff"}',
    "not a number": b'{"value": NaN}',
    "infinite": b'{"value": -Infinity}',
    "infinite by size": b'{"value": 1e999}',
    "python": b"{'value': 7}",
    "pickled": b"\x80\x04K\x07.",
    "too many digits": b'{"value": ' + b"7" * 4001 + b"}",
    "too deep": b'{"value": ' + b"[" * 64 + b"]" * 64 + b"}",
    "far too deep": b'{"value": ' + b"[" * 400_000 + b"]" * 400_000 + b"}",
    "too long": b'{"value": "' + b"x" * MIB + b'"}',
    "many quotes": b'{"value": ' + b'\\"' * 400_000 + b"}",
}


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_what_is_not_exactly_one_reply_fails(reply: bytes) -> None:
    with pytest.raises(ReplyError):
        read_reply(reply)
    assert graded(ADD, replying(reply), Case(args=(3, 4), expected=7)).score == 0


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        (b'{"value":7}', 7),
        (b'{ "value" : [1, 2.5, null, true, "\\u00e9\\"]"] }', [1, 2.5, None, True, 'é"]']),
        (b'{"value": ' + b"7" * 4000 + b"}", int("7" * 4000)),
        (b'{"value": "' + b"[" * 500 + b'"}', "[" * 500),
        (b'{"value": ' + b"[" * 63 + b"]" * 63 + b"}", None),
    ],
)
def test_what_is_a_reply_is_read(reply: bytes, value: object) -> None:
    assert value is None or read_reply(reply) == value
    read_reply(reply)


@pytest.mark.parametrize(
    ("status", "exit_code"),
    [(Status.EXITED, 1), (Status.SIGNALLED, None), (Status.WALL, None), (Status.OUTPUT, None)],
)
def test_a_right_reply_from_a_run_that_went_wrong_fails(
    status: Status, exit_code: int | None
) -> None:
    scripted = replying(b'{"value": 7}', status=status, exit_code=exit_code)
    assert graded(ADD, scripted, Case(args=(3, 4), expected=7)).score == 0


ALL_DIFFERENT: list[Any] = [
    0, 1, 0.0, 1.0, False, True, None, "", "1", [], [1], [True], [1.0], [[]], [1, 1],
    {}, {"1": 1}, {"1": True}, {"1": 1, "2": 1}, "True", "null",
]  # fmt: skip


def test_values_of_different_types_are_never_the_same() -> None:
    for i, a in enumerate(ALL_DIFFERENT):
        for j, b in enumerate(ALL_DIFFERENT):
            assert same(a, b) == (i == j), (a, b)


def test_a_tolerance_is_for_floats_alone() -> None:
    assert same([1.0, {"a": 100.0}], [1.0 + 1e-9, {"a": 100.0 + 1e-7}], 1e-8)
    assert not same(1.0 + 1e-6, 1.0, 1e-8)
    assert not same(1, 1.0, 0.5)
    assert not same(2, 1, 5.0)
    assert same({"a": 1, "b": 2}, {"b": 2, "a": 1})


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), {1}, b"x", object(), {1: 2}, [{(1,): 2}], 1j],
    ids=["nan", "inf", "set", "bytes", "object", "number as key", "tuple as key", "complex"],
)
def test_a_case_takes_plain_values_only(value: object) -> None:
    with pytest.raises(UserError):
        Case(args=(value,), expected=0)
    with pytest.raises(UserError):
        Case(args=(), expected=value)


def test_a_case_is_for_a_function_or_for_a_program() -> None:
    for wrong in ({}, {"args": (), "stdin": ""}, {"stdin": "\ud800"}):
        with pytest.raises(UserError):
            Case(**wrong, expected="")  # pyright: ignore[reportArgumentType]
    with pytest.raises(UserError):
        Case(stdin="1", expected=1)
    assert plain(((1, 2), {"a": (3,)})) == [[1, 2], {"a": [3]}]


@pytest.mark.parametrize(
    ("value", "passes"),
    [
        ("(1, [2, (3,)])", True),
        ("[1, [2, [3]]]", True),
        ("[1, [2, [3.0]]]", False),
        ("[True, [2, [3]]]", False),
        ("[1, [2, [3]], None]", False),
        ("iter([1, [2, [3]]])", False),
        ("{1, 2}", False),
        ("{1: 2}", False),
        ("float('nan')", False),
        ("object()", False),
    ],
)
def test_what_a_function_returns_is_compared_by_type(
    value: str, passes: bool, sandbox: Sandbox
) -> None:
    source = f"def add(*_):\n    return {value}\n"
    case = Case(args=(1, 2), expected=[1, [2, [3]]])
    assert graded(source, sandbox, case).correct == passes


def test_no_two_cases_share_anything(sandbox: Sandbox) -> None:
    source = """
import os
seen = []
def add(a, b):
    seen.append(a)
    before = os.path.exists("seen")
    open("seen", "w").close()
    return -1 if before or len(seen) > 1 else a + b
"""
    assert graded(source, sandbox).correct


def test_what_a_function_prints_does_not_count(sandbox: Sandbox) -> None:
    assert graded("print('hello')\n" + ADD, sandbox).correct


def test_who_replies_by_itself_still_has_to_know(sandbox: Sandbox) -> None:
    source = "import os\nos.write(3, b'{\"value\": 7}')\nos._exit(0)\n"
    assert graded(source, sandbox, Case(args=(3, 4), expected=7)).correct
    assert graded(source, sandbox, Case(args=(3, 5), expected=8)).score == 0


CHEATS = {
    "nothing": "",
    "not python": "def add(a, b) return",
    "exits with 0": "import os\nos._exit(0)",
    "exits": "raise SystemExit(0)",
    "raises": "def add(a, b):\n    raise ValueError(3)",
    "loops": "def add(a, b):\n    while True: pass",
    "sleeps": "import time\ntime.sleep(60)",
    "crashes": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "hoards": "x = bytearray(1 << 29)\nx[::4096] = b'x' * len(x[::4096])\n" + ADD,
    "floods": "print('x' * (8 << 20), flush=True)\n" + ADD,
    "recurses": "def add(a, b):\n    return add(a, b)",
    "replies twice": ADD + "import os\nos.write(3, b'{\"value\": 3}')",
    "closes the line": ADD + "import os\nos.close(3)",
    "replaces json": ADD + "import json\njson.dumps = lambda *_, **__: '{\"value\": true}'",
    "equals everything": """
class Yes(int):
    __eq__ = lambda self, other: True
    __hash__ = int.__hash__
def add(a, b):
    return Yes(0)
""",
    "digs for the answer": """
import gc, sys
def add(a, b):
    frame = sys._getframe()
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if "expect" in name:
                return value
        frame = frame.f_back
    return next((x["expected"] for x in gc.get_objects() if type(x) is dict and "expected" in x), 0)
""",
}


@pytest.mark.parametrize("source", CHEATS.values(), ids=CHEATS)
def test_cheats_get_nothing(source: str, sandbox: Sandbox) -> None:
    assert graded(source, sandbox, SUMS[0]).score == 0


def test_a_source_that_is_no_text_or_too_long_is_not_run() -> None:
    scripted = replying(b'{"value": 3}')
    assert graded("x = '\ud800'", scripted).score == 0
    assert graded("#" * (1 << 19), scripted).score == 0
    assert scripted.commands == []


def test_the_right_program_gets_everything(sandbox: Sandbox) -> None:
    source = "import sys\nprint(sys.stdin.read().upper())"
    assert check_programs(source, ECHO, sandbox=sandbox).correct
    exact = Comparison(exact=True)
    assert check_programs(source, ECHO[1:], sandbox=sandbox, comparison=exact).score == 0.5


def test_a_program_has_to_exit_with_0(sandbox: Sandbox) -> None:
    source = "import sys\nprint(sys.stdin.read().upper())\nsys.exit(3)"
    grade = check_programs(source, ECHO, sandbox=sandbox)
    assert grade.score == 0 and "exit code 3" in grade.reason


@pytest.mark.parametrize(
    ("text", "expected", "exact", "tolerance", "equal"),
    [
        ("1 2\n3", "1\n2  3\n", False, 0.0, True),
        ("1 2 3", "1 2", False, 0.0, False),
        ("12", "1 2", False, 0.0, False),
        ("", "", False, 0.0, True),
        ("1 2\n", "1 2", True, 0.0, True),
        ("1 2\n\n", "1 2", True, 0.0, False),
        ("1  2", "1 2", True, 0.0, False),
        ("0.30000001", "0.3", False, 1e-6, True),
        ("0.31", "0.3", False, 1e-6, False),
        ("1", "1.0", False, 0.0, False),
        ("nan", "0.3", False, 1e6, False),
        ("inf", "0.3", False, 1e6, False),
        ("1_0", "10", False, 1e-6, False),
        ("1e9999", "1e9999", False, 1e-6, True),
        ("2e9999", "1e9999", False, 1e-6, False),
    ],
)
def test_outputs_are_compared_by_token_or_exactly(
    text: str, expected: str, exact: bool, tolerance: float, equal: bool
) -> None:
    assert same_text(text, expected, exact=exact, tolerance=tolerance) == equal


def test_a_checker_decides_where_several_answers_are_right(sandbox: Sandbox) -> None:
    def is_divisor(case: Case, value: Any) -> bool:
        assert case.args is not None
        return case.args[0] % value == 0 and value not in (1, case.args[0])

    rule = Comparison(checker=is_divisor)
    cases = [Case(args=(91,), expected=7)]
    for value, passes in [("7", True), ("13", True), ("3", False), ("0", False), ("'x'", False)]:
        source = f"def divisor(n):\n    return {value}\n"
        grade = check_functions(source, "divisor", cases, sandbox=sandbox, comparison=rule)
        assert grade.correct == passes
