"""Sums and products."""

from shape import MatrixError, identity, shape


def add(left, right, factor=1):
    """``left + factor * right``."""
    if shape(left) != shape(right):
        raise MatrixError("different shapes")
    return [[a + factor * b for a, b in zip(row, other)] for row, other in zip(left, right)]


def scale(matrix, factor):
    """Every entry times ``factor``."""
    return [[factor * entry for entry in row] for row in matrix]


def multiply(left, right):
    """The matrix product."""
    rows, inner = shape(left)
    height, columns = shape(right)
    if inner != height:
        raise MatrixError("shapes do not fit")
    product = []
    for row in range(rows):
        line = []
        for column in range(columns):
            line.append(sum(left[row][k] * right[k][column] for k in range(inner)))
        product.append(line)
    return product


def power(matrix, exponent):
    """The product of ``exponent`` (at least 0) copies, by repeated squaring."""
    rows, columns = shape(matrix)
    if rows != columns:
        raise MatrixError("expected a square matrix")
    if exponent < 0:
        raise MatrixError("expected an exponent of at least 0")
    result = identity(rows)
    while exponent > 0:
        if exponent % 2 == 1:
            result = multiply(result, matrix)
        matrix = multiply(matrix, matrix)
        exponent //= 2
    return result


def trace(matrix):
    """The sum of the diagonal of a square matrix."""
    rows, columns = shape(matrix)
    if rows != columns:
        raise MatrixError("expected a square matrix")
    return sum(matrix[k][k] for k in range(rows))
