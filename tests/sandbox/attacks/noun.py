"""What an attack is, and what is known of one run of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from ostinato.sandbox.types import MIB, Limits, Outcome

if TYPE_CHECKING:
    from attacks.world import World

ABSENT = 77
"""The exit code of a program that finds that this machine has not got what it would abuse."""

PROGRAM = "attack.py"

PATIENCE = 3.0
"""Seconds by which a run may outlast its wall-clock limit: a busy machine is slow to kill."""

BEGUN = b"begun\n"
"""What every attack writes to standard error first."""

SMALL = Limits(
    wall_seconds=4.0,
    cpu_seconds=2.0,
    memory_bytes=128 * MIB,
    processes=8,
    open_files=64,
    disk_bytes=8 * MIB,
    output_bytes=MIB,
)


class Category(StrEnum):
    FILES = "files"
    NETWORK = "network"
    PROCESSES = "processes"
    RESOURCES = "resources"
    KERNEL = "kernel"
    MOMENTS = "moments"
    SECRETS = "secrets"
    NEIGHBOURS = "neighbours"


class Need(Enum):
    """What an attack's control cannot do without."""

    ROOT = "root"
    DEVICE = "a root file system on a block device"
    X86 = "an x86-64 processor"
    CGROUP = "a writable cgroup hierarchy"
    NETWORK_CARD = "a network card"


@dataclass
class Seen:
    """What the watcher saw of a run's processes; what it cannot see stays at nothing."""

    processes: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """When, and how many processes and threads there were."""
    memory: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """Bytes mapped, or in memory files."""
    disk: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    """Bytes in the working directory, and in unlinked files held open."""
    cpu: dict[int, float] = field(default_factory=dict[int, float])
    """Seconds, by process."""
    held: set[str] = field(default_factory=set[str])
    """What the descriptors were, as /proc names it, and families of sockets as ``family:N``."""
    uids: set[int] = field(default_factory=set[int])
    groups: set[int] = field(default_factory=set[int])
    """Process groups."""
    folders: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    """Device and inode of the working directories."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What the trusted side knows once a run is over."""

    outcome: Outcome | None
    """None where the sandbox raised, or never returned."""
    fault: str
    """Why there is no outcome."""
    elapsed: float
    seen: Seen
    survivors: tuple[str, ...]
    """Command lines of the processes left over just after the return."""
    limits: Limits

    @property
    def output(self) -> bytes:
        """All that came out of it."""
        if self.outcome is None:
            return b""
        parts = (self.outcome.stdout, self.outcome.stderr, self.outcome.reply)
        return b"\n".join((*parts, *self.outcome.files.values()))

    @property
    def confessed(self) -> bool:
        return self.outcome is not None and self.outcome.ok


def sustained(samples: list[tuple[float, int]], limit: int, seconds: float = 0.25) -> str:
    """Evidence that a value stayed above a limit: a supervisor that polls may see it late, but
    then it must act.
    """
    began: float | None = None
    for when, value in samples:
        began = (when if began is None else began) if value > limit else None
        if began is not None and when - began >= seconds:
            return f"{value} for {when - began:.2f} s where {limit} is the most"
    return ""


Oracle = Callable[["World", Run], str]
"""The evidence that an attack succeeded; nothing if it did not."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A program, and how to tell from outside whether it got what it wanted."""

    name: str
    category: Category
    program: str
    """Python after the prelude; ``$name`` stands for the repr of a fact of the world."""
    succeeded: Oracle
    limits: Limits = SMALL
    keep: tuple[str, ...] = ()
    stdin: bytes = b""
    needs: frozenset[Need] = frozenset()
    no_control: str = ""
    """Why it is not run without a sandbox, where it is not."""
    watch: frozenset[str] = frozenset()
    """What the watcher looks at: ``memory``, ``disk``, ``held``."""
    alone: bool = False
    """Its oracle looks at something that concurrent attacks would disturb."""
    long: bool = False


def program_of(attack: Attack, world: World) -> str:
    """The whole source, facts filled in."""
    from string import Template

    from attacks.prelude import PRELUDE

    return f"# {world.token}\n" + PRELUDE + Template(attack.program).substitute(world)


def resource_attack(
    name: str,
    program: str,
    succeeded: Oracle,
    *,
    watch: str = "",
    limits: Limits = SMALL,
    keep: tuple[str, ...] = (),
    long: bool = False,
    no_control: str = "",
) -> Attack:
    """An attack on what a run may use; ``watch`` names what is sampled, with spaces between."""
    return Attack(
        name=name,
        category=Category.RESOURCES,
        program=program,
        succeeded=succeeded,
        limits=limits,
        keep=keep,
        watch=frozenset(watch.split()),
        long=long,
        no_control=no_control,
    )
