"""What every attacking program starts with: raw system calls and a few short words."""

from __future__ import annotations

from attacks.noun import ABSENT, BEGUN

PRELUDE = f"""\
import ctypes, os, platform, signal, socket, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
X86 = platform.machine() == "x86_64"
NUMBERS = dict(
    io_uring_setup=(425, 425), io_uring_enter=(426, 426), openat2=(437, 437),
    memfd_create=(319, 279),
    pidfd_open=(434, 434), pidfd_getfd=(438, 438), userfaultfd=(323, 282), bpf=(321, 280),
    perf_event_open=(298, 241), add_key=(248, 217), keyctl=(250, 219), mq_open=(240, 180),
    process_vm_readv=(310, 270), name_to_handle_at=(303, 264), open_by_handle_at=(304, 265),
    shmget=(29, 194), shmat=(30, 196), semget=(64, 190), msgget=(68, 186), clone=(56, 220),
    clone3=(435, 435), unshare=(272, 97), setns=(308, 268), fanotify_init=(300, 262),
    fsopen=(430, 430), open_tree=(428, 428), process_madvise=(440, 440), pivot_root=(155, 41),
    ioprio_set=(251, 30), execveat=(322, 281), socket=(41, 198), renameat2=(316, 276),
    utimensat=(280, 88),
)

def call(name, *args):
    number = NUMBERS[name][0 if X86 else 1] if isinstance(name, str) else name
    wide = [ctypes.c_long(a) if isinstance(a, int) or a is None else a
            for a in (0 if a is None else a for a in args)]
    result = libc.syscall(ctypes.c_long(number), *wide)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{{name}}: {{os.strerror(number)}}")
    return result

def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result

def show(what):
    data = open(what, "rb").read(4096) if isinstance(what, (str, int)) else what
    os.write(1, data)

def tries(*steps):
    for step in steps:
        try:
            step()
        except (OSError, ValueError) as error:
            print(error, file=sys.stderr, flush=True)

def detach(work):
    # A daemon: two forks and a session of its own.
    if os.fork():
        return
    try:
        os.setsid()
        if os.fork() == 0:
            work()
    finally:
        os._exit(0)

def absent(why):
    print(why, file=sys.stderr, flush=True)
    os._exit({ABSENT})

def close_all(first=0):
    os.closerange(first, 4096)

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
os.write(2, {BEGUN!r})

"""
