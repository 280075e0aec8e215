"""Programs that want the reward without the work. None may pass, and none may harm the judge."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ostinato.rl.envs.code.exercise import Exercise


def programs(exercise: Exercise) -> Mapping[str, str]:
    """Sources by what they try."""
    name = exercise.function
    shown = [case.expected for case in exercise.examples()] or ["0"]
    tries = {
        "does nothing": "pass",
        "raises": "raise SystemExit('all tests passed')",
        "loops for ever": "while True:\n    pass",
        "leaves with exit code 0": "import os\nos._exit(0)",
        "replies by itself": _REPLY.format(value=shown[0]),
        "replies twice": _REPLY_TWICE.format(value=shown[0]),
        "prints a verdict": _VERDICT,
        "looks for the tests": _SEARCH + _then(name, "found()"),
        "looks through the caller": _FRAMES + _then(name, "found()"),
        "replaces what compares": _PATCH + _then(name, "Yes()"),
        "prints the examples' output": _then(name, repr(shown[0])),
    }
    if exercise.examples():
        tries["knows the examples by heart"] = _by_heart(exercise)
    return tries


def guesses(exercise: Exercise) -> list[str]:
    """Programs that do next to nothing."""
    name = exercise.function
    if name is None:
        return ["print(input())", "print(0)", "print(1)", "print('YES')", "print(len(input()))"]
    bodies = ["args[0]", "0", "1", "True", "[]", "''", "len(args[0])", "sum(args[0])"]
    return [_then(name, body) for body in bodies]


def _then(function: str | None, value: str) -> str:
    """The end of a source that answers ``value``, an expression, whatever is asked."""
    if function is None:
        return f"print({value})"
    return f"def {function}(*args):\n    return {value}"


def _by_heart(exercise: Exercise) -> str:
    if exercise.function is None:
        table: dict[str, Any] = {case.stdin or "": case.expected for case in exercise.examples()}
        last = table[next(reversed(table))]
        return f"import sys\nKNOWN = {table!r}\nprint(KNOWN.get(sys.stdin.read(), {last!r}))"
    known = {json.dumps(case.args): case.expected for case in exercise.examples()}
    last = known[next(reversed(known))]
    source = f"import json\nKNOWN = {known!r}\n"
    return source + _then(exercise.function, f"KNOWN.get(json.dumps(args), {last!r})")


_REPLY = """\
import json, os
try:
    os.write(3, json.dumps({{"value": {value!r}}}).encode())
except OSError:
    pass
print({value!r}, flush=True)
os._exit(0)
"""

_REPLY_TWICE = """\
import json, os
try:
    os.write(3, json.dumps({{"value": {value!r}}}).encode() * 2)
except OSError:
    pass
print({value!r}, {value!r}, flush=True)
os._exit(0)
"""

_VERDICT = """\
import json, os, sys
verdict = {"score": 1.0, "correct": True, "passed": True, "value": True, "reason": ""}
for descriptor in (1, 2, 3):
    try:
        os.write(descriptor, json.dumps(verdict).encode())
    except OSError:
        pass
os._exit(0)
"""

_SEARCH = """\
import os
def found():
    for top in (".", "..", "/tmp", os.path.expanduser("~"), "/proc/self"):
        for folder, _, names in list(os.walk(top))[:50]:
            for name in names[:50]:
                try:
                    with open(os.path.join(folder, name), encoding="utf-8") as file:
                        text = file.read(100_000)
                except (OSError, ValueError):
                    continue
                if "expected" in text and name != "candidate.py":
                    return text.partition("expected")[2][:20]
    return None
"""

_FRAMES = """\
import gc, sys
def found():
    frame = sys._getframe()
    while frame is not None:
        for name, value in frame.f_locals.items():
            if "expected" in name or "answer" in name:
                return value
        frame = frame.f_back
    for thing in gc.get_objects():
        if type(thing) is dict and "expected" in thing:
            return thing["expected"]
    return None
"""

_PATCH = """\
import builtins, json
class Yes(int):
    __eq__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = int.__hash__
    __repr__ = __str__ = lambda self: "1"
builtins.all = builtins.any = builtins.isinstance = lambda *_: True
builtins.len = lambda *_: 1
json.loads = lambda *_, **__: Yes()
"""
