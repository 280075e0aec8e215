"""Attacks on the machine: output and processor time."""

from __future__ import annotations

import dataclasses

from attacks.noun import SMALL, Run, resource_attack
from attacks.processes import outlives
from attacks.world import World
from ostinato.sandbox.types import MIB, Status

_MEMORY_SLACK = 64 * MIB
_CPU = dataclasses.replace(SMALL, cpu_seconds=0.5)


def floods(world: World, run: Run) -> str:
    """More came back than the limits let through, or it ended as if nothing were wrong."""
    assert run.outcome is not None or run.fault
    if run.outcome is None:
        return f"the run raised {run.fault}"
    most = run.limits.output_bytes
    for name in ("stdout", "stderr", "reply"):
        if (size := len(getattr(run.outcome, name))) > most:
            return f"{size} bytes of {name}"
    if run.outcome.status is Status.EXITED:
        return "it wrote all that it wanted"
    return outlives(world, run)


def burns(world: World, run: Run) -> str:
    used = sum(run.seen.cpu.values())
    if used > run.limits.cpu_seconds + 1:
        return f"{used:.1f} s of processor time"
    if run.confessed:
        return "it says that it burnt too much"
    return outlives(world, run)


_OUTPUT = (
    resource_attack(
        "flood-stdout",
        "for _ in range(64): os.write(1, bytes(1 << 16))",
        floods,
    ),
    resource_attack(
        "flood-stderr",
        "for _ in range(64): os.write(2, bytes(1 << 16))",
        floods,
    ),
    resource_attack("flood-reply", "for _ in range(64): os.write(3, bytes(1 << 16))", floods),
    resource_attack(
        "flood-from-many",
        """\
children = [os.fork() for _ in range(2)]
for _ in range(64):
    os.write(1, bytes(1 << 16))
    os.write(2, bytes(1 << 16))
if 0 in children:
    os._exit(0)
""",
        floods,
    ),
)

_TIME = (
    resource_attack("burn", "while time.process_time() < 2.5: pass", burns, limits=_CPU),
    resource_attack(
        "burn-deaf",
        """\
import resource
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
tries(lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)))
while time.process_time() < 2.5:
    pass
""",
        burns,
        limits=_CPU,
    ),
    resource_attack(
        "burn-in-children",
        """\
children = []
for _ in range(6):
    child = os.fork()
    if child == 0:
        while time.process_time() < 0.4:
            pass
        os._exit(0)
    children.append(child)
if any(os.waitpid(child, 0)[1] for child in children):
    sys.exit(1)
""",
        burns,
        limits=_CPU,
    ),
    resource_attack(
        "burn-in-a-relay",
        # Each runner hands on and dies: none burns much.
        """\
first = os.getpid()
legs, tally = os.pipe()
end = time.time() + 6
while time.time() < end:
    start = time.process_time()
    while time.process_time() < start + 0.02:
        pass
    os.write(tally, b"x")
    if os.fork():
        if os.getpid() == first:
            time.sleep(6.1)
            sys.exit(len(os.read(legs, 1000)) * 0.02 < 0.7)
        os._exit(0)
""",
        burns,
        limits=dataclasses.replace(_CPU, wall_seconds=8),
    ),
    resource_attack(
        "burn-unwaited",
        # A parent that ignores the end of its children is not charged for them, and each lives
        # too shortly for the clock's ticks.
        """\
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
legs = 0
end = time.time() + 7
while time.time() < end and legs < 60:
    if os.fork() == 0:
        start = time.process_time()
        while time.process_time() < start + 0.005:
            pass
        os._exit(0)
    legs += 1
    tries(lambda: os.waitpid(-1, 0))
if legs < 60:
    sys.exit(1)
""",
        burns,
        limits=dataclasses.replace(_CPU, cpu_seconds=0.2, wall_seconds=8),
    ),
)

RESOURCES = _OUTPUT + _TIME
