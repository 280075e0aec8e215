"""Attacks on what surrounds a process: its environment, its parents, the runs beside it."""

from __future__ import annotations

import os

from attacks.files import leaks
from attacks.noun import Attack, Category, Oracle, Run
from attacks.world import AMBIENT_NAME, World

VICTIM = """\
import signal, sys, time
def note(number, frame):
    print("touched by", number, flush=True)
for number in (signal.SIGURG, signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, note)
open("treasure-" + sys.argv[1], "w").write(sys.argv[2])
end = time.monotonic() + 3
while time.monotonic() < end:
    time.sleep(0.05)
open("treasure-" + sys.argv[1]).close()
print("done", flush=True)
"""
"""What a neighbour runs: its arguments are the token of its own run and a secret."""


def _ambient(world: World, run: Run) -> str:
    secret = os.environ[AMBIENT_NAME].encode()
    return "our environment came out" if secret in run.output else ""


def _line(world: World, run: Run) -> str:
    return "the parent's command line came out" if b"\0-" in run.output else ""


def _map(world: World, run: Run) -> str:
    return "the parent's map came out" if b"r-xp" in run.output else ""


def _steals(world: World, run: Run) -> str:
    secret = world.neighbour.secret.encode()
    return "the neighbour's secret came out" if secret in run.output else ""


def _disturbs(world: World, run: Run) -> str:
    outcome = world.neighbour.outcome()
    if outcome is None:
        return f"the neighbour's run raised {world.neighbour.fault}"
    if not outcome.ok or outcome.stdout != b"done\n":
        return f"the neighbour ended with {outcome.status}, {outcome.stdout!r}"
    return ""


def _secret(name: str, program: str, succeeded: Oracle) -> Attack:
    return Attack(name=name, category=Category.SECRETS, program=program, succeeded=succeeded)


def _beside(name: str, program: str, succeeded: Oracle = _steals) -> Attack:
    return Attack(name=name, category=Category.NEIGHBOURS, program=program, succeeded=succeeded)


SECRETS = (
    _secret("own-environment", "print(os.environ.get($ambient))", _ambient),
    _secret(
        "environment-block",
        """\
block = open("/proc/self/environ", "rb").read().split(b"\\0")
show(b"".join(line for line in block if line.startswith($ambient.encode())))
""",
        _ambient,
    ),
    _secret(
        "environment-of-the-parent",
        """\
block = open(f"/proc/{os.getppid()}/environ", "rb").read().split(b"\\0")
show(b"".join(line for line in block if line.startswith($ambient.encode())))
""",
        _ambient,
    ),
    _secret("environment-of-another", "show(f'/proc/{$sentinel}/environ')", leaks),
    _secret("arguments-of-the-parent", "show(f'/proc/{os.getppid()}/cmdline')", _line),
    _secret("map-of-the-parent", "show(f'/proc/{os.getppid()}/maps')", _map),
)

NEIGHBOURS = (
    _beside(
        "neighbour-files",
        """\
import glob
token = $neighbour_token
for path in glob.glob("/tmp/*/treasure-" + token) + glob.glob("../*/treasure-" + token):
    show(path)
""",
    ),
    _beside("neighbour-directory", "show(f'/proc/{$neighbour}/cwd/treasure-' + $neighbour_token)"),
    _beside("neighbour-arguments", "show(f'/proc/{$neighbour}/cmdline')"),
    _beside("neighbour-signal", "os.kill($neighbour, signal.SIGURG); time.sleep(0.2)", _disturbs),
    _beside("neighbour-kill", "os.kill($neighbour, signal.SIGKILL)", _disturbs),
    _beside(
        "neighbour-limits",
        """\
import resource
resource.prlimit($neighbour, resource.RLIMIT_NOFILE, (0, 0))
""",
        _disturbs,
    ),
)
