"""The first tier: Landlock, seccomp and resource limits, in pure Python.

No root, no namespace, no other program. Started as root, every run gets an unprivileged uid of
its own.
"""

from __future__ import annotations

import os
import platform
import tempfile
from functools import cache
from pathlib import Path

from ostinato.sandbox import layout
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.identity import Identity, is_unlimited_root
from ostinato.sandbox.machine import lacks_children, lacks_filter
from ostinato.sandbox.process import Supervised, plan, run_async
from ostinato.sandbox.seccomp import assemble
from ostinato.sandbox.supervisor.job import Job
from ostinato.sandbox.supervisor.kernel import landlock_abi
from ostinato.sandbox.types import Command, Outcome

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_SOCK, _MAKE_BLOCK = 64, 512, 2048
_TRUNCATE, _IOCTL = 1 << 14, 1 << 15
_SCOPES = 3
"""Abstract Unix sockets and signals."""
_TCP = 3
_ABI_TRUNCATE, _ABI_TCP, _ABI_IOCTL, _ABI_SCOPES = 3, 4, 5, 6


class Landlock:
    """See ``Sandbox``. ``abi`` pretends that the kernel's Landlock is older, for tests."""

    def __init__(self, abi: int | None = None) -> None:
        self._abi = landlock_abi() if abi is None else abi

    @property
    def name(self) -> str:
        """See ``Sandbox``."""
        return "landlock"

    def missing(self) -> str | None:
        """What the kernel or the machine lacks, in one sentence."""
        if missing := lacks_filter():
            return missing
        if self._abi == 0:
            return (
                "the kernel has no Landlock: boot one with CONFIG_SECURITY_LANDLOCK=y and "
                "landlock in its lsm= list, or install bubblewrap"
            )
        if self._abi < _ABI_TRUNCATE:
            return (
                f"the kernel's Landlock is of version {self._abi}, and 3 is needed (Linux 6.2): "
                "upgrade it, or install bubblewrap"
            )
        if missing := lacks_children():
            return missing
        if is_unlimited_root():
            return (
                "root lacks the capabilities to become another user for a run (CAP_DAC_OVERRIDE, "
                "CAP_KILL, CAP_SETGID, CAP_SETPCAP, CAP_SETUID): grant them, or run as an "
                "ordinary user"
            )
        if "Seccomp_filters:" not in Path("/proc/self/status").read_text():
            return "the kernel filters no system calls: build it with CONFIG_SECCOMP_FILTER=y"
        return None

    def run(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return Supervised(self._job(command)).run()

    async def run_async(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return await run_async(self._job(command))

    def _job(self, command: Command) -> Job:
        if (missing := self.missing()) is not None:
            raise SandboxError(missing)
        identity = Identity.of_next_run(_needed_places())
        own = identity.uid >= 0
        scoped = self._abi >= _ABI_SCOPES
        everything = _everything(self._abi)
        return plan(
            command,
            uid=identity.uid,
            capability=identity.capability,
            filter=assemble(
                platform.machine(), own_uid=own and not identity.writes, kill_scoped=own or scoped
            ),
            handled=(everything, _TCP * (self._abi >= _ABI_TCP), _SCOPES * scoped),
            fresh_rights=everything & ~(_MAKE_CHAR | _MAKE_SOCK | _MAKE_BLOCK | _IOCTL),
            rules=_rules(),
        )


def _everything(abi: int) -> int:
    """Every right on files that this version knows."""
    return (1 << (15 + (abi >= _ABI_IOCTL))) - 1


@cache
def _rules() -> list[tuple[str, int]]:
    rules = [("/dev/null", _READ_FILE | _WRITE_FILE)]
    for path, whole in layout.readable():
        if not whole:
            rights = _READ_DIR
        elif Path(path).is_dir():
            rights = _EXECUTE | _READ_FILE | _READ_DIR
        else:
            rights = _EXECUTE | _READ_FILE
        rules.append((path, rights))
    return rules


def _needed_places() -> list[Path]:
    standard = Path(os.__file__).resolve()
    return [layout.interpreter(), standard, Path(tempfile.gettempdir()).resolve()]
