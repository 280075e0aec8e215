"""Processes that share a device and use it one at a time, or a folder that is for one alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from ostinato.base.errors import UserError

_PAUSE = 0.05  # seconds between two attempts
_VISIBLE = "CUDA_VISIBLE_DEVICES"


def turn_of_device(folder: Path) -> Path:
    """The file in ``folder`` on which processes wait that see the same devices; those that see
    others do not wait for them.
    """
    return folder / f"turn-{os.environ.get(_VISIBLE, 'all').replace(os.sep, '-')}.lock"


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """A ``UserError`` where another process is in such a block with this folder, which is made if
    it is not there. Unix only; where its disk knows no locks, nobody is refused.
    """
    import fcntl

    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise UserError(
            f"{folder}: another program is at work in it: wait for it, or choose another (--out)"
        ) from None
    except OSError:
        pass
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def turns(path: Path | None) -> Generator[Callable[[Callable[[], bool]], None]]:
    """Yield what waits for the turn: until no other process holds ``path``, or its argument says
    to give up. The turn ends with the block, or with the process. None: nobody waits.

    A file is locked (``flock``), which is made where it is not there. Unix only.
    """
    if path is None:
        yield lambda _: None
        return
    import fcntl

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def wait(give_up: Callable[[], bool]) -> None:
        while not give_up():
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE)
            else:
                return

    try:
        yield wait
    finally:
        os.close(descriptor)
