"""What a model reached in environments: shares with intervals, what it wrote, baselines."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import fmean
from typing import Any
from zlib import crc32

from ostinato.base.config import to_dict
from ostinato.base.log import progress
from ostinato.eval.metrics import wilson
from ostinato.eval.reasoning.baselines import constant, guessed
from ostinato.eval.reasoning.player import Played, play_all
from ostinato.eval.reasoning.types import Entry, Manner, Standing, Suite
from ostinato.infer.replier import Replier
from ostinato.rl.envs.registry import Kind
from ostinato.rl.split import prompt
from ostinato.rl.types import StopReason, Task


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What some episodes under one thinking budget came to. Counts are of episodes."""

    thinking_budget: int | None
    episodes: int
    right: int
    malformed: int
    """Without the form asked for; those that were truncated are among them."""
    truncated: int
    """Stopped: by the length, by a full context, or for confidence."""
    confident: int
    """Of the truncated: stopped for confidence."""
    overfull: int
    """Of the truncated: the conversation filled the context before the model could write."""
    budget_reached: int
    """Some turn's thinking was ended by its budget."""
    untrusted: int
    """The answerer's own code could have forged the grade."""
    turns: float
    """Mean of an episode, as are the next two."""
    tokens: float
    thinking_tokens: float

    @property
    def accuracy(self) -> float:
        """The share that is right, 0..1."""
        return self.right / self.episodes

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, of ``accuracy`` (Wilson); of several rows together it is wider than it need be."""
        return wilson(self.right, self.episodes)

    def as_json(self) -> dict[str, Any]:
        """Its fields and what follows from them."""
        return {**to_dict(self), "accuracy": self.accuracy, "interval": list(self.interval)}


@dataclass(frozen=True)
class Row:
    """What a model reached on one entry: a cell for each thinking budget."""

    entry: Entry
    distinct: int
    """Different prompts among those that were asked."""
    guess: float | None
    """The share that a blind guess solves; None where it was not measured."""
    constant: float | None
    """The share that one constant answer solves; None where there is none, or not measured."""
    cells: tuple[Cell, ...]

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            **to_dict(self.entry),
            "distinct": self.distinct,
            "guess": self.guess,
            "constant": self.constant,
            "cells": [cell.as_json() for cell in self.cells],
        }


@dataclass(frozen=True)
class Result:
    """What one model reached on a suite."""

    suite: Suite
    prompts: str
    """CRC-32 of all prompts: results of unequal ones are not to be compared."""
    rows: tuple[Row, ...]
    seconds: float
    """Writing, tools and grading of everything, which was played side by side."""

    @property
    def standings(self) -> tuple[Standing, ...]:
        """Those that occur, what was trained on first."""
        found = {row.entry.standing for row in self.rows}
        return tuple(standing for standing in Standing if standing in found)

    def of(self, standing: Standing) -> tuple[Row, ...]:
        """The rows of one standing."""
        return tuple(row for row in self.rows if row.entry.standing is standing)

    def together(self, standing: Standing) -> tuple[Cell, ...]:
        """All rows of a standing as one: a cell for each thinking budget."""
        rows = self.of(standing)
        return tuple(
            _pooled([row.cells[number] for row in rows])
            for number in range(len(self.suite.thinking_budgets))
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values, with the cells of all rows of a standing together."""
        return {
            "suite": to_dict(self.suite),
            "prompts": self.prompts,
            "seconds": self.seconds,
            "together": {
                standing.value: [cell.as_json() for cell in self.together(standing)]
                for standing in self.standings
            },
            "rows": [row.as_json() for row in self.rows],
        }


def evaluate(replier: Replier, suite: Suite) -> Result:
    """Let a model play every task of a suite under every thinking budget, all side by side."""
    drawn = [entry.tasks(suite.examples) for entry in suite.entries]
    asked = [(one, manner) for tasks in drawn for manner in suite.manners for one in tasks]
    began = time.perf_counter()
    with progress(len(asked), suite.name) as advance:
        played = iter(play_all(asked, replier, advance=advance))
    seconds = time.perf_counter() - began
    rows: list[Row] = []
    digest = 0
    for entry, chosen in zip(suite.entries, drawn, strict=True):
        tasks = [one.task for one in chosen]
        prompts = [prompt(task) for task in tasks]
        for text in prompts:
            digest = crc32(text.encode("utf-8", "replace"), digest)
        cells = tuple(_cell(manner, list(islice(played, len(tasks)))) for manner in suite.manners)
        guess = guessed(tasks) if suite.baselines else None
        same = _constant(entry, tasks) if suite.baselines else None
        rows.append(Row(entry, len(set(prompts)), guess, same, cells))
    return Result(suite, f"{digest:08x}", tuple(rows), round(seconds, 3))


def _constant(entry: Entry, tasks: Sequence[Task]) -> float | None:
    # A program is run for each of its tests, and each task has its own: too dear, and no use.
    return None if entry.kind is Kind.CODE else constant(tasks)


def _cell(manner: Manner, played: Sequence[Played]) -> Cell:
    grades = [one.trajectory.grade for one in played]
    stops = [one.trajectory.stop for one in played]
    return Cell(
        thinking_budget=manner.thinking_budget,
        episodes=len(played),
        right=sum(grade.correct for grade in grades),
        malformed=sum(not grade.well_formed for grade in grades),
        truncated=sum(stop.truncated for stop in stops),
        confident=sum(stop is StopReason.CONFIDENT for stop in stops),
        overfull=sum(one.turns[-1].overfull for one in played),
        budget_reached=sum(any(turn.budget_reached for turn in one.turns) for one in played),
        untrusted=sum(not grade.trusted for grade in grades),
        turns=fmean(len(one.turns) for one in played),
        tokens=fmean(one.tokens for one in played),
        thinking_tokens=fmean(one.thinking_tokens for one in played),
    )


def _pooled(cells: Sequence[Cell]) -> Cell:
    """Every row has as many episodes, so that means are means of means."""
    return Cell(
        thinking_budget=cells[0].thinking_budget,
        episodes=sum(cell.episodes for cell in cells),
        right=sum(cell.right for cell in cells),
        malformed=sum(cell.malformed for cell in cells),
        truncated=sum(cell.truncated for cell in cells),
        confident=sum(cell.confident for cell in cells),
        overfull=sum(cell.overfull for cell in cells),
        budget_reached=sum(cell.budget_reached for cell in cells),
        untrusted=sum(cell.untrusted for cell in cells),
        turns=fmean(cell.turns for cell in cells),
        tokens=fmean(cell.tokens for cell in cells),
        thinking_tokens=fmean(cell.thinking_tokens for cell in cells),
    )
