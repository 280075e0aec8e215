"""Attacks on the moment between a look and a use: on whoever collects what a run leaves."""

from __future__ import annotations

import dataclasses

from attacks.files import changes, leaks
from attacks.noun import SMALL, Attack, Category, Limits, Oracle, Run
from attacks.processes import outlives
from attacks.world import World
from ostinato.sandbox.types import MIB

_SHORT = dataclasses.replace(SMALL, wall_seconds=1.5)
_MANY = tuple(f"name{number}" for number in range(10))


def _brings_too_much(world: World, run: Run) -> str:
    if run.outcome is None:
        return f"the run raised {run.fault}"
    size = sum(map(len, run.outcome.files.values()))
    return f"{size} bytes were brought back" if size > run.limits.disk_bytes + MIB else ""


def _brings(world: World, run: Run) -> str:
    """What is kept is what a link or a special file led to; or the collector hangs."""
    if run.outcome is not None and "out" in run.outcome.files and run.outcome.files["out"] != b"x":
        return f"kept {run.outcome.files['out'][:20]!r}"
    return leaks(world, run) or outlives(world, run)


def _attack(
    name: str,
    program: str,
    succeeded: Oracle = _brings,
    *,
    keep: tuple[str, ...] = ("out",),
    limits: Limits = SMALL,
    stdin: bytes = b"",
) -> Attack:
    return Attack(
        name=name,
        category=Category.MOMENTS,
        program=program,
        succeeded=succeeded,
        keep=keep,
        limits=limits,
        stdin=stdin,
    )


MOMENTS = (
    _attack("keep-a-symlink", "os.symlink($canary, 'out')", leaks),
    _attack("keep-a-hard-link", "os.link($canary, 'out')", leaks),
    _attack(
        "keep-behind-a-linked-directory",
        "os.symlink($dir, 'd')",
        leaks,
        keep=("d/treasure",),
    ),
    _attack("keep-a-link-to-proc", "os.symlink('/proc/self/environ', 'out')", _brings),
    _attack("keep-a-fifo", "os.mkfifo('out')", limits=_SHORT),
    _attack(
        "keep-a-fifo-with-a-writer",
        """\
os.mkfifo("out")
inner = os.open("out", os.O_RDWR)
detach(lambda: time.sleep(6))
""",
        limits=_SHORT,
    ),
    _attack("keep-a-socket", "socket.socket(socket.AF_UNIX).bind('out')"),
    _attack("keep-a-directory", "os.makedirs('out/out')"),
    _attack(
        "swap-at-the-end",
        """\
def work():
    close_all()
    end = time.time() + 3
    while time.time() < end:
        try:
            open("a", "w").write("x")
            os.rename("a", "out")
            os.symlink($canary, "b")
            os.rename("b", "out")
        except OSError:
            time.sleep(0.001)
detach(work)
time.sleep(0.2)
""",
    ),
    _attack(
        "rewrite-after-the-end",
        """\
open("out", "w").write("x")
def work():
    close_all()
    end = time.time() + 3
    while time.time() < end:
        try:
            file = os.open("out", os.O_WRONLY)
            os.pwrite(file, b"y", 0)
            os.close(file)
            file = os.open("out", os.O_WRONLY)
            os.pwrite(file, b"x", 0)
            os.close(file)
        except OSError:
            time.sleep(0.001)
detach(work)
time.sleep(0.1)
""",
        outlives,
    ),
    _attack(
        "swap-directories-under-the-collector",
        """\
def work():
    close_all()
    end = time.time() + 3
    os.mkdir("real")
    open("real/treasure", "w").write("x")
    while time.time() < end:
        try:
            os.rename("real", "d")
            os.rename("d", "real")
            os.symlink($dir, "d")
            os.unlink("d")
        except OSError:
            time.sleep(0.001)
detach(work)
time.sleep(0.2)
""",
        lambda world, run: leaks(world, run) or outlives(world, run),
        keep=("d/treasure",),
    ),
    _attack(
        "keep-one-file-many-times",
        """\
with open("name0", "wb") as file:
    file.truncate(4 << 20)
for number in range(1, 10):
    os.link("name0", f"name{number}")
""",
        _brings_too_much,
        keep=_MANY,
    ),
    _attack(
        "keep-a-sparse-giant",
        "open('out', 'wb').truncate(20 << 20)",
        _brings_too_much,
    ),
    _attack(
        "remove-what-lies-outside",
        # Whoever cleans up must not follow.
        """\
os.symlink($dir, "d")
os.symlink($canary, "f")
tries(lambda: os.link($canary, "g"))
os.makedirs("e/e")
os.symlink($dir, "e/e/d")
def work():
    close_all()
    end = time.time() + 3
    while time.time() < end:
        try:
            os.rename("e", "z")
            os.symlink($dir, "e")
            os.unlink("e")
            os.rename("z", "e")
        except OSError:
            time.sleep(0.001)
detach(work)
time.sleep(0.2)
""",
        lambda world, run: changes(world, run) or outlives(world, run),
    ),
    _attack(
        "leave-the-input-unread",
        "time.sleep(8)",
        outlives,
        stdin=bytes(4 * MIB),
        limits=_SHORT,
    ),
)
