"""Run by an ordinary user: one command from standard input in a sandbox, the outcome to standard
output. Without a sandbox's name: what can be had here.
"""

from __future__ import annotations

import dataclasses
import json
import marshal
import sys
from typing import Any, cast

from ostinato.sandbox import available, choose
from ostinato.sandbox.types import Command, Limits


def main() -> None:
    fields = cast("dict[str, Any]", marshal.loads(sys.stdin.buffer.read()))
    kind = fields.pop("kind")
    if not kind:
        sys.stdout.write(json.dumps(available()))
        return
    command = Command(**{**fields, "limits": Limits(**fields["limits"])})
    outcome = choose(kind).run(command)
    plain = {**dataclasses.asdict(outcome), "status": str(outcome.status)}
    sys.stdout.buffer.write(marshal.dumps(plain))


if __name__ == "__main__":
    main()
