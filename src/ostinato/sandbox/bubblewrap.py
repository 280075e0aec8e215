"""The second tier: the program bubblewrap, which builds namespaces, and the same limits around it.

The system calls are filtered as in the first tier. Nothing but what is put there exists in the
file system; process ids, network and users are the sandbox's own.
"""

from __future__ import annotations

import os
import platform
import shutil
from functools import cache
from pathlib import Path

from ostinato.sandbox import layout
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.identity import Identity
from ostinato.sandbox.machine import lacks_children, lacks_filter, lacks_namespaces
from ostinato.sandbox.process import Supervised, plan, run_async
from ostinato.sandbox.seccomp import assemble
from ostinato.sandbox.supervisor import kernel
from ostinato.sandbox.supervisor.job import FRESH, Job
from ostinato.sandbox.types import Command, Outcome

_FILTER_FD = 9
_COMMON = ("--die-with-parent", "--new-session", "--hostname", "sandbox")
_UNPRIVILEGED = (
    *("--unshare-all", *_COMMON, "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL"),
    *("--seccomp", str(_FILTER_FD)),
)
_AS_ROOT = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *(*_COMMON, "--cap-add", "ALL"),
)
_BECOME = f"""
import sys
program = os.read({_FILTER_FD}, 1 << 16)
os.close({_FILTER_FD})
os.umask(0o077)
become(int(sys.argv[1]), -1)
no_new_privileges()
seccomp_enter(program)
os.execv(sys.argv[2], sys.argv[3:])
"""
_DEVICES = ("/dev/null", "/dev/urandom", "/dev/random")
_OWN_PROCESSES = 2
"""Bubblewrap's own: one outside of the namespace, and the first inside."""


class Bubblewrap:
    """See ``Sandbox``. ``program`` is a path to ``bwrap``, for tests; None: the one on PATH."""

    def __init__(self, program: str | None = None) -> None:
        self._program = program or shutil.which("bwrap")

    @property
    def name(self) -> str:
        """See ``Sandbox``."""
        return "bubblewrap"

    def missing(self) -> str | None:
        """What the machine lacks, in one sentence."""
        if self._program is None:
            return "found no program bwrap on PATH: install the package bubblewrap"
        return lacks_filter() or lacks_namespaces("bubblewrap") or lacks_children()

    def run(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return Supervised(self._job(command)).run()

    async def run_async(self, command: Command) -> Outcome:
        """See ``Sandbox``."""
        return await run_async(self._job(command))

    def _job(self, command: Command) -> Job:
        if (missing := self.missing()) is not None:
            raise SandboxError(missing)
        assert self._program is not None, "otherwise it is missing"
        job = plan(command)
        inner: list[str] = []
        if os.geteuid() == 0:
            job.uid = Identity.of_next_run([]).uid
            inner = [*_become(), str(job.uid), job.executable]
            namespaces = _AS_ROOT
        else:
            namespaces = _UNPRIVILEGED
        job.wrap = [self._program, *namespaces, *_files(job.base), "--", *inner, job.executable]
        job.argv = job.argv[1:]
        job.processes += _OWN_PROCESSES
        job.filter = assemble(platform.machine(), own_uid=True, kill_scoped=True)
        job.filter_fd = _FILTER_FD
        return job


@cache
def _become() -> list[str]:
    """A program to run inside that changes to the uid of the run. Root without a user namespace
    has no limit on processes, and in one it would still be root to the kernel.
    """
    source = Path(kernel.__file__).read_text()
    return [str(layout.interpreter()), "-I", "-S", "-c", source + _BECOME]


@cache
def _files(base: str) -> list[str]:
    arguments: list[str] = []
    inner = [*layout.readable_roots(), Path(base, "fresh")]
    above = {parent for path in inner for parent in path.parents[:-1]}
    for directory in sorted(above):
        arguments += ["--perms", "0755", "--dir", str(directory)]
    for root in layout.readable_roots():
        if root.is_relative_to("/dev"):
            continue
        arguments += ["--ro-bind", str(root), str(root)]
    for hole in layout.holes():
        if any(root in hole.parents for root in layout.readable_roots()):
            arguments += ["--tmpfs", str(hole), "--remount-ro", str(hole)]
    for link, target in layout.links():
        arguments += ["--symlink", target, link]
    for device in _DEVICES:
        arguments += ["--dev-bind", device, device]
    return [*arguments, "--bind", FRESH, FRESH, "--remount-ro", "/", "--chdir", FRESH]
