"""Files that are either whole or not there."""

from __future__ import annotations

import errno
import json
import os
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ostinato.base.errors import UserError


@contextmanager
def atomic_write(path: Path | str) -> Generator[Path]:
    """Yield a temporary path in the same folder (made if absent) for the caller to write.

    On success it is synced to disk and takes the place of ``path``, or of the file that a link
    there leads to; on failure it is removed and what was at ``path`` stays. The temporary name
    keeps the suffix: some writers go by it. A ``UserError`` where a folder or a device is.
    """
    path = place_of_file(Path(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        temporary.touch()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    mode = temporary.stat().st_mode  # what the user's umask leaves; some writers give less
    temporary.unlink()
    try:
        yield temporary
        temporary.chmod(mode)
        _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except Exception as error:
        if f"(os error {errno.ENOSPC})" in str(error):  # as Rust says it
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def place_of_file(path: Path) -> Path:
    """Where a file that is to be written will lie: where a link leads; a ``UserError`` where a
    folder or a device is.
    """
    if path.is_symlink():
        path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        what = "a folder" if path.is_dir() else "a device or a pipe"
        raise UserError(f"{path}: expected the name of a file to write; this is {what}")
    return path


def write_text(path: Path | str, text: str) -> None:
    """UTF-8, line ends as they are."""
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_json(path: Path | str, value: object) -> None:
    """Indented, with a final newline; NaN and infinity, which JSON does not know, are refused."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_object(path: Path, mend: str) -> dict[str, Any]:
    """The JSON object in a file of ours, or a ``UserError``; ``mend`` says what helps then."""
    try:
        told: Any = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise UserError(f"{path}: expected a JSON object, and it is damaged: {mend}")
    return told


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
