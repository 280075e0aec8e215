"""Attacks on the end of the run: to outlive it, to outstay the clock, to be too many."""

from __future__ import annotations

import dataclasses
import os

from attacks.noun import PATIENCE, SMALL, Attack, Category, Limits, Oracle, Run, sustained
from attacks.world import World

_SHORT = dataclasses.replace(SMALL, wall_seconds=1.5)


def survives(world: World, run: Run) -> str:
    return f"alive afterwards: {run.survivors[0]}" if run.survivors else ""


def outlives(world: World, run: Run) -> str:
    """It went on past the wall clock, or past the end of the run, or took the sandbox down."""
    if run.fault:
        return f"the run raised {run.fault}"
    if run.elapsed > run.limits.wall_seconds + PATIENCE:
        return f"the run took {run.elapsed:.1f} s"
    return survives(world, run)


def crowds(world: World, run: Run) -> str:
    return sustained(run.seen.processes, run.limits.processes + 2) or outlives(world, run)


def _shares_group(world: World, run: Run) -> str:
    return "it is in our process group" if os.getpgrp() in run.seen.groups else ""


def _attack(
    name: str,
    program: str,
    succeeded: Oracle = outlives,
    *,
    limits: Limits = _SHORT,
    no_control: str = "",
) -> Attack:
    return Attack(
        name=name,
        category=Category.PROCESSES,
        program=program,
        succeeded=succeeded,
        limits=limits,
        no_control=no_control,
    )


_LEAVING = (
    _attack("daemon", "detach(lambda: (close_all(), time.sleep(7)))"),
    _attack("daemon-holding-the-streams", "detach(lambda: time.sleep(7))"),
    _attack(
        "daemon-deaf-to-signals",
        """\
def work():
    for number in range(1, 65):
        tries(lambda: signal.signal(number, signal.SIG_IGN))
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    time.sleep(7)
detach(work)
""",
    ),
    _attack(
        "daemon-with-an-adopter",
        """\
libc.prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    libc.prctl(36, 1, 0, 0, 0)
    detach(lambda: time.sleep(7))
    time.sleep(7)
time.sleep(0.2)
""",
    ),
    _attack(
        "sibling-of-the-first",
        """\
CLONE_PARENT = 0x8000
if call("clone", CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0) == 0:
    time.sleep(7)
    os._exit(0)
""",
    ),
    _attack(
        "child-without-a-signal",
        """\
if call("clone", 0, 0, 0, 0, 0) == 0:
    time.sleep(7)
    os._exit(0)
""",
    ),
    _attack(
        "child-by-clone3",
        """\
wishes = struct.pack("8Q", 0x800000, 0, 0, 0, signal.SIGCHLD, 0, 0, 0)
if call("clone3", wishes, len(wishes)) == 0:
    time.sleep(7)
    os._exit(0)
""",
    ),
    _attack(
        "hopping",
        """\
end = time.time() + 7
for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        while time.time() < end:
            if os.fork():
                os._exit(0)
            time.sleep(0.002)
        os._exit(0)
time.sleep(0.3)
""",
    ),
    _attack(
        "leader-gone",
        """\
import threading
if os.fork() == 0:
    os.setsid()
    threading.Thread(target=time.sleep, args=(7,)).start()
    libc.syscall(60 if X86 else 93, 0)
time.sleep(0.3)
""",
    ),
    _attack(
        "waiting-for-vfork",
        """\
CLONE_VFORK = 0x4000
if os.fork() == 0:
    os.setsid()
    if call("clone", CLONE_VFORK | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        time.sleep(7)
        os._exit(0)
time.sleep(0.2)
""",
    ),
    _attack(
        "stopped-child",
        """\
if os.fork() == 0:
    os.setsid()
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(7)
time.sleep(0.2)
""",
    ),
    _attack(
        "daemon-in-namespaces",
        """\
checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWPID))
if os.fork() == 0:
    os.setsid()
    time.sleep(7)
    os._exit(0)
""",
    ),
    _attack(
        "daemon-by-clone-in-namespaces",
        """\
if call("clone", CLONE_NEWUSER | CLONE_NEWPID | signal.SIGCHLD, 0, 0, 0, 0) == 0:
    libc.setsid()
    libc.sleep(7)
    os._exit(0)
""",
    ),
    _attack(
        "daemon-of-the-shell",
        """\
os.execvp("sh", ["sh", "-c", "setsid sh -c 'trap : TERM; sleep 7; : " + $token + "' & exit 0"])
""",
    ),
)

_STAYING = (
    _attack("sleep-past-the-wall", "time.sleep(8)"),
    _attack(
        "stop-oneself",
        "os.kill(os.getpid(), signal.SIGSTOP); time.sleep(6)",
    ),
    _attack("close-the-streams-and-stay", "close_all(); time.sleep(8)"),
    _attack(
        "deaf-to-signals",
        """\
for number in range(1, 65):
    tries(lambda: signal.signal(number, signal.SIG_IGN))
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
time.sleep(8)
""",
    ),
    _attack(
        "sabotage-the-parent",
        """\
import resource
parent = os.getppid()
if parent not in (0, 1, $grader):  # where that is the test itself, a failure would end the tests
    tries(
        lambda: resource.prlimit(parent, resource.RLIMIT_NOFILE, (0, 0)),
        lambda: resource.prlimit(parent, resource.RLIMIT_CPU, (0, 0)),
        lambda: os.sched_setaffinity(parent, {0}),
        lambda: os.setpriority(os.PRIO_PROCESS, parent, 19),
    )
    for number in (signal.SIGSTOP, signal.SIGTERM, signal.SIGKILL):
        tries(lambda: os.kill(parent, number))
        time.sleep(0.1)
detach(lambda: time.sleep(8))
time.sleep(8)
""",
    ),
    _attack("share-our-group", "time.sleep(0.3)", _shares_group),
    _attack(
        "unreadable-program",
        # What cannot be read cannot be dumped, and /proc hides what cannot be dumped.
        """\
program = open("/bin/sleep", "rb").read()
file = os.open("mine", os.O_WRONLY | os.O_CREAT, 0o111)
os.write(file, program)
os.close(file)
open("hidden", "w").write("x")
os.set_inheritable(os.open("hidden", os.O_RDONLY), True)
os.unlink("hidden")
os.execv("mine", [$token, "8"])
""",
    ),
    _attack(
        "fork-bomb",
        # It doubles, but no further than 60.
        """\
end = time.time() + 2
permits = os.pipe()
os.write(permits[1], b"x" * 60)
os.set_blocking(permits[0], False)
while time.time() < end:
    try:
        os.read(permits[0], 1)
    except BlockingIOError:
        break
    tries(os.fork)
while time.time() < end:
    time.sleep(0.05)
""",
        crowds,
        limits=SMALL,
    ),
    _attack(
        "thread-bomb",
        """\
import threading
threading.stack_size(1 << 16)
for _ in range(60):
    try:
        threading.Thread(target=time.sleep, args=(2,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.01)
time.sleep(1)
""",
        crowds,
        limits=SMALL,
    ),
    _attack(
        "zombies",
        """\
for _ in range(60):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.5)
""",
        lambda world, run: "it had 60 children at once" if run.confessed else outlives(world, run),
        limits=SMALL,
    ),
)

PROCESSES = _LEAVING + _STAYING
