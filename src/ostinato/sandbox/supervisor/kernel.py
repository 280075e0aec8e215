"""The system calls that Python has no name for, by ctypes."""

from __future__ import annotations

import ctypes
import os

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_SECUREBITS = 1, 24, 28
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_PR_CAP_AMBIENT_RAISE, _PR_CAP_AMBIENT_CLEAR_ALL = 2, 4
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_CREATE_RULESET_VERSION, _RULE_PATH_BENEATH = 1, 1
_CAPABILITY_VERSION = 0x20080522
_SIGKILL, _SIGPIPE, _SIGXFSZ = 9, 13, 25
NO_SETUID_FIXUP = 1 << 2
"""Securebit: capabilities do not change with the uid."""
_CAP_SETPCAP = 8
_LOCKED_DOWN = 0xEF
"""Securebits: uid 0 means nothing, nothing is gained by changing uid, and all of this is final."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("parent", ctypes.c_int32))


def landlock_abi() -> int:
    """The version of Landlock that the kernel speaks; 0: none, or switched off."""
    version = _libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _CREATE_RULESET_VERSION)
    return max(0, int(version))


def landlock_ruleset(handled: tuple[int, int, int]) -> int:
    """A descriptor of an empty ruleset, which allows nothing of what is ``handled``."""
    masks = (ctypes.c_uint64 * 3)(*handled)
    return _syscall(_CREATE_RULESET, masks, ctypes.c_size_t(ctypes.sizeof(masks)), 0)


def landlock_allow(ruleset: int, path: str, rights: int) -> None:
    """Allow ``rights`` beneath a path. One that is not there is skipped: less is allowed then."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return
    landlock_allow_fd(ruleset, place, rights)
    os.close(place)


def landlock_allow_fd(ruleset: int, place: int, rights: int) -> None:
    """Allow ``rights`` beneath what the descriptor ``place`` stands for."""
    rule = _PathBeneath(rights, place)
    _syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)


def landlock_enter(ruleset: int) -> None:
    """From now on only what the ruleset allows, for us and all descendants."""
    _syscall(_RESTRICT_SELF, ruleset, 0)


def seccomp_enter(program: bytes) -> None:
    """From now on only the system calls that the filter allows, for us and all descendants."""
    _prctl(
        _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(_Program(len(program) // 8, program))
    )


def no_new_privileges() -> None:
    """No setuid program and no file capability gives anything any more."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def adopt_orphans() -> None:
    """Descendants whose parents died become our children: none can leave the tree."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """We are killed when our parent dies. Lost when the uid changes: call it after that."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def set_securebits(bits: int) -> None:
    """Needs CAP_SETPCAP."""
    _prctl(_PR_SET_SECUREBITS, bits)


def set_file_uid(uid: int) -> None:
    """The uid as which files are made and /proc is read, but no signal is received."""
    _libc.setfsgid(uid)
    _libc.setfsuid(uid)


def give_up_capabilities() -> None:
    """All of them."""
    _capset(0, 0)


def become(uid: int, capability: int) -> None:
    """Another user (and group), for good. One capability may be kept, -1: none; it survives
    ``execve``. Needs CAP_SETUID, CAP_SETGID and CAP_SETPCAP.
    """
    set_securebits(NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    mask = 0 if capability < 0 else 1 << capability
    _capset(mask | 1 << _CAP_SETPCAP, mask)
    drop_bounding()
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    if mask:
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)
    set_securebits(_LOCKED_DOWN)
    _capset(mask, mask)


def drop_bounding() -> None:
    """No program that we execute gets a capability by its file or by being root's."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            break  # the kernel knows no further ones


def _capset(held: int, inheritable: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    sets = (held, held, inheritable)
    data = (ctypes.c_uint32 * 6)(*(m & 0xFFFFFFFF for m in sets), *(m >> 32 for m in sets))
    if _libc.capset(header, data):
        raise OSError(ctypes.get_errno(), "capset")


def renice(priority: int) -> None:
    """Our priority, where we may raise it: who watches must not wait for those who are watched."""
    _libc.setpriority(0, 0, priority)


def default_signals() -> None:
    """Python ignores two signals, and what is ignored stays so in the next program."""
    for number in (_SIGPIPE, _SIGXFSZ):
        _libc.signal(number, None)


def _syscall(number: int, *arguments: object) -> int:
    result = int(_libc.syscall(number, *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}")
    return result


def _prctl(option: int, *arguments: object) -> None:
    padded = [
        ctypes.c_ulong(argument) if isinstance(argument, int) else argument
        for argument in (*arguments, 0, 0, 0, 0)[:4]
    ]
    if _libc.prctl(option, *padded):
        raise OSError(ctypes.get_errno(), f"prctl {option}")
