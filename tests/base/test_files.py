"""A file is whole or not there."""

import json
import stat
from pathlib import Path

import pytest

from ostinato.base.files import atomic_write, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "weights.safetensors"
    target.write_text("old")

    def half_write() -> None:
        with atomic_write(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        half_write()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_target_stays_old_until_the_end(tmp_path: Path) -> None:
    target = write_old(tmp_path)
    with atomic_write(target) as temporary:
        temporary.write_text("new")
        assert temporary.parent == target.parent
        assert temporary.suffix == target.suffix
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_are_made_and_permissions_are_ordinary(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "x.txt"
    write_text(target, "one\r\ntwo\n")
    plain = tmp_path / "plain"
    plain.touch()
    assert target.read_bytes() == b"one\r\ntwo\n"
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_json_is_readable_and_strict(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    write_json(target, {"title": "Für Elise", "bars": [1, 2]})
    assert json.loads(target.read_text(encoding="utf-8")) == {"title": "Für Elise", "bars": [1, 2]}
    assert "Für" in target.read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(target, {"loss": float("nan")})


def write_old(folder: Path) -> Path:
    target = folder / "roll.png"
    target.write_text("old")
    return target


def test_a_file_may_be_read_by_whom_the_umask_lets(tmp_path: Path) -> None:
    with atomic_write(tmp_path / "made") as path:
        path.touch(mode=0o600)
    (tmp_path / "plain").touch()
    assert (tmp_path / "made").stat().st_mode == (tmp_path / "plain").stat().st_mode
