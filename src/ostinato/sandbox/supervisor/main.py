"""One run, from the job on standard input to the result on standard output."""

from __future__ import annotations

import marshal
import os
import sys

from . import kernel
from .confine import start
from .container import Container
from .job import Job
from .relayed import Relayed
from .streams import Streams
from .watch import Watch
from .workspace import Workspace


def main() -> None:
    """Read the job, run it and write what came of it: ``{"error": ...}`` where it never started.

    The argument is a descriptor that our caller closes to end the run.
    """
    job = Job(marshal.loads(sys.stdin.buffer.read()))
    content = marshal.dumps(_run(job, life=int(sys.argv[1])))
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    finally:
        os._exit(0)


def _run(job: Job, life: int) -> dict[str, object]:
    """Nothing of the run is left when this returns: no process and no file."""
    kernel.adopt_orphans()
    kernel.renice(-10)
    if job.uid >= 0:
        kernel.set_securebits(kernel.NO_SETUID_FIXUP)
        kernel.set_file_uid(job.uid)
    workspace = Workspace(job.base)
    container = watch = None
    try:
        workspace.write(job.files)
        container = Container(job, workspace.path) if job.bundle else None
        channel = container.channel if container else ""
        streams = Streams(job.stdin, job.output_bytes, reply=job.reply, channel=channel)
        try:
            child = start(job, streams.inner, workspace.path, workspace.fd)
        except OSError as error:
            return {"error": error.strerror, "errno": error.errno}
        streams.started()
        watch = (Relayed if container else Watch)(job, streams, workspace, life)
        result = watch.hold(child)
        if "error" in result:
            return result
        return {
            **result,
            "stdout": streams.out.content,
            "stderr": streams.err.content,
            "reply": streams.reply.content,
            "cpu_seconds": watch.tree.cpu,
            "peak_memory_bytes": watch.tree.peak,
            "files": workspace.keep(job.keep, job.disk_bytes),
        }
    finally:
        if watch is not None:
            watch.tree.kill()
        workspace.remove()
        if container is not None:
            container.remove()
