"""An exercise drawn from a problem.

A level and a seed choose a problem of a topic and its parameters, which are part of the rule to be
programmed: one and the same program cannot be right for many seeds.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from random import Random
from typing import Any

from ostinato.grading.code import Case, Comparison
from ostinato.rl.envs.code.problem import IMPORTS, LEVELS, Params, Problem
from ostinato.rl.envs.code.selection import select
from ostinato.rl.envs.code.task import CodeTask
from ostinato.rl.envs.registry import Environment, Kind
from ostinato.sandbox.types import MIB, Limits

FAST = Limits(wall_seconds=6.0, cpu_seconds=1.0, memory_bytes=256 * MIB, processes=8)
SLOW = Limits(wall_seconds=12.0, cpu_seconds=3.0, memory_bytes=256 * MIB, processes=8)
"""Of one test at the last level, where tests are large."""

EXAMPLES = 3


@dataclass(frozen=True)
class Drawn:
    """An ``Exercise``: a problem with its parameters."""

    problem: Problem
    params: Params
    level: int
    seed: int

    @property
    def size(self) -> int:
        """Of the largest tests."""
        return self.problem.sizes[self.level - 1]

    @property
    def prompt(self) -> str:
        """See ``Exercise``."""
        said = {key: self._said(key, value) for key, value in self.params.items()}
        last = f" {self.problem.last}" if self.level == LEVELS and self.problem.last else ""
        shown = "\n".join(map(self._shown, self._examples))
        parts = [
            self._heading,
            self.problem.statement.format(**said, n=self.size).strip() + last,
            f"Examples:\n\n{shown}",
            self._conditions,
        ]
        return "\n\n".join(parts)

    @property
    def function(self) -> str | None:
        """See ``Exercise``."""
        return self.problem.function

    @property
    def comparison(self) -> Comparison:
        """See ``Exercise``."""
        checker = self.problem.checker
        return Comparison(checker=checker and partial(checker, **self.params))

    @property
    def limits(self) -> Limits:
        """See ``Exercise``."""
        return SLOW if self.level == LEVELS else FAST

    @property
    def solution(self) -> str:
        """See ``Exercise``."""
        solve = self.problem.solve
        params = "".join(f", {key}={value!r}" for key, value in self.params.items())
        source = f"{IMPORTS}\n\n{inspect.getsource(solve)}\n\n"
        if self.function is None:
            call = f"{solve.__name__}(sys.stdin.read(){params})"
            return f"{source}if __name__ == '__main__':\n    import sys\n\n    print({call})\n"
        return f"{source}def {self.function}(*args):\n    return {solve.__name__}(*args{params})\n"

    def examples(self) -> Sequence[Case]:
        """See ``Exercise``: small ones, none of which decides."""
        return self._examples

    def cases(self) -> Sequence[Case]:
        """See ``Exercise``: of medium, least and largest size."""
        return self._cases

    @cached_property
    def _examples(self) -> Sequence[Case]:
        sizes = [self.problem.example_size] * EXAMPLES
        return tuple(self._select("examples", sizes, ()))

    @cached_property
    def _cases(self) -> Sequence[Case]:
        n = self.size
        large = [n, n] if self.level == LEVELS else [n, n, n]
        sizes = [min(n, 20), min(n, 30), *large, 1, 3, max(3, n // 4)]
        return tuple(self._select("cases", sizes, self._examples))

    def _select(self, what: str, sizes: Sequence[int], shown: Sequence[Case]) -> Iterator[Case]:
        params = sorted(self.params.items())
        rng = Random(f"{what} {self.problem.name} {params} {self.level} {self.seed}")
        return select(self.problem, self.params, rng, sizes=sizes, largest=self.size, shown=shown)

    def _said(self, key: str, value: Any) -> str:
        words = self.problem.words.get(key)
        return str(value) if words is None else words[value].format(**self.params)

    @property
    def _heading(self) -> str:
        if self.problem.signature is None:
            return "Write a Python program that reads standard input and prints its answer."
        return f"Write a Python function\n\n    {self.problem.name}{self.problem.signature}"

    def _shown(self, case: Case) -> str:
        if case.args is None:
            given = (case.stdin or "").rstrip()
            return f"Input:\n```\n{given}\n```\nOutput:\n```\n{case.expected}\n```"
        args = ", ".join(map(repr, case.args))
        return f"    {self.problem.name}({args}) == {case.expected!r}"

    @property
    def _conditions(self) -> str:
        once = (
            "Each test runs the program once. Only the tokens of the output count, not the space "
            "between them."
            if self.problem.signature is None
            else "Each test calls the function once, in a process of its own. The result must "
            "have the type shown (1, 1.0 and True differ; a tuple counts as a list); what is "
            "printed does not count."
        )
        limits = self.limits
        return (
            f"{once} A test may use {limits.cpu_seconds:g} s of processor time and "
            f"{limits.memory_bytes // MIB} MiB of memory; there is no network, and no library "
            "but Python's own."
        )


def draw(topic: str, problems: Sequence[Problem], level: int, seed: int) -> Drawn:
    """The exercise of a level and a seed."""
    rng = Random(f"code/{topic} {level} {seed}")
    problem = rng.choice([problem for problem in problems if problem.occurs(level)])
    params = {key: rng.choice(list(values)) for key, values in problem.choices.items()}
    return Drawn(problem, params, level, seed)


def of_problems(
    topic: str, problems: Sequence[Problem], *, summary: str, share: bool = False
) -> Environment:
    """The environment that asks the problems of a topic."""

    def make(level: int, seed: int) -> CodeTask:
        return CodeTask(draw(topic, problems, level, seed), seed, share)

    return Environment(
        name=f"code/{topic}",
        kind=Kind.CODE,
        summary=summary,
        truth="our own solution's answers to generated tests, each run in the sandbox",
        levels=LEVELS,
        make=make,
    )
