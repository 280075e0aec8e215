"""Runs attacks, several at once, and says of each whether it succeeded."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from attacks.inside import VICTIM
from attacks.network import cards
from attacks.noun import ABSENT, BEGUN, PATIENCE, PROGRAM, SMALL, Attack, Need, Run, program_of
from attacks.tiers import NOBODY, Tier, sweep, tier
from attacks.watcher import Watcher, wait_for
from attacks.world import World, has_disk
from ostinato.base.errors import UserError
from ostinato.sandbox.types import Command, Outcome

WORKERS = 6
"""Most attacks sleep, or wait for a program to start."""


@dataclass(frozen=True)
class Verdict:
    """What came of one attack in one tier."""

    evidence: str = ""
    """How it succeeded; nothing if it did not."""
    skipped: str = ""
    """Why it was not tried."""
    detail: str = ""
    """For whoever looks into a failure."""

    @property
    def word(self) -> str:
        return "skipped" if self.skipped else "SUCCEEDED" if self.evidence else "held"


def missing_need(attack: Attack) -> str:
    """What this machine has not got that the attack's control cannot do without."""
    has = {
        Need.ROOT: lambda: os.getuid() == 0,
        Need.DEVICE: has_disk,
        Need.X86: lambda: os.uname().machine == "x86_64",
        Need.CGROUP: lambda: os.access("/sys/fs/cgroup", os.W_OK),
        Need.NETWORK_CARD: lambda: bool(cards()),
    }
    lacks = [need.value for need in attack.needs if not has[need]()]
    return f"this machine lacks: {', '.join(sorted(lacks))}" if lacks else ""


class Lab:
    """One tier, attacked."""

    def __init__(self, name: str, watcher: Watcher) -> None:
        self.tier: Tier = tier(name)
        self._watcher = watcher
        self._owner = NOBODY if name.endswith("-as-nobody") else None

    def attack_all(self, attacks: list[Attack]) -> dict[str, Verdict]:
        """Every attack's verdict, by its name; the slow ones start first."""
        order = sorted(attacks, key=lambda attack: -attack.limits.wall_seconds)
        with ThreadPoolExecutor(WORKERS) as pool:
            verdicts = list(pool.map(self.attack, order))
        sweep()
        return {attack.name: verdict for attack, verdict in zip(order, verdicts, strict=True)}

    def attack(self, attack: Attack) -> Verdict:
        """Try it once."""
        control = self.tier.name == "none"
        if lacks := missing_need(attack) or (attack.no_control if control else ""):
            return Verdict(skipped=lacks)
        world = World(self._owner, self._start_neighbour)
        try:
            run = self._run(attack, world)
            outcome = run.outcome
            if control and outcome is not None and outcome.exit_code == ABSENT:
                return Verdict(skipped=outcome.stderr.decode().strip().rpartition("\n")[2])
            fault = "" if control else _fault(run)
            return Verdict(evidence=fault or attack.succeeded(world, run), detail=_detail(run))
        finally:
            self._end(world.token)
            world.close()

    def _run(self, attack: Attack, world: World) -> Run:
        command = Command(
            argv=("python", PROGRAM, world.token),
            files={PROGRAM: program_of(attack, world).encode()},
            stdin=attack.stdin,
            reply=True,
            keep=attack.keep,
            limits=attack.limits,
        )
        seen = self._watcher.follow(world.token, attack.watch)
        began = time.monotonic()
        outcome, fault = self._call(command)
        elapsed = time.monotonic() - began
        survivors = self._survivors(world.token)
        self._watcher.leave(world.token)
        return Run(
            outcome=outcome,
            fault=fault,
            elapsed=elapsed,
            seen=seen,
            survivors=survivors,
            limits=attack.limits,
        )

    def _call(self, command: Command) -> tuple[Outcome | None, str]:
        """The run in a thread of its own, so that one that hangs is seen to hang."""
        result: list[Outcome] = []
        fault = ["it never returned"]

        def work() -> None:
            try:
                result.append(self.tier.run(command))
            # A fault line: whatever a program can make a sandbox raise is a finding.
            except (UserError, RuntimeError, OSError, ValueError, AssertionError) as error:
                fault[0] = f"{type(error).__name__}: {error}"

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join(command.limits.wall_seconds + PATIENCE + 10)
        return (result[0], "") if result else (None, fault[0])

    def _survivors(self, token: str) -> tuple[str, ...]:
        lines = (
            Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            for pid in self._watcher.find(token)
        )
        with contextlib.suppress(OSError):
            return tuple(lines)
        return ()

    def _end(self, token: str) -> None:
        """Of what an attack left running: each by its number."""
        for _ in range(200):
            pids = self._watcher.find(token)
            if not pids:
                return
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _start_neighbour(self) -> _Neighbour:
        return _Neighbour(self)

    def run_beside(self, neighbour: _Neighbour) -> tuple[Outcome | None, str]:
        return self._call(
            Command(
                argv=("python", "victim.py", neighbour.token, neighbour.secret),
                files={"victim.py": VICTIM.encode()},
                limits=dataclasses.replace(SMALL, wall_seconds=10.0),
            )
        )

    def find(self, token: str) -> int:
        return wait_for(self._watcher, token)


class _Neighbour:
    """See ``world.Neighbour``."""

    def __init__(self, lab: Lab) -> None:
        self.token = f"beside-{secrets.token_hex(8)}"
        self.secret = f"secret-{secrets.token_hex(16)}"
        self.fault = ""
        self._outcome: Outcome | None = None
        self._lab = lab
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.pid = lab.find(self.token)
        time.sleep(0.3)  # it has its handlers by then

    def _run(self) -> None:
        self._outcome, self.fault = self._lab.run_beside(self)

    def outcome(self) -> Outcome | None:
        self._thread.join()
        return self._outcome


def _fault(run: Run) -> str:
    """A sandbox that raises is no better than one that fails: whoever grades depends on it. And
    an attack that never began proves nothing.
    """
    if run.outcome is None:
        return f"the run raised {run.fault}"
    return "" if run.outcome.stderr.startswith(BEGUN) else "the attack never began"


def _detail(run: Run) -> str:
    if run.outcome is None:
        return run.fault
    out = run.outcome
    tail = out.stderr[-400:].decode(errors="replace")
    return f"{out.status} {out.exit_code} {out.signal} in {run.elapsed:.2f} s; {tail}"
