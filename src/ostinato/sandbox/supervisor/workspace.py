"""The fresh directory: made, filled, measured, looked through and removed.

A stranger writes in it. While one of its processes lives, no path inside is followed twice; what
is brought back is read after all are dead.
"""
# Importing pathlib takes longer than all of this.
# ruff: noqa: PTH102, PTH103, PTH106, PTH123, PTH208

from __future__ import annotations

import errno
import os
import stat

_BLOCK = 4096
_DEEPEST = 100
"""Directories below one another, while a program runs."""
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Workspace:
    """A new directory below ``base``, of the uid that makes files for us now."""

    def __init__(self, base: str) -> None:
        self.path = f"{base}/ostinato-{os.getpid()}-{os.urandom(6).hex()}"
        os.mkdir(self.path, 0o700)
        self.fd = os.open(self.path, _DIRECTORY)

    def write(self, files: dict[str, bytes]) -> None:
        """Put files in. A script (``#!``) may be executed."""
        for path, content in files.items():
            directory, _, name = path.rpartition("/")
            if directory:
                os.makedirs(f"{self.path}/{directory}", 0o700, exist_ok=True)
            mode = 0o700 if content.startswith(b"#!") else 0o600
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(f"{self.path}/{directory}/{name}", flags, mode)
            with open(file, "wb", buffering=0) as writer:
                rest = memoryview(content)
                while rest:
                    rest = rest[writer.write(rest) :]

    def size(self, limit: int, *, settled: bool = False) -> int:
        """Bytes on disk in whole blocks, where every entry takes one: up to a little above the
        limit. What cannot be measured is too large, unless all is ``settled``: when no process is
        left that could exchange one name for another, directories are opened to us first.
        """
        if settled:
            os.fchmod(self.fd, 0o700)
        return _measure(os.dup(self.fd), limit, 0, settled)

    def keep(self, paths: list[str], limit: int) -> dict[str, bytes]:
        """Contents of regular files, together at most ``limit`` bytes; links are not followed."""
        found: dict[str, bytes] = {}
        for path in paths:
            content = self._content(path.split("/"), limit)
            if content is not None:
                found[path] = content
                limit -= len(content)
        return found

    def _content(self, parts: list[str], limit: int) -> bytes | None:
        place = os.dup(self.fd)
        try:
            for index, part in enumerate(parts):
                flags = _DIRECTORY if index < len(parts) - 1 else _FILE
                inner = os.open(part, flags, dir_fd=place)
                os.close(place)
                place = inner
            found = os.fstat(place)
            if not stat.S_ISREG(found.st_mode) or found.st_size > limit:
                return None
            return _all(place, found.st_size)
        except OSError:  # not there, a link, a socket, or not readable: not a file to keep
            return None
        finally:
            os.close(place)

    def remove(self) -> None:
        """Take everything away. Directories inside are emptied upwards, so that neither depth
        nor the length of a path matters.
        """
        os.fchmod(self.fd, 0o700)
        moved = 0
        while names := os.listdir(self.fd):
            for name in names:
                if not _is_directory(name, self.fd):
                    os.unlink(name, dir_fd=self.fd)
                    continue
                os.chmod(name, 0o700, dir_fd=self.fd)
                inner = os.open(name, _DIRECTORY, dir_fd=self.fd)
                for below in os.listdir(inner):
                    if _is_directory(below, inner):
                        os.chmod(below, 0o700, dir_fd=inner)
                        moved += 1
                        target = f".ostinato-{os.urandom(8).hex()}-{moved}"
                        os.rename(below, target, src_dir_fd=inner, dst_dir_fd=self.fd)
                    else:
                        os.unlink(below, dir_fd=inner)
                os.close(inner)
                os.rmdir(name, dir_fd=self.fd)
        os.close(self.fd)
        os.rmdir(self.path)


def _measure(directory: int, limit: int, depth: int, settled: bool) -> int:
    """Size of all entries below ``directory``, which is closed."""
    total = 0
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                total += max(-(-found.st_size // _BLOCK) * _BLOCK, found.st_blocks * 512, _BLOCK)
                if total > limit:
                    break
                if stat.S_ISDIR(found.st_mode):
                    if depth == _DEEPEST:
                        return limit + 1
                    if settled:
                        os.chmod(entry.name, 0o700, dir_fd=directory)
                    inner = os.open(entry.name, _DIRECTORY, dir_fd=directory)
                    total += _measure(inner, limit - total, depth + 1, settled)
    except OSError as error:
        # It changed while we looked, or it is hidden from us.
        changed = error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
        return total if changed else limit + 1
    finally:
        os.close(directory)
    return total


def _all(file: int, size: int) -> bytes:
    parts: list[bytes] = []
    while size > 0 and (part := os.read(file, min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_directory(name: str, parent: int) -> bool:
    found = os.stat(name, dir_fd=parent, follow_symlinks=False)
    return stat.S_ISDIR(found.st_mode)
