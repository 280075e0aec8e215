import unittest

from book import Book, LedgerError
from money import format_amount, parse_amount, split
from statement import monthly, statement


class LedgerTest(unittest.TestCase):
    def setUp(self):
        self.book = Book()
        self.book.record("2031-05-02", "start", [("bank", 500), ("equity", -500)])

    def test_amounts(self):
        self.assertEqual(parse_amount("12.30"), 1230)
        self.assertEqual(format_amount(1230), "12.30")

    def test_split(self):
        self.assertEqual(split(90, 3), [30, 30, 30])

    def test_balance(self):
        self.assertEqual(self.book.balance("bank"), 500)

    def test_must_balance(self):
        with self.assertRaises(LedgerError):
            self.book.record("2031-05-03", "odd", [("bank", 1), ("equity", 1)])

    def test_statement(self):
        lines = statement(self.book, "bank", "2031-01-01", "2031-12-31")
        self.assertEqual(lines, ["opening  0.00", "2031-05-02  start  5.00  5.00"])

    def test_monthly(self):
        self.assertEqual(monthly(self.book, "equity"), {"2031-05": (0, 500)})


if __name__ == "__main__":
    unittest.main()
