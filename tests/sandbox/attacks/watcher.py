"""A thread that looks at the processes of every run while they live, from outside."""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
import time
from pathlib import Path

from attacks.noun import Seen

PERIOD = 0.01
_TICKS = os.sysconf("SC_CLK_TCK")
_PIDFD_GETFD = 438  # the same number on every architecture
_libc = ctypes.CDLL(None, use_errno=True)


class Watcher:
    """Knows a run by its token, which stands in the command line of each of its processes."""

    def __init__(self) -> None:
        self._old = set(_pids())
        self._runs: dict[bytes, tuple[Seen, frozenset[str]]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="watcher", daemon=True)
        self._thread.start()

    def follow(self, token: str, watch: frozenset[str]) -> Seen:
        """Starts to look; the result fills up until `leave`."""
        seen = Seen()
        with self._lock:
            self._runs[token.encode()] = (seen, watch)
        return seen

    def leave(self, token: str) -> None:
        with self._lock:
            self._runs.pop(token.encode(), None)

    def find(self, token: str) -> list[int]:
        """The processes of a run that live now."""
        return [pid for pid in _pids() if pid not in self._old and _is_of(pid, token.encode())]

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._over.wait(PERIOD):
            with self._lock:
                runs = dict(self._runs)
            if runs:
                self._look(runs)

    def _look(self, runs: dict[bytes, tuple[Seen, frozenset[str]]]) -> None:
        members: dict[bytes, list[int]] = {token: [] for token in runs}
        for pid in _pids():
            if pid in self._old:
                continue
            line = _command_line(pid)
            for token in runs:
                if token in line:
                    members[token].append(pid)
        for token, pids in members.items():
            if pids:
                _note(*runs[token], pids)


def _note(seen: Seen, watch: frozenset[str], pids: list[int]) -> None:
    threads = 0
    for pid in pids:
        stat = _stat(pid)
        if stat is None:
            continue
        threads += int(stat[17])
        seen.cpu[pid] = (int(stat[11]) + int(stat[12])) / _TICKS
        seen.groups.add(int(stat[2]))
        with contextlib.suppress(OSError):
            seen.uids.add(Path(f"/proc/{pid}").stat().st_uid)
        with contextlib.suppress(OSError):
            folder = Path(f"/proc/{pid}/cwd").stat()
            seen.folders.add((folder.st_dev, folder.st_ino))
        if "held" in watch:
            seen.held |= _held(pid)
    now = time.monotonic()
    seen.processes.append((now, threads))
    if "memory" in watch:
        seen.memory.append((now, _memory(pids)))
    if "disk" in watch:
        seen.disk.append((now, _disk(pids)))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208


def _is_of(pid: int, token: bytes) -> bool:
    return token in _command_line(pid)  # a zombie has none


def _command_line(pid: int) -> bytes:
    """Of a process, or of its threads where the first one has ended."""
    if line := _read(f"/proc/{pid}/cmdline"):
        return line
    try:
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208
    except OSError:
        return b""
    return b"".join(_read(f"/proc/{pid}/task/{thread}/cmdline") for thread in threads)


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return b""


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name: state, parent, group, session ..."""
    fields = _read(f"/proc/{pid}/stat").decode(errors="replace").rpartition(")")[2].split()
    return fields or None


def _descriptors(pid: int) -> list[str]:
    folder = f"/proc/{pid}/fd"
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]  # noqa: PTH208
    except OSError:
        return []


def _held(pid: int) -> set[str]:
    held = set[str]()
    for path in _descriptors(pid):
        with contextlib.suppress(OSError):
            target = os.readlink(path)  # noqa: PTH115
            held.add(target)
            if target.startswith("socket:"):
                held.add(f"family:{_family(pid, int(path.rpartition('/')[2]))}")
    return held


def _family(pid: int, descriptor: int) -> int:
    pidfd = os.pidfd_open(pid)
    try:
        copy = int(_libc.syscall(_PIDFD_GETFD, pidfd, descriptor, 0))
    finally:
        os.close(pidfd)
    if copy < 0:
        raise OSError(ctypes.get_errno(), "pidfd_getfd")
    with socket.socket(fileno=copy) as twin:
        return int(twin.family)


def _memory(pids: list[int]) -> int:
    mapped, files = 0, dict[tuple[int, int], int]()
    for pid in pids:
        for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith(b"Pss:"):
                mapped += int(line.split()[1]) << 10
        for path in _descriptors(pid):
            with contextlib.suppress(OSError):
                if os.readlink(path).startswith("/memfd:"):  # noqa: PTH115
                    found = os.stat(path)  # noqa: PTH116
                    files[found.st_dev, found.st_ino] = found.st_blocks * 512
    return max(mapped, sum(files.values()))


def _disk(pids: list[int]) -> int:
    blocks = dict[tuple[int, int], int]()
    for pid in pids:
        for path in _descriptors(pid):
            with contextlib.suppress(OSError):
                found = os.stat(path)  # noqa: PTH116
                if found.st_nlink == 0 and "(deleted)" in os.readlink(path):  # noqa: PTH115
                    blocks[found.st_dev, found.st_ino] = found.st_blocks * 512
    for folder, _, names in os.walk(f"/proc/{pids[0]}/cwd/", onerror=None):
        for name in (".", *names):
            with contextlib.suppress(OSError):
                found = os.lstat(os.path.join(folder, name))  # noqa: PTH118
                blocks[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(blocks.values())


def wait_for(watcher: Watcher, token: str, seconds: float = 5.0) -> int:
    """The process id of a run's last process, once there is one; 0 if none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pids := watcher.find(token):
            return max(pids)
        time.sleep(PERIOD)
    return 0
