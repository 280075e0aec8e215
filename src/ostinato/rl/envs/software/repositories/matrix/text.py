"""Matrices as text."""

from fractions import Fraction


def number(entry):
    """An entry as text: ``3``, ``-1/2``."""
    value = Fraction(entry)
    if value.denominator == 1:
        return str(value.numerator)
    return f"{value.numerator}/{value.denominator}"


def show(matrix):
    """One line per row; the columns are right-aligned, two spaces between them."""
    cells = [[number(entry) for entry in row] for row in matrix]
    widths = [max(len(cell) for cell in column) for column in zip(*cells)]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths)) for row in cells]


def read(lines):
    """The matrix of such lines; whole numbers become ints. Blank lines are skipped."""
    matrix = []
    for line in lines:
        if not line.strip():
            continue
        row = [Fraction(cell) for cell in line.split()]
        matrix.append([int(entry) if entry.denominator == 1 else entry for entry in row])
    return matrix
