"""The attacks on grading: what no candidate can know, none gets a score for."""

from __future__ import annotations

import functools
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from attacks import naive
from attacks.cheats import CHEATS, PROGRAMS

from ostinato.grading.code import Case, Comparison, check_functions, check_programs
from ostinato.grading.types import Grade
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
TIERS = ("landlock", *(pytest.param(n, marks=pytest.mark.long) for n in ("bubblewrap", "runsc")))
BY_NAME = {cheat.name: cheat for cheat in CHEATS}
AT_ONCE = 4
SECONDS = 30.0
"""For two or three cases, on a machine that is busy with other tests."""


def pairs(shared: bool) -> list[tuple[str, str]]:
    """Two words, and what is expected of each: a secret, or the other word."""
    first, second, third = (f"word-{secrets.token_hex(16)}" for _ in range(3))
    secret, other = (f"expected-{secrets.token_hex(16)}" for _ in range(2))
    if shared:  # the first case runs alone, the other two side by side
        return [(third, secret), (first, second), (second, first)]
    return [(first, secret), (second, other)]


@pytest.fixture(params=TIERS)
def tier(request: pytest.FixtureRequest) -> str:
    if (reason := available()[request.param]) is not None:
        pytest.skip(f"{request.param}: {reason}")
    return str(request.param)


@pytest.fixture(scope="module")
def graded(request: pytest.FixtureRequest) -> Callable[[str, str], tuple[Grade, float]]:
    """The grade of a cheat in a tier, and the seconds it took; asked for the first time, those of
    all cheats that are tested are found, several at once.
    """
    specs = [getattr(item, "callspec", None) for item in request.session.items]
    names = {spec.params["cheat"] for spec in specs if spec is not None and "cheat" in spec.params}

    def grade(kind: str, name: str) -> tuple[Grade, float]:
        cheat = BY_NAME[name]
        cases = [Case(args=(word,), expected=value) for word, value in pairs(cheat.shared)]
        began = time.monotonic()
        found = check_functions(cheat.source, "solve", cases, sandbox=choose(kind), limits=LIMITS)
        return found, time.monotonic() - began

    @functools.cache
    def grades(kind: str) -> dict[str, tuple[Grade, float]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(functools.partial(grade, kind), sorted(names))
            return dict(zip(sorted(names), found, strict=True))

    return lambda kind, name: grades(kind)[name]


@pytest.mark.parametrize("cheat", BY_NAME)
def test_cheat_gets_nothing(
    graded: Callable[[str, str], tuple[Grade, float]], tier: str, cheat: str
) -> None:
    grade, seconds = graded(tier, cheat)
    assert grade.score == 0, grade.reason
    assert seconds < SECONDS


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("exact", [False, True], ids=["tokens", "exact"])
def test_program_gets_nothing(tier: str, name: str, exact: bool) -> None:
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
