"""A file is whole or not there."""

import errno
import json
import os
import stat
from pathlib import Path

import pytest
from safetensors import SafetensorError

from ostinato.base.errors import UserError
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


def test_a_link_is_followed_and_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    target, link, pipe = tmp_path / "a" / "x.txt", tmp_path / "x.txt", tmp_path / "pipe"
    link.symlink_to(target)
    write_text(link, "one")
    write_text(link, "two")
    assert link.is_symlink() and target.read_text() == "two"
    os.mkfifo(pipe)
    for place, what in ((pipe, "a device or a pipe"), (tmp_path, "a folder"), (Path(), "a folder")):
        with pytest.raises(UserError, match=f"the name of a file to write; this is {what}"):
            write_text(place, "three")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "x.txt", "pipe"}


def test_what_cannot_be_written_is_named_as_the_user_named_it(tmp_path: Path) -> None:
    with pytest.raises(OSError) as error:  # noqa: PT011 - its file says enough
        write_text("/proc/x.txt", "no")
    assert error.value.filename == "/proc/x.txt"

    def full() -> None:
        with atomic_write(tmp_path / "x.safetensors"):
            raise SafetensorError("I/O error: No space left on device (os error 28)")

    with pytest.raises(OSError) as error:  # noqa: PT011
        full()
    assert (error.value.errno, error.value.filename) == (
        errno.ENOSPC,
        str(tmp_path / "x.safetensors"),
    )


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
