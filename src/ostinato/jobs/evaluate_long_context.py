"""``ostinato evaluate MODEL --suite long-context``: a language model, chance beside it."""

from __future__ import annotations

from ostinato.eval.long_context import Cell, Result, Suite, evaluate
from ostinato.infer.answers import GreedyAnswerer
from ostinato.infer.language import load_language_model
from ostinato.jobs.show import console, print_json, table


def evaluate_long_context(model: str, suite: Suite, device: str, as_json: bool) -> None:
    """Score a language model on every task at every length, and show it."""
    answerer = GreedyAnswerer(load_language_model(model, device=device, dtype="float32"))
    result = evaluate(answerer, suite)
    if as_json:
        print_json({"name": model, **result.as_json()})
    else:
        _show(model, result)


def _show(model: str, result: Result) -> None:
    out = console()
    lengths = result.suite.lengths
    out.print(
        f"long-context: {result.suite.examples} examples a cell, exact matches in per cent; {model}"
    )
    columns = ("task, bytes", *(f"{length:,}" for length in lengths))
    rows = [
        (task, *(_cell(cell) for cell in result.by_length(task)))
        for task in (*result.suite.tasks, "all")
    ]
    out.print(table(columns, rows))
    out.print(
        "in brackets: 95 % interval (Wilson); after the bar: chance, for a guesser that knows "
        f"the format; the training length is {lengths[0]:,} bytes"
    )


def _cell(cell: Cell) -> str:
    low, high = cell.interval
    share, chance = 100 * cell.exact, 100 * cell.chance
    return f"{share:.0f} [{100 * low:.0f}, {100 * high:.0f}] | {chance:.0f}"
