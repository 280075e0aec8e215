"""What a user reads when a sandbox cannot be had."""

from __future__ import annotations

from ostinato.base.errors import UserError


class SandboxError(UserError):
    """The protection cannot be set up in full, so nothing was run: what is missing, what to do."""
