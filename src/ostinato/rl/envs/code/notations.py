"""Problems about notations with a structure: expressions, tables, outlines."""

from __future__ import annotations

from random import Random
from typing import Any

from ostinato.rl.envs.code.problem import Params, Problem


def _expressions(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    def number() -> str:
        return "".join(rng.choice("01234567") for _ in range(rng.randint(1, 2)))

    def term(size: int) -> str:
        if size <= 1:
            return number()
        if rng.random() < 0.3:
            return f"({term(size - 1)})"
        left = rng.randint(1, size - 1)
        sign = rng.choice(["+", "-", p["times"]])
        space = rng.choice(["", " "])
        return f"{term(left)}{space}{sign}{space}{term(size - left)}"

    return (term(n),)


def _evaluate(text: str, *, first: str, base: int, times: str) -> int:
    ranks = {"usual": {times: 2}, "sums": {"+": 2, "-": 2}, "left": dict[str, int]()}[first]
    values: list[int] = []
    signs: list[str] = []

    def apply() -> None:
        sign, right, left = signs.pop(), values.pop(), values.pop()
        values.append(
            left + right if sign == "+" else left - right if sign == "-" else left * right
        )

    at = 0
    while at < len(text):
        letter = text[at]
        at += 1
        if letter.isdigit():
            end = at
            while end < len(text) and text[end].isdigit():
                end += 1
            values.append(int(text[at - 1 : end], base))
            at = end
        elif letter == "(":
            signs.append(letter)
        elif letter == ")":
            while signs[-1] != "(":
                apply()
            signs.pop()
        elif letter != " ":
            while signs and signs[-1] != "(" and ranks.get(signs[-1], 1) >= ranks.get(letter, 1):
                apply()
            signs.append(letter)
    while signs:
        apply()
    return values[0]


def _tables(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    split, quote = p["split"], p["quote"]

    def cell() -> str:
        text = rng.choice(["tea", "milk", f"rye{split} dark", f"a{quote}{quote}b", "salt", ""])
        return f"{quote}{text}{quote}" if not text.isalpha() or rng.random() < 0.3 else text

    names = rng.sample(["item", "price", "stock", "shelf", "year"], rng.randint(2, 5))
    wanted = rng.choice(names)
    rows = [split.join(names)]
    for _ in range(n):
        numbers = [str(rng.randint(-20, 99)) for _ in names]
        texts = [
            number if name == wanted else cell()
            for name, number in zip(names, numbers, strict=True)
        ]
        rows.append(split.join(texts))
    return ("\n".join([wanted, *rows]) + "\n",)


def _column(text: str, *, split: str, quote: str, what: str, least: int) -> str:
    wanted, header, *rows = text.splitlines()
    column = header.split(split).index(wanted)
    numbers: list[int] = []
    for row in rows:
        cells, quoted = [""], False
        for letter in row:
            if letter == quote:
                quoted = not quoted
            elif letter == split and not quoted:
                cells.append("")
            else:
                cells[-1] += letter
        if int(cells[column]) >= least:
            numbers.append(int(cells[column]))
    if not numbers:
        return "none"
    if what == "sum":
        return str(sum(numbers))
    return str(max(numbers) if what == "largest" else min(numbers))


def _outlines(rng: Random, n: int, p: Params) -> tuple[Any, ...]:
    lines: list[str] = []
    depth = 0
    for at in range(n):
        name = f"{rng.choice(['red', 'blue', 'green', 'gold'])}{at}"
        opens = at < n - 1 and depth < 4 and rng.random() < 0.45
        value = "" if opens else f" {rng.randint(0, 99)}"
        lines.append(" " * (p["width"] * depth) + f"{name}:{value}")
        depth = depth + 1 if opens else rng.randint(0, depth)
    return ("\n".join(lines),)


def _flatten(text: str, *, width: int, joint: str, order: str) -> list[str]:
    path: list[str] = []
    flat: list[str] = []
    for line in text.split("\n"):
        depth = (len(line) - len(line.lstrip(" "))) // width
        name, _, value = line.strip().partition(":")
        path = [*path[:depth], name]
        if value:
            flat.append(f"{joint.join(path)}={value.strip()}")
    return sorted(flat) if order == "sorted" else flat[::-1] if order == "last" else flat


PROBLEMS = (
    Problem(
        name="evaluate",
        signature="(text: str) -> int",
        first=2,
        sizes=(5, 10, 25, 120),
        choices={"first": ("usual", "sums", "left"), "base": (8, 9, 10), "times": ("*", "x")},
        words={
            "first": {
                "usual": "Products come before sums and differences, as usual",
                "sums": "Sums and differences come before products (which is not as usual)",
                "left": "No sign comes before another",
            }
        },
        statement="""\
that works out an expression of numbers, the signs + - {times} (the last one multiplies) and \
round brackets. {first}; what is equal in this goes from left to right. What stands in brackets \
is worked out first. The numbers are not negative and are written in base {base}. There may be \
spaces around signs.

There are 1 to {n} numbers.""",
        generate=_expressions,
        solve=_evaluate,
        example_size=4,
    ),
    Problem(
        name="column",
        first=2,
        sizes=(4, 12, 60, 2000),
        choices={
            "split": (";", ",", "|"),
            "quote": ("'", '"'),
            "what": ("sum", "largest", "smallest"),
            "least": (0, 10, 25),
        },
        statement="""\
The first line of the input is the name of a column. Then comes a table: one line with the names \
of all its columns, then a line for each row. Cells are separated by the character {split}. A \
cell may be quoted: it then begins and ends with the character {quote}, and everything in \
between belongs to the cell, {split} too; {quote} itself is written twice there. The column \
asked for has whole numbers only, not quoted. Print the {what} of those of its numbers that are \
at least {least} (one number), or the word none if there are none.

The table has 1 to {n} rows; no cell goes over several lines.""",
        generate=_tables,
        solve=_column,
        example_size=3,
    ),
    Problem(
        name="flatten",
        signature="(text: str) -> list[str]",
        first=3,
        sizes=(5, 15, 60, 1000),
        choices={
            "width": (1, 2, 3, 4),
            "joint": (".", "/", "-"),
            "order": ("sorted", "first", "last"),
        },
        words={
            "order": {
                "sorted": "in the order that Python's sorted() gives them",
                "first": "in the order of the text",
                "last": "in the opposite of the order of the text",
            }
        },
        statement="""\
that flattens an outline. A line of the text is either "name: value" or "name:"; the second \
opens a section, to which all following lines belong that are indented more than it, up to the \
first that is not. Each level is indented by {width} more space(s). For every line with a value, \
make one text: the names of all sections that it is in, the outermost first, and its own name, \
with {joint} between two names, then = and the value. Return these texts {order}.

The text has 1 to {n} lines, separated by line ends; names are letters and digits, values are \
whole numbers.""",
        generate=_outlines,
        solve=_flatten,
        example_size=4,
    ),
)
