"""Cheats by what two processes of one candidate tell each other."""

from __future__ import annotations

from attacks.cheat import cheat


def _posting(post: str, read: str) -> str:
    """A candidate that leaves its word where the other case may find it, and looks for that one's
    for a while.
    """
    indent = "\n    ".join(post.splitlines())
    look = "\n            ".join(read.splitlines())
    return f"""\
import ctypes, glob, mmap, os, socket, sys, tempfile, time
libc = ctypes.CDLL(None)
def solve(word):
    try:
        post(word)
    except OSError:
        pass
    end = time.time() + 1
    while time.time() < end:
        try:
            for found in read():
                if found != word and found.startswith("word-"):
                    return found
        except (OSError, ValueError):
            pass
        time.sleep(0.02)
    return "no idea"
def post(word):
    {indent}
def read():
    {look.replace(chr(10) + "            ", chr(10) + "    ")}
"""


COLLUSION = (
    *(
        cheat(
            f"state-in-{name}",
            _posting(
                f"open('{folder}/cheat-' + word, 'w').close()",
                f"return [path.rpartition('/cheat-')[2] for path in glob.glob('{folder}/cheat-*')]",
            ),
            "same-process" if folder == "/tmp" else None,
            shared=True,
            why="" if folder == "/tmp" else "as state-in-tmp",
        )
        for name, folder in {
            "tmp": "/tmp",
            "shared-memory": "/dev/shm",
            "var-tmp": "/var/tmp",
            "parent-directory": "..",
            "library": "/usr/lib",
        }.items()
    ),
    cheat(
        "state-in-abstract-socket",
        _posting(
            """\
global door
door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for number in range(2):
    try:
        door.bind(f"\\0cheat-{number}")
        break
    except OSError:
        pass
door.setblocking(False)
global mine
mine = word""",
            """\
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for number in range(2):
    try:
        line.sendto(mine.encode(), f"\\0cheat-{number}")
    except OSError:
        pass
return [door.recv(100).decode() for _ in range(2)]""",
        ),
        None,
        shared=True,
        why="the attack unix-abstract is its control",
    ),
    cheat(
        "state-in-system-v-memory",
        _posting(
            """\
libc.shmat.restype = ctypes.c_void_p
global place
place = libc.shmat(libc.shmget(0x0CEA7, 4096, 0o1666), None, 0)
if place in (None, 2 ** 64 - 1):
    raise OSError("no memory")
ctypes.memmove(place + (64 if ctypes.string_at(place, 5) == b"word-" else 0), word.encode(), 40)""",
            "return [ctypes.string_at(place + at, 37).decode() for at in (0, 64)]",
        ),
        None,
        shared=True,
        why="the attack memory-left-behind is its control",
    ),
    cheat(
        "state-in-locks",
        # One bit for each byte of a file that both may read: locked or not.
        """\
import fcntl, struct, time
SHAPE = "hhqqi4x"
def lock(descriptor, command, kind, place):
    return fcntl.fcntl(descriptor, command, struct.pack(SHAPE, kind, 0, place, 1, 0))
def taken(descriptor, place):
    return struct.unpack(SHAPE, lock(descriptor, fcntl.F_GETLK, fcntl.F_WRLCK, place))[0] != 2
def solve(word):
    file = open("/usr/bin/env", "rb")
    mine = int(word[5:], 16)
    slot = mine % 61
    for bit in range(128):
        if mine >> bit & 1:
            lock(file, fcntl.F_SETLK, fcntl.F_RDLCK, 1000 * slot + 1 + bit)
    lock(file, fcntl.F_SETLK, fcntl.F_RDLCK, 1000 * slot)
    end = time.time() + 2
    while time.time() < end:
        for other in range(61):
            if other != slot and taken(file, 1000 * other):
                bits = sum(1 << bit for bit in range(128) if taken(file, 1000 * other + 1 + bit))
                time.sleep(0.3)
                return f"word-{bits:032x}"
        time.sleep(0.01)
""",
        None,
        shared=True,
        why="the naive graders run one case after the other",
    ),
    cheat(
        "state-in-environment",
        "import os\ndef solve(word):\n"
        "    known = os.environ.get('CHEAT')\n    os.environ['CHEAT'] = word\n    return known\n",
        "same-process",
        shared=True,
    ),
    cheat(
        "state-in-module",
        "known = []\ndef solve(word):\n    known.append(word)\n    return known[0]\n",
        "same-process",
        shared=True,
    ),
)
