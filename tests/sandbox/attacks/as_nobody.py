"""A process of an ordinary user that runs what it is told to in sandboxes, side by side.

On standard input come marshalled pairs of a number and a command's fields with the name of a
sandbox, or None where the question is what can be had here; on standard output go the answers.
"""

from __future__ import annotations

import dataclasses
import marshal
import sys
import threading
from typing import Any, cast

from ostinato.base.errors import UserError
from ostinato.sandbox import available, choose
from ostinato.sandbox.types import Command, Limits

_lock = threading.Lock()


def main() -> None:
    while True:
        try:
            number, fields = cast("tuple[int, Any]", marshal.load(sys.stdin.buffer))
        except EOFError:
            return
        threading.Thread(target=_answer, args=(number, fields), daemon=True).start()


def _answer(number: int, fields: dict[str, Any] | None) -> None:
    try:
        answer = available() if fields is None else _run(**fields)
    # A fault line: it is raised again where the question came from.
    except (UserError, RuntimeError, OSError, ValueError, AssertionError) as error:
        answer = f"{type(error).__name__}: {error}"
    with _lock:
        marshal.dump((number, answer), sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _run(kind: str, limits: dict[str, Any], **fields: Any) -> dict[str, Any]:
    outcome = choose(kind).run(Command(limits=Limits(**limits), **fields))
    return {**dataclasses.asdict(outcome), "status": str(outcome.status)}


if __name__ == "__main__":
    main()
