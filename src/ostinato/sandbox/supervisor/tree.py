"""All descendants of this process: what they use, and how they end.

We are their child subreaper: whatever they do, each hangs below us until we have reaped it.
"""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH116, PTH208

from __future__ import annotations

import os
import resource
import stat

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_WALL = 0x40000000
"""Wait for children of every kind, those too that would not send SIGCHLD."""
_STOP, _KILL = 19, 9


class Tree:
    """The processes below us. Only one for each supervisor."""

    def __init__(self) -> None:
        self.tasks = 0
        """Processes and threads at the last look."""
        self.memory = 0
        """Bytes that all together held at the last look."""
        self.peak = 0
        self._own: dict[tuple[int, bytes], float] = {}
        self._ended: dict[int, int] = {}
        self._cpu = 0.0

    @property
    def cpu(self) -> float:
        """Seconds of processor time of all, dead or alive.

        Two accounts, and the larger counts: what we saw of each process, and what the kernel adds
        up as parents wait for children. The first misses what lives too shortly to be seen, the
        second what nobody waits for.
        """
        return self._cpu

    def look(self, memory_limit: int) -> None:
        """Take stock. Shared pages are told apart only where it matters for ``memory_limit``."""
        self.tasks, self.memory, known = 0, 0, _children_time()
        pids = descendants()
        for pid in pids:
            fields = _stat(pid)
            if fields is None:
                continue
            self.tasks += int(fields[17])
            times = [int(field) * _TICK for field in fields[11:15]]
            self._own[pid, fields[19]] = times[0] + times[1]
            known += sum(times)
            self.memory += _held(pid)
        self._cpu = max(self._cpu, known, sum(self._own.values()))
        if self.memory > memory_limit:
            self.memory = sum(map(_share, pids))
        self.peak = max(self.peak, self.memory)

    def hidden_disk(self, fresh: str, most: int) -> int:
        """Bytes in files that have no name any more, but are open. One that is mapped only has no
        size that we could learn: it counts as ``most``.
        """
        sizes: dict[int, int] = {}
        mapped: set[int] = set()
        for pid in descendants():
            place = _live(pid)
            try:
                names = os.listdir(f"{place}/fd")
            except (FileNotFoundError, ProcessLookupError):
                continue
            for name in names:
                try:
                    found = os.stat(f"{place}/fd/{name}")
                except OSError:
                    continue
                if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    sizes[found.st_ino] = max(found.st_size, found.st_blocks * 512)
            mapped |= _mapped_nameless(place, os.fsencode(fresh))
        return sum(sizes.values()) + most * len(mapped - sizes.keys())

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
        self._cpu = max(self._cpu, _children_time())


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


def _live(pid: int) -> str:
    """The directory of a thread that is alive: a leader that ended shows nothing of the rest."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return f"/proc/{pid}"
    for thread in threads:
        content = _read(f"/proc/{pid}/task/{thread}/stat")
        if content and content[content.rindex(b")") + 2 :][:1] not in b"ZX":
            return f"/proc/{pid}/task/{thread}"
    return f"/proc/{pid}"


def _held(pid: int) -> int:
    """Resident and swapped bytes of one process, shared ones included."""
    content = _read(f"/proc/{pid}/status")
    if content and b"VmRSS:" not in content:
        content = _read(f"{_live(pid)}/status")
    return _kib(content, b"VmRSS:") + _kib(content, b"VmSwap:")


def _share(pid: int) -> int:
    """As `_held`, but with shared pages divided among those who share them."""
    content = _read(f"{_live(pid)}/smaps_rollup")
    if not content:
        return _held(pid)
    return _kib(content, b"\nPss:") + _kib(content, b"SwapPss:")


def _kib(content: bytes, name: bytes) -> int:
    _, found, rest = content.partition(name)
    return int(rest.split(None, 1)[0]) << 10 if found else 0


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
