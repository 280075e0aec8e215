"""Runs in every sandbox that this machine has: what goes in, what comes out, and every limit."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.sandbox import (
    Command,
    Limits,
    Outcome,
    Sandbox,
    SandboxError,
    Status,
    available,
    choose,
)
from ostinato.sandbox.types import MIB

TIERS = ("landlock", "bubblewrap", "runsc")


@pytest.fixture(params=TIERS)
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    reason = available()[request.param]
    if reason is not None:
        pytest.skip(f"no {request.param} sandbox here: {reason}")
    return choose(request.param)


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fresh directories are made in a place of the test's own, and gone after it."""
    monkeypatch.setattr(sys.modules[__name__], "BEFORE", frozenset(_below()))
    base = Path(tempfile.mkdtemp(prefix="test-sandbox-", dir="/tmp"))
    base.chmod(0o755 if os.geteuid() else 0o777)
    monkeypatch.setattr(tempfile, "tempdir", str(base))
    yield
    left = list(base.iterdir())
    assert left == []
    base.rmdir()


def python(sandbox: Sandbox, code: str, **fields: object) -> Outcome:
    return sandbox.run(Command(argv=("python", "-c", code), **fields))  # pyright: ignore


# --- what goes in, what comes out ---


@pytest.mark.parametrize("code", [0, 1, 3, 127])
def test_exit_codes(sandbox: Sandbox, code: int) -> None:
    outcome = python(sandbox, f"raise SystemExit({code})")
    assert (outcome.status, outcome.exit_code, outcome.signal) == (Status.EXITED, code, None)
    assert outcome.ok == (code == 0)


def test_a_crash_is_a_signal(sandbox: Sandbox) -> None:
    outcome = python(sandbox, "import ctypes; ctypes.string_at(0)")
    assert (outcome.status, outcome.exit_code, outcome.signal) == (Status.SIGNALLED, None, 11)


def test_streams_and_reply(sandbox: Sandbox) -> None:
    code = "import os, sys; t = sys.stdin.read(); print(t.upper()); print('e', file=sys.stderr)"
    outcome = python(sandbox, code + "; os.write(3, b'\\x00r')", stdin=b"abc", reply=True)
    assert (outcome.stdout, outcome.stderr, outcome.reply) == (b"ABC\n", b"e\n", b"\x00r")


def test_without_reply_there_is_no_descriptor_3(sandbox: Sandbox) -> None:
    code = """
import os
for number in range(256):
    try:
        os.fstat(number)
        print(number, end=" ")
    except OSError:
        pass
"""
    assert python(sandbox, code).stdout == b"0 1 2 "
    assert python(sandbox, code, reply=True).stdout == b"0 1 2 3 "


def test_large_input_that_is_read_or_not(sandbox: Sandbox) -> None:
    stdin = bytes(3 * MIB)
    assert python(sandbox, "import sys; print(len(sys.stdin.read()))", stdin=stdin).stdout == (
        b"%d\n" % len(stdin)
    )
    assert python(sandbox, "pass", stdin=stdin).ok


def test_files_in_and_out(sandbox: Sandbox) -> None:
    files = {"main.py": b"import pkg.mod", "pkg/mod.py": b"open('out/a', 'w').write('made')"}
    outcome = sandbox.run(
        Command(
            argv=("python", "main.py"),
            files=files | {"out/old": b"old"},
            keep=("out/a", "out/old", "out", "missing", "main.py/x"),
        )
    )
    assert outcome.ok, outcome.stderr
    assert outcome.files == {"out/a": b"made", "out/old": b"old"}


def test_links_and_pipes_are_not_kept(sandbox: Sandbox) -> None:
    code = """
import os
os.symlink('/etc/passwd', 'link')
os.symlink('/etc', 'directory')
os.mkfifo('pipe')
open('good', 'w').write('g')
os.link('good', 'hard')
os.symlink('good', 'inner')
"""
    keep = ("link", "directory/passwd", "pipe", "good", "hard", "inner")
    assert python(sandbox, code, keep=keep).files == {"good": b"g", "hard": b"g"}


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../x", "", "a//b", "./a", "a\0b"])
def test_paths_that_lead_elsewhere_are_refused(sandbox: Sandbox, path: str) -> None:
    for command in (
        Command(argv=("python", "-c", ""), files={path: b""}),
        Command(argv=("python", "-c", ""), keep=(path,)),
    ):
        with pytest.raises(UserError, match="relative"):
            sandbox.run(command)


