"""What gVisor is given of a run: a bundle, and a channel to the relay inside.

All of it is in a second directory, beside the fresh one, which the program never sees.
"""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH103, PTH211

from __future__ import annotations

import os

from .job import BESIDE, FRESH, Job
from .workspace import Workspace


class Container:
    """The directory of one run, filled; ``job.wrap`` names it from now on."""

    def __init__(self, job: Job, fresh: str) -> None:
        self.workspace = Workspace(job.base)
        beside = self.workspace.path
        self.channel = f"{beside}/channel"
        self.workspace.write({"channel/guest": job.guest})
        for name in ("report", "reply", "go"):
            os.mkfifo(f"{self.channel}/{name}", 0o600)
        root = f"{beside}/root"
        umask = os.umask(0o022)
        for path, target in [*job.root, (fresh[1:], "/")]:
            _place(f"{root}/{path}", target)
        os.umask(umask)
        bundle = job.bundle.replace(FRESH, fresh).replace(BESIDE, beside)
        self.workspace.write({"config.json": bundle.encode()})
        name = os.path.basename(beside)  # noqa: PTH119 (gVisor wants one that no other run has)
        job.wrap = [*(part.replace(BESIDE, beside) for part in job.wrap), name]

    def remove(self) -> None:
        """Take it away."""
        self.workspace.remove()


def _place(path: str, target: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120
    if target == "/":
        os.makedirs(path, exist_ok=True)
    elif target:
        os.symlink(target, path)
    else:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))
