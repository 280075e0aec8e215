"""Programming, judged by tests: the problems of nine topics, and a reader for a user's own."""

from __future__ import annotations

from ostinato.rl.envs.code import (
    dynamic,
    geometry,
    graphs,
    indexes,
    lists,
    networks,
    notations,
    numbers,
    parsing,
    simulation,
    strings,
    structures,
)
from ostinato.rl.envs.code.drawn import Drawn, of_problems
from ostinato.rl.envs.code.jsonl import Given, read_exercises, read_tasks
from ostinato.rl.envs.code.problem import Problem
from ostinato.rl.envs.code.task import CodeEnv, CodeTask, block, read_block
from ostinato.rl.envs.registry import Environment

TOPICS = (
    ("lists", lists.PROBLEMS, "programs about lists of numbers"),
    ("strings", strings.PROBLEMS, "programs about letters, words and parts of a text"),
    ("numbers", numbers.PROBLEMS, "programs about digits, divisors and remainders"),
    ("dynamic", dynamic.PROBLEMS, "programs whose answer is built from smaller answers"),
    ("graphs", graphs.PROBLEMS + networks.PROBLEMS, "programs about groups, ways, plans and maps"),
    ("simulation", simulation.PROBLEMS, "programs that carry out a process step by step"),
    ("parsing", parsing.PROBLEMS + notations.PROBLEMS, "programs that read small notations"),
    ("geometry", geometry.PROBLEMS, "programs about points with whole coordinates"),
    (
        "structures",
        structures.PROBLEMS + indexes.PROBLEMS,
        "programs around stores, caches and trees",
    ),
)


def environments(*, partial: bool = False) -> tuple[Environment, ...]:
    """One environment a topic. With ``partial`` every test is run and the score is the share that
    passes; else the first failure ends it.
    """
    return tuple(
        of_problems(topic, problems, summary=summary, share=partial)
        for topic, problems, summary in TOPICS
    )


CODE = environments()

__all__ = [
    "CODE",
    "CodeEnv",
    "CodeTask",
    "Drawn",
    "Given",
    "Problem",
    "block",
    "environments",
    "of_problems",
    "read_block",
    "read_exercises",
    "read_tasks",
]