def test_a_script_and_programs_of_the_machine(sandbox: Sandbox) -> None:
    script = b"#!/bin/sh\necho script $1\n"
    command = Command(argv=("./run.sh", "one"), files={"run.sh": script})
    assert sandbox.run(command).stdout == b"script one\n"
    assert sandbox.run(Command(argv=("ls", "-A"), files={"f": b""})).stdout == b"f\n"


def test_a_missing_program_is_an_error_of_the_caller(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="no-such-program"):
        sandbox.run(Command(argv=("no-such-program",)))


def test_nothing_of_ours_is_inherited(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "1")
    code = "import os; print(sorted(os.environ)); print(os.environ['MINE'], os.environ['HOME'])"
    outcome = python(sandbox, code + "; print(os.getcwd())", environment={"MINE": "yes"})
    names, values, where = outcome.stdout.decode().splitlines()
    assert "SECRET" not in names
    assert values == f"yes {where}"


def test_python_is_ours_without_packages(sandbox: Sandbox) -> None:
    code = """
import sys, json, ssl, sqlite3, asyncio, decimal, multiprocessing
try:
    import pytest
except ModuleNotFoundError:
    print(sys.version_info[:3])
"""
    outcome = python(sandbox, code)
    assert outcome.stdout.decode().strip() == str(sys.version_info[:3]), outcome.stderr


def test_threads_asyncio_and_children_work(sandbox: Sandbox) -> None:
    code = """
import asyncio, subprocess, sys, threading
seen = []
threads = [threading.Thread(target=seen.append, args=(n,)) for n in range(5)]
[t.start() for t in threads]; [t.join() for t in threads]
asyncio.run(asyncio.sleep(0.001))
child = subprocess.run([sys.executable, "-S", "-c", "print('child')"], capture_output=True)
print(sorted(seen), child.stdout)
"""
    assert python(sandbox, code).stdout == b"[0, 1, 2, 3, 4] b'child\\n'\n"


# --- limits ---


def test_wall(sandbox: Sandbox) -> None:
    outcome = python(sandbox, "import time; time.sleep(60)", limits=Limits(wall_seconds=0.4))
    assert (outcome.status, outcome.exit_code) == (Status.WALL, None)
    assert 0.4 <= outcome.wall_seconds < 5.0


def test_wall_holds_a_stopped_program(sandbox: Sandbox) -> None:
    code = "import os, signal; os.kill(0, signal.SIGSTOP)"
    assert python(sandbox, code, limits=Limits(wall_seconds=0.4)).status is Status.WALL


def test_cpu_of_the_whole_tree(sandbox: Sandbox) -> None:
    limits = Limits(cpu_seconds=0.25, wall_seconds=30.0)
    for code in ("while True: pass", "import os\nos.fork(); os.fork()\nwhile True: pass"):
        outcome = python(sandbox, code, limits=limits)
        assert outcome.status is Status.CPU
        assert 0.25 < outcome.cpu_seconds < 1.25


def test_cpu_of_children_that_have_ended(sandbox: Sandbox) -> None:
    code = """
import os, time
while True:
    if os.fork() == 0:
        end = time.process_time() + 0.05
        while time.process_time() < end: pass
        os._exit(0)
    os.wait()
"""
    limits = Limits(cpu_seconds=0.25, wall_seconds=30.0)
    assert python(sandbox, code, limits=limits).status is Status.CPU


@pytest.mark.parametrize("ignore", ["SIG_IGN", "NOCLDWAIT"])
def test_cpu_of_children_that_nobody_waits_for(sandbox: Sandbox, ignore: str) -> None:
    code = f"""
import ctypes, os, signal, struct, time
if {ignore!r} == "SIG_IGN":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
else:  # a struct sigaction with flag 2 and no handler
    action = struct.pack("@Q128sixxxxQ", 0, b"", 2, 0)
    assert ctypes.CDLL(None).sigaction(signal.SIGCHLD, action, None) == 0
while True:
    if os.fork() == 0:
        end = time.process_time() + 0.004
        while time.process_time() < end: pass
        os._exit(0)
    try: os.waitpid(-1, 0)
    except ChildProcessError: pass
"""
    limits = Limits(cpu_seconds=1.5, wall_seconds=30.0)
    outcome = python(sandbox, code, limits=limits)
    assert outcome.status is Status.CPU, outcome
    assert outcome.wall_seconds < 20.0


