"""The third tier: gVisor's ``runsc``, a kernel in user space."""

from __future__ import annotations

import shutil

from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.process import Supervised, plan, run_async
from ostinato.sandbox.supervisor.job import Job
from ostinato.sandbox.types import Command, Outcome


class Runsc:
    """See ``Sandbox``. ``program`` is a path to ``runsc``, for tests; None: the one on PATH."""

    def __init__(self, program: str | None = None) -> None:
        self._program = program or shutil.which("runsc")

    @property
    def name(self) -> str:
        """See ``Sandbox``."""
        return "runsc"

    def missing(self) -> str | None:
        """What the machine lacks, in one sentence."""
        if self._program is None:
            return "found no program runsc on PATH: install gVisor"
        return "the runsc sandbox is being built"

    def run(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return Supervised(self._job(command)).run()

    async def run_async(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return await run_async(self._job(command))

    def _job(self, command: Command) -> Job:
        if (missing := self.missing()) is not None:
            raise SandboxError(missing)
        return plan(command)
