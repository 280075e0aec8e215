"""Grading by cases: a fresh process for each, its answer compared in this one.

The verdict is out of the candidate's reach. It is given the arguments or the input of one case,
through a pipe; the expected value stays here, and so do the other cases. What comes back is bytes:
JSON on a descriptor of its own from a function, text on standard output from a program.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from ostinato.grading.code.types import Case, Comparison
from ostinato.grading.code.values import ReplyError, read_reply, same, same_text
from ostinato.grading.types import Grade, right, wrong
from ostinato.sandbox.types import MIB, Command, Limits, Outcome, Sandbox, Status

CASE_LIMITS = Limits(wall_seconds=8.0, cpu_seconds=4.0, memory_bytes=256 * MIB, processes=8)
"""Of one case."""

WORKERS = 4
MAX_SOURCE_BYTES = 1 << 18

_Judge = Callable[[Case], str]
"""Runs a case and says what is wrong; nothing if it passes."""


def check_functions(
    source: str,
    function: str,
    cases: Sequence[Case],
    *,
    sandbox: Sandbox,
    limits: Limits | None = None,
    comparison: Comparison | None = None,
    partial: bool = True,
    workers: int = WORKERS,
) -> Grade:
    """The share of cases in which ``function``, as ``source`` defines it, returns what is
    expected. Without ``partial`` the first failure ends it, with a score of 0.

    Returned tuples count as lists. Raises what ``sandbox`` raises, and nothing for what the
    candidate does.
    """
    assert all(case.args is not None for case in cases), "a function is given arguments"
    how = comparison or Comparison()

    def judge(case: Case) -> str:
        call = json.dumps({"function": function, "args": case.args}, allow_nan=False)
        outcome = sandbox.run(
            Command(
                argv=("python", "harness.py"),
                files={"harness.py": _harness(), "candidate.py": source.encode()},
                stdin=call.encode(),
                reply=True,
                limits=limits or CASE_LIMITS,
            )
        )
        return _failure(outcome) or _wrong_value(case, outcome.reply, how)

    return _grade(source, cases, judge, partial=partial, workers=workers)


def check_programs(
    source: str,
    cases: Sequence[Case],
    *,
    sandbox: Sandbox,
    limits: Limits | None = None,
    comparison: Comparison | None = None,
    partial: bool = True,
    workers: int = WORKERS,
) -> Grade:
    """The share of cases in which the program prints what is expected, and exits with 0.
    Otherwise as `check_functions`.
    """
    assert all(case.stdin is not None for case in cases), "a program is given input"
    how = comparison or Comparison()

    def judge(case: Case) -> str:
        outcome = sandbox.run(
            Command(
                argv=("python", "candidate.py"),
                files={"candidate.py": source.encode()},
                stdin=(case.stdin or "").encode(),
                limits=limits or CASE_LIMITS,
            )
        )
        return _failure(outcome) or _wrong_output(case, outcome.stdout, how)

    return _grade(source, cases, judge, partial=partial, workers=workers)


def _grade(
    source: str, cases: Sequence[Case], judge: _Judge, *, partial: bool, workers: int
) -> Grade:
    """Cases run side by side, each in its own process; the verdict does not depend on which ends
    first. Without ``partial`` the first runs alone: what is wrong is mostly wrong there already.
    """
    assert cases, "no cases, no verdict"
    if fault := _source_fault(source):
        return wrong(fault)
    first = judge(cases[0])
    failures = [first]
    if partial or not first:
        failures += _failures(cases[1:], judge, to_the_end=partial, workers=workers)
    passed = failures.count("")
    if passed == len(cases):
        return right(f"all {passed} cases")
    at = next(at for at, failure in enumerate(failures) if failure)
    reason = f"case {at + 1} of {len(cases)}: {failures[at]}"
    return Grade(passed / len(cases), f"{passed} right; {reason}") if partial else wrong(reason)


def _failures(cases: Sequence[Case], judge: _Judge, *, to_the_end: bool, workers: int) -> list[str]:
    """What is wrong with each case, or with those up to the first that fails."""
    failures: list[str] = []
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for failure in pool.map(judge, cases):
            failures.append(failure)
            if failure and not to_the_end:
                pool.shutdown(cancel_futures=True)
                break
    return failures


def _source_fault(source: str) -> str:
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        return "a source that is no text"
    return f"a source of more than {MAX_SOURCE_BYTES} bytes" if size > MAX_SOURCE_BYTES else ""


def _failure(outcome: Outcome) -> str:
    """How a run went wrong; nothing if it ended by itself with exit code 0."""
    match outcome.status:
        case Status.EXITED if outcome.exit_code == 0:
            return ""
        case Status.EXITED:
            return f"exit code {outcome.exit_code}{_last_line(outcome.stderr)}"
        case Status.SIGNALLED:
            return f"ended by signal {outcome.signal}"
        case _:
            return f"over the limit ({outcome.status})"


def _last_line(stderr: bytes) -> str:
    """What a traceback ends with: any text at all, so it is quoted and cut."""
    lines = stderr[-1000:].decode(errors="replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return f" ({last[:120]!a})" if last else ""


def _wrong_value(case: Case, reply: bytes, how: Comparison) -> str:
    try:
        value = read_reply(reply)
    except ReplyError as error:
        return str(error)
    if how.checker is not None:
        return _refused(case, value, how)
    return "" if same(value, case.expected, how.tolerance) else "another value"


def _wrong_output(case: Case, stdout: bytes, how: Comparison) -> str:
    try:
        text = stdout.decode()
    except UnicodeDecodeError:
        return "an output that is no text"
    if how.checker is not None:
        return _refused(case, text, how)
    fits = same_text(text, case.expected, exact=how.exact, tolerance=how.tolerance)
    return "" if fits else "another output"


def _refused(case: Case, value: object, how: Comparison) -> str:
    assert how.checker is not None
    try:
        accepted = how.checker(case, value)
    # A fault line: a checker is written for answers of the right kind, and gets any kind.
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return f"the checker tripped over it ({type(error).__name__})"
    return "" if accepted else "refused by the checker"


@cache
def _harness() -> bytes:
    return Path(__file__).with_name("harness.py").read_bytes()