def test_short_children_that_are_waited_for_cost_no_more(sandbox: Sandbox) -> None:
    code = """
import os
for _ in range(150):
    if os.fork() == 0: os._exit(0)
    os.wait()
print(sum(os.times()[:4]))
"""
    outcome = python(sandbox, code, limits=Limits(wall_seconds=60.0))
    # gVisor's own work counts too, and its clock inside is another one than the machine's.
    slack = 1.5 if sandbox.name == "runsc" else 0.15
    assert outcome.cpu_seconds < float(outcome.stdout) + slack


def test_memory_of_one(sandbox: Sandbox) -> None:
    code = "x = []\nwhile True: x.append(bytearray(1 << 20))"
    outcome = python(sandbox, code, limits=Limits(memory_bytes=100 * MIB))
    assert outcome.status is Status.MEMORY
    assert 100 * MIB < outcome.peak_memory_bytes < 400 * MIB


def test_memory_of_all_together(sandbox: Sandbox) -> None:
    code = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        x = bytearray(b"x") * (50 << 20)
        time.sleep(20)
time.sleep(20)
"""
    limits = Limits(memory_bytes=150 * MIB)
    assert python(sandbox, code, limits=limits).status is Status.MEMORY


def test_shared_pages_count_once(sandbox: Sandbox) -> None:
    code = """
import os, time
x = bytearray(b"x") * (60 << 20)
for _ in range(5):
    if os.fork() == 0:
        time.sleep(0.3)
        os._exit(0)
for _ in range(5): os.wait()
"""
    outcome = python(sandbox, code, limits=Limits(memory_bytes=150 * MIB))
    assert outcome.ok, outcome


def test_memory_when_the_first_thread_has_ended(sandbox: Sandbox) -> None:
    code = """
import ctypes, threading
def eat():
    x = []
    while True: x.append(bytearray(1 << 20))
threading.Thread(target=eat).start()
ctypes.CDLL(None).pthread_exit(None)
"""
    limits = Limits(memory_bytes=100 * MIB)
    assert python(sandbox, code, limits=limits).status is Status.MEMORY


def test_processes(sandbox: Sandbox) -> None:
    code = """
import os, time
try:
    for _ in range(8): os.fork() or time.sleep(20)
except OSError:
    time.sleep(20)
"""
    assert python(sandbox, code, limits=Limits(processes=4)).status is Status.PROCESSES
    threads = """
import threading, time
try:
    for _ in range(8): threading.Thread(target=time.sleep, args=(20,)).start()
finally:
    time.sleep(20)
"""
    assert python(sandbox, threads, limits=Limits(processes=4)).status is Status.PROCESSES


def test_as_many_processes_as_allowed(sandbox: Sandbox) -> None:
    code = """
import os, time
children = [os.fork() or (time.sleep(0.2), os._exit(0)) for _ in range(7)]
for _ in children: os.wait()
"""
    assert python(sandbox, code, limits=Limits(processes=8)).ok


def test_open_files(sandbox: Sandbox) -> None:
    code = "open('a', 'w').close()\nx = [open('a') for _ in range(100)]"
    outcome = python(sandbox, code, limits=Limits(open_files=32))
    assert outcome.exit_code == 1
    assert b"Too many open files" in outcome.stderr


@pytest.mark.parametrize(
    "code",
    [
        "open('a', 'wb').write(bytes(2 << 20))",
        "for i in range(9): open(str(i), 'wb').write(bytes(1 << 18))",
        "import os\nfor i in range(9000): open(str(i), 'w')",
        "open('a', 'wb').truncate((1 << 20) + 1)",
    ],
)
def test_disk(sandbox: Sandbox, code: str) -> None:
    assert python(sandbox, code, limits=Limits(disk_bytes=MIB)).status is Status.DISK


@pytest.mark.parametrize("how", ["f.close(); maps.append(m)", "files.append(f)"])
def test_disk_of_files_without_a_name(sandbox: Sandbox, how: str) -> None:
    code = f"""
import mmap, os, time
maps, files = [], []
for _ in range(4):
    f = open("a", "wb+")
    f.write(bytes(3 << 20)); f.flush()
    m = mmap.mmap(f.fileno(), 4096)
    os.unlink("a")
    {how}
