"""The attacks on grading: what no candidate can know, none gets a score for."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attacks import naive
from attacks.cheats import CHEATS, PROGRAMS, Cheat

from ostinato.grading.code import Case, check_functions, check_programs
from ostinato.sandbox import available, choose
from ostinato.sandbox.types import MIB, Limits

LIMITS = Limits(
    wall_seconds=3.0,
    cpu_seconds=2.0,
    memory_bytes=128 * MIB,
    processes=8,
    disk_bytes=8 * MIB,
    output_bytes=MIB,
)
TIERS = ("landlock", "bubblewrap", pytest.param("runsc", marks=pytest.mark.long))
BY_NAME = {cheat.name: cheat for cheat in CHEATS}
SECONDS = 20.0
"""Two cases, and a machine that is busy with other tests."""


def pairs(shared: bool) -> list[tuple[str, str]]:
    """Two words, and what is expected of each: a secret, or the other word."""
    words = random.Random()  # nobody may know it beforehand: a seed stands in this file
    first, second, third = (f"word-{words.getrandbits(128):032x}" for _ in range(3))
    secret = f"expected-{words.getrandbits(128):032x}"
    if shared:  # the first case runs alone, the other two side by side
        return [(third, secret), (first, second), (second, first)]
    return [(first, secret), (second, f"expected-{words.getrandbits(128):032x}")]


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    if (reason := available()[request.param]) is not None:
        pytest.skip(f"{request.param}: {reason}")
    return str(request.param)


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_cheat_gets_nothing(tier: str, cheat: Cheat) -> None:
    cases = [Case(args=(word,), expected=value) for word, value in pairs(cheat.shared)]
    began = time.monotonic()
    grade = check_functions(cheat.source, "solve", cases, sandbox=choose(tier), limits=LIMITS)
    assert grade.score == 0, grade.reason
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("exact", [False, True], ids=["tokens", "exact"])
def test_program_gets_nothing(tier: str, name: str, exact: bool) -> None:
    from ostinato.grading.code import Comparison

    cases = [Case(stdin=word, expected=value) for word, value in pairs(shared=False)]
    grade = check_programs(
        PROGRAMS[name],
        cases,
        sandbox=choose(tier),
        limits=LIMITS,
        comparison=Comparison(exact=exact),
    )
    assert grade.score == 0, grade.reason


@pytest.mark.long
@pytest.mark.parametrize("name", [cheat.name for cheat in CHEATS if cheat.fools])
def test_cheat_fools_a_careless_grader(name: str, tmp_path: Path) -> None:
    """The control: without our grading it gets what it wants."""
    cheat = BY_NAME[name]
    (tmp_path / "candidate.py").write_text(cheat.source)
    (tmp_path / "cases.json").write_text(json.dumps(pairs(cheat.shared)[-2:]))
    done = subprocess.run(
        [sys.executable, naive.__file__, str(cheat.fools)],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    for left in Path("/tmp").glob("cheat-word-*"):
        left.unlink()
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("kind", ["unittest", "verdict", "equal", "first-reply", "same-process"])
def test_careless_grader_passes_the_right_and_fails_the_wrong(kind: str, tmp_path: Path) -> None:
    """Or it would prove nothing."""
    words = pairs(shared=False)
    (tmp_path / "cases.json").write_text(json.dumps(words))
    codes = list[int]()
    for known in (dict(words), {}):
        source = f"def solve(word):\n    return {known!r}.get(word)\n"
        (tmp_path / "candidate.py").write_text(source)
        done = subprocess.run(
            [sys.executable, naive.__file__, kind], cwd=tmp_path, capture_output=True, check=False
        )
        codes.append(done.returncode)
    assert codes[0] == 0
    assert codes[1] != 0


def test_who_knows_gets_everything(tier: str) -> None:
    """Or a sandbox that runs nothing would pass all the tests above."""
    words = pairs(shared=False)
    source = f"def solve(word):\n    return {dict(words)!r}[word]\n"
    cases = [Case(args=(word,), expected=value) for word, value in words]
    assert check_functions(source, "solve", cases, sandbox=choose(tier), limits=LIMITS).correct
