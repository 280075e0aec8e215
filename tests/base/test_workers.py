"""Items that fail, crash their process or hang do not stop the others."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from ostinato.base.errors import UserError
from ostinato.base.workers import Outcome, available_cores, run_each


def work(item: int | str) -> str:
    """Do what the item says."""
    match item:
        case "refuse":
            raise UserError("no")
        case "fail":
            raise KeyError("x")
        case "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "leave":
            os._exit(3)
        case "hang":
            time.sleep(600)
        case _:
            pass
    return f"did {item}"


def crash_once(folder: str) -> str:
    """Die at the first attempt."""
    mark = Path(folder) / "mark"
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return "second time"


def test_results_come_in_order_and_failures_with_their_reason():
    items = [1, "refuse", "fail", 2, "crash", 3, "hang", 4, "leave", 5]
    found = list(run_each(work, items, workers=2, seconds=1.0))
    assert [outcome.item for outcome in found] == items
    assert {o.item: o.result for o in found if o.result} == {
        number: f"did {number}" for number in (1, 2, 3, 4, 5)
    }
    assert {outcome.item: outcome.error for outcome in found if outcome.error} == {
        "refuse": "no",
        "fail": "unexpected KeyError: 'x'",
        "crash": "crashed its process 2 times (signal 11)",
        "hang": "took longer than 1 s",
        "leave": "crashed its process 2 times (exit code 3)",
    }


def test_a_crash_that_is_not_the_items_fault(tmp_path: Path):
    (outcome,) = run_each(crash_once, [str(tmp_path)], workers=1, seconds=10.0)
    assert outcome == Outcome(str(tmp_path), "second time", None)


def test_items_are_taken_as_needed():
    taken = []

    def items():
        for number in range(1000):
            taken.append(number)
            yield number

    outcomes = run_each(work, items(), workers=1, seconds=10.0)
    assert next(outcomes).result == "did 0"
    assert len(taken) < 50
    outcomes.close()


def test_nothing_to_do():
    assert list(run_each(work, [], workers=2, seconds=1.0)) == []


def test_cores():
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


def test_ctrl_c_does_not_reach_the_workers(tmp_path: Path) -> None:
    """The whole process group is interrupted at several moments: nobody but the parent speaks."""
    code = (
        "import os, signal, threading, time\n"
        "from ostinato.base.workers import run_each\n"
        "if __name__ == '__main__':\n"
        "    threading.Timer({delay}, os.killpg, (os.getpgid(0), signal.SIGINT)).start()\n"
        "    try:\n"
        "        for _ in run_each(time.sleep, [0.01] * 2000, workers=2, seconds=5): pass\n"
        "    except KeyboardInterrupt: print('stopped')\n"
    )
    for delay in (0.02, 0.1, 0.6):
        script = tmp_path / "script.py"
        script.write_text(code.format(delay=delay))
        done = subprocess.run(
            [sys.executable, str(script)],
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        assert (done.stdout, done.stderr) == ("stopped\n", "")
