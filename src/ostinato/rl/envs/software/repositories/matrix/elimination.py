"""Gauss's way, with exact fractions."""

from fractions import Fraction

from shape import MatrixError, identity, shape


def reduce(matrix):
    """The reduced row echelon form, the columns of its pivots, and the product of the pivots that
    were divided by, with the sign of the row swaps.
    """
    rows, columns = shape(matrix)
    work = [[Fraction(entry) for entry in row] for row in matrix]
    pivots = []
    product = Fraction(1)
    for column in range(columns):
        top = len(pivots)
        found = next((r for r in range(top, rows) if work[r][column] != 0), None)
        if found is None:
            continue
        if found != top:
            work[top], work[found] = work[found], work[top]
            product = -product
        pivot = work[top][column]
        product *= pivot
        work[top] = [entry / pivot for entry in work[top]]
        for row in range(rows):
            if row != top:
                factor = work[row][column]
                work[row] = [a - factor * b for a, b in zip(work[row], work[top])]
        pivots.append(column)
    return work, pivots, product


def rank(matrix):
    """The number of independent rows."""
    return len(reduce(matrix)[1])


def determinant(matrix):
    """The determinant of a square matrix, as a fraction."""
    rows, columns = shape(matrix)
    if rows != columns:
        raise MatrixError("expected a square matrix")
    _, pivots, product = reduce(matrix)
    return product if len(pivots) == rows else Fraction(0)


def inverse(matrix):
    """The inverse of a square matrix, in fractions."""
    rows, columns = shape(matrix)
    if rows != columns:
        raise MatrixError("expected a square matrix")
    wide = [list(row) + unit for row, unit in zip(matrix, identity(rows))]
    work, pivots, _ = reduce(wide)
    if pivots != list(range(rows)):
        raise MatrixError("the matrix is singular")
    return [row[rows:] for row in work]


def solve(matrix, right):
    """The only ``x`` with ``matrix @ x = right``, a list of fractions."""
    rows, columns = shape(matrix)
    if len(right) != rows:
        raise MatrixError("shapes do not fit")
    work, pivots, _ = reduce([list(row) + [value] for row, value in zip(matrix, right)])
    if columns in pivots:
        raise MatrixError("no solution")
    if len(pivots) < columns:
        raise MatrixError("more than one solution")
    return [work[row][columns] for row in range(columns)]
