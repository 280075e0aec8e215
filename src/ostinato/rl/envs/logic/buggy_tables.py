"""Compute what a table should have said, from what a bug made of it."""

from __future__ import annotations

from random import Random

from ostinato.grading.types import Grade
from ostinato.rl.envs.logic.text_answers import grade_number
from ostinato.rl.envs.logic.words import GOODS, TOWNS
from ostinato.rl.envs.question import Question

_LEVELS = ((5, 2, 1), (8, 4, 1), (12, 6, 2), (18, 7, 2), (26, 7, 3), (40, 7, 4))
"""Rows, how many kinds of bugs may occur, bugs."""
Row = dict[str, int | str]
_COLUMNS = ("town", "good", "boxes", "price", "days")
_NUMBERS = ("boxes", "price", "days")


class BuggyTables:
    """A table, the bugs that spoilt it in their order, and a number that is to be computed from
    the table as it was.
    """

    @property
    def levels(self) -> int:
        """See ``Family``."""
        return len(_LEVELS)

    def make(self, level: int, rng: Random) -> Question:
        """See ``Family``."""
        count, kinds, bugs = _LEVELS[level - 1]
        rows = _rows(rng, count)
        asked, answer = rng.choice(_ASKS)(rows, rng)
        shown = [dict(row) for row in rows]
        told = [_BUGS[kind](shown, rng) for kind in sorted(rng.sample(range(kinds), bugs))]
        bugs_text = "\n".join(f"{i}. {line}" for i, line in enumerate(told, start=1))
        prompt = (
            "This table of deliveries came out of a faulty program:\n\n"
            f"{_drawn(shown)}\n\n"
            "The true table was spoilt in the following way"
            + (", one step after the other:" if bugs > 1 else ":")
            + f"\n\n{bugs_text}\n\n"
            "Rows are counted from 1, without the headings. Restore the true table. "
            f"{asked} Answer with the number alone, for example: 128"
        )
        return Question(prompt, str(answer), {"value": answer})

    def check(self, question: Question, answer: str) -> Grade:
        """See ``Family``."""
        return grade_number(answer, question.data["value"])

    def guess(self, question: Question, rng: Random) -> str:
        """See ``Family``."""
        return str(rng.randint(0, 99 * question.prompt.count("\n|")))


def _rows(rng: Random, count: int) -> list[Row]:
    """True rows; some values come several times, so that there is something to group by."""
    towns, goods = rng.sample(TOWNS, 3 + count // 8), rng.sample(GOODS, 3 + count // 8)
    return [
        {
            "town": rng.choice(towns),
            "good": rng.choice(goods),
            "boxes": rng.randint(11, 99),
            "price": rng.randint(11, 99),
            "days": rng.randint(11, 99),
        }
        for _ in range(count)
    ]


def _drawn(rows: list[Row]) -> str:
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(tuple(row.values()) for row in rows)]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _value(row: Row, column: str) -> int:
    value = row[column]
    assert isinstance(value, int), "a column of numbers"
    return value


def _add(rows: list[Row], rng: Random) -> str:
    column, extra = rng.choice(_NUMBERS), rng.randint(2, 9)
    for row in rows:
        row[column] = _value(row, column) + extra
    return f"{extra} was added to every number in the column {column}."


def _swap_columns(rows: list[Row], rng: Random) -> str:
    one, other = rng.sample(_NUMBERS, 2)
    for row in rows:
        row[one], row[other] = row[other], row[one]
    return (
        f"In every row the numbers in the columns {one} and {other} changed places (the headings "
        "did not)."
    )


def _shift(rows: list[Row], rng: Random) -> str:
    column = rng.choice(_NUMBERS)
    values = [row[column] for row in rows]
    for row, value in zip(rows, values[-1:] + values[:-1], strict=True):
        row[column] = value
    return (
        f"All numbers in the column {column} moved down by one row, and the one of the last row "
        "went into the first."
    )


def _double(rows: list[Row], rng: Random) -> str:
    column, nth = rng.choice(_NUMBERS), rng.randint(2, 3)
    for row in rows[nth - 1 :: nth]:
        row[column] = 2 * _value(row, column)
    return f"In every row whose number divides by {nth} the number in {column} was doubled."


def _mirror(rows: list[Row], rng: Random) -> str:
    column = rng.choice(_NUMBERS)
    values = [row[column] for row in rows]
    for row, value in zip(rows, reversed(values), strict=True):
        row[column] = value
    return f"The numbers in the column {column} were written from the bottom row to the top row."


def _subtract(rows: list[Row], rng: Random) -> str:
    one, other = rng.sample(_NUMBERS, 2)
    for row in rows:
        row[one] = _value(row, one) - _value(row, other)
    return (
        f"In every row the number in {other} was subtracted from the one in {one}, and the result "
        f"written into {one}."
    )


def _repeat(rows: list[Row], rng: Random) -> str:
    at = sorted(rng.sample(range(len(rows)), 2))
    for offset, place in enumerate(at):
        rows.insert(place + offset, dict(rows[place + offset]))
    first, second = at[0] + 2, at[1] + 3
    return (
        f"Two rows were written twice: the rows that are now numbers {first} and {second} are "
        "copies of the row above them and do not belong to the table."
    )


_BUGS = (_add, _swap_columns, _shift, _double, _mirror, _subtract, _repeat)


def _ask_sum(rows: list[Row], rng: Random) -> tuple[str, int]:
    column, town = rng.choice(_NUMBERS), rng.choice(rows)["town"]
    total = sum(_value(row, column) for row in rows if row["town"] == town)
    return f"What is the sum of {column} over the rows of the town {town}?", total


def _ask_product(rows: list[Row], rng: Random) -> tuple[str, int]:
    good = rng.choice(rows)["good"]
    total = sum(_value(row, "boxes") * _value(row, "price") for row in rows if row["good"] == good)
    return f"What is the sum of boxes times price over the rows of the good {good}?", total


def _ask_span(rows: list[Row], rng: Random) -> tuple[str, int]:
    column = rng.choice(_NUMBERS)
    values = [_value(row, column) for row in rows]
    return (
        f"What is the largest number in {column} plus twice the smallest number in {column}?",
        max(values) + 2 * min(values),
    )


def _ask_where(rows: list[Row], rng: Random) -> tuple[str, int]:
    column, other = rng.sample(_NUMBERS, 2)
    bound = sorted(_value(row, other) for row in rows)[len(rows) // 2]
    total = sum(_value(row, column) for row in rows if _value(row, other) >= bound)
    return f"What is the sum of {column} over the rows with {other} of at least {bound}?", total


_ASKS = (_ask_sum, _ask_product, _ask_span, _ask_where)
