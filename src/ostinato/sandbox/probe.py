"""A sandbox is offered only after a program in it has tried to get out, and could not."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.types import Command, Limits, Sandbox, Status

_PROGRAM = """
import _socket, ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
witness, outsider = sys.argv[1], int(sys.argv[2])

def attempt(what, action):
    try:
        action()
    except OSError:
        return
    os.write(3, what.encode() + b"\\n")

def call(function, *arguments):
    if function(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")

attempt("read a file outside", lambda: open(witness).read())
attempt("write a file outside", lambda: open(witness, "a"))
attempt("make a file outside", lambda: open(witness + ".new", "x"))
attempt("delete a file outside", lambda: os.unlink(witness))
attempt("change the mode of a file outside", lambda: os.chmod(witness, 0o600))
attempt("link to a file outside", lambda: os.link(witness, "link"))
attempt("read /etc/passwd", lambda: open("/etc/passwd").read())
attempt("open a socket", lambda: _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM))
attempt("open a Unix socket", lambda: _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM))
if outsider:
    attempt("signal a process outside", lambda: os.kill(outsider, 0))
attempt("enter a new user namespace", lambda: call(libc.unshare, 0x10000000))
attempt("trace a process", lambda: call(libc.ptrace, 0, 0, 0, 0))
attempt("become root", lambda: os.setresuid(0, 0, 0) if os.getuid() else call(libc.chroot, b"."))
os.write(3, b"done")
"""


def weakness(sandbox: Sandbox, *, sees_pids: bool) -> str | None:
    """What a program could do that it must not, in one sentence; None: the sandbox holds.

    ``sees_pids``: process ids mean the same inside as outside.
    """
    with tempfile.TemporaryDirectory(prefix="ostinato-probe-") as directory:
        Path(directory).chmod(0o777)
        witness = Path(directory, "witness")
        witness.write_bytes(b"not for you")
        witness.chmod(0o666)
        argv = ("python", "-c", _PROGRAM, str(witness), str(os.getpid() if sees_pids else 0))
        limits = Limits(wall_seconds=30.0, cpu_seconds=20.0)
        try:
            outcome = sandbox.run(Command(argv=argv, reply=True, limits=limits))
        except SandboxError as error:
            return str(error)
        alone = list(Path(directory).iterdir()) == [witness]
        intact = alone and witness.read_bytes() == b"not for you"
    *done, last = outcome.reply.decode(errors="replace").split("\n")
    if outcome.status is not Status.EXITED or last != "done":
        reason = outcome.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        return (
            f"{sys.executable} does not run in the {sandbox.name} sandbox "
            f"({outcome.status}: {reason or 'no message'}): choose another sandbox"
        )
    if done or not intact:
        return (
            f"the {sandbox.name} sandbox does not hold on this kernel, a program could "
            f"{', '.join(done) or 'change files outside'}: choose another sandbox"
        )
    return None
