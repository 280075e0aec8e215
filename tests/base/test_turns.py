"""Turns: one holder at a time, and none for ever."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ostinato.base.errors import UserError
from ostinato.base.turns import alone, turn_of_device, turns

ALONE = "import sys; from pathlib import Path; from ostinato.base.turns import alone"
HOLD = "import sys, fcntl; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1)"


def test_who_waits_gives_up_when_told_or_has_the_turn_next(tmp_path: Path) -> None:
    path, looks = tmp_path / "new" / "turn", iter([False, False, True])
    with turns(path) as first, turns(path) as second:
        first(lambda: False)
        second(lambda: next(looks))
        assert next(looks, None) is None  # it looked three times, and gave up
    with turns(path) as third:
        third(lambda: False)  # and has it at once


def test_a_process_that_ends_gives_its_turn_back(tmp_path: Path) -> None:
    path = tmp_path / "turn"
    held = f"{HOLD}; sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", held, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None and other.stdin is not None
        assert other.stdout.readline() == b"1\n"
        waits: list[bool] = []

        def give_up() -> bool:
            waits.append(True)
            if len(waits) == 3:
                other.kill()
            return False

        with turns(path) as wait:
            wait(give_up)
        assert len(waits) >= 3


def test_a_folder_is_for_one_process(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "run"
    held = "_ = alone(Path(sys.argv[1])); _.__enter__()"
    with subprocess.Popen(
        [sys.executable, "-c", f"{ALONE}; {held}; print(1, flush=True); sys.stdin.read()", folder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"1\n"
        with (
            pytest.raises(UserError, match=r"run: another program is at work in it"),
            alone(folder),
        ):
            pass
        other.kill()
    for _ in range(2):  # and is given back
        with alone(folder):
            pass
    assert list(folder.iterdir()) == []


def test_without_a_file_nobody_waits() -> None:
    with turns(None) as wait:
        wait(lambda: False)


def test_who_sees_another_device_does_not_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths: list[Path] = []
    for seen in ("0", "1", "0,1", "MIG-GPU-1/0/0"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
        paths.append(turn_of_device(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    paths.append(turn_of_device(tmp_path))
    assert len({*paths}) == len(paths)
    assert {path.parent for path in paths} == {tmp_path}
    with turns(paths[0]) as first, turns(paths[1]) as second:
        first(lambda: False)
        looks = iter([False])
        second(lambda: next(looks))  # it looks once, and has the turn
