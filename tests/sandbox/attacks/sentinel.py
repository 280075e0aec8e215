"""A process outside, of the attacker's own uid, that must not be touched."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from attacks.tiers import interpreter_of_nobody

_PROGRAM = """\
import ctypes, os, signal, sys
secret = ctypes.create_string_buffer(os.environ["SENTINEL_SECRET"].encode())
path, keep = sys.argv[1:]
log = os.open(path, os.O_WRONLY | os.O_APPEND)
def note(number, frame):
    os.write(log, b"signal %d;" % number)
for number in set(range(1, signal.NSIG)) - {9, 19, 32, 33, 17}:
    try:
        signal.signal(number, note)
    except (OSError, ValueError):
        pass
held = os.open(keep, os.O_RDONLY)
print(ctypes.addressof(secret), held, flush=True)
sys.stdin.read()
"""


class Sentinel:
    """It notes every signal that it can; its memory, environment and a descriptor hold a secret."""

    def __init__(self, log: Path, secret: str, owner: int | None) -> None:
        self._log = log
        log.touch()
        treasure = log.with_name("sealed")
        treasure.write_text(secret)
        as_root = os.getuid() == 0 and owner is not None
        if as_root:
            assert owner is not None
            os.chown(log, owner, owner)
            os.chown(treasure, owner, owner)
        treasure.chmod(0o600)
        self._process = subprocess.Popen(
            [
                interpreter_of_nobody() if as_root else sys.executable,
                "-I",
                "-S",
                "-c",
                _PROGRAM,
                str(log),
                str(treasure),
            ],
            env={"SENTINEL_SECRET": secret},
            stdin=subprocess.PIPE,  # where it ends, so does the sentinel
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            user=owner if as_root else None,
            group=owner if as_root else None,
            extra_groups=() if as_root else None,
        )
        assert self._process.stdout is not None
        address, descriptor = self._process.stdout.readline().split()
        self.pid = self._process.pid
        self.address, self.descriptor = int(address), int(descriptor)
        self._before = self._state()

    def disturbed(self) -> str:
        """What was done to it; nothing if it was left alone."""
        time.sleep(0.03)  # a signal may be under way
        if (status := self._process.poll()) is not None:
            return f"the sentinel ended with {status}"
        if noted := self._log.read_text():
            return f"the sentinel got {noted}"
        now = self._state()
        return "" if now == self._before else f"the sentinel was {self._before}, is {now}"

    def _state(self) -> str:
        pid = self.pid
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        stopped = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "tT"
        return repr(
            {
                "limits": [" ".join(line.split()) for line in limits],
                "stopped": stopped,
                "nice": os.getpriority(os.PRIO_PROCESS, pid),
                "policy": os.sched_getscheduler(pid),
                "processors": sorted(os.sched_getaffinity(pid)),
                "oom": Path(f"/proc/{pid}/oom_score_adj").read_text().strip(),
                "ioprio": _ioprio(pid),
            }
        )

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            stream.close()


def _ioprio(pid: int) -> int:
    import ctypes
    import platform

    number = 252 if platform.machine() == "x86_64" else 31
    return int(ctypes.CDLL(None).syscall(number, 1, pid))
