"""One agent at work on one repository, until it submits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ostinato.chat.messages import Message, ToolResult
from ostinato.grading.types import Grade, malformed
from ostinato.rl.envs.software.workspace import Bounds, CallError, Workspace, checked, schemas
from ostinato.rl.types import Action, Observation, Step
from ostinato.sandbox.types import Sandbox

WARN = 3
"""So many turns before the end the agent is told how many are left."""


class Verdict(Protocol):
    """Grades what an agent hands in. Picklable."""

    def __call__(self, work: Workspace) -> Grade:
        """The grade of the files as they are now."""
        ...


@dataclass
class RepositoryEnv:
    """Tools on a repository; a verdict on what is submitted."""

    prompt: str
    files: Mapping[str, str]
    """As the agent finds them."""
    verdict: Verdict
    tests: tuple[str, ...]
    """The command behind the tool ``run_tests``."""
    bounds: Bounds = field(default_factory=Bounds)
    sandbox: Sandbox | None = None
    """None: the best one that this machine has."""
    _workspace: Workspace | None = field(default=None, init=False)
    _turns: int = field(default=0, init=False)

    def begin(self) -> Observation:
        """See ``Env``."""
        assert self._workspace is None, "an episode begins once"
        self._workspace = Workspace(self.files, self.tests, self.bounds, self.sandbox)
        return Observation((Message("user", self.prompt),), schemas())

    def step(self, action: Action) -> Step:
        """See ``Env``. SandboxError where nothing can be run safely."""
        work = self._workspace
        assert work is not None, "an episode begins before it goes on"
        self._turns += 1
        if action.stop.truncated:
            return self._over(malformed(f"stopped ({action.stop})"))
        if not action.message.tool_calls:
            return self._over(malformed("a turn without a call: nothing was submitted"))
        work.runs = 0
        results: list[ToolResult] = []
        for call in action.message.tool_calls:
            if call.name == "submit":
                try:
                    checked(call)
                except CallError as error:
                    results.append(ToolResult(call.name, f"error: {error}"))
                    continue
                return self._over(self.verdict(work))
            results.append(ToolResult(call.name, work.call(call)))
        left = self.bounds.turns - self._turns
        if left <= 0:
            return self._over(malformed(f"nothing was submitted in {self.bounds.turns} turns"))
        if left <= WARN:
            last = results[-1]
            note = f"{last.text}\n({left} turn{'s' if left > 1 else ''} left)"
            results[-1] = ToolResult(last.name, note)
        return Step(Observation((Message("tool", results=tuple(results)),)))

    def _over(self, grade: Grade) -> Step:
        return Step(grade=grade, metrics={"turns": float(self._turns)})
