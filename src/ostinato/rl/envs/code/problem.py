"""A problem is a template: parameters, a statement, a generator of tests and our own solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ostinato.grading.code import Case, plain

Params = Mapping[str, Any]

LEVELS = 4
LEVELS_OF_A_PROBLEM = 3  # from its first one on; then it has become too easy
LEAST_VARIANTS = 6

IMPORTS = """\
from __future__ import annotations

import heapq
import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from itertools import accumulate, combinations, groupby, pairwise, product
"""
"""What a reference solution may use: these names are imported above its text."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A family of exercises that differ in parameters. All functions stand at the top level of
    a module, so that it can be pickled.
    """

    name: str
    """Of the function to be written; of a program, only a name."""
    signature: str | None = None
    """Of the function, ``(text: str) -> int``; None: a program, from text to text."""
    first: int
    """The lowest level that it occurs at."""
    sizes: Sequence[int]
    """The size of the largest tests at level 1, 2, 3 and 4: ``{n}`` in the statement."""
    choices: Mapping[str, Sequence[Any]]
    """What each parameter may be: `LEAST_VARIANTS` combinations or more."""
    words: Mapping[str, Mapping[Any, str]] = field(default_factory=dict[str, Mapping[Any, str]])
    """What the statement says for the value of a parameter, where not the value itself."""
    statement: str
    """With ``{parameter}`` in it: the whole rule and the bounds of the input."""
    last: str = ""
    """What the statement says at the last level only, on the size of its tests."""
    generate: Callable[[Random, int, Params], tuple[Any, ...]]
    """Arguments (of a program: its input alone) of about a size, from 1 up."""
    solve: Callable[..., Any]
    """The reference: arguments, then parameters by keyword. It stands alone but for `IMPORTS`,
    for its text is the solution of the exercise.
    """
    checker: Callable[..., bool] | None = None
    """Where several answers are right: given a case, a value of any shape and the parameters by
    keyword. See ``Checker``.
    """
    example_size: int = 6

    def __post_init__(self) -> None:
        assert 1 <= self.first <= LEVELS and len(self.sizes) == LEVELS
        variants = math.prod(len(values) for values in self.choices.values())
        assert variants >= LEAST_VARIANTS, f"{self.name}: only {variants} variants"

    @property
    def function(self) -> str | None:
        """The function's name, if it is one."""
        return None if self.signature is None else self.name

    def occurs(self, level: int) -> bool:
        """Whether it is asked at a level."""
        return self.first <= level < self.first + LEVELS_OF_A_PROBLEM

    def case(self, given: tuple[Any, ...], params: Params) -> Case:
        """The case of some arguments, its answer by the reference."""
        if self.signature is None:
            return Case(stdin=given[0], expected=self.solve(*given, **params))
        return Case(args=given, expected=self.solve(*map(plain, given), **params))
