"""The form of a matrix."""


class MatrixError(Exception):
    """Shapes do not fit, or there is no answer."""


def shape(matrix):
    """``(rows, columns)``; all rows must be equally long."""
    columns = len(matrix[0]) if matrix else 0
    if any(len(row) != columns for row in matrix):
        raise MatrixError("rows of different lengths")
    return len(matrix), columns


def identity(size):
    """Ones on the diagonal, zeros elsewhere."""
    return [[1 if row == column else 0 for column in range(size)] for row in range(size)]


def transpose(matrix):
    """Rows become columns."""
    rows, columns = shape(matrix)
    return [[matrix[row][column] for row in range(rows)] for column in range(columns)]


def block(matrix, top, left, height, width):
    """The part of ``height`` rows and ``width`` columns whose first corner is (top, left)."""
    rows, columns = shape(matrix)
    if top < 0 or left < 0 or top + height > rows or left + width > columns:
        raise MatrixError("the block reaches over the edge")
    return [row[left : left + width] for row in matrix[top : top + height]]


def stack(above, below):
    """One matrix on top of the other; the rows are copied."""
    if shape(above)[1] != shape(below)[1]:
        raise MatrixError("different numbers of columns")
    return [list(row) for row in above] + [list(row) for row in below]
