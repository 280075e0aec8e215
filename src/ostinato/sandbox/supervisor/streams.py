"""What goes into the program and what comes out of it: pipes, read up to a limit."""

from __future__ import annotations

import os

_CHUNK = 1 << 16
_REPORT = 1 << 12


class Captured:
    """One pipe out of the program."""

    def __init__(self, limit: int, *, wanted: bool = True, fifo: str = "") -> None:
        self.limit = limit
        self.full = False
        """More came than the limit allows; ``content`` holds what it allows."""
        self._parts: list[bytes] = []
        self._size = 0
        self.fd = self.inner = -1
        if fifo and wanted:
            self.fd = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            self.inner = os.open(fifo, os.O_WRONLY | os.O_CLOEXEC)
        elif wanted:
            self.fd, self.inner = os.pipe()
            os.set_blocking(self.fd, False)

    @property
    def content(self) -> bytes:
        """What came, up to the limit."""
        return b"".join(self._parts)[: self.limit]

    def read(self) -> bool:
        """Take what is there; whether more may come."""
        try:
            part = os.read(self.fd, _CHUNK)
        except BlockingIOError:
            return True
        if self._size <= self.limit:
            self._parts.append(part)
        self._size += len(part)
        self.full = self._size > self.limit
        return bool(part)


class Streams:
    """The standard streams, and the channel for the reply.

    ``channel``: a directory of named pipes for the reply and for a relay's report.
    """

    def __init__(self, stdin: bytes, limit: int, *, reply: bool, channel: str = "") -> None:
        self.out, self.err = Captured(limit), Captured(limit)
        self.reply = Captured(limit, wanted=reply, fifo=channel and f"{channel}/reply")
        self.report = Captured(_REPORT, wanted=bool(channel), fifo=f"{channel}/report")
        self.stdin_inner, self.stdin = os.pipe()
        os.set_blocking(self.stdin, False)
        self._rest = memoryview(stdin)
        self._captured = [self.out, self.err, *([self.reply] if reply else [])]
        self.go = os.open(f"{channel}/go", os.O_RDWR | os.O_CLOEXEC) if channel else -1
        """Where the relay waits for a word from us."""
        self._named = [one for one in (self.reply, self.report) if channel and one.fd >= 0]

    @property
    def inner(self) -> list[int]:
        """The program's descriptors, in their order from 0: those that are handed down to it."""
        handed = [one.inner for one in self._captured if one not in self._named]
        return [self.stdin_inner, *handed]

    @property
    def captured(self) -> dict[int, Captured]:
        """By our end of the pipe."""
        return {captured.fd: captured for captured in (*self._captured, *self._named)}

    @property
    def full(self) -> bool:
        """One of them got more than it may."""
        return any(captured.full for captured in self._captured)

    def started(self) -> None:
        """The program has its ends now: ours would keep the pipes open."""
        for descriptor in self.inner:
            os.close(descriptor)

    def move(self, descriptor: int) -> bool:
        """Read or write what one of our ends is ready for; whether there may be more."""
        if descriptor == self.stdin:
            return self._feed()
        return self.captured[descriptor].read()

    def _feed(self) -> bool:
        try:
            if self._rest:
                self._rest = self._rest[os.write(self.stdin, self._rest[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            os.close(self.stdin)
            return False
        return True

    def drain(self) -> None:
        """After all are dead: what is still in the pipes. Until then we hold the named ones open:
        before a first writer comes, nothing else tells them from pipes that were closed.
        """
        for captured in self._named:
            os.close(captured.inner)
        for captured in self.captured.values():
            while not captured.full and captured.read():
                pass
