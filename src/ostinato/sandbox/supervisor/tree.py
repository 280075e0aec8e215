"""All descendants of this process: what they use, and how they end.

We are their child subreaper: whatever they do, each hangs below us until we have reaped it.
"""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH116, PTH208

from __future__ import annotations

import os
import resource
import stat
import time

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PROCESSORS = os.cpu_count() or 1
_STATE, _PARENT, _FAULTS, _CHILDREN_FAULTS, _THREADS, _START = 0, 1, 7, 8, 17, 19
_TIMES = slice(11, 15)
"""Fields of ``/proc/PID/stat`` after the name; times are the process's and its children's."""
_WALL = 0x40000000
"""Wait for children of every kind, those too that would not send SIGCHLD."""
_STOP, _KILL = 19, 9
_REFUSALS = 20
"""So often in a row a process may refuse us a look at its files."""


class Tree:
    """The processes below us. Only one for each supervisor.

    ``trusted``: how many of them, from the top, are not the stranger's but a wrapper's.
    """

    def __init__(self, trusted: int = 0) -> None:
        self._trusted = trusted
        self._refusals: dict[int, int] = {}
        self.tasks = 0
        """Processes and threads at the last look."""
        self.memory = 0
        """Bytes that all together held at the last look."""
        self.peak = 0
        self._own: dict[tuple[int, bytes], float] = {}
        self._ended: dict[int, int] = {}
        self._known = self._guessed = self._before = 0.0
        self._memory_before = 0
        self._careless = False
        self._seen: dict[int, list[bytes]] = {}
        self._looked = time.monotonic()

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all, dead or alive.

        Two accounts, and the larger counts: what we saw of each process, and what the kernel adds
        up as parents wait for children. Time in neither is guessed: once a child has vanished that
        nobody waited for, each new process that is about to run is taken to have run since the
        last look.
        """
        return self._known + self._guessed - self._before

    def forget(self) -> None:
        """What was used until the last look does not count from now on."""
        self._before = self._known + self._guessed
        self._memory_before, self.peak = self.memory, 0

    def look(self, memory_limit: int) -> None:
        """Take stock. Shared pages are told apart only where it matters for ``memory_limit``."""
        self.tasks, known, new = 0, _children_time(), 0
        seen: dict[int, list[bytes]] = {}
        pids = descendants()
        for pid in pids:
            fields = _stat(pid)
            if fields is None:
                continue
            seen[pid] = fields
            self.tasks += int(fields[_THREADS])
            times = [int(field) * _TICK for field in fields[_TIMES]]
            new += fields[_STATE] == b"R" and (pid, fields[_START]) not in self._own
            self._own[pid, fields[_START]] = times[0] + times[1]
            known += sum(times)
        self._known = max(self._known, known, sum(self._own.values()))
        self._guess(seen, new)
        held = self._held_by(pids, memory_limit + self._memory_before)
        self.memory = max(0, held - self._memory_before)
        self.peak = max(self.peak, self.memory)

    def _held_by(self, pids: list[int], limit: int) -> int:
        held = sum(map(_held, pids))
        return held if held <= limit else sum(map(_share, pids))

    def _guess(self, seen: dict[int, list[bytes]], new: int) -> None:
        now = time.monotonic()
        self._careless = self._careless or _unwaited(self._seen, seen)
        if self._careless:
            self._guessed += (now - self._looked) * min(new, _PROCESSORS)
        self._seen, self._looked = seen, now

    def hidden_disk(self, fresh: str, most: int) -> int:
        """Bytes in files that have no name any more, but are open.

        A file that is mapped only has no size that we could learn, and a process that does not
        let us look at all may hold anything: both count as ``most``.
        """
        sizes: dict[int, int] = {}
        mapped: set[int] = set()
        refusals: dict[int, int] = {}
        device = os.stat(fresh).st_dev
        for pid in descendants()[self._trusted :]:
            place = _live(pid)
            try:
                sizes.update(_open_nameless(place, device))
            except PermissionError:  # so does a process that starts, or ends
                if not _over(f"{place}/stat"):
                    refusals[pid] = self._refusals.get(pid, 0) + 1
            mapped |= _mapped_nameless(place, os.fsencode(fresh))
        self._refusals = refusals
        dark = sum(count > _REFUSALS for count in refusals.values())
        return sum(sizes.values()) + most * (len(mapped - sizes.keys()) + dark)

    def reap(self) -> bool:
        """Bury the dead; whether a child is left."""
        while True:
            try:
                pid, status, _ = os.wait4(-1, os.WNOHANG | _WALL)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            self._ended[pid] = status

    def ended(self, pid: int) -> int | None:
        """The wait status of a child that was reaped."""
        return self._ended.get(pid)

    def kill(self) -> None:
        """End all, and return when none is left: no child of ours means no descendant either.

        Our own children go first: with bubblewrap its whole namespace goes with it, at once. The
        others are stopped before they are killed, so that nobody forks while we walk.
        """
        for pid in _children(os.getpid()):
            _signal(pid, _KILL)
        while self.reap():
            stopped: set[int] = set()
            while new := [pid for pid in descendants() if pid not in stopped]:
                for pid in new:
                    _signal(pid, _STOP)
                stopped.update(new)
            for pid in stopped:
                _signal(pid, _KILL)
            self.reap()
            os.sched_yield()
        self._known = max(self._known, _children_time())


def descendants() -> list[int]:
    """Process ids of all below us, parents before children."""
    found = _children(os.getpid())
    for pid in found:  # grows while it is walked
        found.extend(_children(pid))
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return found
    for thread in threads:
        content = _read(f"/proc/{pid}/task/{thread}/children")
        found.extend(map(int, content.split()))
    return found


def _read(path: str) -> bytes:
    """A small file of /proc; empty if the process is gone."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return b""
    parts: list[bytes] = []
    try:
        while part := os.read(file, 1 << 16):
            parts.append(part)
    except ProcessLookupError:
        pass
    finally:
        os.close(file)
    return b"".join(parts)


