"""An exercise in programming: what is asked, and the cases that decide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from ostinato import sandbox as sandboxes
from ostinato.grading.code import Case, Comparison, check_functions, check_programs
from ostinato.grading.types import Grade
from ostinato.sandbox.types import Limits, Sandbox


class Exercise(Protocol):
    """Something to be programmed. Picklable."""

    @property
    def prompt(self) -> str:
        """All that an expert needs, but for the form of the reply."""
        ...

    @property
    def function(self) -> str | None:
        """The function that is called; None where the whole program is run."""
        ...

    @property
    def comparison(self) -> Comparison:
        """When an answer to a case is right."""
        ...

    @property
    def limits(self) -> Limits:
        """Of one case."""
        ...

    @property
    def solution(self) -> str | None:
        """The source of a program that passes, if one is known."""
        ...

    def examples(self) -> Sequence[Case]:
        """Cases that the prompt shows."""
        ...

    def cases(self) -> Sequence[Case]:
        """Cases that decide. They may be costly to make, and are not wanted before grading."""
        ...


def check(
    exercise: Exercise, source: str, *, sandbox: Sandbox | None = None, partial: bool = False
) -> Grade:
    """The grade of a source, in the given sandbox or the best of this machine."""
    where = sandbox or _best()
    if exercise.function is None:
        return check_programs(
            source,
            exercise.cases(),
            sandbox=where,
            limits=exercise.limits,
            comparison=exercise.comparison,
            partial=partial,
        )
    return check_functions(
        source,
        exercise.function,
        exercise.cases(),
        sandbox=where,
        limits=exercise.limits,
        comparison=exercise.comparison,
        partial=partial,
    )


@cache
def _best() -> Sandbox:
    return sandboxes.best()
