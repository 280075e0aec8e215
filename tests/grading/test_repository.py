"""Scripts in a repository: what comes back, whatever the repository does."""

from __future__ import annotations

import pytest

from ostinato.grading.repository import observe
from ostinato.sandbox import best

MODULE = """
class Odd:
    pass


class Counter:
    def __init__(self, start=0):
        self.value = start

    def add(self, by):
        self.value += by
        return self.value


def same(value):
    return value


def kinds():
    return [None, True, 1, 1.0, "1", (1,), (), {"b": 1, "a": {2, 1}}, frozenset(), Odd()]


def fail():
    raise LookupError("no")
"""


def outcomes(module: str, *scripts: str) -> tuple[str | None, ...]:
    return observe({"m.py": module, "pkg/__init__.py": ""}, scripts, sandbox=best())


def test_values_are_written_in_one_way() -> None:
    assert outcomes(
        MODULE,
        "from m import kinds\nkinds()",
        "from m import Counter\nc = Counter(start=-4)\nc.add(1)\n[c.add(2), c.value]",
        "from m import same\nsame({'x': (1, [2])})",
        "from m import fail\nfail()",
        "from m import absent\nabsent()",
    ) == (
        "[None, True, 1, 1.0, '1', (1,), (), {'a': {1, 2}, 'b': 1}, set(), <Odd>]",
        "[-1, -1]",
        "{'x': (1, [2])}",
        "raises LookupError",
        "raises AttributeError",
    )


def test_each_script_starts_afresh() -> None:
    module = "seen = []\n\ndef call():\n    seen.append(1)\n    return len(seen)\n"
    assert outcomes(module, *["from m import call\ncall()"] * 3) == ("1", "1", "1")


@pytest.mark.parametrize(
    "module",
    [
        "import os\nos._exit(0)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "import os\nos.closerange(0, 64)\nos._exit(0)",
        "def f():\n    return 'x' * 200000",
    ],
)
def test_a_process_that_dies_or_says_too_much_gives_no_outcome(module: str) -> None:
    assert outcomes(module, "from m import f\nf()", "1") == (None, None)


def test_what_is_raised_at_import_is_an_outcome() -> None:
    found = outcomes("import sys\nsys.exit(0)", "from m import f\nf()")
    assert found == ("raises SystemExit",)
    assert outcomes("def f(:", "from m import f\nf()") == ("raises SyntaxError",)


def test_a_script_is_data_and_no_program() -> None:
    found = outcomes(MODULE, "import os\nos.getcwd()", "[x for x in 'ab']", "1 + 1")
    assert found == ("raises SyntaxError",) * 3


def test_patched_libraries_do_not_reach_other_scripts() -> None:
    module = """
import builtins, json
json.dumps = lambda *args, **named: '{"value": ["7", "7"]}'
builtins.repr = lambda value: "7"

def f():
    return 3
"""
    assert outcomes(module, "from m import f\nf()", "3") == ("7", "3")


def test_the_harness_imports_nothing_of_the_candidate() -> None:
    files = dict.fromkeys(("json.py", "ast.py", "sitecustomize.py"), "import os\nos._exit(0)\n")
    assert observe(files | {"m.py": MODULE}, ["from m import same\nsame(5)"], sandbox=best()) == (
        "5",
    )


@pytest.mark.long
def test_the_first_script_that_hangs_ends_the_run() -> None:
    module = "def f(n):\n    while n:\n        pass\n    return n\n"
    scripts = [f"from m import f\nf({n})" for n in (0, 1, 0, 0)]
    assert outcomes(module, *scripts) == ("0", None, None, None)