def _stat(pid: int) -> list[bytes] | None:
    """The fields of ``/proc/PID/stat`` after the name, which may hold anything."""
    content = _read(f"/proc/{pid}/stat")
    return content[content.rindex(b")") + 1 :].split() if content else None


def _unwaited(before: dict[int, list[bytes]], now: dict[int, list[bytes]]) -> bool:
    """Whether a process has vanished since without being waited for, its time in no account.

    Who waits for a child takes over its count of page faults, which is never 0.
    """
    gone: dict[int, int] = {}
    for pid, fields in before.items():
        parent = int(fields[_PARENT])
        if parent in before and (pid not in now or now[pid][_START] != fields[_START]):
            gone[parent] = gone.get(parent, 0) + int(fields[_FAULTS])
    for parent, faults in gone.items():
        fields, earlier = _stat(parent), before[parent]  # read after the child was seen to be gone
        if fields is not None and fields[_START] == earlier[_START] and fields[_STATE] not in b"ZX":
            taken_over = int(fields[_CHILDREN_FAULTS]) - int(earlier[_CHILDREN_FAULTS])
            if taken_over < faults:
                return True
    return False


def _live(pid: int) -> str:
    """The directory of a thread that is alive: a leader that ended shows nothing of the rest."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return f"/proc/{pid}"
    for thread in threads:
        if not _over(f"/proc/{pid}/task/{thread}/stat"):
            return f"/proc/{pid}/task/{thread}"
    return f"/proc/{pid}"


def _over(stat_path: str) -> bool:
    """Whether a thread has ended, waited for or not."""
    content = _read(stat_path)
    return not content or content[content.rindex(b")") + 2 :][:1] in b"ZX"


def _held(pid: int) -> int:
    """Resident and swapped bytes of one process, shared ones included."""
    content = _read(f"/proc/{pid}/status")
    if content and b"VmRSS:" not in content:
        content = _read(f"{_live(pid)}/status")
    return _kib(content, b"VmRSS:") + _kib(content, b"VmSwap:")


def own_bytes(pid: int) -> int:
    """Resident and swapped bytes of one process that are in no file."""
    content = _read(f"{_live(pid)}/status")
    return _kib(content, b"RssAnon:") + _kib(content, b"VmSwap:")


def _share(pid: int) -> int:
    """As `_held`, but with shared pages divided among those who share them."""
    content = _read(f"{_live(pid)}/smaps_rollup")
    if not content:
        return _held(pid)
    return _kib(content, b"\nPss:") + _kib(content, b"SwapPss:")


def _kib(content: bytes, name: bytes) -> int:
    _, found, rest = content.partition(name)
    return int(rest.split(None, 1)[0]) << 10 if found else 0


def _open_nameless(place: str, device: int) -> dict[int, int]:
    """Inode and size of a process's open files on the device of the fresh directory that have no
    name.
    """
    found: dict[int, int] = {}
    try:
        names = os.listdir(f"{place}/fd")
    except (FileNotFoundError, ProcessLookupError):
        return found
    for name in names:
        try:
            file = os.stat(f"{place}/fd/{name}")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if stat.S_ISREG(file.st_mode) and file.st_nlink == 0 and file.st_dev == device:
            found[file.st_ino] = max(file.st_size, file.st_blocks * 512)
    return found


def _mapped_nameless(place: str, fresh: bytes) -> set[int]:
    """Inodes of mapped files of the fresh directory that have no name any more."""
    content = _read(f"{place}/maps")
    if b" (deleted)\n" not in content:
        return set()
    found: set[int] = set()
    for line in content.splitlines():
        fields = line.split(None, 5)
        if line.endswith(b" (deleted)") and fields[5].startswith(fresh):
            found.add(int(fields[4]))
    return found


def _children_time() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _signal(pid: int, number: int) -> None:
    # Nobody but us reaps direct children, and what is stopped reaps nobody: ids are not reused.
    try:  # noqa: SIM105 (importing contextlib takes milliseconds)
        os.kill(pid, number)
    except ProcessLookupError:
        pass
