"""What several tiers need of the machine; each says in one sentence what is missing."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from ostinato.sandbox.identity import can_make_namespaces
from ostinato.sandbox.seccomp import AUDIT_ARCH


def lacks_filter() -> str | None:
    """We can write a system call filter for this processor."""
    machine = platform.machine()
    if machine in AUDIT_ARCH:
        return None
    return f"no system call filter for {machine}: use a machine of {' or '.join(AUDIT_ARCH)}"


def lacks_namespaces(program: str) -> str | None:
    """Root may make the namespaces that a program such as bubblewrap builds."""
    if os.geteuid() != 0 or can_make_namespaces():
        return None
    return (
        f"root lacks capabilities that {program} needs (CAP_SYS_ADMIN, CAP_SETUID, "
        "CAP_SETGID, CAP_SETPCAP, CAP_KILL): grant them, or run as an ordinary user"
    )


def lacks_children() -> str | None:
    """The kernel lists the children of a process, by which a tree is followed."""
    if Path("/proc/thread-self/children").exists():
        return None
    return "the kernel lists no children in /proc: build it with CONFIG_PROC_CHILDREN=y"
