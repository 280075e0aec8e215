"""Attacks on the machine: memory and disk."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from pathlib import Path

from attacks.noun import PROGRAM, SMALL, Run, resource_attack, sustained
from attacks.processes import outlives
from attacks.world import WORLD, World
from ostinato.sandbox.types import MIB

_MEMORY_SLACK = 64 * MIB


def hogs(world: World, run: Run) -> str:
    """It held too much for a while, or says that it did."""
    if run.confessed:
        return "it says that it held too much"
    if found := sustained(run.seen.memory, run.limits.memory_bytes + _MEMORY_SLACK):
        return found
    return outlives(world, run)


def fills(world: World, run: Run) -> str:
    peak = max((size for _, size in run.seen.disk), default=0)
    if not run.confessed and peak > 32 * run.limits.disk_bytes:
        return f"{peak} bytes of disk at once"
    return reserves(world, run)


def reserves(world: World, run: Run) -> str:
    """A fast disk reserves any number of bytes between two looks, so that no peak is judged:
    only that it is noticed, ended and cleared.
    """
    if run.confessed:
        return "it says that it filled the disk"
    if found := sustained(run.seen.disk, 3 * run.limits.disk_bytes, 0.5):
        return found
    return outlives(world, run) or leftovers(world, run)


def leftovers(world: World, run: Run) -> str:
    """The fresh directory is still there: the inode, and no program of another run in it."""
    found = _left(world, run)
    if found:
        time.sleep(0.3)  # an inode that was used again belongs to a run that has just begun
        found &= _left(world, run)
    return f"the fresh directory stays: {found.pop()}" if found else ""


def _left(world: World, run: Run) -> set[str]:
    found = set[str]()
    for path in world.dir.parent.iterdir():
        if path.name.startswith(WORLD):
            continue
        with contextlib.suppress(OSError):
            facts = path.lstat()
            program = path / PROGRAM
            others = program.exists() and world.token not in program.read_text()
            if (facts.st_dev, facts.st_ino) in run.seen.folders and not others:
                found.add(path.name)
    return found


def _shared_memory(world: World, run: Run) -> str:
    key = int(world.token[-6:], 16) | 1 << 28
    for kind in ("shm", "sem", "msg"):
        lines = Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
        if any(int(line.split()[0]) == key for line in lines):
            world.release(kind, key)
            return f"a segment of {kind} stays"
    return ""


def _dumps(world: World, run: Run) -> str:
    if run.outcome is not None and any(len(core) > 1000 for core in run.outcome.files.values()):
        return "it left a core dump"
    return ""


_MEMORY = (
    resource_attack(
        "memory",
        "hoard = b'x' * (320 << 20)\ntime.sleep(0.6)",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-of-children",
        """\
children = []
for _ in range(5):
    child = os.fork()
    if child == 0:
        hoard = b"x" * (64 << 20)
        time.sleep(1)
        os._exit(0)
    children.append(child)
if any(os.waitpid(child, 0)[1] for child in children):
    sys.exit(1)
""",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-of-orphans",
        """\
for _ in range(5):
    detach(lambda: (time.sleep(0.2), [b"x" * (64 << 20), time.sleep(1)]))
time.sleep(1.3)
""",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-files",
        """\
for number in range(60):
    file = call("memfd_create", b"hoard", 0)
    os.write(file, bytes(6 << 20))
time.sleep(0.6)
""",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-nobody-maps",
        # Shared memory stays when its pages are no longer mapped: no process is seen to hold it.
        """\
import mmap
for _ in range(10):
    place = mmap.mmap(-1, 32 << 20)
    place[:] = b"x" * len(place)
    place.madvise(mmap.MADV_DONTNEED)
    globals().setdefault("hoard", []).append(place)
time.sleep(0.6)
assert hoard[0][5] == 120
""",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-of-dev-zero",
        """\
import mmap
zero = os.open("/dev/zero", os.O_RDWR)
hoard = []
for _ in range(10):
    place = mmap.mmap(zero, 32 << 20)
    place[:] = b"x" * len(place)
    place.madvise(mmap.MADV_DONTNEED)
    hoard.append(place)
time.sleep(0.6)
""",
        hogs,
        watch="memory",
    ),
    resource_attack(
        "memory-in-dev-shm",
        """\
name = f"/dev/shm/{$token}"
with open(name, "wb") as file:
    for _ in range(40):
        file.write(bytes(8 << 20))
time.sleep(0.3)
os.unlink(name)
""",
        hogs,
    ),
    resource_attack(
        "memory-in-pipes",
        """\
