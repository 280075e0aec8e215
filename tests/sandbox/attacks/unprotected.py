"""Runs a command without any protection, as someone would who trusts it: the attacks' control."""

from __future__ import annotations

import fcntl
import marshal
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, cast


def main() -> None:
    job = cast("dict[str, Any]", marshal.loads(sys.stdin.buffer.read()))
    folder = Path(tempfile.mkdtemp(prefix=f"unprotected-{os.getppid()}-"))
    for name, content in job["files"].items():
        (folder / name).write_bytes(content)
    low, inner = os.pipe()
    reply = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 10)
    for other in {low, inner, os.dup2(inner, 3)} - {3}:
        os.close(other)
    process = subprocess.Popen(
        [job["python"], "-I", *job["argv"][1:]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=False,
        cwd=folder,
    )
    assert process.stdin and process.stdout and process.stderr
    os.close(3)
    process.stdin.write(job["stdin"])
    process.stdin.close()
    parts: dict[str, bytes] = {}
    sources = {"out": process.stdout, "err": process.stderr, "reply": open(reply, "rb")}  # noqa: PTH123, SIM115
    readers = [
        threading.Thread(target=lambda n=name, f=file: parts.update({n: f.read()}), daemon=True)
        for name, file in sources.items()
    ]
    for reader in readers:
        reader.start()
    code = process.wait()
    for reader in readers:
        reader.join()
    files = {
        name: (folder / name).read_bytes() for name in job["keep"] if os.path.lexists(folder / name)
    }
    shutil.rmtree(folder, ignore_errors=True)
    answer = (code, parts["out"], parts["err"], parts["reply"], files)
    sys.stdout.buffer.write(marshal.dumps(answer))


if __name__ == "__main__":
    main()
