"""gVisor's own ways: what is offered as runsc is gVisor, and the relay in it cannot be touched."""

from __future__ import annotations

import platform
import tempfile
from pathlib import Path

import pytest

from ostinato.sandbox import Command, Limits, Outcome, SandboxError, Status, available
from ostinato.sandbox.probe import weakness
from ostinato.sandbox.runsc import Runsc
from ostinato.sandbox.supervisor.relay import RefusedError, prove
from ostinato.sandbox.types import MIB


def run(code: str, **fields: object) -> Outcome:
    if (reason := available()["runsc"]) is not None:
        pytest.skip(f"no runsc sandbox here: {reason}")
    return Runsc().run(Command(argv=("python", "-c", code), **fields))  # pyright: ignore


def test_the_relay_does_not_take_this_kernel_for_gvisors() -> None:
    with pytest.raises(RefusedError, match="not gVisor's"):
        prove()


@pytest.mark.parametrize("script", ["exit 1", "exit 0", "echo no such platform >&2; exit 1"])
def test_a_program_that_is_no_runsc_is_refused(tmp_path: Path, script: str) -> None:
    tmp_path.chmod(0o755)
    fake = tmp_path / "runsc"
    fake.write_text(f"#!/bin/sh\n{script}\n")
    fake.chmod(0o755)
    said = weakness(Runsc(program=str(fake)), sees_pids=False)
    assert said is not None
    assert ("no such platform" in said) == ("no such platform" in script)
    with pytest.raises(SandboxError, match="could not be set up"):
        Runsc(program=str(fake)).run(Command(argv=("python", "-c", "")))


def test_temporary_files_among_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    assert "TMPDIR" in (Runsc(program="/bin/true").missing() or "")


def test_the_kernel_is_another_one() -> None:
    assert run("import os; print(os.uname().release)").stdout.decode().strip() != platform.release()


@pytest.mark.parametrize("number", [9, 19])
def test_the_relay_cannot_be_signalled(number: int) -> None:
    code = f"""
import os
try:
    os.kill(1, {number})
except PermissionError:
    os.write(3, b"refused")
"""
    outcome = run(code, reply=True, limits=Limits(wall_seconds=5.0))
    assert (outcome.status, outcome.reply) == (Status.EXITED, b"refused")


def test_what_gvisor_itself_takes_does_not_count() -> None:
    limits = Limits(memory_bytes=32 * MIB, wall_seconds=2.0, cpu_seconds=1.0)
    assert run("pass", limits=limits).ok


def test_nothing_of_the_relay_is_left_to_see() -> None:
    code = """
import os
for path in ("/proc", "/sys", "/sandbox"):
    print(os.listdir(path))
print(sorted(os.listdir("/dev")))
for path in ("/dev/x", "/x", "/sandbox/x", "/usr/x", "/tmp/x"):
    try:
        open(path, "x")
        print(path)
    except OSError:
        pass
"""
    outcome = run(code)
    assert outcome.stdout.decode().splitlines() == ["[]"] * 3 + ["['null', 'random', 'urandom']"]


def test_memory_that_is_not_mapped_just_now() -> None:
    code = "import time; x = b'x' * (200 << 20); time.sleep(3)"
    outcome = run(code, limits=Limits(memory_bytes=100 * MIB))
    assert outcome.status is Status.MEMORY
    assert outcome.peak_memory_bytes > 100 * MIB
