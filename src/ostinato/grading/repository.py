"""What a repository does: small scripts are followed in it, and their outcomes come back as text.

The scripts go in through a pipe; each is followed in a process of its own. What they ought to
come to stays out here, and is compared out here. Nothing that comes back is believed to be more
than the candidate's claim.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

from ostinato.grading.code import ReplyError, read_reply
from ostinato.sandbox.types import MIB, Command, Limits, Sandbox

SCRIPT_SECONDS = 4.0
LIMITS = Limits(wall_seconds=30.0, cpu_seconds=20.0, memory_bytes=512 * MIB, processes=8)
"""Of all scripts together."""


def observe(
    files: Mapping[str, str],
    scripts: Sequence[str],
    *,
    sandbox: Sandbox,
    limits: Limits | None = None,
) -> tuple[str | None, ...]:
    """What each script comes to in a repository of these files: ``[1, 2]``, ``raises KeyError``.

    A script is lines of ``from m import f``, ``x = f(1)`` and ``x.g("a")``; the last one is its
    value. None where no outcome came: the first script that hangs or kills its process ends the
    run. Everything is None if the reply is not in the form agreed.
    """
    request = {"scripts": list(scripts), "seconds": SCRIPT_SECONDS}
    outcome = sandbox.run(
        Command(
            argv=("python", "-P", "-c", _harness()),  # no json.py of the candidate's
            files={path: text.encode() for path, text in files.items()},
            stdin=json.dumps(request).encode(),
            reply=True,
            limits=limits or LIMITS,
        )
    )
    nothing = (None,) * len(scripts)
    try:
        value = read_reply(outcome.reply)
    except ReplyError:
        return nothing
    if not isinstance(value, list):
        return nothing
    found = cast("list[object]", value)
    if len(found) > len(scripts) or not all(isinstance(item, str) for item in found):
        return nothing
    return (*cast("list[str]", found), *nothing[len(found) :])


@cache
def _harness() -> str:
    path = Path(__file__).with_name("repository_harness.py")
    return path.read_text("utf-8")
