"""The child's way from our process into the stranger's: every restriction, then ``execve``."""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH116, PTH123, PTH208

from __future__ import annotations

import os
import resource

from . import kernel
from .job import FRESH, Job

_SLACK = 256 << 20
"""Address space beyond the limit on memory: what is mapped but never touched counts nothing."""
_SPARE_TASKS = 64
"""How many processes our user may start elsewhere while a run that shares its uid goes on."""
_STREAMS, _RULESET, _REPORT = 50, 58, 60
"""Where the child keeps its descriptors while it sorts them: above all that we have open."""


def start(job: Job, streams: list[int], fresh: str, fresh_fd: int) -> int:
    """Fork a child with the given descriptors as 0, 1, 2 (and 3), confine it and let it execute.

    The child's process id. OSError says at which step it failed; nothing was executed then.
    """
    ruleset = -1
    if any(job.handled):
        ruleset = kernel.landlock_ruleset(job.handled)
        kernel.landlock_allow_fd(ruleset, fresh_fd, job.fresh_rights)
        for path, rights in job.rules:
            kernel.landlock_allow(ruleset, path, rights)
    report, failed = os.pipe()
    child = os.fork()
    if child == 0:
        _child(job, streams, (fresh, fresh_fd), ruleset, failed)
    os.close(failed)
    if ruleset >= 0:
        os.close(ruleset)
    message = os.read(report, 4096).decode()
    os.close(report)
    if message:
        os.waitpid(child, 0)
        number, _, step = message.partition(" ")
        raise OSError(int(number), step)
    return child


def _child(job: Job, streams: list[int], fresh: tuple[str, int], ruleset: int, failed: int) -> None:
    step, errno = "descriptors", 0
    try:
        os.dup2(failed, _REPORT, inheritable=False)
        os.setsid()
        os.fchdir(fresh[1])
        ruleset = _arrange(job, streams, ruleset)
        step = "limits"
        _limit(job)
        step = "uid"
        _become(job)
        step = "Landlock"
        if not job.wrap:
            kernel.no_new_privileges()
        if ruleset >= 0:
            kernel.landlock_enter(ruleset)
            os.close(ruleset)
        argv = [part.replace(FRESH, fresh[0]) for part in job.wrap] + job.argv
        environment = {key: part.replace(FRESH, fresh[0]) for key, part in job.environment.items()}
        step = "seccomp"
        if not job.wrap:
            kernel.seccomp_enter(job.filter)
        step = "execve"
        os.execve(job.wrap[0] if job.wrap else job.executable, argv, environment)
    except OSError as error:
        errno = error.errno
    finally:  # whatever went wrong: nothing of ours may run on in this process
        os.write(_REPORT, f"{errno} {step}".encode())
        os._exit(127)


def _arrange(job: Job, streams: list[int], ruleset: int) -> int:
    """The standard descriptors, the wrapper's and the ruleset; all others are closed."""
    high = [os.dup2(stream, _STREAMS + index) for index, stream in enumerate(streams)]
    if ruleset >= 0:
        ruleset = os.dup2(ruleset, _RULESET, inheritable=False)
    for index, stream in enumerate(high):
        os.dup2(stream, index)
    first = len(streams)
    if job.filter_fd >= 0:
        program = os.memfd_create("filter")
        os.write(program, job.filter)
        os.lseek(program, 0, os.SEEK_SET)
        os.closerange(first, job.filter_fd)
        os.dup2(program, job.filter_fd)
        first = job.filter_fd + 1
    os.closerange(first, _RULESET)
    os.closerange(_RULESET + 1, _REPORT)
    os.closerange(_REPORT + 1, 1 << 20)
    return ruleset


def _limit(job: Job) -> None:
    os.umask(0o022 if job.wrap else 0o077)  # a wrapper makes directories that all must search
    kernel.renice(0)
    kernel.default_signals()
    with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(b"1000")  # if the machine runs short, this is what has to go
    if job.bundle:  # gVisor itself needs more; the relay limits the program
        set_limits({resource.RLIMIT_CORE: 0})
        return
    # One beyond the limit, so that it is noticed. The uid may be shared: then others of it count.
    others = 0 if job.uid >= 0 else _tasks_of_uid(os.getuid()) + _SPARE_TASKS
    further = {
        resource.RLIMIT_CPU: int(job.cpu_seconds) + 2,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_SIGPENDING: 128,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_NICE: 0,
    }
    set_limits(limits_of(job, others + job.processes + 1) | further)


def limits_of(job: Job, tasks: int) -> dict[int, int]:
    """The limits of each process, but for those that gVisor's kernel does not hold, or by a clock
    that runs on while others run; ``tasks``: how many processes its user may have.
    """
    return {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: job.disk_bytes + 4096,  # beyond the limit, so that it is noticed
        resource.RLIMIT_MEMLOCK: 1 << 16,
        resource.RLIMIT_NOFILE: job.open_files,
        resource.RLIMIT_AS: job.memory_bytes + _SLACK,
        resource.RLIMIT_NPROC: tasks,
    }


def set_limits(limits: dict[int, int]) -> None:
    """For good; a limit that is lower already stays."""
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _tasks_of_uid(uid: int) -> int:
    """Processes and threads that a user has now."""
    total = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    total += len(os.listdir(f"/proc/{name}/task"))
            except OSError:  # it has just ended
                continue
    return total


def _become(job: Job) -> None:
    if job.wrap:
        kernel.set_file_uid(os.getuid())
    elif job.uid >= 0:
        kernel.become(job.uid, job.capability)
    else:
        kernel.give_up_capabilities()
    kernel.die_with_parent()
