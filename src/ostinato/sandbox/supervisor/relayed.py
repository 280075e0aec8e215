"""The watch over a run in gVisor: a relay inside tells what cannot be seen from outside."""

from __future__ import annotations

import os
import time

from .job import Job
from .sentry import SentryTree
from .streams import Streams
from .watch import Watch
from .workspace import Workspace

_START_SECONDS = 30.0
_TASKS = 1024
"""Of gVisor's own: processes that stand for those inside, and threads."""
_KILLED = -9


class Relayed(Watch):
    """See ``Watch``. What gVisor itself takes until the program starts does not count."""

    def __init__(self, job: Job, streams: Streams, workspace: Workspace, life: int) -> None:
        super().__init__(job, streams, workspace, life)
        self.tree = self._sentry = SentryTree()
        self._most_tasks += _TASKS
        self._most_wall = _START_SECONDS
        self._going = False

    def _over(self) -> bool:
        lines = self._streams.report.content.splitlines()
        if lines == [b"ready"] and not self._going:
            self._start()
        if b"processes" in lines:
            self.cause = "processes"
        return len(lines) > self._going

    def _start(self) -> None:
        if not self._sentry.find_memory():
            raise OSError("gVisor keeps its memory in no file that can be measured")
        self._going = True
        self.tree.look(0)
        self.tree.forget()
        self._began, self._most_wall = time.monotonic(), self._job.wall_seconds
        os.write(self._streams.go, b"g")

    def _look_at_processes(self) -> None:
        if self._going:
            super()._look_at_processes()

    def _result(self, status: int) -> dict[str, object]:
        """What the relay said last. Without a word the sentry has died. ``status`` is that of
        gVisor's own process, which says nothing of the program.
        """
        del status
        lines = self._streams.report.content.decode().splitlines()
        last, _, rest = (lines or [""])[-1].partition(" ")
        if last == "failed":
            number, _, step = rest.partition(" ")
            return {"error": step, "errno": int(number)}
        if not self._going and self.cause != "abandoned":
            said = self._streams.err.content.decode(errors="replace").strip()
            return {"error": f"runsc: {said.rpartition(chr(10))[2] or 'no message'}", "errno": 0}
        return {"code": int(rest) if last == "ended" else _KILLED}
