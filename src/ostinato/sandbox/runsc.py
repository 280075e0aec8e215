"""The third tier, gVisor's ``runsc``: known by name, but not offered on any machine yet.

A run in it could not be held within all of `Limits`: the supervisor sees gVisor's own processes,
not the program's, and releases before 2023 hand no descriptor for the reply to the program. What
does not protect in full is refused, so this says why.
"""

from __future__ import annotations

import shutil

from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.types import Command, Outcome


class Runsc:
    """See ``Sandbox``. Every run is refused."""

    @property
    def name(self) -> str:
        """See ``Sandbox``."""
        return "runsc"

    def missing(self) -> str:
        """What is missing, in one sentence."""
        if shutil.which("runsc") is None:
            return "found no program runsc (gVisor) on PATH: use landlock or bubblewrap"
        return (
            "the limits on processes and the channel for the reply are not in force in gVisor's "
            "runsc: use landlock or bubblewrap"
        )

    def run(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        raise SandboxError(f"{self.missing()} (to run {command.argv[:1]})")

    async def run_async(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return self.run(command)
