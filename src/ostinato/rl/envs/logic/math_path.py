"""Fill the gaps of a path of calculations."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from ostinato.grading.types import Grade, malformed, right, wrong
from ostinato.rl.envs.logic.text_answers import number
from ostinato.rl.envs.question import Question

GAP = "?"
OPERATORS = ("+", "-", "*", "/")


@dataclass(frozen=True)
class _Level:
    steps: int
    operators: int
    """Gaps where an operator was."""
    operands: int
    """Gaps where a number was that is calculated with."""
    totals: int
    """Gaps where a total was; the last total always shows."""
    most: int
    """The largest number that is calculated with."""


_LEVELS = (
    _Level(2, 1, 1, 1, 9),
    _Level(3, 2, 1, 2, 9),
    _Level(4, 2, 3, 2, 12),
    _Level(6, 4, 4, 4, 12),
    _Level(9, 6, 6, 7, 15),
    _Level(14, 10, 9, 12, 20),
)


class MathPath:
    """Every filling that makes all calculations true is right."""

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        size = _LEVELS[level - 1]
        solution = _solution(rng, size.steps, size.most)
        path = list(solution)
        places = range(size.steps)
        for offset, count in ((1, size.operators), (2, size.operands)):
            for step in rng.sample(places, count):
                path[4 * step + offset] = GAP
        for step in rng.sample(places[:-1], size.totals):
            path[4 * step + 4] = GAP
        prompt = (
            "A path of calculations starts with a number. Each step is an operator, a number and, "
            "after the sign =, the total so far, with which the next step goes on; so 2 + 3 = 5 * "
            "2 = 10 is a path of two steps. Some parts of this path are lost:\n\n"
            f"{' '.join(path)}\n\nReplace every {GAP} so that all steps are true. A lost operator "
            "is one of + - * /, where / may only be used if it divides without remainder. A lost "
            f"number after an operator is a whole number from 1 to {size.most}. A lost total is "
            "any whole number. If there are several ways, any of them will do. Give the whole "
            "path on one line, with spaces between its parts, for example: 2 + 3 = 5 * 2 = 10"
        )
        return Question(prompt, " ".join(solution), {"path": path, "most": size.most})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        path: list[str] = question.data["path"]
        given = answer.split()
        if len(given) != len(path) or "\n" in answer:
            return malformed(f"expected a path of {len(path)} parts on one line")
        for part, shown in zip(given, path, strict=True):
            if shown not in (GAP, part):
                return malformed(f"expected the path with its gaps filled, got {part[:20]!r}")
        numbers = [number(part) for part in given[0::2]]
        if None in numbers or not all(part in OPERATORS for part in given[1::4]):
            return malformed("expected operators and whole numbers where they belong")
        if not all(1 <= int(part) <= question.data["most"] for part in given[2::4]):
            return wrong("a number is out of range")
        return _judged(given)

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        filled = list(question.data["path"])
        for at, part in enumerate(filled):
            if part == GAP and at % 4 == 1:
                filled[at] = rng.choice(OPERATORS)
            elif part == GAP and at % 4 == 2:
                filled[at] = str(rng.randint(1, question.data["most"]))
            elif part == GAP:
                total = _result(int(filled[at - 4]), filled[at - 3], int(filled[at - 2]))
                filled[at] = str(total or 0)
        return " ".join(filled)


def _result(total: int, operator: str, operand: int) -> int | None:
    """The next total; None where it is not a whole number."""
    match operator:
        case "+":
            return total + operand
        case "-":
            return total - operand
        case "*":
            return total * operand
        case _:
            return None if total % operand else total // operand


def _judged(path: list[str]) -> Grade:
    """The grade of a path without gaps."""
    for at in range(0, len(path) - 1, 4):
        total, operator, operand, _, claimed = path[at : at + 5]
        if _result(int(total), operator, int(operand)) != int(claimed):
            return wrong(f"{total} {operator} {operand} is not {claimed}")
    return right()


def _solution(rng: Random, steps: int, most: int) -> list[str]:
    """A path whose totals are all from 1 to 999."""
    total = rng.randint(1, most)
    path = [str(total)]
    for _ in range(steps):
        choices: list[tuple[str, int, int]] = []
        for operator in OPERATORS:
            for operand in range(1 if operator in "+-" else 2, most + 1):
                result = _result(total, operator, operand)
                if result is not None and 1 <= result <= 999:
                    choices.append((operator, operand, result))
        kinds = [one for one in OPERATORS if any(choice[0] == one for choice in choices)]
        wanted = rng.choice(kinds)
        operator, operand, total = rng.choice([one for one in choices if one[0] == wanted])
        path += [operator, str(operand), "=", str(total)]
    return path
