"""Tasks that a judge grades: accounts of a table (five grades), messages (pairwise).

The judge is passed in. Without one a program judges, by the criteria of the task: it needs no
network, and no taste either; it can tell whether what is asked for is said, not how well.
"""

from __future__ import annotations

from random import Random

from ostinato.grading.judge import Judge, JudgeStats, Referee
from ostinato.grading.judge_rules import RuleJudge
from ostinato.rl.envs.judged.rewrite import Rewrite
from ostinato.rl.envs.judged.summary import Summary
from ostinato.rl.envs.judged.task import JudgedFamily, JudgedTask, Source, judged_task
from ostinato.rl.envs.registry import Environment, Kind

__all__ = ["JUDGED", "judged"]


def judged(
    judge: Judge, *, repeats: int = 1, attempts: int = 3, stats: JudgeStats | None = None
) -> tuple[Environment, ...]:
    """The environments, with this judge; ``stats`` counts what it does in this process."""
    referee = Referee(judge, repeats, attempts, stats or JudgeStats())
    by = "rules" if isinstance(judge, RuleJudge) else "the judge that was given"
    return (
        _environment(
            "judged/summary",
            Summary(),
            referee,
            "an account of a table, point by point",
            f"{by}: five grades against a reference account",
        ),
        _environment(
            "judged/rewrite",
            Rewrite(),
            referee,
            "a polite message out of a hasty note",
            f"{by}: whether it is better than a reference message, in both orders",
        ),
    )


def _environment(
    name: str, source: Source, referee: Referee, summary: str, truth: str
) -> Environment:
    family = JudgedFamily(source, referee)

    def make(level: int, seed: int) -> JudgedTask:
        question = family.make(level, Random(f"{name} {level} {seed}"))
        return judged_task(family, question, seed)

    return Environment(
        name=name,
        kind=Kind.JUDGED,
        summary=summary,
        truth=truth,
        levels=source.levels,
        make=make,
    )


JUDGED: tuple[Environment, ...] = judged(RuleJudge())
