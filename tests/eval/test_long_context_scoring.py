"""Scores against known values, and answerers whose score is known."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ostinato.base.errors import UserError
from ostinato.eval.long_context import (
    ALL,
    MIN_LENGTH,
    TASKS,
    Guesser,
    Result,
    Solver,
    Suite,
    evaluate,
)
from ostinato.eval.long_context.scoring import alike
from ostinato.eval.metrics import wilson

SUITE = Suite(MIN_LENGTH, multiples=(1, 2), examples=40)


def test_characters_count_in_their_places() -> None:
    assert alike("4821", "4821") == 1
    assert alike("4821", "4812") == 0.5
    assert alike("4821", "48") == 0.5
    assert alike("48", "4821") == 0.5
    assert alike("4821", "") == 0


def test_the_solver_reaches_everything() -> None:
    result = evaluate(Solver(), SUITE)
    assert [(c.length, c.task) for c in result.cells] == [(n, t) for n in (320, 640) for t in TASKS]
    assert all(cell.exact == cell.characters == 1 for cell in result.cells)
    assert all(cell.chance <= 0.5 for cell in result.cells)
    assert [cell.examples for cell in result.by_length()] == [240, 240]
    assert result.by_length()[0].interval == wilson(240, 240)


def test_the_guesser_reaches_chance() -> None:
    suite = Suite(512, multiples=(1,), examples=300)
    result = evaluate(Guesser(), suite)
    for cell in [*result.cells, *result.by_length()]:
        spread = (cell.chance * (1 - cell.chance) / cell.examples) ** 0.5
        assert abs(cell.exact - cell.chance) < 3.5 * spread, cell.task
        assert cell.exact < cell.characters < 0.7


class Late:
    """Right up to ``end``; then, after a line end, whatever comes to its mind."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.limits: set[int] = set()

    def answer(self, prompts: Sequence[str], answer_bytes: int) -> list[str]:
        self.asked.append(len(prompts))
        self.limits.add(answer_bytes)
        return [text + "\nand more\n" for text in Solver().answer(prompts, answer_bytes - 1)]


def test_answers_end_at_the_line_and_prompts_come_in_batches() -> None:
    answerer = Late()
    result = evaluate(answerer, Suite(512, multiples=(1,), examples=10, tasks=("uuid",)), batch=4)
    assert result.cells[0].right == 10
    assert answerer.asked == [4, 4, 2]
    assert answerer.limits == {1 + 2 * 36 + 1 + 1}


def test_a_result_survives_json() -> None:
    result = evaluate(Guesser(), SUITE)
    value = json.loads(json.dumps(result.as_json()))
    assert Result.from_json(value) == result
    assert Result.from_json({"name": "a model", **value}) == result
    assert value["suite"]["name"] == "long-context"
    assert [row["length"] for row in value["lengths"]] == [320, 640]
    assert value["lengths"][0]["task"] == ALL
    assert value["cells"][0]["interval"] == list(result.cells[0].interval)


@pytest.mark.parametrize(
    "value", [{}, {"suite": 3, "prompts": "", "cells": []}, {"suite": {}, "cells": [1]}]
)
def test_json_that_is_no_result_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(UserError):
        Result.from_json(value)


def test_the_published_examples_stay_the_same() -> None:
    """A change here makes every earlier score incomparable: say so in the changelog."""
    assert evaluate(Solver(), SUITE).prompts == "70e14284"
