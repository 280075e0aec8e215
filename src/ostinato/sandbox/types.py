"""The nouns of the sandbox: what is run, within which limits, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

MIB = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Limits:
    """For the whole tree of processes of one run, whoever started them."""

    wall_seconds: float = 10.0
    cpu_seconds: float = 5.0
    memory_bytes: int = 512 * MIB
    """Of all processes together."""
    processes: int = 16
    """Processes and threads alive at once."""
    open_files: int = 64
    """Of one process."""
    disk_bytes: int = 64 * MIB
    """In the fresh directory; no single file is larger either."""
    output_bytes: int = MIB
    """Of standard output, and as much of standard error; more of it ends the run."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """A program to run."""

    argv: tuple[str, ...]
    """``("python", ...)`` is the Python that runs us, isolated and without its packages; another
    program is found on the sandbox's own PATH.
    """
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What the fresh working directory holds at first, by relative path."""
    stdin: bytes = b""
    reply: bool = False
    """Open file descriptor 3 for writing, apart from the standard streams: ``Outcome.reply``."""
    keep: tuple[str, ...] = ()
    """Relative paths of files to bring back: regular files only, never through a link."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Added to a small fixed environment; nothing of ours is inherited."""
    limits: Limits = field(default_factory=Limits)


class Status(StrEnum):
    """How a run ended."""

    EXITED = "exited"
    """By itself, with an exit code."""
    SIGNALLED = "signalled"
    """By a signal that was not ours: a crash, a denied system call."""
    WALL = "wall"
    """It ran out of wall-clock time."""
    CPU = "cpu"
    """It ran out of processor time."""
    MEMORY = "memory"
    """All its processes together held too much."""
    PROCESSES = "processes"
    """It had too many processes."""
    DISK = "disk"
    """Its directory grew too large."""
    OUTPUT = "output"
    """It wrote too much."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a run. Nothing in it can be believed beyond what the kernel vouches for."""

    status: Status
    exit_code: int | None
    """None unless it exited; a program's own claim."""
    signal: int | None
    """None unless a signal ended it."""
    stdout: bytes
    stderr: bytes
    reply: bytes
    """What came through descriptor 3."""
    files: Mapping[str, bytes]
    """Of ``Command.keep``, what exists as a regular file."""
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    """Of all processes together, as sampled."""

    @property
    def ok(self) -> bool:
        """It exited with 0: a program can say so whenever it likes."""
        return self.status is Status.EXITED and self.exit_code == 0


class Sandbox(Protocol):
    """A way to run a stranger's program. Thread-safe; a run leaves nothing behind."""

    @property
    def name(self) -> str:
        """``landlock``, ``bubblewrap`` or ``runsc``."""
        ...

    def run(self, command: Command) -> Outcome:
        """Run it to its end, in a fresh directory. Raises ``SandboxError`` where the protection
        cannot be set up in full; never runs with less.
        """
        ...

    async def run_async(self, command: Command) -> Outcome:
        """As `run`, without blocking the event loop; cancelling kills the whole tree."""
        ...
