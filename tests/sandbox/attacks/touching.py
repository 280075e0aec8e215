"""Attacks on a process outside: signals, limits, priorities, memory, descriptors."""

from __future__ import annotations

from attacks.files import leaks
from attacks.network import hears
from attacks.noun import Attack, Category, Need, Oracle, Run
from attacks.world import World


def disturbs(world: World, run: Run) -> str:
    assert world.sentinel is not None, "the attack names no sentinel"
    return world.sentinel.disturbed()


def _attack(
    name: str,
    program: str,
    succeeded: Oracle = disturbs,
    *needs: Need,
    no_control: str = "",
) -> Attack:
    return Attack(
        name=name,
        category=Category.PROCESSES,
        program=program,
        succeeded=succeeded,
        needs=frozenset(needs),
        no_control=no_control,
    )


_SIGNALS = (
    _attack("kill", "os.kill($sentinel, signal.SIGKILL)"),
    _attack("stop", "os.kill($sentinel, signal.SIGSTOP)"),
    _attack("signal-by-thread", "call(234 if X86 else 131, $sentinel, $sentinel, 10)"),
    _attack(
        "signal-by-descriptor",
        "signal.pidfd_send_signal(os.pidfd_open($sentinel), signal.SIGUSR1)",
    ),
    _attack(
        "signal-queued",
        """\
info = struct.pack("iiiiii", 10, 0, -1, 0, os.getpid(), os.getuid()) + bytes(104)
call(129 if X86 else 138, $sentinel, 10, info)
""",
    ),
    _attack(
        "signal-everyone",
        # A signal that is ignored by default: harmless even where the sandbox fails.
        "assert $sentinel; os.kill(-1, signal.SIGURG)",
        no_control="it would signal every process of this machine",
    ),
    _attack(
        "signal-by-pipe-owner",
        """\
import fcntl
inner, outer = os.pipe()
fcntl.fcntl(inner, fcntl.F_SETOWN, $sentinel)
fcntl.fcntl(inner, 10, int(signal.SIGUSR1))
fcntl.fcntl(inner, fcntl.F_SETFL, os.O_ASYNC)
os.write(outer, b"x")
""",
    ),
)

_LIMITS = (
    _attack(
        "limits-of-another",
        """\
import resource
tries(lambda: resource.prlimit($sentinel, resource.RLIMIT_CORE, (0, 0)))
resource.prlimit($sentinel, resource.RLIMIT_NOFILE, (32, 32))
""",
    ),
    _attack("nice-another", "os.setpriority(os.PRIO_PROCESS, $sentinel, 15)"),
    _attack(
        "nice-all-of-a-user",
        """\
owner = os.stat(f"/proc/{$sentinel}").st_uid
if owner:
    os.setpriority(os.PRIO_USER, owner, 5)
""",
        no_control="it would slow down everything of one user",
    ),
    _attack(
        "policy-of-another",
        "os.sched_setscheduler($sentinel, os.SCHED_BATCH, os.sched_param(0))",
    ),
    _attack(
        "pin-another",
        """\
if len(os.sched_getaffinity(0)) == 1:
    absent("only one processor")
os.sched_setaffinity($sentinel, {min(os.sched_getaffinity(0))})
""",
    ),
    _attack("slow-another's-disk", "call('ioprio_set', 1, $sentinel, 3 << 13)"),
    _attack(
        "offer-another-to-the-oom-killer",
        "open(f'/proc/{$sentinel}/oom_score_adj', 'w').write('999')",
    ),
)

_MEMORY = (
    _attack(
        "trace",
        """\
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
checked(libc.ptrace(16, $sentinel, 0, 0))
os.waitpid($sentinel, 0x40000000)
for offset in range(0, 64, 8):
    word = libc.ptrace(1, $sentinel, $sentinel_address + offset, 0)
    show(struct.pack("q", word))
""",
        leaks,
    ),
    _attack(
        "read-memory",
        """\
room = ctypes.create_string_buffer(64)
here = struct.pack("QQ", ctypes.addressof(room), 64)
there = struct.pack("QQ", $sentinel_address, 64)
call("process_vm_readv", $sentinel, here, 1, there, 1, 0)
show(room.raw)
""",
        leaks,
    ),
    _attack(
        "read-memory-by-proc",
        """\
memory = os.open(f"/proc/{$sentinel}/mem", os.O_RDONLY)
show(os.pread(memory, 64, $sentinel_address))
""",
        leaks,
    ),
    _attack(
        "steal-descriptor",
        """\
stolen = call("pidfd_getfd", os.pidfd_open($sentinel), $sentinel_descriptor, 0)
show(os.pread(stolen, 4096, 0))
""",
        leaks,
    ),
    _attack(
        "steal-descriptor-by-proc", "show(f'/proc/{$sentinel}/fd/{$sentinel_descriptor}')", leaks
    ),
    _attack("root-of-another", "show(f'/proc/{$sentinel}/root' + $canary)", leaks),
    _attack(
        "namespace-of-another",
        """\
place = os.open(f"/proc/{$sentinel}/ns/net", os.O_RDONLY)
checked(libc.setns(place, CLONE_NEWNET))
socket.create_connection(("127.0.0.1", $tcp))
""",
        hears,
        Need.ROOT,
    ),
)

TOUCHING = _SIGNALS + _LIMITS + _MEMORY
