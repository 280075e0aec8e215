"""What a supervisor is told: plain values, which travel marshalled."""

from __future__ import annotations

FRESH = "{fresh}"
"""Stands for the path of the fresh directory in ``wrap``, in ``bundle`` and in the values of
``environment``.
"""
BESIDE = "{beside}"
"""Stands for the path of a second directory, of gVisor's and ours, in ``wrap`` and ``bundle``."""


class Job:
    """One run. No dataclass: importing that module alone takes as long as a small run."""

    argv: list[str]
    executable: str
    """What is executed: an absolute path, or one relative to the fresh directory."""
    environment: dict[str, str]
    files: dict[str, bytes]
    stdin: bytes
    reply: bool
    keep: list[str]
    wall_seconds: float
    cpu_seconds: float
    memory_bytes: int
    processes: int
    open_files: int
    disk_bytes: int
    output_bytes: int
    base: str
    """The directory in which the fresh one is made."""
    wrap: list[str]
    """A program with its arguments that builds the sandbox and then starts ours in it, or none."""
    bundle: str
    """The configuration of the container that gVisor is to run; "": there is none."""
    root: list[tuple[str, str]]
    """What is in the container's root, by path relative to it: targets of links, "/" for a
    directory, "" for a file.
    """
    guest: bytes
    """The marshalled fields of the job that the relay in the container is given."""
    filter: bytes
    """The seccomp program."""
    filter_fd: int
    """Where ``wrap`` reads the seccomp program; -1: it is installed by the child itself."""
    handled: tuple[int, int, int]
    """Landlock's masks: file system, network, scope. All 0: no Landlock."""
    fresh_rights: int
    """Landlock's rights in the fresh directory."""
    rules: list[tuple[str, int]]
    """Further paths and Landlock's rights there."""
    uid: int
    """The unprivileged uid (and gid) of this run alone; -1: the run shares ours. Where there is a
    wrapper, it or what it starts changes to this uid.
    """
    capability: int
    """The one capability that is kept with ``uid``; -1: none."""

    def __init__(self, fields: dict[str, object]) -> None:
        self.__dict__.update(fields)
