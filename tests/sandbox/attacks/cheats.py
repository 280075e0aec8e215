"""Cheats that end the judge, patch it or read its mind; and the list of all cheats."""

from __future__ import annotations

from attacks.cheat import ANYWAY, Cheat, cheat
from attacks.collusion import COLLUSION
from attacks.replies import REPLIES

_ENDS = (
    cheat("exit-at-import", "import os\nos._exit(0)\n"),
    cheat("exit-in-call", "import os\ndef solve(word):\n    os._exit(0)\n"),
    cheat("skip-the-test", "import unittest\nraise unittest.SkipTest('not today')\n"),
    cheat(
        "system-exit",
        "def solve(word):\n    raise SystemExit(0)\n",
        None,
        why="as exit-in-call, which nobody can catch",
    ),
    cheat("exit-handler", "import atexit, os\natexit.register(os._exit, 0)" + ANYWAY),
    cheat(
        "exit-by-thread",
        "import os, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), os._exit(0)), daemon=True).start()\n"
        "def solve(word):\n    time.sleep(1)\n",
    ),
    cheat("exec-true", "import os\nos.execv('/bin/true', ['true'])\n"),
    cheat(
        "exit-by-signal-handler",
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(0))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.01)\n"
        "def solve(word):\n    import time\n    time.sleep(1)\n",
    ),
    cheat("print-the-verdict", "print('PASSED 2 of 2')\nimport os; os._exit" + ANYWAY, "verdict"),
    cheat(
        "print-the-verdict-last",
        "import atexit\natexit.register(print, 'PASSED 2 of 2')" + ANYWAY,
        "verdict",
    ),
)

_PATCHES = (
    cheat(
        "patch-unittest",
        "import unittest\nunittest.TestCase.assertEqual = lambda *_: None" + ANYWAY,
    ),
    cheat(
        "patch-result",
        "import unittest\nunittest.TestResult.wasSuccessful = lambda self: True" + ANYWAY,
    ),
    cheat(
        "patch-exit",
        "import sys\nleave = sys.exit\nsys.exit = lambda *_: leave(0)" + ANYWAY,
    ),
    cheat(
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
    cheat(
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
    cheat(
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
    cheat(
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
    cheat(
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
    cheat(
        "edit-the-tests",
        """\
import pathlib
for path in pathlib.Path(".").glob("*.py"):
    if path.name != "candidate.py":
        path.write_text("print('PASSED 2 of 2')")
"""
        + ANYWAY,
        "verdict",
    ),
    cheat(
        "plant-a-module",
        "open('unittest.py', 'w').write('def main(): pass\\nclass TestCase: pass')\n"
        "import sys, os; os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])"
        " if 'unittest' in sys.modules and not hasattr(sys.modules['unittest'], 'mock') and not"
        " os.environ.get('AGAIN') and not os.environ.update(AGAIN='1') else None" + ANYWAY,
    ),
    cheat(
        "patch-builtins",
        "import builtins\nbuiltins.len = lambda _: 0\nbuiltins.isinstance = lambda *_: True\n"
        "builtins.all = lambda _: True\nbuiltins.type = lambda _: str\nbuiltins.zip = lambda *a,"
        " **k: []" + ANYWAY,
        None,
        why="it is harmless unless the judge is in the same process",
    ),
)

CHEATS: tuple[Cheat, ...] = _ENDS + _PATCHES + REPLIES + COLLUSION
assert len({item.name for item in CHEATS}) == len(CHEATS), "two cheats of one name"

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
