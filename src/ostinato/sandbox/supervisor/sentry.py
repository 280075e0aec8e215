"""What gVisor's processes hold for the program: the sentry keeps its memory in nameless files."""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH115, PTH208

from __future__ import annotations

import os

from .tree import Tree, descendants, own_bytes

_MEMORY = "/memfd:runsc-memory"


class SentryTree(Tree):
    """See ``Tree``. What the program holds is not what its processes have mapped just now."""

    def __init__(self) -> None:
        super().__init__()
        self._files: list[int] = []

    def find_memory(self) -> bool:
        """Open the files that hold memory, before the program runs; whether the sentry's own is
        among them.
        """
        known: dict[tuple[int, int], str] = {}
        for path in (path for pid in descendants() for path in _descriptors(pid)):
            try:
                name = os.readlink(path)
                if not name.startswith("/memfd:"):
                    continue
                file = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:  # closed by now, or nothing that we may see
                continue
            found = os.fstat(file)
            if known.setdefault((found.st_dev, found.st_ino), name) is not name:
                os.close(file)
                continue
            self._files.append(file)
        return any(name.startswith(_MEMORY) for name in known.values())

    def _held_by(self, pids: list[int], limit: int) -> int:
        del limit  # all of it is told apart already
        inside = sum(os.fstat(file).st_blocks * 512 for file in self._files)
        return inside + sum(map(own_bytes, pids))


def _descriptors(pid: int) -> list[str]:
    try:
        return [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        return []
