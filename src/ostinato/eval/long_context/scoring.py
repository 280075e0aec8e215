"""What an answerer reached: exact matches with intervals, and chance beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any
from zlib import crc32

from ostinato.base.config import from_dict, to_dict
from ostinato.base.log import progress
from ostinato.eval.long_context.suite import Suite
from ostinato.eval.long_context.types import END, Answerer, Example
from ostinato.eval.metrics import wilson

NAME = "long-context"
ALL = "all"


@dataclass(frozen=True)
class Cell:
    """The score of a number of examples. Shares are in 0..1."""

    task: str  # or ``ALL``
    length: int  # bytes
    examples: int
    right: int  # exact matches
    characters: float  # mean share of an answer's characters that are right in their place
    chance: float  # expected share of exact matches of ``agents.Guesser``

    @property
    def exact(self) -> float:
        """Share of exact matches."""
        return self.right / self.examples

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of ``exact``; of several tasks together it is wider than it need be."""
        return wilson(self.right, self.examples)

    def as_json(self) -> dict[str, object]:
        """Its fields and what follows from them."""
        return {**to_dict(self), "exact": self.exact, "interval": list(self.interval)}


@dataclass(frozen=True)
class Result:
    """What one answerer reached on a suite."""

    suite: Suite
    prompts: str  # CRC-32 of all prompts: results of unequal ones are not to be compared
    cells: tuple[Cell, ...]  # by length, then task

    def by_length(self, task: str = ALL) -> list[Cell]:
        """One score for each length: of a task, or of all tasks together."""
        chosen = [cell for cell in self.cells if task in (ALL, cell.task)]
        return [
            _together(task, [cell for cell in chosen if cell.length == length])
            for length in self.suite.lengths
        ]

    def as_json(self) -> dict[str, object]:
        """Plain numbers, with the scores of all tasks together as ``lengths``."""
        return {
            "suite": {"name": NAME, **to_dict(self.suite)},
            "prompts": self.prompts,
            "lengths": [cell.as_json() for cell in self.by_length()],
            "cells": [cell.as_json() for cell in self.cells],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """The result whose ``as_json`` this is, as a figure of several models needs it."""
        suite, cells = value.get("suite"), value.get("cells")
        if isinstance(cells, list):
            cells = [_fields_only(Cell, cell) for cell in cells]
        fields = {"suite": _fields_only(Suite, suite), "prompts": value.get("prompts")}
        return from_dict(cls, {**fields, "cells": cells})


def evaluate(answerer: Answerer, suite: Suite, *, batch: int = 16) -> Result:
    """Ask everything, ``batch`` prompts of nearly one length at a time."""
    cells: list[Cell] = []
    digest = 0
    total = len(suite.lengths) * len(suite.tasks) * suite.examples
    with progress(total, NAME) as advance:
        for length in suite.lengths:
            for task in suite.tasks:
                examples = suite.cell(task, length)
                for example in examples:
                    digest = crc32(example.prompt.encode(), digest)
                answers = _ask(answerer, examples, batch, advance)
                cells.append(_score(task, length, examples, answers))
    return Result(suite, f"{digest:08x}", tuple(cells))


def _ask(
    answerer: Answerer, examples: Sequence[Example], batch: int, advance: Callable[[int], None]
) -> list[str]:
    # One limit for the whole cell, or its size would give away how long the answer is.
    limit = max(len(example.question.reply) for example in examples)
    answers: list[str] = []
    for first in range(0, len(examples), batch):
        some = examples[first : first + batch]
        given = answerer.answer([example.prompt for example in some], limit)
        assert len(given) == len(some), "an answerer answers every prompt"
        answers.extend(text.lstrip(" ").partition(END)[0].rstrip() for text in given)
        advance(len(some))
    return answers


def _score(task: str, length: int, examples: Sequence[Example], answers: Sequence[str]) -> Cell:
    pairs = [(e.question.answer, given) for e, given in zip(examples, answers, strict=True)]
    return Cell(
        task,
        length,
        examples=len(examples),
        right=sum(answer == given for answer, given in pairs),
        characters=fmean(alike(answer, given) for answer, given in pairs),
        chance=fmean(example.question.chance for example in examples),
    )


def alike(answer: str, given: str) -> float:
    """Share of characters that agree, place by place, of the longer of the two."""
    agree = sum(a == b for a, b in zip(answer, given, strict=False))
    return agree / max(len(answer), len(given))


def _together(task: str, cells: Sequence[Cell]) -> Cell:
    assert cells, "a result has every task at every length"
    return Cell(
        task,
        cells[0].length,
        examples=sum(cell.examples for cell in cells),
        right=sum(cell.right for cell in cells),
        characters=fmean(cell.characters for cell in cells),
        chance=fmean(cell.chance for cell in cells),
    )


def _fields_only(cls: type[Cell] | type[Suite], value: Any) -> Any:
    """A table without what ``as_json`` adds; what is no table ``from_dict`` will refuse."""
    if not isinstance(value, Mapping):
        return value
    known = {field.name for field in dataclasses.fields(cls)}
    return {name: one for name, one in value.items() if name in known}
