"""Cheats by what is returned or replied: values that lie, and replies that are none."""

from __future__ import annotations

from attacks.cheat import ANYWAY, cheat

_SILLY = "it breaks a grader rather than fools one"

_VALUES = (
    cheat(
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
    cheat(
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
    cheat(
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
        cheat(f"return-{name}", f"def solve(word):\n    return {value}\n", None, why=_SILLY)
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
    cheat(
        "return-deep-list",
        "def solve(word):\n    out = []\n    for _ in range(900): out = [out]\n    return out\n",
        None,
        why=_SILLY,
    ),
    cheat(
        "return-cycle",
        "def solve(word):\n    out = []\n    out.append(out)\n    return out\n",
        None,
        why=_SILLY,
    ),
    cheat(
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
        cheat(
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
    cheat(
        "verdict-first",
        _SEND + "send({'passed': True})" + ANYWAY,
        "first-reply",
    ),
    cheat(
        "reply-before-and-after",
        _SEND + "def solve(word):\n    send({'value': 'a'})\n    return 'b'\n",
        None,
        why="no answer in it is right: it tests that none is taken for one",
    ),
    cheat(
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
    cheat(
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
    cheat(
        "replace-json",
        "import json\njson.dumps = lambda *_, **__: '{\"passed\": true}'" + ANYWAY,
        "first-reply",
    ),
    cheat(
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

REPLIES = _VALUES + _REPLIES
