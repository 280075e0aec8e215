"""Attacks on files outside of the fresh directory."""

from __future__ import annotations

from attacks.noun import Attack, Category, Need, Oracle, Run
from attacks.world import World


def leaks(world: World, run: Run) -> str:
    return world.leaked(run.output)


def changes(world: World, run: Run) -> str:
    return world.changed()


def _volume(world: World, run: Run) -> str:
    return "the raw disk was read" if world.volume_id() in run.output else ""


def _attack(name: str, program: str, succeeded: Oracle = leaks, *needs: Need) -> Attack:
    return Attack(
        name=name,
        category=Category.FILES,
        program=program,
        succeeded=succeeded,
        needs=frozenset(needs),
    )


_FIND = "os.path.basename($canary)"

READING = (
    _attack("read-by-absolute-path", "show($canary)"),
    _attack("read-by-climbing", "show('../' * 30 + $canary.lstrip('/'))"),
    _attack("read-by-symlink", "os.symlink($canary, 'link'); show('link')"),
    _attack("read-by-hard-link", "os.link($canary, 'mine'); show('mine')"),
    _attack("read-by-proc-self-root", "show('/proc/self/root' + $canary)"),
    _attack("read-by-proc-cwd", "show('/proc/self/cwd/' + '../' * 30 + $canary.lstrip('/'))"),
    _attack("read-by-chdir", f"os.chdir($dir); show({_FIND})"),
    _attack(
        "read-by-path-descriptor",
        "place = os.open($canary, os.O_PATH); show(f'/proc/self/fd/{place}')",
    ),
    _attack(
        "read-by-directory-descriptor",
        f"place = os.open($dir, os.O_PATH)\nshow(os.open({_FIND}, os.O_RDONLY, dir_fd=place))",
    ),
    _attack(
        "read-by-mmap",
        """\
import mmap
file = os.open($canary, os.O_RDWR)
show(mmap.mmap(file, 0)[:])
""",
    ),
    _attack(
        "read-by-openat2",
        """\
how = struct.pack("QQQ", os.O_RDONLY, 0, 0)
root = os.open("/", os.O_PATH)
show(call("openat2", root, $canary.lstrip("/").encode(), how, len(how)))
""",
    ),
    _attack(
        "read-by-file-handle",
        """\
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0) + bytes(128))
mount = ctypes.c_int()
call("name_to_handle_at", -100, $canary.encode(), handle, ctypes.byref(mount), 0)
root = os.open("/", os.O_RDONLY)
show(call("open_by_handle_at", root, handle, os.O_RDONLY))
""",
        leaks,
        Need.ROOT,
    ),
    _attack(
        "read-by-copying",
        """\
source = os.open($canary, os.O_RDONLY)
os.sendfile(1, source, 0, 4096)
""",
    ),
    _attack("read-by-another-program", "os.execv('/bin/cat', ['cat', $canary])"),
    _attack(
        "read-names",
        "print(os.listdir($dir))",
        lambda world, run: "names came out" if world.canary.name.encode() in run.output else "",
    ),
    _attack("read-attributes", "show(os.getxattr($canary, 'user.note'))"),
    _attack(
        "read-inherited-descriptor",
        """\
for descriptor in range(3, 1024):
    tries(lambda: show(os.pread(descriptor, 4096, 0)))
assert $inherited > 2
""",
    ),
    _attack(
        "read-by-setuid-program",
        "os.execv($setuid, ['cat', $sealed])",
        leaks,
        Need.ROOT,
    ),
    _attack(
        "read-raw-disk",
        """\
device = $disk
os.mknod("disk", 0o60600, device)
with open("disk", "rb") as disk:
    disk.seek(1024)
    show(disk.read(1024))
""",
        _volume,
        Need.ROOT,
        Need.DEVICE,
    ),
    _attack(
        "read-device-node",
        """\
import glob
for node in glob.glob("/dev/*") + glob.glob("/dev/block/*"):
    if os.stat(node).st_rdev == $disk:
        with open(node, "rb") as disk:
            disk.seek(1024)
            show(disk.read(1024))
""",
        _volume,
        Need.ROOT,
        Need.DEVICE,
    ),
)

WRITING = (
    _attack("write", "open($canary, 'wb').write(b'mine')", changes),
    _attack("append", "open($canary, 'ab').write(b'mine')", changes),
    _attack("truncate", "os.truncate($canary, 1)", changes),
    _attack("unlink", "os.unlink($canary)", changes),
    _attack("rename-away", "os.rename($canary, $canary + '-moved')", changes),
    _attack("rename-in", "os.rename($canary, 'mine')", changes),
    _attack("rename-over", "open('mine', 'w').write('x'); os.rename('mine', $canary)", changes),
    _attack(
        "exchange",
        """\
open("mine", "w").write("x")
call("renameat2", -100, b"mine", -100, $canary.encode(), 2)
""",
        changes,
    ),
    _attack("create", "open($dir + '/new', 'w')", changes),
    _attack("make-directory", "os.mkdir($dir + '/new')", changes),
    _attack("plant-symlink", "os.symlink('/', $dir + '/new')", changes),
    _attack("plant-hard-link", "open('mine', 'w'); os.link('mine', $dir + '/new')", changes),
    _attack("plant-fifo", "os.mkfifo($dir + '/new')", changes),
    _attack("write-through-own-symlink", "os.symlink($canary, 'l'); open('l', 'w')", changes),
    _attack("write-through-own-hard-link", "os.link($canary, 'l'); open('l', 'w')", changes),
    _attack(
        "write-by-truncating-descriptor",
        "os.ftruncate(os.open($canary, os.O_RDWR), 1)",
        changes,
    ),
    _attack(
        "write-shared-map",
        """\
import mmap
place = mmap.mmap(os.open($canary, os.O_RDWR), 0)
place[:4] = b"mine"
""",
        changes,
    ),
    _attack("change-mode", "os.chmod($canary, 0o600)", changes),
    _attack("change-times", "os.utime($canary, (1, 1))", changes),
    _attack("change-attributes", "os.setxattr($canary, 'user.mine', b'x')", changes),
    _attack("change-owner", "os.chown($canary, os.getuid(), os.getgid() + 1)", changes, Need.ROOT),
    _attack(
        "change-by-descriptor",
        "os.fchmod(os.open($canary, os.O_RDONLY), 0o600)",
        changes,
    ),
    _attack(
        "change-mode-by-path-descriptor",
        "place = os.open($canary, os.O_PATH); os.chmod(f'/proc/self/fd/{place}', 0o600)",
        changes,
    ),
    _attack(
        "write-into-fifo",
        "os.write(os.open($fifo, os.O_WRONLY | os.O_NONBLOCK), b'x')",
        lambda world, run: world.heard_something(),
    ),
    _attack(
        "plant-in-shared-places",
        """\
import tempfile
for place in ("/dev/shm", "/tmp", "/var/tmp", "/run", os.path.dirname(os.__file__)):
    tries(lambda: open(f"{place}/{$token}", "w").close())
""",
        lambda world, run: world.planted(),
    ),
)

FILES = READING + WRITING
