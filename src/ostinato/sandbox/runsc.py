"""The third tier, gVisor's program ``runsc``: a kernel of its own, in user space, for each run.

The program never speaks to the machine's kernel. A relay of ours is the first process inside: it
starts the program under the same system call filter as in the other tiers, and tells how many
processes there are. What gVisor's processes use on the outside is what the program uses.
"""

from __future__ import annotations

import json
import marshal
import os
import platform
import shutil
import tempfile
from functools import cache
from pathlib import Path

from ostinato.sandbox import layout, supervisor
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.identity import Identity
from ostinato.sandbox.machine import lacks_children, lacks_filter, lacks_namespaces
from ostinato.sandbox.process import Supervised, plan, run_async
from ostinato.sandbox.seccomp import assemble
from ostinato.sandbox.supervisor.job import BESIDE, FRESH, Job
from ostinato.sandbox.types import Command, Outcome

_RELAY = "/sandbox"
_START = f"import sys; sys.path.append({_RELAY!r}); from supervisor.relay import main; main()"
_FLAGS = (
    *("--network=none", "--ignore-cgroups", "--overlay2=none", "--host-fifo=open"),
    f"--root={BESIDE}/state",
)
_RUN = ("run", f"--bundle={BESIDE}")
_CAPABILITIES = [
    f"CAP_{name}"
    for name in ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETPCAP", "SETUID", "SYS_ADMIN")
]
_TOLD = (
    *("argv", "executable", "environment", "reply", "cpu_seconds", "memory_bytes"),
    *("processes", "open_files", "disk_bytes"),
)
"""Of a job, to the relay."""


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
            return "found no program runsc (gVisor) on PATH: use landlock or bubblewrap"
        if missing := lacks_filter() or lacks_namespaces("runsc") or lacks_children():
            return missing
        base = Path(tempfile.gettempdir()).resolve()
        if any(base.is_relative_to(place) for place in ("/dev", "/proc", "/sys", _RELAY)):
            return (
                f"runsc has files of its own where temporary files are made, in {base}: set "
                "TMPDIR to a directory elsewhere"
            )
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
        assert self._program is not None, "otherwise it is missing"
        job = plan(command)
        root = os.geteuid() == 0
        job.uid = Identity.of_next_run([]).uid
        told = {name: vars(job)[name] for name in _TOLD}
        program = assemble(platform.machine(), own_uid=True, kill_scoped=True)
        # An ordinary user is the only one that exists in his own namespace: its uid 0.
        job.guest = marshal.dumps({**told, "uid": job.uid if root else 0, "filter": program})
        job.bundle, job.root = _bundle(), _root()
        job.wrap = [self._program, *([] if root else ["--rootless"]), *_FLAGS, *_RUN]
        job.argv, job.environment = [], {}
        return job


@cache
def _bundle() -> str:
    """The configuration of the container, of which the relay is the first process."""
    readable = {str(root): str(root) for root in _readable()}
    readable[f"{_RELAY}/supervisor"] = str(Path(supervisor.__file__).parent)
    writable = {FRESH: FRESH, f"{_RELAY}/channel": f"{BESIDE}/channel"}
    mounts = [
        {"destination": "/proc", "type": "proc", "source": "proc"},
        *(_mount(to, "bind", source, "ro") for to, source in readable.items()),
        *(_mount(str(hole), "tmpfs", "tmpfs", "ro") for hole in _holes()),
        *(_mount(to, "bind", source, "rw") for to, source in writable.items()),
    ]
    sets = ("bounding", "effective", "inheritable", "permitted")
    process = {
        "args": [str(layout.interpreter()), "-I", "-S", "-c", _START],
        "env": ["PYTHONDONTWRITEBYTECODE=1", "LANG=C.UTF-8"],
        "cwd": FRESH,
        "user": {"uid": 0, "gid": 0},
        "capabilities": dict.fromkeys(sets, _CAPABILITIES),
        "noNewPrivileges": True,
    }
    kinds = ("pid", "network", "ipc", "uts", "mount")
    configuration = {
        "ociVersion": "1.0.0",
        "process": process,
        "root": {"path": "root", "readonly": True},
        "hostname": "sandbox",
        "mounts": mounts,
        "linux": {"namespaces": [{"type": kind} for kind in kinds]},
    }
    return json.dumps(configuration)


def _mount(destination: str, kind: str, source: str, mode: str) -> dict[str, object]:
    options = [mode, *(["bind"] if kind == "bind" else [])]
    return {"destination": destination, "type": kind, "source": source, "options": options}


@cache
def _root() -> list[tuple[str, str]]:
    """What is mounted on, and links. The rest of the root is empty."""
    readable = [(str(root)[1:], "/" if root.is_dir() else "") for root in _readable()]
    own = [(name, "/") for name in ("proc", "dev", "sys", "sandbox/supervisor", "sandbox/channel")]
    roots = layout.readable_roots()
    links = [
        (a[1:], b) for a, b in layout.links() if not any(Path(a).is_relative_to(r) for r in roots)
    ]
    return [*own, *readable, *links]


def _readable() -> list[Path]:
    return [root for root in layout.readable_roots() if not root.is_relative_to("/dev")]


def _holes() -> list[Path]:
    return [hole for hole in layout.holes() if set(hole.parents) & set(layout.readable_roots())]
