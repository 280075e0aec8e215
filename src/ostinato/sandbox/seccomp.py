"""The filter on system calls, assembled for the kernel's classic BPF machine."""

from __future__ import annotations

import errno
import struct
from collections.abc import Sequence
from functools import cache

from ostinato.sandbox.syscalls import ATTRIBUTES, CHECKED, METADATA, REFUSED, numbers

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""Architectures that a filter can be assembled for, with the kernel's numbers of them."""

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT = 0x20, 0x15, 0x35, 0x45
_AND, _RETURN = 0x54, 0x06
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_X32 = 0x40000000

_NEW_NAMESPACES = 0x7E020080
_CLONE_FILES, _CLONE_THREAD = 0x400, 0x10000
_SHARED_ANONYMOUS, _HUGETLB = 0x21, 0x40000
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPES = 1, 1, 0xF
_IOCTLS = (0x5401, 0x540F, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
"""Is it a terminal, its group and size; bytes to read; blocking; close on exec."""
_FCNTLS = (0, 1, 2, 3, 4, 1030, 1032)
"""Duplicates and flags; not whom to signal, not the size of a pipe, and no locks: with those on
a file of ``/usr`` two runs side by side could talk.
"""
_PRCTLS = (2, 3, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42)
"""Names, timer slack, huge pages, and questions."""

Line = tuple[int, int, int, int]


@cache
def assemble(architecture: str, *, own_uid: bool, kill_scoped: bool) -> bytes:
    """The filter.

    ``own_uid``: the run has a uid of its own, which keeps it from changing other files' modes;
    otherwise no modes, owners or times can be changed at all. ``kill_scoped``: something else
    confines signals; otherwise only a process's own group can be signalled.
    """
    known = numbers(architecture)
    program: list[Line] = [
        _load(_ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[architecture]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        _load(_NUMBER),
    ]
    if architecture == "x86_64":
        program += [(_JUMP_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _KILL_PROCESS)]
    for name, rule in _rules(kill_scoped=kill_scoped).items():
        if name in known:
            program += [(_JUMP_EQUAL, 0, len(rule), known[name]), *rule]
    answers = dict.fromkeys(REFUSED if own_uid else REFUSED | METADATA, _error(errno.EPERM))
    answers |= dict.fromkeys(ATTRIBUTES, _error(errno.ENOTSUP))
    for name in sorted(known.keys() - CHECKED, key=known.__getitem__):
        program += [(_JUMP_EQUAL, 0, 1, known[name]), (_RETURN, 0, 0, answers.get(name, _ALLOW))]
    program.append((_RETURN, 0, 0, _error(errno.ENOSYS)))
    return b"".join(struct.pack("=HBBI", *line) for line in program)


def _rules(*, kill_scoped: bool) -> dict[str, list[Line]]:
    """What `CHECKED` calls look at: lines that always return."""
    refuse, allow = (_RETURN, 0, 0, _error(errno.EPERM)), (_RETURN, 0, 0, _ALLOW)
    own = [*_zero(0), refuse, allow]
    signals = {
        "kill": [allow] if kill_scoped else own,
        "tkill": [allow] if kill_scoped else [refuse],
        "tgkill": [allow] if kill_scoped else [refuse],
    }
    return signals | {
        "clone": [
            _argument(0),
            (_JUMP_ANY_BIT, 3, 0, _NEW_NAMESPACES & ~0x80),
            (_JUMP_ANY_BIT, 0, 1, _CLONE_THREAD),  # a thread whose descriptors nobody could see
            (_JUMP_ANY_BIT, 0, 1, _CLONE_FILES),
            allow,
            refuse,
        ],
        "mmap": [
            # Memory that stays when nobody maps it, and memory that is not counted as resident.
            _argument(3),
            (_JUMP_ANY_BIT, 3, 0, _HUGETLB),
            (_AND, 0, 0, _SHARED_ANONYMOUS),
            (_JUMP_EQUAL, 1, 0, _SHARED_ANONYMOUS),
            allow,
            refuse,
        ],
        "ioctl": _one_of(1, _IOCTLS, _error(errno.ENOTTY)),
        "fcntl": _one_of(1, _FCNTLS, _error(errno.EPERM)),
        "prctl": _one_of(0, _PRCTLS, _error(errno.EPERM)),
        "prlimit64": own,
        "sched_setaffinity": own,
        "close_range": [_argument(2), (_JUMP_ANY_BIT, 1, 0, 2), allow, refuse],
        "socketpair": [
            _argument(0),
            (_JUMP_EQUAL, 0, 4, _AF_UNIX),
            _argument(1),
            (_AND, 0, 0, _SOCK_TYPES),
            (_JUMP_EQUAL, 0, 1, _SOCK_STREAM),
            allow,
            refuse,
        ],
        "sendto": [
            # To the other end only, and nothing out of band.
            *_zero(4),
            refuse,
            _argument(3),
            (_AND, 0, 0, 0xFFFFFFFF & ~0x4040),
            (_JUMP_EQUAL, 0, 1, 0),
            allow,
            refuse,
        ],
        "recvfrom": [
            _argument(3),
            (_AND, 0, 0, 0xFFFFFFFF & ~0x4142),
            (_JUMP_EQUAL, 0, 1, 0),
            allow,
            refuse,
        ],
    }


def _zero(argument: int) -> list[Line]:
    """Skips the next line if all 64 bits of the argument are 0."""
    return [
        _argument(argument),
        (_JUMP_EQUAL, 0, 2, 0),
        (_LOAD, 0, 0, 20 + 8 * argument),
        (_JUMP_EQUAL, 1, 0, 0),
    ]


def _one_of(argument: int, values: Sequence[int], otherwise: int) -> list[Line]:
    """Allow these values of an argument of 32 bits."""
    count = len(values)
    jumps = [(_JUMP_EQUAL, count - index, 0, value) for index, value in enumerate(values)]
    return [_argument(argument), *jumps, (_RETURN, 0, 0, otherwise), (_RETURN, 0, 0, _ALLOW)]


def _load(offset: int) -> Line:
    return (_LOAD, 0, 0, offset)


def _argument(index: int) -> Line:
    """Load the lower half: both architectures are little-endian."""
    return _load(16 + 8 * index)


def _error(number: int) -> int:
    return _ERRNO | number
