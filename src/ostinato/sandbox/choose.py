"""Which sandbox: the best that protects in full here, or one by name."""

from __future__ import annotations

import threading
from typing import Protocol

from ostinato.base.errors import UserError
from ostinato.sandbox.bubblewrap import Bubblewrap
from ostinato.sandbox.errors import SandboxError
from ostinato.sandbox.landlock import Landlock
from ostinato.sandbox.probe import weakness
from ostinato.sandbox.runsc import Runsc
from ostinato.sandbox.types import Sandbox


class _Tier(Sandbox, Protocol):
    def missing(self) -> str | None: ...


TIERS = ("landlock", "bubblewrap", "runsc")
"""All sandboxes, the fastest first."""

_KINDS = {"landlock": Landlock, "bubblewrap": Bubblewrap, "runsc": Runsc}
_lock = threading.Lock()
_verdicts: dict[str, str | None] = {}


def best() -> Sandbox:
    """The fastest sandbox that protects in full on this machine."""
    reasons: list[str] = []
    for name in TIERS:
        reason = _verdict(name)
        if reason is None:
            return _KINDS[name]()
        reasons.append(f"{name}: {reason}")
    raise SandboxError(f"no sandbox protects in full on this machine ({'; '.join(reasons)})")


def choose(name: str) -> Sandbox:
    """The sandbox of that name, or an error that says why it cannot be had here."""
    if name not in _KINDS:
        raise UserError(f"expected a sandbox out of {', '.join(TIERS)}, got {name!r}")
    if (reason := _verdict(name)) is not None:
        raise SandboxError(reason)
    return _KINDS[name]()


def available() -> dict[str, str | None]:
    """Every sandbox, and why it cannot be had on this machine: None where it can."""
    return {name: _verdict(name) for name in TIERS}


def check(tier: _Tier) -> str | None:
    """Why this sandbox does not protect in full here, found out by trying; None if it does."""
    return tier.missing() or weakness(tier, sees_pids=tier.name == "landlock")


def _verdict(name: str) -> str | None:
    """As `check`, once in the life of this process."""
    with _lock:
        if name not in _verdicts:
            _verdicts[name] = check(_KINDS[name]())
        return _verdicts[name]
