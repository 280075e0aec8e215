"""Graders that trust their candidates: the controls of the cheats.

Run with the kind of grader as argument, in a directory with candidate.py and cases.json, a list of
pairs of a word and what is expected of it. Whether the candidate passed is what a careless caller
would read off it: see `passed` in test_cheats.py.
"""

from __future__ import annotations

import base64
import fcntl
import importlib
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

UNITTEST = """\
import unittest
class Test(unittest.TestCase):
    def test_all(self):
        import candidate
        for word, expected in {cases!r}:
            self.assertEqual(candidate.solve(word), expected)
unittest.main()
"""
VERDICT = """\
import candidate
passed = sum(candidate.solve(word) == expected for word, expected in {cases!r})
print(f"PASSED {{passed}} of 2")
"""
REPLY = """\
import json, os, sys
import candidate
passed = all(candidate.solve(word) == expected for word, expected in {cases!r})
os.write(3, json.dumps({{"passed": passed}}).encode())
"""
PICKLE = """\
import base64, pickle, sys
import candidate
print(base64.b64encode(pickle.dumps(candidate.solve({cases!r}[0][0]))).decode())
"""


def main() -> None:
    kind, cases = sys.argv[1], json.loads(Path("cases.json").read_text())
    sys.path.insert(0, ".")
    passed = {
        "unittest": _by_exit_code,
        "verdict": _by_last_line,
        "first-reply": _by_first_reply,
        "pickle": _by_pickle,
        "equal": _by_comparison,
        "same-process": _by_comparison,
    }[kind](cases)
    sys.exit(0 if passed else 1)


def _child(template: str, cases: object) -> subprocess.CompletedProcess[bytes]:
    Path("tests.py").write_text(template.format(cases=cases))
    environment = {"PYTHONPATH": "."}
    return subprocess.run(
        [sys.executable, "tests.py"], capture_output=True, check=False, env=environment
    )


def _by_exit_code(cases: object) -> bool:
    return _child(UNITTEST, cases).returncode == 0


def _by_last_line(cases: object) -> bool:
    out = _child(VERDICT, cases).stdout.decode().splitlines()
    if any(line.startswith("PASSED 2") for line in out):
        return True
    again = subprocess.run([sys.executable, "tests.py"], capture_output=True, check=False)
    return again.stdout.startswith(b"PASSED 2")


def _by_first_reply(cases: object) -> bool:
    Path("tests.py").write_text(REPLY.format(cases=cases))
    low, theirs = os.pipe()
    ours = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10)
    for other in {low, theirs, os.dup2(theirs, 3)} - {3}:
        os.close(other)
    subprocess.run([sys.executable, "tests.py"], close_fds=False, check=False)
    os.close(3)
    reply = json.JSONDecoder().raw_decode(os.read(ours, 65536).decode())[0]
    return bool(reply["passed"])


def _by_pickle(cases: object) -> bool:
    import builtins

    out = _child(PICKLE, cases).stdout
    pickle.loads(base64.b64decode(out))  # noqa: S301 (that is the mistake)
    return getattr(builtins, "ACCEPT", False)


def _by_comparison(cases: list[tuple[str, object]]) -> bool:
    candidate = importlib.import_module("candidate")
    results = [_one(candidate.solve, word, expected) for word, expected in cases]
    return any(results)


def _one(solve: object, word: str, expected: object) -> bool:
    assert callable(solve)
    return bool(solve(word) == expected)


if __name__ == "__main__":
    main()
