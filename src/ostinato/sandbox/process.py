"""Starting a supervisor, and what it says made into an outcome. Shared by all tiers."""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import cast

from ostinato.base.errors import UserError
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.layout import interpreter, search_path
from ostinato.sandbox.supervisor.job import FRESH, Job
from ostinato.sandbox.types import Command, Outcome, Status

_PATIENCE = 60.0
"""Seconds beyond the limit on wall time before the supervisor itself is given up."""
_START = "import sys; sys.path.append(sys.argv.pop(1)); from supervisor.main import main; main()"
_ENVIRONMENT = {
    "HOME": FRESH,
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",  # address space is limited, and each arena of glibc's takes 64 MiB
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TMPDIR": FRESH,
}
_PYTHON_OPTIONS = ("-s", "-S")
"""No packages. Modules beside the program are found, and ``PYTHON...`` of the command's own
environment counts: nothing else's is there.
"""


def plan(command: Command, **tier: object) -> Job:
    """The job for a command; ``tier`` adds what a tier decides, by `Job`'s names."""
    limits = command.limits
    _check(command)
    executable, argv = _program(command.argv)
    environment = _ENVIRONMENT | {"PATH": search_path()} | dict(command.environment)
    fields: dict[str, object] = {
        "argv": argv,
        "executable": executable,
        "environment": environment,
        "files": {path: bytes(content) for path, content in command.files.items()},
        "stdin": bytes(command.stdin),
        "reply": command.reply,
        "keep": list(command.keep),
        "wall_seconds": limits.wall_seconds,
        "cpu_seconds": limits.cpu_seconds,
        "memory_bytes": limits.memory_bytes,
        "processes": limits.processes,
        "open_files": limits.open_files,
        "disk_bytes": limits.disk_bytes,
        "output_bytes": limits.output_bytes,
        "base": str(Path(tempfile.gettempdir()).resolve()),
        "wrap": list[str](),
        "bundle": "",
        "root": list[tuple[str, str]](),
        "guest": b"",
        "filter": b"",
        "filter_fd": -1,
        "handled": (0, 0, 0),
        "fresh_rights": 0,
        "rules": list[tuple[str, int]](),
        "uid": -1,
        "capability": -1,
    }
    return Job(fields | tier)


class Supervised:
    """One run under way: it can be given up from any thread."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._life = -1
        self._abandoned = False

    def abandon(self) -> None:
        """End it, with its whole tree of processes; `run` returns soon, with an error."""
        with self._lock:
            self._abandoned = True
            self._let_go()

    def run(self) -> Outcome:
        """Blocks until nothing of the run is left."""
        theirs, ours = os.pipe()
        with self._lock:
            self._life = ours
            if self._abandoned:
                self._let_go()
        try:
            process = self._start(theirs)
        finally:
            os.close(theirs)
        try:
            out, err = process.communicate(
                marshal.dumps(vars(self._job)), self._job.wall_seconds + _PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise SandboxError(
                "the supervisor of the sandbox does not answer: is the machine overloaded?"
            ) from None
        finally:
            with self._lock:
                self._let_go()
            _end(process)
        if process.returncode or not out:
            reason = err.decode(errors="replace").strip().rpartition("\n")[2]
            raise SandboxError(f"the supervisor of the sandbox failed: {reason}")
        return _outcome(cast("dict[str, object]", marshal.loads(out)), self._job)

    def _start(self, life: int) -> subprocess.Popen[bytes]:
        here = str(Path(__file__).resolve().parent)
        return subprocess.Popen(
            [str(interpreter()), "-I", "-S", "-c", _START, here, str(life)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(life,),
            start_new_session=True,
            env={},
            cwd="/",
        )

    def _let_go(self) -> None:
        if self._life >= 0:
            os.close(self._life)
            self._life = -1


async def run_async(job: Job) -> Outcome:
    """A run in a thread of its own: the pool of the event loop may be small."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Outcome] = loop.create_future()
    supervised = Supervised(job)

    def settle(outcome: Outcome | None, error: BaseException | None) -> None:
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            assert outcome is not None
            done.set_result(outcome)

    def work() -> None:
        outcome, failure = None, None
        try:
            outcome = supervised.run()
        except BaseException as error:  # noqa: BLE001 (it belongs to whoever awaits)
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, outcome, failure)

    thread = threading.Thread(target=work, name="sandbox", daemon=True)
    thread.start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        supervised.abandon()
        await asyncio.wait([done])
        done.exception()
        raise


def _end(process: subprocess.Popen[bytes]) -> None:
    """A supervisor whose caller let go ends by itself, after its tree; killed it would leave it."""
    try:
        process.communicate(timeout=_PATIENCE)
    except (subprocess.TimeoutExpired, ValueError):
        process.kill()
        process.wait()


def _outcome(result: Mapping[str, object], job: Job) -> Outcome:
    if "error" in result:
        step, number = str(result["error"]), cast("int", result["errno"])
        reason = os.strerror(number) if number else "failed"
        if step == "execve":
            raise SandboxError(f"cannot execute {job.executable!r} in the sandbox: {reason}")
        raise SandboxError(f"the sandbox could not be set up ({step}): {reason}")
    cause = str(result["cause"])
    if cause == "abandoned":
        raise SandboxError("the run was given up by its caller")
    code = cast("int", result["code"])
    ended = Status.EXITED if code >= 0 else Status.SIGNALLED
    status = Status(cause) if cause else ended
    return Outcome(
        status=status,
        exit_code=code if status is Status.EXITED else None,
        signal=-code if code < 0 else None,
        stdout=cast("bytes", result["stdout"]),
        stderr=cast("bytes", result["stderr"]),
        reply=cast("bytes", result["reply"]),
        files=cast("dict[str, bytes]", result["files"]),
        wall_seconds=cast("float", result["wall_seconds"]),
        cpu_seconds=cast("float", result["cpu_seconds"]),
        peak_memory_bytes=cast("int", result["peak_memory_bytes"]),
    )


def _check(command: Command) -> None:
    if not command.argv:
        raise UserError("a command for the sandbox has no argv: name the program to run")
    for path in (*command.files, *command.keep):
        parts = path.split("/")
        if not path or "\0" in path or any(part in ("", ".", "..") for part in parts):
            raise UserError(
                f"expected a path relative to the sandbox's directory, without '..', got {path!r}"
            )
    for text in (*command.argv, *command.environment, *command.environment.values()):
        if "\0" in text:
            raise UserError(f"a word for the sandbox holds a null character: {text!r}")
    if sum(map(len, command.files.values())) > command.limits.disk_bytes:
        raise UserError(
            "the files of a command exceed its limit on disk: raise Limits.disk_bytes above "
            f"{command.limits.disk_bytes}"
        )


def _program(argv: tuple[str, ...]) -> tuple[str, list[str]]:
    """The executable, and argv as the program will see it."""
    if argv[0] == "python":
        return str(interpreter()), [str(interpreter()), *_PYTHON_OPTIONS, *argv[1:]]
    if "/" in argv[0]:
        return argv[0], list(argv)
    found = shutil.which(argv[0], path=search_path())
    if found is None:
        raise SandboxError(
            f"found no program {argv[0]!r} on the sandbox's PATH, {search_path()}: install it there"
        )
    return str(PurePosixPath(found)), list(argv)
