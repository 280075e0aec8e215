"""``ostinato evaluate [MODEL] --suite reason``: a model in environments, guesses beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.table import Table

from ostinato.eval.reasoning import Cell, Result, Row, Standing, Suite, evaluate
from ostinato.infer.engine_replier import EngineReplier
from ostinato.infer.language import load_language_model
from ostinato.infer.replier import ModelReplier, Replier
from ostinato.jobs.show import console, counted, print_json, table

PROMPT = 4096  # tokens of a conversation beside the turn at hand


def evaluate_reasoning(model: str, suite: Suite, device: str, as_json: bool) -> Result:
    """Let a model play a suite, and show what it reached."""
    found = load_language_model(model, device=device, dtype="float32")
    replier: Replier = ModelReplier(found)
    if suite.temperature == 0:
        slots = 512 if found.model.lm_head.weight.is_cuda else 48
        replier = EngineReplier(found, context=suite.max_tokens + PROMPT, slots=slots)
    result = evaluate(replier, suite)
    if as_json:
        print_json({"name": model, **result.as_json()})
    else:
        show(model, result)
    return result


def show(model: str, result: Result) -> None:
    """Tables: what was trained on first, then what was held out."""
    out = console()
    suite = result.suite
    drawn = "greedy" if suite.temperature == 0 else f"temperature {suite.temperature:g}"
    examples = counted(suite.examples, "task", "tasks")
    took = f"{result.seconds:,.1f} s"
    out.print(f"{suite.name}: {examples} a row, {drawn}; {model}; {took}", markup=False)
    several = len(suite.thinking_budgets) > 1
    for standing in result.standings:
        for made in _by_budget(result, standing) if several else [_in_full(result, standing)]:
            out.print(made)
    if several:
        out.print(_what_it_took(result))
    for line in _legend(result):
        out.print(line)


def _legend(result: Result) -> Iterator[str]:
    """What the columns mean, and what a reader should know of this result."""
    yield "right: per cent, with 95 % interval (Wilson); no form: malformed, what was cut included;"
    yield "cut: stopped by length, a full context, or going round in circles; thought: tokens."
    if result.suite.baselines:
        yield "guess: what a blind guess gets of the same tasks; const: the best constant answer."
    for row in result.rows:
        if row.distinct < _FEW * result.suite.examples:
            name = f"{row.entry.environment} {_levels(row.entry.levels)}"
            yield f"{name} has few tasks: {row.distinct} of {result.suite.examples} are different."
    cells = [cell for row in result.rows for cell in row.cells]
    if overfull := sum(cell.overfull for cell in cells):
        episodes = counted(overfull, "episode", "episodes")
        yield f"{episodes} ended since the conversation alone fills the model's context."
    if untrusted := sum(cell.untrusted for cell in cells):
        grades = counted(untrusted, "grade", "grades")
        yield f"{grades} cannot be trusted: the answerer's own code could have forged them."


@dataclass(frozen=True)
class _Line:
    """A row of a table, or all rows of a standing together."""

    name: str
    cells: tuple[Cell, ...]
    guess: str
    constant: str


def _lines(result: Result, standing: Standing) -> list[_Line]:
    rows = result.of(standing)
    lines = [
        _Line(
            f"{row.entry.environment} {_levels(row.entry.levels)}",
            row.cells,
            _percent(row.guess),
            _percent(row.constant),
        )
        for row in rows
    ]
    if len(rows) > 1:
        lines.append(_Line("together", result.together(standing), _mean_guess(rows), ""))
    return lines


def _in_full(result: Result, standing: Standing) -> Table:
    """Everything of the one thinking budget."""
    took = _columns(result)
    rows = [
        (
            line.name,
            _right(cell),
            line.guess,
            line.constant,
            *(tell(cell) for tell in took.values()),
        )
        for line in _lines(result, standing)
        for cell in line.cells
    ]
    columns = ("environment, levels", "right", "guess", "const", *took)
    return table(columns, rows, title=_TITLES[standing])


def _by_budget(result: Result, standing: Standing) -> Iterator[Table]:
    """What is right under each thinking budget, so many of them in a table as fit."""
    budgets = [_budget(budget) for budget in result.suite.thinking_budgets]
    for first in range(0, len(budgets), _BUDGETS_ABREAST):
        some = slice(first, first + _BUDGETS_ABREAST)
        columns = ("right by thinking budget", *budgets[some], "guess", "const")
        rows = [
            (line.name, *map(_right, line.cells[some]), line.guess, line.constant)
            for line in _lines(result, standing)
        ]
        yield table(columns, rows, title=_TITLES[standing])


def _what_it_took(result: Result) -> Table:
    """Form, length and time under each budget, of all rows of a standing together."""
    took = _columns(result)
    rows = [
        (
            standing.value,
            _budget(cell.thinking_budget),
            _right(cell),
            *(tell(cell) for tell in took.values()),
        )
        for standing in result.standings
        for cell in result.together(standing)
    ]
    return table(("all rows together", "budget", "right", *took), rows)


_BUDGETS_ABREAST = 4
_FEW = 0.8  # a row with a smaller share of different tasks is told of
_TITLES = {
    Standing.TRAINED: "trained on: other tasks of the same levels",
    Standing.HELD_LEVELS: "trained on, but not at these levels",
    Standing.HELD_KINDS: "never trained on",
    Standing.UNKNOWN: "the model's directory does not say what it was trained on",
}


def _columns(result: Result) -> dict[str, Callable[[Cell], str]]:
    """What an answer took, by the heading; turns only where there are several."""
    columns: dict[str, Callable[[Cell], str]] = {
        "no form": lambda cell: _percent(cell.malformed / cell.episodes),
        "cut": lambda cell: _percent(cell.truncated / cell.episodes),
        "turns": lambda cell: f"{cell.turns:.1f}",
        "tokens": lambda cell: f"{cell.tokens:,.0f}",
        "thought": lambda cell: f"{cell.thinking_tokens:,.0f}",
    }
    if all(cell.turns == 1 for row in result.rows for cell in row.cells):
        del columns["turns"]
    return columns


def _right(cell: Cell) -> str:
    low, high = cell.interval
    return f"{100 * cell.accuracy:.0f} [{100 * low:.0f}, {100 * high:.0f}]"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.0f}"


def _mean_guess(rows: tuple[Row, ...]) -> str:
    known = [row.guess for row in rows if row.guess is not None]
    return _percent(sum(known) / len(known)) if len(known) == len(rows) else ""


def _levels(levels: tuple[int, ...]) -> str:
    """``1-3`` for levels in a row, ``1, 4`` for others."""
    first, last = levels[0], levels[-1]
    if len(levels) > 1 and levels == tuple(range(first, last + 1)):
        return f"{first}-{last}"
    return ", ".join(map(str, levels))


def _budget(budget: int | None) -> str:
    return "no end" if budget is None else f"{budget:,}"