import fcntl
hoard = []
for _ in range(8):
    if os.fork() == 0:
        for _ in range(28):
            inner, outer = os.pipe()
            fcntl.fcntl(outer, 1031, 1 << 20)
            os.write(outer, bytes(1 << 20))
        time.sleep(1)
        os._exit(0)
    hoard.append(1)
for _ in hoard:
    if os.wait()[1]:
        sys.exit(1)
""",
        hogs,
    ),
    resource_attack(
        "memory-left-behind",
        """\
identifier = call("shmget", $key, 1 << 20, 0o1600)
""",
        _shared_memory,
    ),
    resource_attack("semaphore-left-behind", "call('semget', $key, 1, 0o1600)", _shared_memory),
    resource_attack("queue-left-behind", "call('msgget', $key, 0o1600)", _shared_memory),
    resource_attack(
        "queue-by-name-left-behind",
        "call('mq_open', $token.encode(), os.O_CREAT | os.O_RDWR, 0o600, 0)",
        lambda world, run: world.queue_left(),
    ),
)

_DISK = (
    resource_attack(
        "disk-one-file",
        """\
with open("large", "wb") as file:
    for _ in range(40):
        file.write(bytes(1 << 20))
time.sleep(0.7)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-many-files",
        """\
for number in range(40):
    with open(f"large{number}", "wb") as file:
        file.write(bytes(1 << 20))
time.sleep(0.7)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-small-files",
        """\
for folder in range(100):
    os.mkdir(str(folder))
    for number in range(100):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(b"x")
time.sleep(0.7)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-without-names",
        """\
files = []
for number in range(20):
    files.append(open("large", "wb"))
    os.unlink("large")
    files[-1].write(bytes(4 << 20))
    files[-1].flush()
time.sleep(0.7)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-without-names-or-descriptors",
        """\
import mmap
places = []
for number in range(20):
    with open("large", "wb+") as file:
        os.unlink("large")
        file.write(bytes(4 << 20))
        file.flush()
        places.append(mmap.mmap(file.fileno(), 4 << 20))
time.sleep(0.7)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-in-flight",
        # Descriptors under way are in nobody's table.
        """\
here, there = socket.socketpair()
for number in range(20):
    file = os.open("f", os.O_RDWR | os.O_CREAT)
    os.unlink("f")
    os.write(file, bytes(7 << 20))
    socket.send_fds(here, [b"x"], [file])
    os.close(file)
time.sleep(0.6)
""",
        fills,
        watch="disk",
    ),
    resource_attack(
        "disk-by-reservation",
        """\
for number in range(60):
    with open(f"large{number}", "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 7 << 20)
time.sleep(0.7)
""",
        reserves,
        watch="disk",
    ),
    resource_attack(
        "disk-behind-a-flicker",
        # Who walks the directory meanwhile meets names that are gone.
        """\
end = time.time() + 2.5
for worker in range(3):
    if os.fork() == 0:
        while time.time() < end:
            for number in range(20):
                name = f"{worker}-{number}"
                open(name, "w").close()
                os.unlink(name)
        os._exit(0)
time.sleep(0.2)
for number in range(40):
    with open(f"large{number}", "wb") as file:
        file.write(bytes(1 << 20))
time.sleep(1)
""",
        fills,
        watch="disk",
        limits=dataclasses.replace(SMALL, cpu_seconds=20),
    ),
    resource_attack(
        "disk-by-depth",
        """\
time.sleep(0.2)
for _ in range(1500):
    os.mkdir("d")
    os.chdir("d")
os.makedirs("a/b")
os.chmod("a", 0)
time.sleep(0.3)
""",
        leftovers,
    ),
    resource_attack(
        "stubborn-names",
        """\
os.makedirs(b"\\xff\\n/ x/-rf *")
os.mkfifo("fifo")
os.symlink("/", "root")
open("file", "w").close()
tries(lambda: os.chmod("fifo", 0), lambda: os.chmod(".", 0))
time.sleep(0.1)
""",
        leftovers,
        no_control="root's rm stumbles over no name",
    ),
    resource_attack(
        "core-dump",
        """\
import resource
resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
    absent("no core dumps here")
if os.path.exists("/proc/sys/kernel/core_pattern"):
    tries(lambda: open("/proc/sys/kernel/core_pattern").read() == "core\\n" or absent("elsewhere"))
os.abort()
""",
        _dumps,
        keep=("core", "core.1", "core.2"),
    ),
)

HOARDS = _MEMORY + _DISK
