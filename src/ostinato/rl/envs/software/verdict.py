"""Is a repository repaired? Hidden cases say, out of the reach of its code."""

from __future__ import annotations

from dataclasses import dataclass

from ostinato.grading.repository import observe
from ostinato.grading.types import Grade, right, wrong
from ostinato.rl.envs.software.table import Mutant, Repository
from ostinato.rl.envs.software.workspace import Workspace


@dataclass(frozen=True)
class HiddenCases:
    """Every case of the repository must come to what it ought to.

    Nothing counts if a test that was there has been changed (tampering), or if a case that passed
    before fails now (regression). Partial credit is the share of the broken cases repaired, of
    those that the agent was not shown: whoever only suits the failing test gets nothing.
    """

    repository: Repository
    mutant: Mutant
    given: dict[str, str]
    """The files as the agent found them."""

    def __call__(self, work: Workspace) -> Grade:
        """See ``Verdict``."""
        for path, text in self.given.items():
            if path.startswith("tests/") and work.files.get(path) != text:
                return wrong(f"tampering: {path} was changed")
        if work.files == self.given:
            return wrong("nothing was changed")
        return self.judge(self._failing(work))

    def judge(self, failing: frozenset[int]) -> Grade:
        """The grade if these cases fail."""
        broken = frozenset(self.mutant.broken)
        if regressions := failing - broken:
            script = self.repository.cases[min(regressions)].script
            last = script.splitlines()[-1]
            return wrong(f"regression: {len(regressions)} cases failed that passed, as {last}")
        if not failing:
            return right(f"all {len(self.repository.cases)} cases")
        shown = frozenset(number for number, _ in self.mutant.shown)
        hidden = broken - shown
        repaired = len(hidden - failing)
        share = repaired / (len(hidden) + len(shown & failing))
        return Grade(share, f"{repaired} of {len(hidden)} hidden broken cases repaired")

    def _failing(self, work: Workspace) -> frozenset[int]:
        cases = self.repository.cases
        outcomes = observe(work.files, [case.script for case in cases], sandbox=work.sandbox)
        pairs = enumerate(zip(cases, outcomes, strict=True))
        return frozenset(n for n, (case, outcome) in pairs if outcome != case.expected)
