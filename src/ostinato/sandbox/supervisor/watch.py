"""The loop that holds a run within its limits."""

from __future__ import annotations

import os
import select
import time

from .job import Job
from .streams import Streams
from .tree import Tree
from .workspace import Workspace

_INTERVAL = 0.01
"""Seconds from the end of one look at the processes to the next."""
_DISK_SHARE = 4
"""Looking through a large directory takes long: that many times as long passes until the next."""
_SIGNALLED = 128
_WRAPPERS = 2
"""Processes of bubblewrap itself: one outside of its namespace, and the first one inside."""
_CAUSE_OF_SIGNAL = {24: "cpu", 25: "disk"}  # SIGXCPU, SIGXFSZ: the kernel held the limit


class Watch:
    """One run, from its first process to the verdict."""

    def __init__(self, job: Job, streams: Streams, workspace: Workspace, life: int) -> None:
        self.cause = ""
        """The limit that was passed; empty: none."""
        self.tree = Tree(trusted=_WRAPPERS if job.wrap and not job.bundle else 0)
        self._job = job
        self._streams = streams
        self._workspace = workspace
        self._life = life
        """A pipe from our caller: it is closed when the run is to be given up."""
        self._most_tasks, self._most_wall = job.processes, job.wall_seconds
        self._parent = os.getppid()
        self._next_look = self._next_disk = self._began = time.monotonic()

    def hold(self, child: int) -> dict[str, object]:
        """Wait until the first process ends, a limit is passed or our caller is gone; then end
        all, and say how it was.
        """
        poll = select.poll()
        pidfd = os.pidfd_open(child)
        for descriptor in (pidfd, self._life, *self._streams.captured):
            poll.register(descriptor, select.POLLIN)
        poll.register(self._streams.stdin, select.POLLOUT)
        ended = False
        while not ended and not self.cause:
            for descriptor, _ in poll.poll(_INTERVAL * 1000):
                if descriptor == pidfd:
                    ended = True
                elif descriptor == self._life:
                    self.cause = "abandoned"
                elif not self._streams.move(descriptor):
                    poll.unregister(descriptor)
            ended = ended or self._over()
            self._check(ended=ended)
        wall = time.monotonic() - self._began
        if not self.cause:
            self._look_at_processes()  # what a first process that gave up leaves behind
        self.tree.kill()
        return {"wall_seconds": wall, **self._verdict(child)}

    def _over(self) -> bool:
        """Whether the program has ended although the first process has not yet."""
        return False

    def _check(self, *, ended: bool) -> None:
        now = time.monotonic()
        if os.getppid() != self._parent:
            self.cause = "abandoned"
        elif self._streams.full:
            self.cause = "output"
        elif ended or self.cause:
            return  # the last look comes before anything is reaped
        elif now - self._began > self._most_wall:
            self.cause = "wall"
        elif now >= self._next_look:
            self._look(now)

    def _look_at_processes(self) -> None:
        tree, job = self.tree, self._job
        tree.look(job.memory_bytes)
        if tree.tasks > self._most_tasks:
            self.cause = "processes"
        elif tree.memory > job.memory_bytes:
            self.cause = "memory"
        elif tree.cpu > job.cpu_seconds:
            self.cause = "cpu"

    def _look(self, now: float) -> None:
        tree, job = self.tree, self._job
        tree.reap()
        self._look_at_processes()
        if not self.cause and now >= self._next_disk:
            size = self._workspace.size(job.disk_bytes)
            if size + tree.hidden_disk(self._workspace.path, job.disk_bytes + 1) > job.disk_bytes:
                self.cause = "disk"
            done = time.monotonic()
            self._next_disk = done + _DISK_SHARE * (done - now)
        self._next_look = time.monotonic() + _INTERVAL

    def _verdict(self, child: int) -> dict[str, object]:
        """After all are dead. What was passed between two looks is still found where it lasts."""
        status = self.tree.ended(child)
        assert status is not None, "the first process was reaped with all others"
        self._streams.drain()
        result = self._result(status)
        if "error" in result:
            return result
        code = result["code"]
        assert isinstance(code, int)
        self.cause = self.cause or _CAUSE_OF_SIGNAL.get(-code, "")
        if not self.cause and self.tree.cpu > self._job.cpu_seconds:
            self.cause = "cpu"
        most = self._job.disk_bytes
        if self._workspace.size(most, settled=True) > most:
            self.cause = self.cause or "disk"
        if not self.cause and self._streams.full:
            self.cause = "output"
        return {"cause": self.cause, "code": code}

    def _result(self, status: int) -> dict[str, object]:
        """The exit code, negative for a signal, or the error because of which nothing was run."""
        code = os.waitstatus_to_exitcode(status)
        if self._job.wrap and code > _SIGNALLED:
            code = _SIGNALLED - code  # as shells do, a wrapper says so of what a signal ended
        return {"code": code}
