"""What goes into the program and what comes out of it: pipes, read up to a limit."""

from __future__ import annotations

import os

_CHUNK = 1 << 16


class Captured:
    """One pipe out of the program."""

    def __init__(self, limit: int, *, wanted: bool = True) -> None:
        self.limit = limit
        self.full = False
        """More came than the limit allows; ``content`` holds what it allows."""
        self._parts: list[bytes] = []
        self._size = 0
        self.fd, self.inner = os.pipe() if wanted else (-1, -1)
        if wanted:
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
    """The standard streams, and the channel for the reply."""

    def __init__(self, stdin: bytes, limit: int, *, reply: bool) -> None:
        self.out, self.err = Captured(limit), Captured(limit)
        self.reply = Captured(limit, wanted=reply)
        self.stdin_inner, self.stdin = os.pipe()
        os.set_blocking(self.stdin, False)
        self._rest = memoryview(stdin)
        self._captured = [self.out, self.err, *([self.reply] if reply else [])]

    @property
    def inner(self) -> list[int]:
        """The program's descriptors, in their order from 0."""
        return [self.stdin_inner, *(captured.inner for captured in self._captured)]

    @property
    def captured(self) -> dict[int, Captured]:
        """By our end of the pipe."""
        return {captured.fd: captured for captured in self._captured}

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
        """After all are dead: what is still in the pipes."""
        for captured in self._captured:
            while not captured.full and captured.read():
                pass
