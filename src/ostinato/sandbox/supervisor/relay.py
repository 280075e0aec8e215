"""The first process inside gVisor: trusted, it starts the stranger's program and watches it.

Only what the sentry alone can tell is done here: the count of processes, how the program ended,
descriptor 3. It ends together with the program, and with it ends everything inside.
"""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH109, PTH123

from __future__ import annotations

import ctypes
import marshal
import os
import signal
import stat

from . import kernel
from .confine import limits_of, set_limits
from .job import FRESH, Job

_OURS = "/sandbox"
_CHANNEL = _OURS + "/channel"
_HIDDEN = ("/dev/", "/sys/", "/proc/")
_DEVICES = ("null", "urandom", "random")
_INTERVAL = 0.005
_UID = 65533
"""Ours, while the program runs: no other one of its uid can be signalled by it."""
_GO = b"g"
_SYSLOG_READ_ALL = 3
_DETACH, _READ_ONLY = 2, 1
_PROCESSES = slice(80, 82)
"""Of the structure that ``sysinfo`` fills in."""

_libc = ctypes.CDLL(None, use_errno=True)


class RefusedError(Exception):
    """A step that could not be taken: nothing was executed."""


def main() -> None:
    """Tell through ``report`` that we are ready, wait for a word through ``go``, let the program
    run and tell how it ended.
    """
    report = os.open(_CHANNEL + "/report", os.O_WRONLY | os.O_CLOEXEC)
    line = "failed 0 relay"
    try:
        line = _run(report)
    except OSError as error:
        line = f"failed {error.errno or 0} relay, {error.filename or error.strerror}"
    except RefusedError as refusal:
        line = f"failed 0 {refusal}"
    finally:  # whatever went wrong: the supervisor hears of it, and all ends
        os.write(report, line.encode() + b"\n")
        os._exit(0)


def _run(report: int) -> str:
    with open(_CHANNEL + "/guest", "rb") as file:
        job = Job(marshal.load(file))
    prove()
    reply = os.open(_CHANNEL + "/reply", os.O_WRONLY) if job.reply else -1
    word = os.open(_CHANNEL + "/go", os.O_RDONLY | os.O_CLOEXEC)
    _hide()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    ready, go = os.pipe()
    failure, failed = os.pipe()
    child = os.fork()
    if child == 0:
        _child(job, reply, ready, failed)
    os.close(failed)
    for descriptor in (0, 1, 2, *([reply] if job.reply else [])):
        os.close(descriptor)
    os.setgroups([])
    os.setresgid(_UID, _UID, _UID)
    os.setresuid(_UID, _UID, _UID)
    os.write(report, b"ready\n")
    if os.read(word, 1) != _GO:
        raise RefusedError("no supervisor watches")
    os.close(word)
    os.write(go, _GO)
    message = os.read(failure, 4096).decode()
    return f"failed {message}" if message else _watch(job, child)


def _watch(job: Job, child: int) -> str:
    """Until the program's first process ends, or there are too many."""
    code: int | None = None
    while code is None:
        signal.sigtimedwait([signal.SIGCHLD], _INTERVAL)
        if _tasks() > job.processes + 1:
            return "processes"
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                break
    return f"ended {code}"


def _tasks() -> int:
    """Processes and threads inside, ours included."""
    told = ctypes.create_string_buffer(256)
    if _libc.sysinfo(told):
        raise OSError(ctypes.get_errno(), "sysinfo")
    return int.from_bytes(told.raw[_PROCESSES], "little")


def prove() -> None:
    """Raises `RefusedError` unless the kernel here is gVisor's and has no network."""
    log = ctypes.create_string_buffer(1 << 16)
    length = _libc.klogctl(_SYSLOG_READ_ALL, log, len(log))
    if length < 0 or b"Starting gVisor" not in log.raw[:length]:
        raise RefusedError("the kernel inside is not gVisor's")
    with open("/proc/net/dev", "rb") as file:
        devices = {line.partition(b":")[0].strip() for line in file.readlines()[2:]}
    if devices - {b"lo"}:
        raise RefusedError("there is a network inside")


def _hide() -> None:
    """What the other sandboxes do not show either. What stays in ``/dev`` becomes ours: the
    program may be of the uid that owned it.
    """
    with open("/proc/self/mounts", "rb") as file:
        mounts = [line.split()[1].decode() for line in file]
    for path in sorted(mounts, reverse=True):  # those inside of others come first
        hidden = path != "/dev" and f"{path}/".startswith(_HIDDEN)
        if hidden and _libc.umount2(path.encode(), _DETACH):
            raise OSError(ctypes.get_errno(), f"umount {path}")
    # Unmounted, our directories would still be seen through gVisor's mount of the root.
    if _libc.mount(b"tmpfs", _OURS.encode(), b"tmpfs", _READ_ONLY, None):
        raise OSError(ctypes.get_errno(), f"mount {_OURS}")
    for place, directories, files in os.walk("/dev", topdown=False):
        for name in (*directories, *files):
            if place != "/dev" or name not in _DEVICES:
                path = f"{place}/{name}"
                (os.rmdir if stat.S_ISDIR(os.lstat(path).st_mode) else os.unlink)(path)
    for path in ("/dev", *(f"/dev/{name}" for name in _DEVICES)):
        os.chown(path, _UID, _UID)


def _child(job: Job, reply: int, ready: int, failed: int) -> None:
    step, errno = "descriptors", 0
    try:
        os.setsid()
        if os.read(ready, 1) != _GO:
            raise OSError
        os.close(ready)
        if job.reply:
            os.dup2(reply, 3)
        failed = os.dup2(failed, 60, inheritable=False)
        os.closerange(4 if job.reply else 3, 60)
        step = "limits"
        os.umask(0o077)
        kernel.default_signals()
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        set_limits(limits_of(job, job.processes + 2))  # we may count too; one more is noticed
        step = "uid"
        os.setgroups([])
        os.setresgid(job.uid, job.uid, job.uid)
        kernel.drop_bounding()
        os.setresuid(job.uid, job.uid, job.uid)
        kernel.give_up_capabilities()
        kernel.no_new_privileges()
        fresh = os.getcwd()
        environment = {key: part.replace(FRESH, fresh) for key, part in job.environment.items()}
        step = "seccomp"
        kernel.seccomp_enter(job.filter)
        step = "execve"
        os.execve(job.executable, job.argv, environment)
    except OSError as error:
        errno = error.errno or 0
    finally:  # whatever went wrong: nothing of ours may run on in this process
        os.write(failed, f"{errno} {step}".encode())
        os._exit(127)