time.sleep(20)
"""
    assert python(sandbox, code, limits=Limits(disk_bytes=8 * MIB)).status is Status.DISK


@pytest.mark.parametrize("descriptor", [1, 2, 3])
def test_output(sandbox: Sandbox, descriptor: int) -> None:
    code = f"import os\nwhile True: os.write({descriptor}, b'x' * 999)"
    outcome = python(sandbox, code, reply=True, limits=Limits(output_bytes=10_000))
    assert outcome.status is Status.OUTPUT
    streams = [outcome.stdout, outcome.stderr, outcome.reply]
    assert streams.pop(descriptor - 1) == b"x" * 10_000
    assert streams == [b"", b""]


def test_output_up_to_the_limit_is_fine(sandbox: Sandbox) -> None:
    outcome = python(sandbox, "print('x' * 9999)", limits=Limits(output_bytes=10_000))
    assert outcome.ok
    assert len(outcome.stdout) == 10_000


# --- what is left ---


def test_a_daemon_dies_with_the_first_process(sandbox: Sandbox) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for stream in (0, 1, 2): os.close(stream)
        time.sleep(60)
    os._exit(0)
os.wait()
"""
    began = time.monotonic()
    assert python(sandbox, code).ok
    assert time.monotonic() - began < 10.0
    assert _descendants() == []


def test_directories_that_resist_removal(sandbox: Sandbox) -> None:
    code = """
import os
os.makedirs("a/b")
open("a/b/c", "w").close()
os.mkdir("shut", 0)
for _ in range(300):
    os.mkdir("d" * 100); os.chdir("d" * 100)
"""
    python(sandbox, code)  # the fixture looks whether all is gone


def test_a_fork_bomb_leaves_nothing(sandbox: Sandbox) -> None:
    outcome = python(sandbox, "import os\nwhile True:\n    os.fork()\n    os.setsid()")
    assert outcome.status in (Status.PROCESSES, Status.EXITED)
    assert _descendants() == []


# --- callers ---


def test_many_threads_at_once(sandbox: Sandbox) -> None:
    def run(number: int) -> bytes:
        return python(sandbox, f"print({number})", limits=Limits(wall_seconds=60.0)).stdout

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(16))) == [b"%d\n" % number for number in range(16)]


def test_asyncio(sandbox: Sandbox) -> None:
    async def main() -> list[Outcome]:
        command = Command(argv=("python", "-c", "print(1)"), limits=Limits(wall_seconds=60.0))
        return await asyncio.gather(*(sandbox.run_async(command) for _ in range(8)))

    assert [outcome.stdout for outcome in asyncio.run(main())] == [b"1\n"] * 8


def test_asyncio_hands_errors_on(sandbox: Sandbox) -> None:
    with pytest.raises(UserError, match="argv"):
        asyncio.run(sandbox.run_async(Command(argv=())))


def test_cancelling_kills_the_whole_tree(sandbox: Sandbox) -> None:
    code = "import os, time\nfor _ in range(3): os.fork()\nos.setsid() if os.fork() == 0 else 0\n"
    command = Command(argv=("python", "-c", code + "time.sleep(60)"))

    async def main() -> None:
        task = asyncio.create_task(sandbox.run_async(command))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 8.0
    assert _descendants() == []
    for thread in threading.enumerate():
        if thread.name == "sandbox":  # it may be on its last instructions
            thread.join(2.0)
            assert not thread.is_alive()


def test_a_caller_that_is_killed_takes_all_with_it(sandbox: Sandbox) -> None:
    base = tempfile.gettempdir()
    code = f"""
import tempfile
tempfile.tempdir = {base!r}
from ostinato.sandbox import Command, choose
choose({sandbox.name!r}).run(Command(argv=("python", "-c", "import time; time.sleep(60)")))
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    try:
        _wait_for(lambda: any(path.name.startswith("ostinato-") for path in Path(base).iterdir()))
        _wait_for(lambda: len(_descendants()) > 2)
        below = _descendants()
    finally:
        process.kill()
        process.wait()
    _wait_for(lambda: not any(Path("/proc", str(pid)).exists() for pid in below))
    for path in Path(base).glob("ostinato-probe-*/*"):
        path.unlink()
    for path in Path(base).glob("ostinato-probe-*"):
        path.rmdir()
    _wait_for(lambda: not list(Path(base).iterdir()))


def _wait_for(condition: object) -> None:
    assert callable(condition)
    end = time.monotonic() + 15.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


BEFORE = frozenset[int]()
"""Processes below this one when a test began: other tests may have left workers that serve on."""


def _descendants() -> list[int]:
    """Process ids below this process that the test at hand began, zombies apart."""
    return [pid for pid in _below() if pid not in BEFORE]


def _below() -> list[int]:
    found = [os.getpid()]
    for pid in found:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    alive: list[int] = []
    for pid in found[1:]:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            alive.append(pid)
    return alive
