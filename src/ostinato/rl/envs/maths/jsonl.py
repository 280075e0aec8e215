r"""Problems of the user's own, one JSON object a line.

``{"problem": ..., "answer": ...}``; ``question`` or ``prompt`` and ``solution`` do as well. An
answer that is a whole solution must hold exactly one ``\boxed{}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import cast

from ostinato.base.errors import UserError
from ostinato.grading.answers import AnswerForm
from ostinato.grading.maths import LONGEST, check_answer
from ostinato.grading.types import Grade
from ostinato.rl.envs.question import Question, QuestionTask
from ostinato.rl.envs.registry import Environment, Kind

LONGEST_LINE = 1 << 20
"""Bytes of one line."""

PROBLEM_KEYS = ("problem", "question", "prompt")
ANSWER_KEYS = ("answer", "solution")


@dataclass(frozen=True)
class Problems:
    """What a file holds."""

    questions: tuple[Question, ...]
    duplicates: int
    """Lines left out because an earlier one asks the same."""


def read_problems(path: Path) -> Problems:
    """Every problem of a file; empty lines are skipped. A ``UserError`` names the first bad line.

    Where problems are the same but for spacing, the first one stays.
    """
    questions: dict[str, Question] = {}
    duplicates = 0
    for where, line in _lines(path):
        question = _question(line, where)
        key = " ".join(question.prompt.split())
        if key in questions:
            duplicates += 1
        else:
            questions[key] = question
    if not questions:
        raise UserError(f"{path}: expected at least one problem, got none: add a line")
    return Problems(tuple(questions.values()), duplicates)


def environment(path: Path) -> Environment:
    """``maths/FILE-STEM``, of one level; the seed says which problem, counted from 0 and around."""
    problems = read_problems(path)
    family = OwnFamily(problems.questions)

    def make(level: int, seed: int) -> QuestionTask:
        del level
        question = problems.questions[seed % len(problems.questions)]
        return QuestionTask(family, question, AnswerForm.BOXED, seed)

    dropped = f", {problems.duplicates} duplicates left out" if problems.duplicates else ""
    return Environment(
        name=f"maths/{path.stem}",
        kind=Kind.MATHS,
        summary=f"{len(problems.questions)} problems of {path.name}{dropped}",
        truth="the answers in the file; compared as mathematics",
        levels=1,
        make=make,
    )


@dataclass(frozen=True)
class OwnFamily:
    """Questions that are there already."""

    questions: tuple[Question, ...]

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return 1

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``: any of them."""
        del level
        return rng.choice(self.questions)

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return check_answer(answer, question.answer)

    def guess(self, question: Question, rng: Random) -> str:
        """The answer of another problem; of the only one, a small number."""
        others = [q.answer for q in self.questions if q.answer != question.answer]
        return rng.choice(others) if others else str(rng.randint(0, 100))


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """Where each line stands, and the line."""
    if not path.is_file():
        raise UserError(f"expected a file of JSON lines, got {path}: give the path of one")
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            where = f"{path}, line {number}"
            if len(raw) > LONGEST_LINE:
                raise UserError(
                    f"{where}: expected at most {LONGEST_LINE} bytes, got more: shorten it"
                )
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise UserError(
                    f"{where}: expected UTF-8, got the byte 0x{raw[error.start]:02x}: "
                    "save the file as UTF-8"
                ) from None
            if line.strip():
                yield where, line


def _question(line: str, where: str) -> Question:
    try:
        # a decimal stays as it is written; NaN and infinity are no JSON
        value: object = json.loads(line, parse_float=str, parse_constant=_refuse)
    except (ValueError, RecursionError):
        start = line.strip()[:40]
        raise UserError(f"{where}: expected a JSON object, got {start!r}: mend the JSON") from None
    if not isinstance(value, dict):
        raise UserError(
            f"{where}: expected a JSON object, got {_kind(value)}: "
            'write {"problem": ..., "answer": ...}'
        )
    fields = cast("Mapping[str, object]", value)
    problem = _field(fields, PROBLEM_KEYS, where)
    return Question(problem, _answer(_field(fields, ANSWER_KEYS, where), where))


def _field(fields: Mapping[str, object], keys: tuple[str, ...], where: str) -> str:
    """The text of the first of these keys that is there; a number is taken as it is written."""
    key = next((key for key in keys if key in fields), None)
    if key is None:
        found = ", ".join(map(repr, fields))[:80] or "no keys"
        raise UserError(
            f"{where}: expected one of the keys {', '.join(keys)}, got {found}: add or rename one"
        )
    value = fields[key]
    if key in ANSWER_KEYS and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise UserError(f"{where}: expected {key!r} to be text, got {_kind(value)}: quote it")
    if not value.strip():
        raise UserError(f"{where}: expected {key!r} to say something, got empty text: fill it in")
    return value.strip()


def _answer(text: str, where: str) -> str:
    boxes = len(re.findall(r"\\boxed(?![a-zA-Z])", text))
    if boxes:
        answer = AnswerForm.BOXED.read(text)
        if boxes > 1 or answer is None:
            raise UserError(
                f"{where}: expected one \\boxed{{}} with the answer in it, got "
                f"{boxes if boxes > 1 else 'a broken or empty one'}: leave the final one"
            )
        text = answer
    if len(text) > LONGEST:
        raise UserError(
            f"{where}: expected an answer of at most {LONGEST} letters, got {len(text)}: "
            "put the answer of a solution in \\boxed{}"
        )
    return text


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return "text"
        case bool():
            return "true or false"
        case _:
            return "a number"
