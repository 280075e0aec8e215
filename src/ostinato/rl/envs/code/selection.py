"""Which tests decide: new ones, varied in their answers, that tell an exercise from its rivals.

A rival is the same problem with one parameter changed. Tests that a rival's solution passes would
reward an answer to another question.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from ostinato.grading.code import Case
from ostinato.rl.envs.code.problem import Params, Problem

TRIES = 24
SMALL = 32  # the size up to which rivals are tried: larger tests would take too long


def select(
    problem: Problem,
    params: Params,
    rng: Random,
    *,
    sizes: Sequence[int],
    largest: int,
    shown: Sequence[Case] = (),
) -> Iterator[Case]:
    """A case of about each size (never more than ``largest``), none of them in ``shown``."""
    seen = {given(case) for case in shown}
    answers: Counter[str] = Counter(_answer(case) for case in shown)
    rivals = _rivals(problem, params)
    for size in sizes:
        best: Case | None = None
        merit = (-1, 0)
        wanted = rivals if size <= SMALL else []
        for attempt in range(TRIES):
            about = min(size + attempt // 4, max(size, largest))
            case = problem.case(problem.generate(rng, about, params), params)
            if given(case) in seen:
                continue
            exposed = sum(_exposed(problem, rival, case) for rival in wanted)
            rarity = answers[_answer(case)]
            if (exposed, -rarity) > merit:
                best, merit = case, (exposed, -rarity)
            rare = not rarity or (len(answers) > 1 and rarity <= min(answers.values()))
            if exposed == len(wanted) and rare:
                break
        assert best is not None, f"{problem.name}: no new test of size {size}"
        seen.add(given(best))
        answers[_answer(best)] += 1
        if wanted:
            rivals = [rival for rival in rivals if not _exposed(problem, rival, best)]
        yield best


def given(case: Case) -> str:
    """What the candidate gets, in one text."""
    return json.dumps([case.args, case.stdin])


def _answer(case: Case) -> str:
    return json.dumps(case.expected)


def _rivals(problem: Problem, params: Params) -> list[Params]:
    return [
        {**params, key: value}
        for key, values in problem.choices.items()
        for value in values
        if value != params[key]
    ]


def _exposed(problem: Problem, rival: Params, case: Case) -> bool:
    """The rival's answer to a case is another."""
    arguments: tuple[Any, ...] = (case.stdin,) if case.args is None else case.args
    try:
        return problem.case(arguments, rival).expected != case.expected
    # A fault line: the input of one notation, read as another.
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return True
