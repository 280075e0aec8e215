import unittest

from arithmetic import add, multiply, power
from elimination import determinant, solve
from shape import MatrixError, transpose
from text import show


class MatrixTest(unittest.TestCase):
    def test_transpose(self):
        self.assertEqual(transpose([[1], [2]]), [[1, 2]])

    def test_add(self):
        self.assertEqual(add([[1, 2]], [[3, 4]]), [[4, 6]])

    def test_multiply(self):
        self.assertEqual(multiply([[2]], [[4]]), [[8]])

    def test_shapes(self):
        with self.assertRaises(MatrixError):
            multiply([[1, 2]], [[1, 2]])

    def test_power(self):
        self.assertEqual(power([[3]], 1), [[3]])

    def test_determinant(self):
        self.assertEqual(determinant([[1, 0], [0, 6]]), 6)

    def test_solve(self):
        self.assertEqual(solve([[2]], [8]), [4])

    def test_show(self):
        self.assertEqual(show([[1, 2]]), ["1  2"])


if __name__ == "__main__":
    unittest.main()
