"""What an attack runs in: each sandbox as we have it, as an ordinary user has it, and none."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import marshal
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, cast

import ostinato
from ostinato.sandbox import available, choose
from ostinato.sandbox.types import Command, Limits, Outcome, Status

NOBODY = 65534
_SOURCE = Path(ostinato.__file__).resolve().parents[1]
_HERE = Path(__file__).resolve().parent


class Tier(Protocol):
    """Something that runs commands."""

    @property
    def name(self) -> str: ...

    def run(self, command: Command) -> Outcome: ...


@dataclasses.dataclass(frozen=True)
class Ours:
    """A sandbox in this process, as this user."""

    name: str

    def run(self, command: Command) -> Outcome:
        return choose(self.name).run(command)


@dataclasses.dataclass(frozen=True)
class OfNobody:
    """A sandbox in a process of an ordinary user: what root may drop, he never had, and what he
    attacks is of his own uid.
    """

    kind: str

    @property
    def name(self) -> str:
        return f"{self.kind}-as-nobody"

    def run(self, command: Command) -> Outcome:
        fields = _nobody().ask({**dataclasses.asdict(command), "kind": self.kind})
        status = Status(fields.pop("status"))
        return Outcome(status=status, **fields)


class _Nobody:
    """The process, and our conversation with it from many threads."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [interpreter_of_nobody(), "-S", str(_HERE / "as_nobody.py")],
            stdin=subprocess.PIPE,  # where it ends, so does the process
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONPATH": str(_SOURCE), "PATH": os.environ.get("PATH", os.defpath)},
            cwd="/",
            user=NOBODY,
            group=NOBODY,
            extra_groups=(),
        )
        self._lock = threading.Lock()
        self._waiting: dict[int, queue.SimpleQueue[Any]] = {}
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def ask(self, question: Any) -> dict[str, Any]:
        answers = queue.SimpleQueue[Any]()
        assert self._process.stdin is not None
        with self._lock:
            number = len(self._waiting)
            self._waiting[number] = answers
            marshal.dump((number, question), self._process.stdin)
            self._process.stdin.flush()
        answer = answers.get()
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return cast("dict[str, Any]", answer)

    def close(self) -> None:
        """It ends when nothing more can be asked."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while True:
            try:
                number, answer = cast("tuple[int, Any]", marshal.load(self._process.stdout))
            except EOFError:
                return
            self._waiting[number].put(answer)


@functools.cache
def _nobody() -> _Nobody:
    return _Nobody()


def dismiss() -> None:
    """End the process that belongs to the tiers of an ordinary user, if there is one."""
    if _nobody.cache_info().currsize:
        _nobody().close()
        _nobody.cache_clear()


class Unprotected:
    """No sandbox: what someone would write who has never met a stranger. For the controls."""

    name = "none"

    def run(self, command: Command) -> Outcome:
        fields = {**dataclasses.asdict(command), "python": sys.executable}
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_HERE / "unprotected.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            close_fds=False,
        )
        try:
            out, _ = process.communicate(marshal.dumps(fields), _patience(command.limits))
        except subprocess.TimeoutExpired:
            raise RuntimeError("it did not end by itself") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                assert stream is not None
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        if process.returncode or not out:
            raise RuntimeError(f"whoever ran it ended with {process.returncode}")
        code, *rest = cast("tuple[Any, ...]", marshal.loads(out))
        stdout, stderr, reply, files = rest
        return Outcome(
            status=Status.EXITED if code >= 0 else Status.SIGNALLED,
            exit_code=code if code >= 0 else None,
            signal=-code if code < 0 else None,
            stdout=stdout,
            stderr=stderr,
            reply=reply,
            files=files,
            wall_seconds=0.0,
            cpu_seconds=0.0,
            peak_memory_bytes=0,
        )


def sweep() -> None:
    """Take away the directories that runs without a sandbox left."""
    left = Path(tempfile.gettempdir()).glob(f"unprotected-{os.getpid()}-*")
    subprocess.run(["rm", "-rf", "--", *left], check=True)


def _patience(limits: Limits) -> float:
    from attacks.noun import PATIENCE

    return limits.wall_seconds + PATIENCE + 0.2


@functools.cache
def interpreter_of_nobody() -> str:
    """A Python new enough that lies where everyone may go; "" if there is none."""
    for path in (sys.executable, f"/usr/bin/{Path(sys.executable).resolve().name}"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run(
                [path, "-S", "-c", "import ostinato.sandbox"],
                env={"PYTHONPATH": str(_SOURCE)},
                cwd="/",
                check=True,
                capture_output=True,
                user=NOBODY,
                group=NOBODY,
                extra_groups=(),
            )
            return path
    return ""


@functools.cache
def lacking() -> Mapping[str, str | None]:
    """Every tier, and why it cannot be had here; None where it can."""
    found = dict(available())
    kinds = list(found)
    if os.getuid() != 0:
        reason = "the tests run as an ordinary user already"
    elif not interpreter_of_nobody():
        reason = "no Python here that an ordinary user may execute and that finds this package"
    else:
        told = _nobody().ask(None)
        return found | {f"{kind}-as-nobody": told[kind] for kind in kinds}
    return found | {f"{kind}-as-nobody": reason for kind in kinds}


def tier(name: str) -> Tier:
    if name == "none":
        return Unprotected()
    kind, _, nobody = name.partition("-as-")
    return OfNobody(kind) if nobody else Ours(kind)


TIERS = tuple(
    f"{kind}{whose}" for whose in ("", "-as-nobody") for kind in ("landlock", "bubblewrap", "runsc")
)
