import unittest

from compute import evaluate
from show import tidy
from tokens import CalculatorError, tokenize


class CalculatorTest(unittest.TestCase):
    def test_tokens(self):
        self.assertEqual(tokenize("a+1"), [("name", "a"), ("symbol", "+"), ("number", 1)])

    def test_sum(self):
        self.assertEqual(evaluate("1 + 2"), 3)

    def test_names(self):
        self.assertEqual(evaluate("width * 2", {"width": 21}), 42)

    def test_rounding(self):
        self.assertEqual(evaluate("9 / 2"), 4)

    def test_unknown_name(self):
        with self.assertRaises(CalculatorError):
            evaluate("height")

    def test_tidy(self):
        self.assertEqual(tidy("((1))+(2*3)"), "1 + 2 * 3")


if __name__ == "__main__":
    unittest.main()
