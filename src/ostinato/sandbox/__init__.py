"""Running a stranger's program safely: ``best().run(Command(argv=("python", "main.py"), ...))``.

``docs/sandbox.md`` says what each sandbox protects against, and what not.
"""

from ostinato.sandbox.choose import available, best, choose
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.types import Command, Limits, Outcome, Sandbox, Status

__all__ = [
    "Command",
    "Limits",
    "Outcome",
    "Sandbox",
    "SandboxError",
    "Status",
    "available",
    "best",
    "choose",
]
