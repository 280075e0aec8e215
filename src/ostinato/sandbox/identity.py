"""As whom a program runs when we are root."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ostinato.sandbox.layout import searchable_by_all

_CHOWN, _DAC_OVERRIDE, _DAC_READ_SEARCH, _KILL, _SETGID, _SETUID, _SETPCAP = 0, 1, 2, 5, 6, 7, 8
_SYS_ADMIN = 21
_NEEDED = (_DAC_OVERRIDE, _KILL, _SETGID, _SETUID, _SETPCAP)
_FIRST = 0x60000000
"""Uids from here on are nobody's: below the ranges that containers and directory services use."""
_COUNT = 1 << 22
_numbers = itertools.count(os.urandom(2)[0])


@dataclass(frozen=True)
class Identity:
    """The uid of one run, so that what binds a uid binds the run: the count of its processes,
    signals, the owner of files.
    """

    uid: int
    """-1: we are not root, or not root enough to become another."""
    capability: int = -1
    """Kept where the interpreter lies in a directory closed to others, ``/root`` for example:
    reading past modes (not past Landlock). -1: none.
    """

    @property
    def writes(self) -> bool:
        """The capability kept would also let files be changed past their modes."""
        return self.capability == _DAC_OVERRIDE

    @classmethod
    def of_next_run(cls, places: Sequence[Path]) -> Identity:
        """A fresh one, for a program that has to reach ``places``."""
        held = _capabilities()
        if os.geteuid() != 0 or not all(held >> capability & 1 for capability in _NEEDED):
            return cls(-1)
        uid = _next_uid()
        if uid < 0 or all(searchable_by_all(place) for place in places):
            return cls(uid)
        return cls(uid, _DAC_READ_SEARCH if held >> _DAC_READ_SEARCH & 1 else _DAC_OVERRIDE)


def is_unlimited_root() -> bool:
    """The kernel counts no processes of the machine's root, and we cannot become another user."""
    first = Path("/proc/self/uid_map").read_text().split()
    return os.geteuid() == 0 and first[:2] == ["0", "0"] and Identity.of_next_run([]).uid < 0


def can_make_namespaces() -> bool:
    """Root in a container often cannot."""
    held = _capabilities()
    return Identity.of_next_run([]).uid >= 0 and bool(held >> _SYS_ADMIN & 1)


def _capabilities() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("CapEff:")[2].split(None, 1)[0], 16)


def _next_uid() -> int:
    """One that no other run on this machine has now; in a user namespace, one that exists there."""
    number = (os.getpid() * 8191 + next(_numbers)) % _COUNT
    ranges = [
        [int(word) for word in line.split()]
        for name in ("uid_map", "gid_map")
        for line in Path("/proc/self", name).read_text().splitlines()
    ]
    if all(start <= _FIRST and start + count >= _FIRST + _COUNT for start, _, count in ranges):
        return _FIRST + number
    start, _, count = max(ranges, key=lambda entry: entry[2])
    return start + count // 2 + number % (count // 2) if count > 1000 else -1
