"""A process of its own for computer algebra: it can be killed, from any thread.

One per process, started when first needed, and again after it was killed. Only lines of JSON
strings pass between them.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import IO, Any

from ostinato.base.errors import UserError

START_SECONDS = 60.0  # the imports, on a busy machine
MOST_REQUESTS = 1000  # of one worker: its caches grow


@dataclass
class Worker:
    """Compares answers, one at a time, whoever asks."""

    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _requests: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def decide(self, given: str, right: str, seconds: float) -> str:
        """``equal``, or why not. The time of starting and of waiting for others is not counted."""
        if find_spec("math_verify") is None:
            raise UserError(
                "this right answer needs computer algebra, expected math-verify to be installed, "
                "got none: pip install 'ostinato[reasoning]'"
            )
        # Twice the time: the child ends itself only where nobody is left to do it.
        request = json.dumps({"given": given, "right": right, "seconds": 2 * seconds + 1})
        with self._lock:
            process = self._running()
            self._requests += 1
            reply = None
            try:
                reply = _ask(process, request, seconds)
            finally:
                crashed = process.poll() is not None
                if reply is None:  # or an interrupt: a late reply must not answer the next request
                    self._stop()
        if reply is None:
            return "not decided: it crashed" if crashed else f"not decided within {seconds} s"
        return str(json.loads(reply))

    def stop(self) -> None:
        """End the process, if there is one; it comes back when needed."""
        with self._lock:
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is None and self._requests < MOST_REQUESTS:
            return process
        self._stop()
        # -P: what lies in the working directory is not imported.
        command = [sys.executable, "-P", "-m", "ostinato.grading.maths_library"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        if _line(self._process, START_SECONDS) is None:
            self._stop()
            raise UserError(
                "expected math-verify to start, got a crash: "
                "reinstall it with pip install 'ostinato[reasoning]'"
            )
        return self._process

    def _stop(self) -> None:
        process, self._process, self._requests = self._process, None, 0
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)


def _ask(process: subprocess.Popen[bytes], request: str, seconds: float) -> bytes | None:
    """The reply; None if none comes in time."""
    assert process.stdin is not None, "it was started with a pipe"
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(request.encode() + b"\n")
        process.stdin.flush()
        return _line(process, seconds)
    return None


def _close(pipe: IO[bytes] | None) -> None:
    assert pipe is not None, "it was started with pipes"
    with contextlib.suppress(BrokenPipeError):  # what a killed process never read
        pipe.close()


def _line(process: subprocess.Popen[bytes], seconds: float) -> bytes | None:
    """The next line that it writes; None if none comes in time."""
    assert process.stdout is not None, "it was started with a pipe"
    descriptor = process.stdout.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    deadline = time.monotonic() + seconds
    line = b""
    while (left := deadline - time.monotonic()) > 0 and poll.poll(left * 1000):
        piece = os.read(descriptor, 65536)
        line += piece
        if not piece or line.endswith(b"\n"):
            return line or None
    return None


class _Shared:
    """The worker of this process. A forked child leaves its parent's alone."""

    def __init__(self) -> None:
        self.worker = Worker()
        self.of_parents: list[Any] = []

    def forget(self) -> None:
        self.of_parents.append(self.worker)
        self.worker = Worker()


_shared = _Shared()
os.register_at_fork(after_in_child=_shared.forget)
atexit.register(lambda: _shared.worker.stop())


def decide(given: str, right: str, seconds: float) -> str:
    """``equal``, or why not, by the worker of this process."""
    return _shared.worker.decide(given, right, seconds)


def stop() -> None:
    """End the worker of this process, if there is one."""
    _shared.worker.stop()
