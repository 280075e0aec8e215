"""Squares of numbers, by elimination; where that comes to an end, by supposing.

The square is kept as what each cell can still be (``13``; ``.`` for anything), in numbered grids.
A *rule* is about some cells. Some rules have a list of all rows of numbers that fit; they are
listed once, and each time the rule is applied, each of them is tested against the cells (``y`` or
``n``), and the cells become what is left. The other rules say that no number stands twice: what
they imply is written down step by step. A rule whose cells are all decided is ``ok`` or ``no``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

ANY = "."


@dataclass(frozen=True)
class Rule:
    """What some cells have to keep."""

    name: str
    told: str
    """As the list of fitting rows is headed."""
    cells: tuple[int, ...]
    """Row by row from 0."""
    fitting: tuple[str, ...] | None = None
    """The rows of digits that it allows; None where each digit stands once."""


@dataclass(frozen=True)
class _Guess:
    """A cell that was supposed to be a digit, and the grid before."""

    number: int
    grid: list[str]
    cell: int
    digit: str


@dataclass
class Elimination:
    """A square of ``size``; each pass applies some rules one after the other to the same grid."""

    size: int
    passes: Sequence[Sequence[Rule]]
    grid: list[str]
    """What each cell can be, as digits in order."""
    rng: Random
    """Decides which digit is supposed first."""
    lines: list[str] = field(default_factory=list[str], init=False)
    _number: int = field(default=0, init=False)
    """Of the grid that was written last."""

    def solve(self) -> list[str]:
        """The digits, row by row; there must be exactly one solution."""
        for rule in self._rules():
            if rule.fitting is not None:
                self.lines.append(f"{rule.name} {rule.told}: {' '.join(rule.fitting)}")
        self._write()
        guesses: list[_Guess] = []
        while True:
            if not self._narrow():
                self._back(guesses)
            elif any(len(cell) > 1 for cell in self.grid):
                self._suppose(guesses)
            elif not guesses or self._tested():
                return self.grid
            else:
                self._back(guesses)

    def check(self) -> str:
        """Every rule, applied to the whole grid."""
        return " ".join(f"{rule.name} {self._verdict(rule)}" for rule in self._rules())

    def _rules(self) -> list[Rule]:
        return [rule for rules in self.passes for rule in rules]

    def _narrow(self) -> bool:
        """Apply passes until each of them has changed nothing since the last change, or until
        all cells are decided; False if a cell has no digit left.
        """
        at = idle = 0
        while idle < len(self.passes) and any(len(cell) > 1 for cell in self.grid):
            before = list(self.grid)
            for rule in self.passes[at]:
                if not self._apply(rule):
                    return False
            idle = 0 if self.grid != before else idle + 1
            at = (at + 1) % len(self.passes)
            if self.grid == before:
                self.lines.append("same")
            else:
                self._write()
        return True

    def _apply(self, rule: Rule) -> bool:
        cells = [self.grid[cell] for cell in rule.cells]
        head = f"{rule.name} {self._shown(cells)}"
        if all(len(cell) == 1 for cell in cells):
            self.lines.append(f"{rule.name} {self._verdict(rule)}")
            return self.lines[-1].endswith("ok")
        if rule.fitting is None:
            steps, after = distinct(cells, self._digits)
            self.lines.append("; ".join([head, *(f"{a}: {self._shown(b)}" for a, b in steps)]))
        else:
            tests, after = fit(cells, rule.fitting)
            if all(cell == self._digits for cell in cells):
                tests = "all"
            self.lines.append(f"{head}: {tests} = {self._shown(after) if after else 'none'}")
        if not after:
            return False
        for cell, digits in zip(rule.cells, after, strict=True):
            self.grid[cell] = digits
        return True

    def _verdict(self, rule: Rule) -> str:
        row = "".join(self.grid[cell] for cell in rule.cells)
        held = row in rule.fitting if rule.fitting is not None else len(set(row)) == len(row)
        return f"{row} {'ok' if held else 'no'}"

    def _tested(self) -> bool:
        """Whether all rules hold; written down up to the first that does not."""
        for rule in self._rules():
            verdict = self._verdict(rule)
            self.lines.append(f"{rule.name} {verdict}")
            if verdict.endswith("no"):
                return False
        return True

    def _suppose(self, guesses: list[_Guess]) -> None:
        open_cells = [cell for cell, digits in enumerate(self.grid) if len(digits) > 1]
        cell = min(open_cells, key=lambda cell: len(self.grid[cell]))
        digit = self.rng.choice(self.grid[cell])
        guesses.append(_Guess(self._number, list(self.grid), cell, digit))
        self.lines.append(f"grid {self._number}: suppose {self.place(cell)} {digit}")
        self.grid[cell] = digit
        self._write()

    def _back(self, guesses: list[_Guess]) -> None:
        assert guesses, "a puzzle that can be solved"
        guess = guesses.pop()
        self.lines.append(
            f"back to grid {guess.number}: {self.place(guess.cell)} not {guess.digit}"
        )
        self.grid = list(guess.grid)
        self.grid[guess.cell] = self.grid[guess.cell].replace(guess.digit, "")
        self._write()

    def place(self, cell: int) -> str:
        """As in ``r1c3``."""
        return f"r{cell // self.size + 1}c{cell % self.size + 1}"

    def _write(self) -> None:
        self._number += 1
        self.lines.append(f"grid {self._number}")
        for row in range(self.size):
            cells = self.grid[row * self.size : (row + 1) * self.size]
            self.lines.append(f"{row + 1}: {self._shown(cells)}")

    def _shown(self, cells: Sequence[str]) -> str:
        return " ".join(ANY if cell == self._digits else cell or "-" for cell in cells)

    @property
    def _digits(self) -> str:
        return "".join(str(digit) for digit in range(1, self.size + 1))


def fit(cells: Sequence[str], fitting: Sequence[str]) -> tuple[str, list[str]]:
    """Each row with its verdict, and what the cells can be then; no cells if no row is left."""
    verdicts = {
        row: all(digit in cell for digit, cell in zip(row, cells, strict=True)) for row in fitting
    }
    left = [row for row, fits in verdicts.items() if fits]
    tests = " ".join(f"{row} {'y' if fits else 'n'}" for row, fits in verdicts.items())
    return tests, ["".join(sorted(set(digits))) for digits in zip(*left, strict=True)]


def distinct(cells: Sequence[str], digits: str) -> tuple[list[tuple[str, list[str]]], list[str]]:
    """The steps by which cells of different digits are narrowed, each with the cells after it,
    and the cells in the end; none if a digit has no place or a cell no digit.
    """
    steps: list[tuple[str, list[str]]] = []
    now = list(cells)
    while (step := _step(now, digits)) is not None:
        steps.append(step)
        now = step[1]
        if not all(now):
            return steps, []
    return steps, now


def _step(cells: list[str], digits: str) -> tuple[str, list[str]] | None:
    """A digit or a pair that is taken, or a digit with one place only."""
    for name, size in (("one", 1), ("pair", 2)):
        for taken in sorted({cell for cell in cells if len(cell) == size}):
            owners = [at for at, cell in enumerate(cells) if cell == taken]
            if len(owners) < size:
                continue
            after = [
                cell if at in owners[:size] else "".join(d for d in cell if d not in taken)
                for at, cell in enumerate(cells)
            ]
            if after != cells:
                return f"{name} {taken}", after
    for digit in digits:
        places = [at for at, cell in enumerate(cells) if digit in cell]
        if not places:
            return f"no {digit}", [""] * len(cells)
        if len(places) == 1 and len(cells[places[0]]) > 1:
            at = places[0]
            return f"only {digit}", [*cells[:at], digit, *cells[at + 1 :]]
    return None
